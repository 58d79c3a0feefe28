"""Cron lines: the five fields that every cron knows, as far as supercronic reads them the same way.

Source: cronexpr/ in github.com/aptible/supercronic v0.2.48, which `tests/questions/test_cron.py` asks.
"""

from __future__ import annotations

from typing import Any

from ..expressions import expression

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAYS = "sun mon tue wed thu fri sat"
# What a field is called, its least and its greatest number, and the names that count up from the least.
_FIELDS: tuple[tuple[str, int, int, str], ...] = (
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day", 1, 31, ""),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_WORD = r"[a-z]{3}|[0-9]{1,2}"
_PART = expression(rf"(?:\*|(?P<first>{_WORD})(?:-(?P<last>{_WORD}))?)(?:/(?P<step>[0-9]{{1,2}}))?")
_ALLOWED = (
    "use five fields, in quotes and in UTC: minute 0-59, hour 0-23, day 1-31, month 1-12 or jan-dec, day of the week "
    "0-6 or sun-sat, each as *, 5, 1-5, 1,15 or */10"
)
_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""The days of the months that have no 31."""


def problem(line: Any) -> str:
    """Say what is wrong with a cron line and what is allowed, as the end of a sentence; nothing where it is fine."""
    fields = line.lower().split() if isinstance(line, str) and "\n" not in line else []
    if len(fields) != len(_FIELDS):
        return f"{line!r} is no cron line; {_ALLOWED}"
    values = []
    for field, (name, least, most, names) in zip(fields, _FIELDS, strict=True):
        found = _values(field, least, most, names)
        if not found:
            return f"{field} is no {name}; {_ALLOWED}"
        values.append(found)
    _, _, days, months, _ = values
    if fields[4] == "*" and min(days) > max(_LONGEST.get(month, 31) for month in months):
        return f"no such month has a day {min(days)}; {_ALLOWED}"
    return ""


def _values(field: str, least: int, most: int, names: str) -> set[int]:
    """The numbers that a field stands for; none where it is wrong."""
    numbers = {name: number for number, name in enumerate(names.split(), least)}
    numbers |= {f"{number:0{width}}": number for number in range(least, most + 1) for width in (1, 2)}
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if not match or (match["step"] and match["first"] and not match["last"]):
            return set()
        first, last = match["first"], match["last"] or match["first"]
        begin, end = (numbers.get(first, most + 1), numbers.get(last, least - 1)) if first else (least, most)
        step = int(match["step"] or 1)
        if not (begin <= end and 1 <= step <= most):
            return set()
        found |= set(range(begin, end + 1, step))
    return found
