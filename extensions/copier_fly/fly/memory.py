"""Memory as Fly.io writes it."""

from __future__ import annotations

import re

from ..expressions import expression

_WORDS = expression(r"\s*(\d{1,7})\s*(m|mb|mib|g|gb|gib)?\s*", re.IGNORECASE)


def megabytes(value: object) -> int:
    """Turn a memory size into MB: 512, "512", "512mb" and "512m" are 512, "2gb" and "2g" are 2048.

    Raises `ValueError` for anything else. Source: flyctl reads the size with `units.RAMInBytes`, a bare number as MB.
    """
    found = _WORDS.fullmatch(str(value))
    if not found or isinstance(value, bool):
        raise ValueError(value)
    return int(found[1]) * (1024 if (found[2] or "m")[0] in "gG" else 1)


def words(megabyte: int) -> str:
    """Write MB in the form of an answer: 512 is `512mb`, 2048 is `2gb`."""
    return f"{megabyte // 1024}gb" if megabyte and megabyte % 1024 == 0 else f"{megabyte}mb"
