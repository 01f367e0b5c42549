from __future__ import annotations

from hypothesis import HealthCheck, settings

# No test is timed: machines are slow when they like. A red build is about the commit, not about chance: the same
# examples are tried each time, and `make explore` tries others.
settings.register_profile("default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("default"), derandomize=False, print_blob=True)
settings.load_profile("default")
