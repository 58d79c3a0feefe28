"""Compiles each template once, and none that has nothing to fill in.

Copier asks Jinja for the same question several times over (default, validator, `when`, help), and Jinja compiles
a string anew each time: a third of a copy's time for a template with as many questions as this one. Half of those
strings hold no expression: types, choices, names of folders. An update renders three times in one process, every
time with a new environment, and the next command needs the same, so `load.py` keeps what was compiled.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any

from jinja2 import Environment, Template

Compiled = Callable[[bytes, Callable[[], CodeType]], CodeType]
"""`of` of the class of that name in `load.py`: a text and how to compile it → its code, compiled at most once."""

if gc.get_freeze_count() == 0:
    # What has been imported by now stays until the process ends, and little of what compiling makes is thrown away.
    # By its usual rules Python would look through all of it many times over: 6 % of the CPU of `copier copy` for what
    # was imported (1.62 instead of 1.73 s, medians of ten runs in turn), and 5 % for the rest.
    gc.freeze()
    gc.set_threshold(100_000)


class Verbatim:
    """Stands for the template of a text without expressions; it renders as that text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render(self, *_: Any, **__: Any) -> str:
        """Return the text, whatever the context is."""
        return self._text


def install(environment: Environment, code_of: Compiled) -> None:
    """Let an environment remember what `from_string` and `compile` made of a text. Compiled code holds no context."""
    templates, compile_it = cache(environment.from_string), environment.compile

    @cache
    def settings() -> str:
        # What a text becomes depends on the tags that there are. By class: our module has another name in each load.
        tags = sorted(type(extension).__qualname__ for extension in environment.extensions.values())
        plain = {key: value for key, value in vars(environment).items() if isinstance(value, str | bool | int)}
        return repr((tags, sorted(plain.items()), environment.undefined.__name__))

    def from_string(source: Any, *options: Any, **more: Any) -> Template | Verbatim:
        # Part of every compilation, which `yield` in a path counts on to forget the path before.
        environment.preprocess("")
        if isinstance(source, str) and "{" not in source:
            return Verbatim(source)
        return templates(source, *options, **more)

    def compile_once(source: Any, name: str | None = None, filename: str | None = None, **more: Any) -> Any:
        if not isinstance(source, str) or more:
            return compile_it(source, name, filename, **more)
        environment.preprocess("")
        # The file's place only shows in tracebacks.
        key = repr((settings(), name, source))
        return code_of(key.encode(), lambda: compile_it(source, name, filename))

    environment.from_string = from_string  # type: ignore[method-assign,assignment]
    environment.compile = compile_once  # type: ignore[method-assign, assignment]
