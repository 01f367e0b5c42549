"""The config against its JSON Schema, every fault in the words of the people who wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler import resources
from reconciler.config.document import Findings, Path
from reconciler.config.faults import Fault, faults_of
from reconciler.config.quick import Check, compile_schema, matches

if TYPE_CHECKING:
    from jsonschema import ValidationError


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator, ValidationError  # only who has made a mistake waits for it
    from jsonschema.validators import extend

    def pattern(_: Any, pattern: str, instance: object, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not matches(pattern, instance):
            yield ValidationError(f"{instance!r} does not match")

    validator = extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]  # jsonschema's
    return validator(resources.schema("meetings"))


@cache
def _quick() -> Check:
    return compile_schema(resources.schema("meetings"))


def check_schema(findings: Findings) -> tuple[Path, ...]:
    """Note all that the schema forbids; return the paths of the values that nothing can be made of."""
    value = findings.document.value
    if _quick()(value):
        return ()
    faults = [fault for error in _validator().iter_errors(value) for fault in faults_of(error)]
    for fault in dict.fromkeys(_without_cascades(faults)):
        findings.error(fault.path, fault.message, fault.hint, on_key=fault.on_key)
    return tuple(fault.path for fault in faults if fault.spoils)


def _without_cascades(faults: list[Fault]) -> Iterator[Fault]:
    """Yield the faults, one that spoils a value alone where there are several at it."""
    spoilt: set[Path] = set()
    misspelt = {fault.meant for fault in faults if fault.meant and fault.path != fault.meant[:-1]}
    faults = [fault for fault in faults if fault.path != fault.meant[:-1] or fault.meant not in misspelt]
    for fault in sorted(faults, key=lambda fault: (not fault.spoils, fault.on_key)):
        if fault.on_key or not fault.spoils:
            if fault.path not in spoilt:
                yield fault
        elif fault.path not in spoilt:
            spoilt.add(fault.path)
            yield fault
