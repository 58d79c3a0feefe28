"""Makes warnings of their code, their place and what is filled into their text (`warnings.yml`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from .project import ProjectWarning

TEXTS = Path(__file__).with_suffix(".yml")


@cache
def texts() -> dict[str, dict[str, Any]]:
    """What each warning says, by its code."""
    # Most tasks have nothing to warn of, and would start 10 ms later.
    import yaml  # noqa: PLC0415

    loaded: dict[str, dict[str, Any]] = yaml.load(
        TEXTS.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return loaded


def warning(code: str, place: tuple[str, int | None], **values: object) -> ProjectWarning:
    """The warning with this code at a file and line (None for the whole file), its text filled in with `values`.

    Raises `KeyError` for a code that has no text, and for a value that is missing.
    """
    text = texts()[code]
    sentence, consequence, action = (str(text[part]).format(**values) for part in ("sentence", "consequence", "action"))
    return ProjectWarning(
        code, *place, sentence, consequence, action, stops=bool(text.get("stops")), once=bool(text.get("once"))
    )
