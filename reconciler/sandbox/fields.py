"""Reading fields out of JSON bodies and query strings, with the refusals of the API family at hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.answers import ApiFailure

EARLIEST_MS = 100_000_000_000  # 1973: what is below was given in seconds


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object; whatever is wrong is a 400 with `code`. `path` is put before names in messages."""

    data: Mapping[str, Any]
    code: str
    path: str = ""

    def fail(self, name: str, what: str) -> ApiFailure:
        return ApiFailure(400, self.code, f"{self.path}{name} {what}")

    def has(self, name: str) -> bool:
        return self.data.get(name) is not None

    def text(self, name: str, *, most: int | None = None) -> str:
        """Return a required, non-empty text."""
        value = self.data.get(name)
        if not isinstance(value, str) or not value:
            raise self.fail(name, "must be provided." if value in (None, "") else "must be a string.")
        if most is not None and len(value) > most:
            raise self.fail(name, f"is too long. Maximum allowed:{most}")
        return value

    def optional_text(self, name: str, *, most: int | None = None) -> str | None:
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.fail(name, "must be a string.")
        if most is not None and len(value) > most:
            raise self.fail(name, f"is too long. Maximum allowed:{most}")
        return value

    def integer(self, name: str) -> int:
        value = self.data.get(name)
        if value is None:
            raise self.fail(name, "must be provided.")
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fail(name, "must be an integer.")
        return value

    def one_of(self, name: str, allowed: Collection[Any]) -> Any:
        """Return the value, of the very type that is allowed: `True` is no 1."""
        value = self.data.get(name)
        if not any(value == item and type(value) is type(item) for item in allowed):
            raise self.fail(name, f"must be one of {', '.join(map(str, allowed))}.")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.data.get(name, default)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.fail(name, "must be a boolean.")
        return value

    def moment_ms(self, name: str) -> int:
        """Return a required instant in UTC milliseconds."""
        value = self.integer(name)
        if value < EARLIEST_MS:
            raise self.fail(name, "must be in milliseconds.")
        return value

    def block(self, name: str) -> Fields | None:
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.fail(name, "must be an object.")
        return Fields(value, self.code, f"{self.path}{name}.")

    def blocks(self, name: str) -> list[Fields]:
        """Return the objects of a list; an absent list is empty."""
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(name, "must be a list of objects.")
        return [Fields(item, self.code, f"{self.path}{name}[{index}].") for index, item in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.fail(name, "must be a list of strings.")
        return value

    def query_integer(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number that a query string carries as text."""
        value = self.data.get(name)
        if value in (None, ""):
            return default
        try:
            number = int(str(value))
        except ValueError:
            raise self.fail(name, "must be an integer.") from None
        if not least <= number <= most:
            raise self.fail(name, f"must be between {least} and {most}.")
        return number

    def query_flag(self, name: str, *, default: bool = False) -> bool:
        value = self.data.get(name)
        if value in (None, ""):
            return default
        if str(value).lower() not in {"true", "false"}:
            raise self.fail(name, "must be true or false.")
        return str(value).lower() == "true"
