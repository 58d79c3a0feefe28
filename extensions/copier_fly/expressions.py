"""Regular expressions that are compiled when they are first used: a copy needs an eighth of those that there are."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Expression:
    def __init__(self, pattern: str | bytes, flags: int):
        self.pattern, self._flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """Take what is asked for from the compiled one, and keep all of that for the next time."""
        compiled = re.compile(self.pattern, self._flags)
        self.__dict__ |= {known: getattr(compiled, known) for known in dir(compiled) if not known.startswith("_")}
        return getattr(compiled, name)


def expression(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` does, for all that has methods alone: `re.sub(it, …)` refuses it."""
    return cast("re.Pattern[AnyStr]", _Expression(pattern, flags))
