"""YAML text → Config: positions, schema, semantics, defaults resolved."""

from reconciler.config.load import check, load

__all__ = ["check", "load"]
