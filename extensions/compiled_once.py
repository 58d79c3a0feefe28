"""Compiles each template string once.

Copier asks Jinja for the same question several times over (default, validator, `when`, help), and Jinja compiles
a string anew each time: a third of a copy's time for a template with as many questions as this one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, Template
from jinja2.ext import Extension


class CompiledOnce(Extension):
    """Remembers what `Environment.from_string` made of a string. A compiled template holds no context."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        compiled = cache(environment.from_string)

        def from_string(source: Any, *options: Any, **more: Any) -> Template:
            # Part of every compilation, which `yield` in a path counts on to forget the path before.
            environment.preprocess("")
            return compiled(source, *options, **more)

        environment.from_string = from_string  # type: ignore[method-assign]
