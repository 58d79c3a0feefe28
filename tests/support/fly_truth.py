"""Finds every fly command line in a text and checks it against the commands and flags of the real flyctl.

`check_text(text, path)` reads shell scripts, workflows, Markdown, Python and plain text, each in its own way.
What is there to be run is checked whole; in prose only what nobody writes without meaning a command: a flag.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Literal

import yaml

from tests.support import markdown, shell
from tests.truth.record import KEPT

# --- What flyctl has -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """One command of flyctl.

    `args` are its positional arguments as the help writes them, empty for none. `flags` tell of each flag,
    global ones included, whether it is a "value", a "switch" or "optional" (a value after `=` only).
    `children` name its sub-commands and their aliases.
    """

    name: str
    args: str
    flags: dict[str, str]
    children: dict[str, str]


@cache
def commands() -> dict[str, Command]:
    """Return every command by its full name, such as "mpg create"; "" is flyctl itself.

    They come from the kept list of the flyctl that the tests have met; a test of its own compares that list
    with the flyctl on PATH.
    """
    kept = json.loads(KEPT.read_text())
    shared = _flags(kept["global"])
    children: dict[str, dict[str, str]] = {name: {} for name in kept["commands"]}
    for name, command in kept["commands"].items():
        if name:
            parent, _, own = name.rpartition(" ")
            children[parent] |= {own: name} | dict.fromkeys(command["aliases"], name)
    return {
        name: Command(name, command["args"], shared | _flags(command), children[name])
        for name, command in kept["commands"].items()
    }


def _flags(listed: dict[str, str]) -> dict[str, str]:
    return {flag: kind for kind in ("value", "switch", "optional") for flag in listed.get(kind, "").split()}


# The few values that flyctl or the platform checks, and gets wrong or refuses late.
_VALUES: dict[tuple[str, str], frozenset[str]] = {
    # Any other plan, `Performance` too, silently creates a Basic cluster (internal/command/mpg/create.go).
    ("mpg create", "--plan"): frozenset({"basic", "starter", "launch", "scale"}),
    ("mpg create", "--pg-major-version"): frozenset({"16", "17"}),
    ("deploy", "--strategy"): frozenset({"rolling", "canary", "bluegreen", "immediate"}),
    ("machine run", "--schedule"): frozenset({"hourly", "daily", "weekly", "monthly"}),
}


@dataclass(frozen=True)
class Finding:
    """One false command line: where it is, what it says, and what is wrong with it."""

    path: str
    line: int
    command: str
    problem: str

    def __str__(self) -> str:
        """Write it as compilers do."""
        return f"{self.path}:{self.line}: {self.command}: {self.problem}"


# --- One command line ------------------------------------------------------------------------------------

# How a command line was found decides what is judged of it.
#   run     it is there to be run: everything
#   span    it stands in a code span or a message: everything, but a flag at its end may be just named
#   prose   it goes on as a sentence: only the flags
Mode = Literal["run", "span", "prose"]
Line = tuple[int, list[str], Mode]

# In prose and help, what stands for a value, or for more of the same.
_FILLER = re.compile(r"^(…|\.\.\.|\[?(flags|options)\]?)$")
_EXPANSION = re.compile(r"[$`]|^\\?\*$")
# A "command" with one of these words in it is a sentence about the command.
_ENGLISH = set(
    """
    a an the is are was were to not no and or for of it its that this these with without from by on in at has
    have had can cannot could will would must may does did do be been before after first then again when while
    only also works worked fails failed shows showed says said needs needed asks takes runs ran prints
    """.split()  # noqa: SIM905
)


def check_words(words: list[str], mode: Mode = "run") -> list[str]:
    """Check the words after `fly`; return one sentence for each thing that is wrong."""
    known = commands()
    command, position = known[""], 0
    while position < len(words) and command.children:
        word = words[position]
        choices = re.split(r"[|/]", word)
        if word in command.children:
            command = known[command.children[word]]
        elif len(choices) > 1 and all(choice in command.children for choice in choices):
            before, after = words[:position], words[position + 1 :]
            return [problem for one in choices for problem in check_words([*before, one, *after], mode)]
        else:
            break
        position += 1
    rest = words[position:]
    if rest and command.children:
        if _EXPANSION.search(rest[0]) or (rest[0] == "help" and not command.name):
            return []  # the sub-command is in a variable, or any
        if mode != "prose" and not command.args and not _stands_for_something(rest[0]) and rest[0][0] != "-":
            return [f"{_said(command)} has no sub-command {rest[0]}"]
    positional: list[str] = []
    problems = _check_flags(command, rest, positional, mode)
    if positional and mode != "prose" and not command.args and not command.children:
        problems.append(f"{_said(command)} takes no argument such as {positional[0]}")
    return problems


def _said(command: Command) -> str:
    return f"fly {command.name}" if command.name else "fly"


def _is_placeholder(word: str) -> bool:
    return word.isupper() or word.startswith(("<", "["))


def _check_flags(command: Command, words: list[str], positional: list[str], mode: Mode) -> list[str]:
    """Check the flags among the words, and put everything else into `positional`."""
    problems = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            if not _EXPANSION.search(word) and not _FILLER.match(word):
                positional.append(word)
            continue
        flag, equals, value = word.partition("=")
        if not flag.startswith("--"):
            flag, equals, value = _short(command, word)
        kind = command.flags.get(flag)
        if kind is None:
            if not _EXPANSION.search(flag):
                problems.append(f"{_said(command)} has no flag {flag}")
            continue
        if kind == "switch" and not equals and queue and queue[0] in ("true", "false"):
            problems.append(f"{flag} takes a value after = only: {flag}={queue.pop(0)}")
        if kind == "value" and not equals:
            if not queue:
                if mode == "run":
                    problems.append(f"{flag} needs a value")
                continue
            if _option_name(queue[0]) in command.flags:
                problems.append(f"{flag} needs a value, and {queue[0]} would be taken for it")
                continue
            value = queue.pop(0)
        allowed = _VALUES.get((command.name, flag))
        if allowed and value and value.lower() not in allowed and not _stands_for_something(value):
            problems.append(f"{flag} {value}: use one of {', '.join(sorted(allowed))}")
    return problems


def _option_name(word: str) -> str:
    return word.partition("=")[0]


def _stands_for_something(value: str) -> bool:
    return bool(_EXPANSION.search(value) or _FILLER.match(value) or _is_placeholder(value) or "|" in value)


def _short(command: Command, word: str) -> tuple[str, str, str]:
    """Split `-aNAME`, `-a=NAME` and clusters of switches at the first flag that is wrong or takes a value."""
    for position in range(1, len(word)):
        flag = f"-{word[position]}"
        rest = word[position + 1 :]
        if command.flags.get(flag) != "switch":
            return flag, "=" if rest else "", rest.removeprefix("=")
    return flag, "=", ""


# --- Shell -----------------------------------------------------------------------------------------------

_FLY_WORDS = {
    "fly",
    "flyctl",
    "$FLY",
    "${FLY}",
    "$FLYCTL",
    "${FLYCTL}",
    "$fly",
    "${fly}",
    "$flyctl",
    "${flyctl}",
}
# These run what follows them.
_SHELL_PREFIX = {"time", "exec", "command", "builtin", "sudo", "env", "nohup", "eval", "xargs"}
_ASSIGNMENT = re.compile(r"^\w+\+?=")


def _shell(text: str, line: int, wrappers: frozenset[str]) -> Iterator[Line]:
    script = shell.read(text)
    for at, words in script.commands:
        yield from _in_simple_command(line - 1 + at, words, wrappers)
    for at, content in script.strings:
        yield from _string(content, line - 1 + at)
    for at, content in script.comments:
        yield from _prose(content, line - 1 + at)


def wrappers(text: str) -> set[str]:
    """The functions of a script that hand their words on to flyctl: `on_app() { flyctl "$@" -a "$app"; }`."""
    return {
        name
        for name, commands in shell.read(text).functions.items()
        if any(words[0] in _FLY_WORDS and "$@" in words for words in commands)
    }


def _in_simple_command(line: int, words: list[str], wrappers: frozenset[str]) -> Iterator[Line]:
    for position, word in enumerate(words):
        if word not in _FLY_WORDS and word not in wrappers:
            continue
        before = words[:position]
        runs = all(w in _SHELL_PREFIX or _ASSIGNMENT.match(w) for w in before)
        after = words[position + 1 :]
        # `need fly jq` names programs, `retry fly deploy` runs one: the next word tells them apart.
        if runs or (word not in wrappers and after and after[0] in commands()[""].children):
            yield line, after, "run"
        return


# --- Prose, Markdown, YAML, Python -----------------------------------------------------------------------

_SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_MENTION = re.compile(r"(?<![\w./@:~-])(?:fly|flyctl)[ \t]+(?=[a-z<$])([^\n`]*)")
_STARTS = re.compile(r"^(?:\$ )?(?:fly|flyctl)[ \t]+(.*)$", re.DOTALL)
_SENTENCE_END = re.compile(r"[.;:,!?](?:\s|$)|\s[(\u2013\u2014]|\)(?:\s|$)|\s#\s|\s[|<>]\s|&&|\|\|")
_SPAN_END = re.compile(r"&&|\|\||\s[|<>]\s|;|\s#\s|,$")
_ANGLES = re.compile(r"<([A-Za-z][\w |.:/-]*)>")
_JINJA_VALUE = re.compile(r"\$?\{\{.*?\}\}", re.DOTALL)
_JINJA_REST = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_EEX = re.compile(r"<%.*?%>", re.DOTALL)
_SHELL_FENCES = {"sh", "bash", "shell", "zsh", "dash", "posix"}
_PLAIN_FENCES = {"", "text", "console", "shell-session", "sh-session", "none", "plaintext", "output", "cmd"}


def _prose(text: str, line: int) -> Iterator[Line]:
    """Code spans are command lines; elsewhere only a mention with flags counts."""
    for span in _SPAN.finditer(text):
        at = line + text.count("\n", 0, span.start())
        yield from _span(" ".join(span[2].split()), at)
    bare = _SPAN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    bare = re.sub(r"\[(-[^\]\n]*)\]", r" \1 ", bare)
    for mention in _MENTION.finditer(bare):
        at = line + bare.count("\n", 0, mention.start())
        words = _split(_SENTENCE_END.split(mention[1])[0])
        if words and words[0] in commands()[""].children:
            yield at, words, "prose"


def _mode(words: list[str]) -> Mode:
    return "prose" if _ENGLISH & set(words) else "span"


def _span(content: str, line: int) -> Iterator[Line]:
    found = _STARTS.match(content.strip())
    if not found:
        for piece in re.split(r"&&|\|\||\s\|\s|;|\$\(", content)[1:]:
            yield from _span(piece, line)
        return
    words = _split(_SPAN_END.split(found[1])[0])
    yield line, words, _mode(words)


def _string(content: str, line: int) -> Iterator[Line]:
    """Read a quoted string: a command line when it begins like one, else prose."""
    found = _STARTS.match(content.strip())
    if found and "\n" not in content.strip() and "`" not in content:
        words = _split(_SENTENCE_END.split(found[1])[0])
        known = bool(words) and words[0] in commands()[""].children
        if known or (words and any(word.startswith("-") for word in words)):
            yield line, words, _mode(words)
        return
    yield from _lines(content, line)


def _lines(text: str, line: int) -> Iterator[Line]:
    """Read plain text: an indented line that begins with fly is there to be run, all else is prose."""
    rest = []
    joined = re.sub(r"\\\n[ \t]*", lambda found: "\x00", text)
    at = line
    for row in joined.split("\n"):
        stripped = row.strip()
        found = _STARTS.match(stripped)
        indented = row.startswith(("  ", "\t", "$ "))
        if found and indented:
            words = _split(_SPAN_END.split(re.split(r"\s{3,}", found[1].replace("\x00", " "))[0])[0])
            yield at, words, _mode(words)
            rest.append("")
        else:
            rest.append(row.replace("\x00", " "))
        at += 1 + row.count("\x00")
    yield from _prose("\n".join(rest), line)


def _split(text: str) -> list[str]:
    """Split what a person wrote: brackets around optional flags go, quotes hold together where they close."""
    text = re.sub(r"\[(-[^\]]*)\]", r"\1", text)
    text = re.sub(r"\$\([^)]*\)", "$(…)", text)
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _markdown(text: str, line: int, wrappers: frozenset[str]) -> Iterator[Line]:
    for block in markdown.blocks(text):
        at = line + (block.map or [0])[0]
        if block.type == "fence":
            yield from _fence(block.info.strip().lower(), block.content, at + 1, wrappers)
        elif block.type == "code_block":
            yield from _fence("", block.content, at, wrappers)
        else:
            yield from _prose(block.content, at)


def _fence(language: str, body: str, line: int, wrappers: frozenset[str]) -> Iterator[Line]:
    if language in _SHELL_FENCES:
        yield from _shell(re.sub(r"(?m)^([ \t]*)\$ ", r"\1", body), line, wrappers)
    elif language in _PLAIN_FENCES:
        yield from _lines(re.sub(r"(?m)^(?=\S)", "  ", body), line)
    elif language in ("yaml", "yml"):
        yield from _yaml(body, line, wrappers)
    else:
        yield from _prose(body, line)


def _yaml(text: str, line: int, wrappers: frozenset[str]) -> Iterator[Line]:
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        yield from _lines(text, line)
        return
    for document in documents:
        for key, node in _scalars(document, ""):
            block = node.style in ("|", ">")
            at = line + node.start_mark.line + (1 if block else 0)
            if key in ("run", "script"):
                yield from _shell(node.value, at, wrappers)
            else:
                yield from _string(node.value, at)
    for number, row in enumerate(text.split("\n")):
        if comment := re.search(r"(?:^|\s)#(.*)$", row):
            yield from _prose(comment[1], line + number)


def _scalars(node: yaml.Node | None, key: str) -> Iterator[tuple[str, yaml.ScalarNode]]:
    if isinstance(node, yaml.ScalarNode):
        yield key, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, key)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _scalars(name, "")
            yield from _scalars(value, name.value if isinstance(name, yaml.ScalarNode) else "")


def _python(text: str, line: int) -> Iterator[Line]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        yield from _lines(text, line)
        return
    inside: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        at = line - 1 + getattr(node, "lineno", 1)
        if isinstance(node, ast.List | ast.Tuple):
            words = [_constant(item) for item in node.elts]
            if len(words) > 1 and words[0] in ("fly", "flyctl"):
                inside |= {id(item) for item in node.elts}
                if words[1] in commands()[""].children or str(words[1]).startswith("-"):
                    yield at, [word or "$" for word in words[1:]], "run"
        elif isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in ast.walk(node)}
            yield from _string("".join(_constant(part) or "$VALUE" for part in node.values), at)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _string(node.value, at)
    for number, row in enumerate(text.split("\n")):
        if comment := re.match(r"\s*#(.*)$", row):
            yield from _prose(comment[1], line + number)


def _constant(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


# --- All together ----------------------------------------------------------------------------------------


def check_text(text: str, path: str | PurePath, *, wrappers: Iterable[str] = ()) -> list[Finding]:
    """Check every fly command line in a text; `path` says by its name how to read it.

    Template sources can be checked as well as what is rendered from them: a Jinja value counts as some value.
    `wrappers` name shell functions that hand their words on to flyctl, as `on_app() { fly "$@" -a "$APP"; }`.
    Returns the findings in the order of their lines, none when all is true.
    """
    findings = {
        Finding(str(path), line, " ".join(["fly", *words]), problem)
        for line, words, mode in _command_lines(text, PurePath(path), frozenset(wrappers))
        for problem in check_words(words, mode)
    }
    return sorted(findings, key=lambda finding: (finding.line, finding.command, finding.problem))


def check_file(file: Path, *, root: Path | None = None, wrappers: Iterable[str] = ()) -> list[Finding]:
    """Check one file as `check_text` does; findings name it relative to `root`. A binary file has none."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    return check_text(text, file.relative_to(root) if root else file, wrappers=wrappers)


def command_lines(text: str, path: str | PurePath, *, wrappers: Iterable[str] = ()) -> list[str]:
    """List the command lines that `check_text` looks at, right or wrong."""
    found = _command_lines(text, PurePath(path), frozenset(wrappers))
    return [" ".join(["fly", *words]) for _, words, _ in found]


def _command_lines(text: str, path: PurePath, wrappers: frozenset[str]) -> Iterator[Line]:
    text = _JINJA_VALUE.sub(lambda found: "JINJA" + "\n" * found[0].count("\n"), text)
    if ".jinja" in path.suffixes:  # elsewhere `{#` is shell: ${#list}
        text = _JINJA_REST.sub(lambda found: "\n" * found[0].count("\n"), text)
    if ".eex" in path.suffixes:
        text = _EEX.sub(lambda found: "EEX" + "\n" * found[0].count("\n"), text)
    suffixes = [suffix for suffix in path.suffixes if suffix not in (".jinja", ".eex")]
    kind = suffixes[-1] if suffixes else ""
    if kind in (".sh", ".bash") or re.match(r"#!.*\b(ba|da|z)?sh\b", text):
        return _shell(text, 1, wrappers)
    if kind in (".md", ".mdx", ".markdown"):
        return _markdown(_ANGLES.sub(_placeholder, text), 1, wrappers)
    if kind in (".yml", ".yaml", ".json"):
        return _yaml(text, 1, wrappers)
    if kind == ".py":
        return _python(text, 1)
    return _lines(_ANGLES.sub(_placeholder, text), 1)


def _placeholder(found: re.Match[str]) -> str:
    return re.sub(r"\W", "_", found[1]).upper()
