"""A merge patch of the config as YAML, to be printed: what can't be seen in foreign text stands there as an escape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.visible import visible


class _Dumper(yaml.SafeDumper):
    pass


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Escapes mean something between double quotes alone.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if visible(text) == text else '"')


_Dumper.add_representer(str, _text)


def patch_text(patch: Mapping[str, Any]) -> str:
    """Return `patch` as YAML that reads back as it is; no line of it drives a terminal."""
    text = yaml.dump(patch, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return "\n".join(visible(line) for line in text.split("\n"))
