"""What an Elixir app takes from the machine that compiles it, and a release on Fly does not have: rules of the survey.

They are part of `RULES` in survey.py, which tells how a rule is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...expressions import expression
from .. import files
from ..limits import LOCK_LIMIT
from ..project import ProjectWarning
from ..warnings import warning
from . import config, machine, mixfile

if TYPE_CHECKING:
    from .survey import Look

_CALLS_MIX = expression(
    r"(?<![\w.])(?<!unquote\()Mix\.(?:env|target|shell|raise|(?:Project|Task|State|Dep|Generator)(?:\.\w+)*)\b(?=\()"
)
_GUARDS_MIX = expression(r"(?:ensure_loaded\??|function_exported\?)\(\s*Mix\b")


def mix_at_run_time(look: Look) -> Iterator[ProjectWarning]:
    """A function of the app calls Mix, which no release has."""
    if any(
        re.search(r"^[^#\n]*\bextra_applications:[^\]]*:mix\b", look.target.text(file) or "", re.M)
        for file in look.mixes
    ):
        return  # the release has Mix then
    for file, text in look.having("Mix."):
        for found in _CALLS_MIX.finditer(text) if not _GUARDS_MIX.search(text) else ():
            if machine.runs_in_function(text, found.start()):
                if _of_development(look, file, text):
                    break
                yield warning("mix-at-run-time", (file, files.line_of(text, found.start())), name=found[0])
                return


def _of_development(look: Look, file: str, text: str) -> bool:
    """Whether a task of Mix, or the configuration of development or tests, names a module, and no release does."""
    module = re.search(r"defmodule (?:\w+\.)*(\w+) ", text)
    if not module:
        return False
    pattern = re.compile(rf"^[^#\n]*\b{module[1]}\b", re.MULTILINE)

    def named(other: str) -> bool:
        return module[1] in other and pattern.search(other) is not None  # few files have the word at all

    configured = [(one, nodes) for one, nodes in look.config() if named(look.target.text(one) or "")]
    names = {str(token.value).rpartition(".")[2] for _, nodes in configured for token in mixfile.flat(nodes)}
    production = look.code_in_production
    tasks = (text for one, text in look.sources.items() if one not in production)
    if module[1] in names or not (configured or any(map(named, tasks))):
        return False
    return not any(one != file and named(other) for one, other in production.items())


_GRAPHICAL = expression(r":(?:wx|observer|debugger)\b")


def graphical_applications(look: Look) -> Iterator[ProjectWarning]:
    """mix.exs starts applications of Erlang that need wxWidgets."""
    for file in look.mixes:
        text = look.target.text(file) or ""
        listed = re.search(r"^[^#\n]*\bextra_applications:\s*\[([^\]]*)\]", text, re.MULTILINE)
        names = dict.fromkeys(_GRAPHICAL.findall(listed[1])) if listed else {}
        if listed and names:
            yield warning(
                "graphical-applications", (file, files.line_of(text, listed.start(1))), names=", ".join(names)
            )
            return


_IN_ATTRIBUTE = expression(
    r"^[ \t]*@\w+[ \t]+(?:[\w.]+\()*System\.(?:get_env|fetch_env!?)\(?\s*\"([A-Z]\w*)\"\)*[ \t]*$", re.MULTILINE
)
_IN_THE_BUILD = {"MIX_ENV", "HOME", "PATH"}


def variables_in_attributes(look: Look) -> Iterator[ProjectWarning]:
    """Variables that a module reads into an attribute, which happens while the image is built, where none is set."""
    found: dict[str, tuple[str, int]] = {}
    for file, text in look.having("System."):
        for read in _IN_ATTRIBUTE.finditer(text):
            if read[1] not in _IN_THE_BUILD:
                found.setdefault(read[1], (file, files.line_of(text, read.start(1))))
    if found:
        yield warning("variable-in-attribute", next(iter(found.values())), names=", ".join(found))


_COMPILED = expression(r"\bApplication\.compile_env!?\(\s*:(\w+),\s*(\[[^\]]*\]|:\w+|[A-Z][\w.]*|__MODULE__)")


def settings_compiled(look: Look) -> Iterator[ProjectWarning]:
    """Settings that modules compile in, and that config/runtime.exs sets to something else when the app boots."""
    if any("validate_compile_env: false" in (look.target.text(file) or "") for file in look.mixes):
        return
    set_later: set[tuple[str, ...]] = set()
    for setting in config.read(look.target, look.dir, config.AT_RUN_TIME):
        for key, value in setting.values.items():
            path = (setting.app, setting.module, key) if setting.module else (setting.app, key)
            set_later |= {path[:2], path, *((*path, inner) for inner in (value if isinstance(value, dict) else ()))}
    for file, text in look.having("Application.compile_env"):
        for read in _COMPILED.finditer(text) if set_later else ():
            start = text.rfind("\n", 0, read.start()) + 1
            module = re.search(r"defmodule ([\w.]+)", text)
            said = read[2].replace("__MODULE__", module[1] if module else "")
            path = (read[1], *re.findall(r"\w[\w.]*", said))
            if path in set_later and "#" not in text[start : read.start()]:
                place = (file, files.line_of(text, read.start()))
                yield warning("setting-compiled", place, name=f":{read[1]}, {said}")
                return


_FOR_DEVELOPERS = {"credo", "dialyxir", "distillery", "edeliver", "ex_doc", "excoveralls", "exrm", "mix_test_watch"}


def applications_listed(look: Look) -> Iterator[ProjectWarning]:
    """mix.exs lists every application that a release gets, as it had to before Elixir 1.4, and lacks some."""
    lock = look.target.text(look.path("mix.lock"), LOCK_LIMIT) or ""
    for file in look.mixes if lock else ():
        text = look.target.text(file) or ""
        listed = re.search(
            r"^  def application do\n(?:(?!  end\b)[^#\n]*\n)*?[^#\n]*\bapplications:\s*\[([^\]]*)\]", text, re.M
        )
        names = machine.brought(set(re.findall(r":(\w+)", listed[1])), lock) if listed else set()
        wanted = [
            dep.name
            for where, dep in look.deps
            if where == file and not {"runtime", "app"} & dep.options.keys() and dep.name not in _FOR_DEVELOPERS
        ]
        missing = [name for name in wanted if name not in names]
        if listed and missing:
            place = (file, files.line_of(text, listed.start(1)))
            yield warning("applications-listed", place, names=", ".join(missing))
            return


_EMBEDS = expression(
    r"(?:@external_resource[ \t]+|File\.(?:read|stream)!?\(\s*|EEx\.function_from_file\(\s*:\w+,\s*:\w+,\s*)"
    r"(?:Path\.(?:join|expand)\(\s*(?:\[\s*)?)?(?:(__DIR__),\s*)?\"([^\"#\n]+)\"(?:,\s*(__DIR__))?"
)


def files_git_ignores(look: Look) -> Iterator[ProjectWarning]:
    """A module embeds a file that is on this machine and not in git, so no clone has it."""
    for file, text in look.having("external_resource", "File.", "EEx."):
        for found in _EMBEDS.finditer(text):
            above = files.folder_of(file) if found[1] or found[3] else look.dir
            path = files.resolved(above, found[2]) or ""
            there = look.target.is_file(path) and look.target.tracked(path) is False
            if there and not machine.runs_in_function(text, found.start()):
                yield warning("embeds-untracked", (file, files.line_of(text, found.start())), name=path)
                return
