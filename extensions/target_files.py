"""What of a copy meets files that are there already, known before the first of them is written.

Where copier can ask nobody it stops at the first such file, and those before it are written by then. An interrupted
copy may also leave a file of the template behind that is empty or half written: copier would ask about it, as about
one of the user's own.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from copier.errors import UserMessageError
from jinja2 import Environment, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context
from pathspec import GitIgnoreSpec

TEMPLATE = Path(__file__).parents[1] / "template"
SUFFIX = ".jinja"
ANSWERS = TEMPLATE / "{{ _copier_conf.answers_file }}.jinja"
NAMED = 12
"""So many files are named in a sentence; of more it says how many there are."""
_YIELD = re.compile(r"\{% yield (?P<name>\w+) from (?P<values>.+?) %\}")


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
            paths = [([*path, name], {**more, **its}) for path, more in paths for name, its in names[part] if name]
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


def _content(context: Context, source: Source) -> bytes:
    if source.file.suffix != SUFFIX:
        return source.file.read_bytes()
    template = context.environment.get_template(source.file.relative_to(TEMPLATE.parent).as_posix())
    return template.render({**context.get_all(), **source.more}).encode()


def _matcher(context: Context, patterns: Any) -> GitIgnoreSpec:
    lines = [context.environment.from_string(str(pattern)).render(context.get_all()) for pattern in patterns]
    return GitIgnoreSpec.from_lines("\n".join(lines).splitlines())


def _runs(mode: int) -> bool:
    return bool(mode & stat.S_IXUSR)


def clashes(context: Context) -> tuple[list[str], list[Path]]:
    """The files that would be overwritten, and those that hold nothing but the beginning of what is to be written.

    `--skip` and `--exclude` leave a file alone, the answers file is copier's own, and what is there already as it is
    to be is no clash. A link or a folder is left to copier.
    """
    conf = context["_copier_conf"]
    target = Path(str(conf["dst_path"]))
    left_alone = _matcher(context, [*conf["skip_if_exists"], *conf["exclude"]])
    overwritten, begun = [], []
    for source in rendered(context):
        file = target / source.path
        try:
            status = file.lstat()
        except OSError:
            continue
        if source.path == str(conf["answers_file"]) or left_alone.match_file(source.path):
            continue
        old = file.read_bytes() if stat.S_ISREG(status.st_mode) else None
        new = _content(context, source)
        as_wanted = _runs(status.st_mode) == _runs(source.file.stat().st_mode)
        if old is None or not new.startswith(old):
            overwritten.append(source.path)
        elif old != new or not as_wanted:
            begun.append(file)
    return sorted(overwritten), begun


_ready: dict[str, str] = {}


@pass_context
def clear_the_way(context: Context) -> str:
    """Stop with one sentence when files would be overwritten and there is nobody to ask; remove what was begun.

    Returns nothing. Raises `UserMessageError`, before anything is written. An update overwrites by its nature and
    merges afterwards, and who pretends writes nothing: neither gets here.
    """
    conf = context["_copier_conf"]
    if conf["overwrite"] or conf["pretend"]:
        return ""
    target = str(conf["dst_path"])
    if target not in _ready:
        overwritten, begun = clashes(context)
        if overwritten and not (sys.stdin and sys.stdin.isatty()):
            raise UserMessageError(_refusal(overwritten))
        for file in begun:
            # All that it holds is in what is written next, so this loses nothing, and copier need not ask.
            file.unlink()
        _ready[target] = ""
    return _ready[target]


def _refusal(files: list[str]) -> str:
    named = ", ".join(files[:NAMED])
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return (
        f"{named}{more}: already there, and there is nobody to ask whether this copy may overwrite "
        f"{'it' if len(files) == 1 else 'them'}. Nothing was changed. To look first: copier copy -n --overwrite; to "
        "keep one of them: --skip FILE; to overwrite, once all is committed: --overwrite."
    )


@pass_context
def in_one_piece(context: Context, text: str) -> str:
    """Put the answers file in its place by one rename: copier shows a traceback for one that a kill left empty.

    `text` is what it renders to, and what is returned; copier then finds the file written already.
    """
    conf = context["_copier_conf"]
    name = str(conf["answers_file"])
    path = Path(str(conf["dst_path"]), name)
    if conf["pretend"] or (path.exists() and _matcher(context, conf["skip_if_exists"]).match_file(name)):
        return text
    path.parent.mkdir(parents=True, exist_ok=True)
    # A fixed name: what a killed run left behind is overwritten by the next one.
    temporary = path.with_name(f"{path.name}.copier-fly")
    temporary.write_text(text, "utf-8", newline="")
    temporary.chmod(ANSWERS.stat().st_mode)
    temporary.replace(path)
    return text


class TargetFiles(Extension):
    """Adds the global `clear_the_way()` and the filter `in_one_piece`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals["clear_the_way"] = clear_the_way
        environment.filters["in_one_piece"] = in_one_piece
