"""How many examples Hypothesis tries: `HYPOTHESIS_PROFILE=thorough` is for the night, the default for every day."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(default: int, thorough: int) -> settings:
    """Settings for a test whose examples each render: so many of them, and no time limit for one."""
    return settings(
        max_examples=thorough if THOROUGH else default,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would render for minutes
    )
