"""Regular expressions of the package: each can be compiled, as nothing compiles them before they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import copier_fly
from copier_fly.expressions import _Expression, expression


def test_every_one_compiles() -> None:
    modules = [import_module(module.name) for module in walk_packages(copier_fly.__path__, "copier_fly.")]
    found = {id(one): one for module in modules for one in _within(vars(module).values())}
    assert len(found) > 200
    for one in found.values():
        one.search(one.pattern[:0])


def _within(values: Any) -> Iterator[_Expression]:
    for value in values:
        if isinstance(value, _Expression):
            yield value
        elif isinstance(value, tuple | list | frozenset):
            yield from _within(value)
        elif isinstance(value, Mapping) and "__builtins__" not in value:
            yield from _within([*value, *value.values()])


def test_one_is_used_as_a_compiled_one_is() -> None:
    words = expression(r"(?P<first>\w)\w*")
    assert words.findall("one two") == ["o", "t"]
    assert words.sub("-", "one two") == "- -"
    assert (words.pattern, words.groups, words.groupindex) == (r"(?P<first>\w)\w*", 1, {"first": 1})
    assert expression(rb"b+").findall(b"abba") == [b"bb"]
