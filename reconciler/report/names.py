"""People and rooms as the config calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.config.model import Config
from reconciler.desired import People, aliases_of, ids_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Aliases by union id and by room id; whoever has none goes by the id. `titles` are those of the meetings.

    `aliases` are the union ids of all aliases: of who has two, `people` has but one.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    rooms: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def person(self, union_id: str) -> str:
        """Return what to call a person."""
        return self.people.get(union_id, union_id)

    def room(self, room_id: str) -> str:
        """Return what to call a room."""
        return self.rooms.get(room_id, room_id)

    def text(self, value: Any) -> str:
        """Return a plain JSON value for people to read; ids of people and rooms by their aliases."""
        match value:
            case None:
                return "—"
            case bool():
                return "yes" if value else "no"
            case str():
                return self.people.get(value) or self.rooms.get(value) or value or "(empty)"
            case Mapping():
                return self._mapping(value)
            case Sequence():
                return ", ".join(self.text(one) for one in value) or "none"
            case _:
                return str(value)

    def _mapping(self, value: Mapping[str, Any]) -> str:
        if "person" in value:
            name = self.person(str(value["person"]))
            return f"{name} (optional)" if value.get("optional") else name
        if "code" in value:
            return str(value["code"])
        return ", ".join(f"{key}: {self.text(one)}" for key, one in value.items())


def names_in(config: Config, people: People) -> Names:
    """Return people and rooms as `config` calls them."""
    return Names(
        people=aliases_of(people),
        rooms=config.room_aliases,
        titles={name: meeting.title for name, meeting in config.meetings.items()},
        aliases=ids_of(config, people),
    )
