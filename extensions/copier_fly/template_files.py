"""Which files a copy writes.

A file of `template/` goes where its path says once its parts are rendered: a part that renders to nothing leaves out
all that is below it, and a `yield` in a name makes several files of one. `{{ ops(layers.neon) }}` is the folder ops/
where the layer is in. One part instead of two or more: copier makes every answer ready for each part of each path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import pass_context
from jinja2.runtime import Context

from .expressions import expression

TEMPLATE = Path(__file__).parents[2] / "template"
SUFFIX = ".jinja"
ANSWERS = TEMPLATE / "{{ _copier_conf.answers_file }}.jinja"
_YIELD = expression(r"\{% yield (?P<name>\w+) from (?P<values>.+?) %\}")
FOLDERS = {
    "docs": "docs/fly",
    "ops": "ops",
    "workflows": ".github/workflows",
    "fly": "fly",
    "rel": "{{ app_dir }}/rel",
    "overlays": "{{ app_dir }}/rel/overlays",
    "bin": "{{ app_dir }}/rel/overlays/bin",
}
"""The folders that many layers write into, by the name that `template/` has for each."""
_LAYER = expression(r"\{\{ (?:(\w+)\()?layers\.(\w+)\)? \}\}/")
_VARIABLE = expression(r"\{\{ (\w+) \}\}")


def _inside(path: str) -> Callable[[Context, str], str]:
    @pass_context
    def folder(context: Context, layer: str) -> str:
        return _VARIABLE.sub(lambda name: str(context[name[1]]), path) if layer else ""

    return folder


GLOBALS = {name: _inside(path) for name, path in FOLDERS.items()}
"""For each folder what a path of `template/` calls: a layer's value → the folder, or nothing where it is out."""


class Source(NamedTuple):
    """A file of the template: where it is, where it goes, and what its path sets beside the answers."""

    file: Path
    path: str
    more: Mapping[str, Any]


@cache
def sources() -> list[str]:
    """Every file of the template, relative to it."""
    found = (Path(folder, name) for folder, _, names in os.walk(TEMPLATE) for name in names)
    return sorted(file.relative_to(TEMPLATE).as_posix() for file in found)


def rendered(context: Context) -> Iterator[Source]:
    """The files that these answers render."""
    names: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for source in sources():
        paths: list[tuple[list[str], dict[str, Any]]] = [([], {})]
        for part in source.removesuffix(SUFFIX).split("/"):
            if not paths:
                break
            if part not in names:
                names[part] = list(_name(context, part))
            # A part that renders to nothing leaves out all that is below it.
            paths = [([*path, name], {**more, **own}) for path, more in paths for name, own in names[part] if name]
        for path, more in paths:
            yield Source(TEMPLATE / source, os.path.normpath("/".join(path)), more)


def _name(context: Context, part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a part of a path is called; several times where it yields, each with the variable that it sets."""
    render, known = context.environment.from_string, context.get_all()
    loop = _YIELD.search(part)
    if not loop:
        yield (render(part).render(known) if "{" in part else part), {}
        return
    part = part.replace(loop[0], "").replace("{% endyield %}", "")
    values = context.environment.compile_expression(loop["values"])
    for value in values(**known) or ():
        yield render(part).render({**known, loop["name"]: value}), {loop["name"]: value}


def conditions(source: str) -> tuple[str, set[str]]:
    """Tell where a file of the template goes, with the variables as they are written, and by which layers."""
    source = source.removesuffix(SUFFIX)
    layers = {name for _, name in _LAYER.findall(source)}
    return _LAYER.sub(lambda part: f"{FOLDERS[part[1]]}/" if part[1] else "", source), layers


def possible(known: Mapping[str, object]) -> dict[str, list[set[str]]]:
    """Every path that some answers would render → the layers of each source that it may come from.

    `known` are the values of variables in paths (`app_dir`, `web_lib` and so on); a path with another one in it is
    left out.
    """
    found: dict[str, list[set[str]]] = {}
    for source in sources():
        path, layers = conditions(source)
        path = os.path.normpath(_VARIABLE.sub(lambda name: str(known.get(name[1], name[0])), path))
        if "{" not in path:
            found.setdefault(path, []).append(layers)
    return found
