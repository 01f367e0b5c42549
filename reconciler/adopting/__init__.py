"""Events that people made → meetings of the config: chosen, grouped, declared, written. Pure; no calls, no files."""
