"""Which files a copy writes.

A file of `template/` goes where its path says once its parts are rendered: a part that renders to nothing leaves out
all that is below it, and a `yield` in a name makes several files of one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .detect import project

if TYPE_CHECKING:
    from jinja2.runtime import Context

TEMPLATE = Path(__file__).parents[2] / "template"
SUFFIX = ".jinja"
ANSWERS = TEMPLATE / "{{ _copier_conf.answers_file }}.jinja"
_YIELD = re.compile(r"\{% yield (?P<name>\w+) from (?P<values>.+?) %\}")
_LAYER = re.compile(r"\{\{ if_(\w+) \}\}/")


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


def existing_files(target: str) -> list[str]:
    """List the files of the template that the target has already, as far as they are known before the answers."""
    return sorted(path for path in _possible_files(target) if Path(target, path).is_file())


_OF_NEXTJS = frozenset({"nextjs", "app_router", "pages_router", "runner", "cli", "nextjs_database"})
_OF_ELIXIR = frozenset({"elixir", "ecto", "tcp", "repos"})


def new_files(target: str) -> list[str]:
    """Sum up what the target does not have yet: a file by its path, several in one folder by their number."""
    seen = project.detect(target)
    others = {"nextjs": _OF_ELIXIR, None: frozenset()}.get(seen["stack"], _OF_NEXTJS)
    by_folder: dict[str, list[str]] = {}
    for path, sources in _possible_files(target).items():
        at_github = path.startswith(".github/") and not seen["github"]
        if not (at_github or all(layers & others for layers in sources) or Path(target, path).exists()):
            folder = "/".join(path.split("/")[:-1][:2])
            by_folder.setdefault(f"{folder}/" if folder else path, []).append(path)
    return [f"{name} ({len(paths)} files)" if len(paths) > 1 else paths[0] for name, paths in sorted(by_folder.items())]


@cache
def _possible_files(target: str) -> dict[str, list[set[str]]]:
    """Every path that some answers would render into the target → the layers of each source it may come from."""
    app = project.detect(target)
    elixir, nextjs = app["elixir"] or {}, app["nextjs"] or {}
    root = app["app_dir"] or "."
    routes = f"{'src/' if nextjs.get('src_dir') else ''}{nextjs.get('router') or 'app'}"
    folders = {
        "{{ app_dir }}": root,
        "{{ routes_dir }}": f"{root}/{routes}",
        "{{ js }}": "ts" if nextjs.get("typescript") else "js",
        "{{ web_lib }}": f"{root}/{elixir['web_lib']}" if elixir.get("web_lib") else "",
        "{{ core_lib }}": f"{root}/{elixir['repo_lib']}" if elixir.get("repo_lib") else "",
        "{{ _copier_conf.answers_file }}": "",
    }
    found: dict[str, list[set[str]]] = {}
    for source in sources():
        path = source.removesuffix(SUFFIX)
        layers = set(_LAYER.findall(path))
        path = _LAYER.sub("", path)
        for name, folder in folders.items():
            path = path.replace(name, folder)
        path = os.path.normpath(path)
        if "{" not in path and not path.startswith("/") and path != ".":
            found.setdefault(path, []).append(layers)
    return found
