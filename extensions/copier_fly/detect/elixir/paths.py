"""Files of the source that an Elixir app wants by a path where no release has them: rules of the survey.

They are part of `RULES` in survey.py, which tells how a rule is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...expressions import expression
from .. import files
from ..project import ProjectWarning
from ..warnings import warning
from . import environment, mixfile
from .machine import runs_in_function

if TYPE_CHECKING:
    from .survey import Look

_BASE = r"__DIR__|File\.cwd!\(\)"
_WORDS = r"\"[^\"#]+\"(?:\s*,\s*\"[^\"#]+\")*"
_FROM_BASE = (
    rf"(?P<base>{_BASE})\s*(?:<>|\|>\s*Path\.join\()\s*(?P<after>\"[^\"#]+\")"
    rf"|Path\.(?:join|expand)\(\s*\[?\s*(?P<joined>{_BASE})\s*,\s*(?P<parts>{_WORDS})"
    rf"|Path\.expand\(\s*(?P<expanded>\"[^\"#]+\")\s*,\s*(?P<under>{_BASE})"
)
"""A path from the folder of the source, or from where the app is started."""
_PATH = (
    rf"(?:{_FROM_BASE}|Path\.(?:join|expand)\(\s*\[?\s*(?P<words>{_WORDS})|(?P<plain>\"(?:\./)?[\w-]+(?:/[^\"#]*)?\"))"
)
_READERS = (
    r"\b(?:File\.(?:read|stream|ls|open)!?|Path\.wildcard|Code\.(?:eval|require|compile)_file|EEx\.eval_file)\(\s*"
)
_READS = expression(
    rf"(?:{_READERS}|\bsend_file\(\s*(?:\w+,\s*)?\d+,\s*|\bsend_download\(\s*(?:\w+,\s*)?\{{:file,\s*){_PATH}"
)
_BEGINS = expression(_FROM_BASE)
_NAMES = expression(rf"^[ \t]*@(?P<name>\w+)\s+{_PATH}[\])\s]*$", re.MULTILINE)
_SERVES = expression(rf"\bfrom:\s*{_PATH}")


def code_reads_files(look: Look) -> Iterator[ProjectWarning]:
    """A function of the app reads a file of the source by a path that is relative to where the app is started."""
    for file, text in look.having("File.", "Path.", "Code.", "EEx.", "__DIR__", "send_", "Plug.Static"):
        found = dict(_read(look, file, text))
        for offset in sorted(found):
            yield warning("code-reads-files", (file, files.line_of(text, offset)), name=found[offset])


def _read(look: Look, file: str, text: str) -> Iterator[tuple[int, str]]:
    """Where a file of the source is wanted when the app runs, with its path as it is written."""
    for path in (*_READS.finditer(text), *_BEGINS.finditer(text)):
        name = _there(look, file, path)
        if name and runs_in_function(text, path.start()):
            yield path.start(), name
    for path in _NAMES.finditer(text):
        name = _there(look, file, path)
        uses = rf"{_READERS}@{path['name']}\b|@{path['name']}\s*\|>\s*{_READERS}"
        if name and any(runs_in_function(text, use.start()) for use in re.finditer(uses, text)):
            yield path.start(), name
    for path in _SERVES.finditer(text) if "plug Plug.Static" in text else ():
        name = _there(look, file, path)
        comment = "#" in text[text.rfind("\n", 0, path.start()) + 1 : path.start()]
        if name and not comment and not _in_development(text, path.start()):
            yield path.start(), name


_DEVELOPMENT = expression(r"[ \t]*if (?:code_reloading\?|Mix\.env\(\)? (?:==|in) \[?:(?:dev|test)\b(?!.*:prod).*) do$")


def _in_development(text: str, offset: int) -> bool:
    """Whether what is there is inside of a block that is compiled for development or tests alone."""
    indent = None
    for line in reversed(text[: text.find("\n", offset)].splitlines()):
        depth = len(line) - len(line.lstrip())
        if line.strip() and (indent is None or depth < indent):
            if _DEVELOPMENT.match(line):
                return True
            indent = depth
    return False


def _there(look: Look, file: str, path: re.Match[str]) -> str | None:
    """A path as it is written, where the project has it."""
    parts = path.groupdict()
    words = next(filter(None, map(parts.get, ("after", "parts", "expanded", "words", "plain"))))
    name = "/".join(word.strip("/") for word in re.findall(r"\"([^\"]+)\"", words))
    if re.match(r"(?:\./)*test/", name):
        return None  # of a module that stands in for another one in tests
    if any(character in name for character in "*?[{"):
        name = files.folder_of(re.split(r"[*?\[{]", name)[0] + "x")
    base = parts.get("base") or parts.get("joined") or parts.get("under")
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps)]
    resolved = [files.resolved(folder, name) for folder in ([files.folder_of(file)] if base == "__DIR__" else folders)]
    return name if any(one and one != look.dir and look.target.exists(one) for one in resolved) else None


_SETTING = expression(r"(?:\.\.?/)*[\w.-]+/[\w./-]*\.(?:pem|key|crt|cer|cert|p8|p12|pfx|mmdb)")


def files_in_config(look: Look) -> Iterator[ProjectWarning]:
    """The configuration names a key, a certificate or a database of the source by a path of the source."""
    for file, nodes in look.config():
        text = look.target.text(file) or ""
        for token in mixfile.flat(environment.always(nodes)):
            if token.kind != "string" or not _SETTING.fullmatch(str(token.value)):
                continue
            before, line = text[: token.start], text[token.start :].partition("\n")[0]
            statement = before[max(before.rfind("\n", 0, before.rfind("\n")), 0) :] + line
            served = re.search(r"app_dir|priv_dir|File\.|Code\.", statement) or re.search(r"https: \[[^\]]*$", before)
            folders = [look.dir, files.folder_of(file)]
            there = any(look.target.is_file(files.resolved(folder, str(token.value)) or "") for folder in folders)
            if there and not served:
                yield warning("file-in-config", look.at(file, token.start), name=str(token.value))
