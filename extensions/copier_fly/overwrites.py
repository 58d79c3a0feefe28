"""What of a copy meets files that are there already, known before the first of them is written.

Where copier cannot ask it stops at the first such file, and those before it are written by then. An interrupted
copy may also leave a file of the template behind that is empty or half written: copier would ask about it, as about
one of the user's own.
"""

from __future__ import annotations

import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from copier.errors import UserMessageError
from jinja2 import pass_context
from jinja2.runtime import Context
from pathspec import GitIgnoreSpec

from . import yaml_text
from .template_files import ANSWERS, SUFFIX, TEMPLATE, Source, possible, rendered

NAMED = 12
"""Maximum number of files listed before "and N more"."""


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
def refuse_overwrites(context: Context) -> str:
    """Stop with one sentence when files would be overwritten and no one can be asked; remove half-written ones.

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
        f"{named}{more}: already there, and this run cannot ask whether to overwrite "
        f"{'it' if len(files) == 1 else 'them'}. Nothing was changed. To look first: copier copy -n --overwrite; to "
        "keep one of them: --skip FILE; to overwrite, once all is committed: --overwrite."
    )


@pass_context
def refuse_ignored(context: Context) -> str:
    """Stop an update with one sentence when git ignores a file that it would overwrite: the edits exist nowhere else.

    Returns nothing. Raises `UserMessageError`, before anything is written. No question of the update is answered yet,
    so a file counts that some answers beside the stored ones would render.
    """
    conf = context["_copier_conf"]
    target = Path(str(conf["dst_path"]))
    stored = yaml_text.load((target / str(conf["answers_file"])).read_text("utf-8"))
    command = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--"]
    paths = possible({"app_dir": ".", **stored})
    listed = subprocess.run([*command, *paths], cwd=target, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.split("\0") if name]
    if names:
        raise UserMessageError(
            "Git ignores these files, so an update would overwrite your edits in them for good. Nothing was changed. "
            f"Let git have them, commit, and update again:\n  git add -f -- {shlex.join(names)}"
        )
    return ""


@pass_context
def atomically(context: Context, text: str) -> str:
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
