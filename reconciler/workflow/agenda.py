"""What is declared and what the state remembers of it; nobody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.config.model import Config
from reconciler.desired import People, desired
from reconciler.diff.gathering import with_instances
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key, Occurrence
from reconciler.observe import remembered
from reconciler.rooms.wishing import as_applied
from reconciler.state.edit import moves, renamed
from reconciler.state.lastseen import last_seen
from reconciler.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is declared in a window, and what the state remembers of it."""

    wanted: tuple[Occurrence, ...]
    observed: Mapping[Key, Observed]
    people: People
    pools: Mapping[Key, int]  # how many rooms those want that would take any of several


def remembered_agenda(config: Config, store: Store, *, now: datetime, until: datetime) -> Agenda:
    """Return the declared occurrences that are on at `now` or start before `until`, and our memory of them.

    Asks nobody: a person whose union id was never resolved goes by the alias.
    """
    state = store.load()
    people = {
        person.alias: person.union_id
        or state.people.get(f"userid:{person.userid}")
        or state.people.get(f"mobile:{person.mobile}")
        or person.alias
        for person in config.people.values()
    }
    names = moves(config, state)
    observed = last_seen(state, remembered(renamed(state, names)), names)
    declared = desired(config, people, after=now - timedelta(days=1), before=until)
    wanted = as_applied(declared, observed)
    return Agenda(
        wanted=tuple(occurrence for occurrence in wanted if occurrence.end > now),
        observed=with_instances(observed, wanted),
        people=people,
        pools={one.key: one.pool.count for one in declared if one.pool is not None},
    )
