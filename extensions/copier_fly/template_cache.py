"""Compiles each template once, and none that has nothing to fill in.

Copier asks Jinja for the same question several times over (default, validator, `when`, help), and Jinja compiles
a string anew each time: a third of a copy's time for a template with as many questions as this one. Half of those
strings hold no expression: types, choices, names of folders. An update renders three times in one process, every
time with a new environment, so what was compiled outlives them.
"""

from __future__ import annotations

import gc
import sys
from functools import cache
from types import CodeType, ModuleType
from typing import Any

from jinja2 import Environment, Template

if "copier_fly_compiled" not in sys.modules:
    # This file itself is loaded anew for each of them.
    sys.modules["copier_fly_compiled"] = ModuleType("copier_fly_compiled")
    # What has been imported by now stays until the process ends, and little of what compiling makes is thrown away.
    # By its usual rules Python would look through all of it many times over: 6 % of the CPU of `copier copy` for what
    # was imported (1.62 instead of 1.73 s, medians of ten runs in turn), and 5 % for the rest.
    gc.freeze()
    gc.set_threshold(100_000)
_CODE: dict[Any, CodeType] = vars(sys.modules["copier_fly_compiled"])


class Verbatim:
    """Stands for the template of a text without expressions; it renders as that text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render(self, *_: Any, **__: Any) -> str:
        """Return the text, whatever the context is."""
        return self._text


def install(environment: Environment) -> None:
    """Let an environment remember what `from_string` and `compile` made of a text. Compiled code holds no context."""
    compiled, compile_anew = cache(environment.from_string), environment.compile

    @cache
    def tags() -> list[str]:
        # What a text becomes depends on the tags that there are. By class: our module has another name in each load.
        return sorted(type(extension).__qualname__ for extension in environment.extensions.values())

    def from_string(source: Any, *options: Any, **more: Any) -> Template | Verbatim:
        # Part of every compilation, which `yield` in a path counts on to forget the path before.
        environment.preprocess("")
        if isinstance(source, str) and "{" not in source:
            return Verbatim(source)
        return compiled(source, *options, **more)

    def compile_once(source: Any, name: str | None = None, filename: str | None = None, **more: Any) -> Any:
        if not isinstance(source, str) or more:
            return compile_anew(source, name, filename, **more)
        environment.preprocess("")
        # The file's place only shows in tracebacks.
        key = repr((tags(), environment.undefined.__name__, name, source))
        if key not in _CODE:
            _CODE[key] = compile_anew(source, name, filename)
        return _CODE[key]

    environment.from_string = from_string  # type: ignore[method-assign,assignment]
    environment.compile = compile_once  # type: ignore[method-assign, assignment]
