from __future__ import annotations

from hypothesis import HealthCheck, settings

# No test is timed: machines are slow when they like.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")
