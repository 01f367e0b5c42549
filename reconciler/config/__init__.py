"""YAML text → Config: positions, schema, semantics, defaults resolved."""

from reconciler.config.load import check, files_of, load

__all__ = ["check", "files_of", "load"]
