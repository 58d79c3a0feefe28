"""Variables that the code reads where it runs, that nothing sets on Fly, and that have no other value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ..expressions import expression
from . import files
from .elixir import config, environment, mixfile
from .elixir.survey import Look, at_run_time
from .files import Target
from .nextjs import app as nextjs_app
from .nextjs import environment as nextjs_environment
from .project import Project

Places = dict[str, tuple[str, int]]
"""Variable → file and line of its first place."""

_ASKED_BEFORE = expression(
    r"(?:!!|(?<!\()!|&&|\|\||\?\?|===?|!==?|\btypeof|\b(?:else if|if|while|switch|Boolean)\s*\(+)\s*$"
)
_ASKED_AFTER = expression(
    r"!?\s*(?:as string)?\s*\)?\s*(?:&&|\?(?![?.])|[!=]==?|(?:\?\?|\|\|)\s*(?!\s|\"\"|''|``)|\?\.)|\s*=(?!=)"
)
"""What stands around a variable that may be missing, or that the code itself sets. Not so `|| ""`, which is as empty,
and `if (!process.env.NAME)`, which gives up."""
_OF_TOOLS = expression(r"^\.|(?:^|/)(?:scripts?|seeds?|bin|tools)/|(?:^|/)seed\.\w+$|^[\w.-]+\.config\.\w+$")
_STARTS_FILE = expression(r"\b(?:node|tsx|ts-node|bun)(?: -\S+)* (?:\./)?((?:[\w-]+/)*[\w.-]+\.[cm]?[jt]s)\b")
_OF_NO_APP = expression(
    r"(?:NODE|MIX|RELEASE|npm|VERCEL|NETLIFY|RAILWAY|RENDER|HEROKU|AWS_LAMBDA|CF|DEPLOY_PRIME|NEXT(?!_PUBLIC_)|JEST|VITEST|PLAYWRIGHT"
    r"|DOCKER|TEST|KUBERNETES)_\w+|\w*(?:DISABLE|ENABLE|SKIP|DEBUG|ANALYZE|STORYBOOK)\w*|VERCEL|TURBOPACK"
    r"|CI|TZ|PORT|HOST|HOSTNAME|HOME|PATH|SHELL|USER|PWD|LANG|TMPDIR|TEMP|LOG_LEVEL|PRIMARY_REGION"
    r"|TERM|COLORTERM|COLUMNS|EDITOR|LOGNAME|XDG_\w+|SSH_\w+"
    r"|SENTRY_(?:ORG|PROJECT|AUTH_TOKEN)|(?:POSTGRES|PG|MYSQL|MONGO(?:DB)?|DATABASE|DB)_?(?:URL|URI|DSN)"
)
"""Variables of other hosts, of the system and of tools, those that switch something, and addresses of databases, which
have rules of their own."""
_NO_CONDITION = (
    r"(?<!\bis_nil\()(?<!!)(?<!\bnot )\b",
    r"(?!\s*\)*\s*(?:\|\||&&|==|!=|=~|\bin\b|\|>|\bdo\b|,\s*do:))",
)
_IN_ELIXIR = expression(rf"{_NO_CONDITION[0]}System\.get_env\(\s*\"([A-Z][A-Z0-9_]*)\"\s*\){_NO_CONDITION[1]}")
_OWN_READER = expression(
    r"\bSystem\.(?:get_env|fetch_env!?)\(\s*[a-z]\w*\s*[,)]|\b[a-z]\w* \|> System\.(?:get|fetch)_env!?\b"
)
"""A function that reads a variable whose name it is given."""
_ANYHOW = expression(r"\bget_env\(\s*\"([A-Z][A-Z0-9_]*)\"")


def found(target: Target, project: Project) -> Places:
    """What the app reads of both kinds: `process.env.NAME`, and `System.get_env("NAME")` in config/runtime.exs and in
    modules. A name that some place reads as one that may be missing is not among them."""
    if project.app_dir is None:
        return {}
    read = _in_nextjs(target, project.app_dir) if project.stack == "nextjs" else _in_elixir(target, project)
    return {name: place for name, place in read.items() if not of_no_app(name)}


def of_no_app(name: str) -> bool:
    """Whether a variable is set on Fly anyway, or is none that an app needs a value of."""
    return bool(_OF_NO_APP.fullmatch(name)) or config.set_by_fly(name)


def code_of_nextjs(target: Target, folder: str) -> Iterator[tuple[str, str]]:
    """Files that read their environment where the app runs, with their texts; packages it is made of are code of it."""
    scripts = nextjs_app.scripts_of(target, folder).items()
    # What a script starts by itself, such as `node make-env.js` before a build, is none but for the server.
    by_scripts = [command for name, command in scripts if not re.match(r"(?:start|dev|serve|prod)\b", name)]
    run_alone = {files.join(folder, file) for command in by_scripts for file in _STARTS_FILE.findall(command)}
    for place in (folder, *nextjs_app.loaded(target, folder)):
        for file, text in nextjs_environment.texts(target, place).items():
            of_tools = file in run_alone or _OF_TOOLS.search(files.relative(file, place))
            if "process.env" in text and not of_tools:
                yield file, text


def code_of_elixir(target: Target, project: Project) -> Iterator[tuple[str, str, list[mixfile.Node] | None]]:
    """The same of Elixir, without comments and attributes, which are read while the module is compiled. A file of the
    configuration comes with what of it runs where only the template's variables are set."""
    look = Look(target, project)
    at_start = {file: environment.always(nodes) for file, nodes in look.config() if at_run_time(file)}
    texts = {file: target.text(file) or "" for file in at_start} | dict(look.having("System."))
    for file, text in texts.items():
        yield file, re.sub(r"^[ \t]*[#@].*$", "", text, flags=re.MULTILINE), at_start.get(file)


def _in_nextjs(target: Target, folder: str) -> Places:
    places: Places = {}
    may_be_missing: set[str] = set()
    for file, text in code_of_nextjs(target, folder):
        # What a schema checks has its own rule, and an optional name of it may be missing.
        checked = nextjs_environment.checks(text)
        for read in nextjs_environment.READ.finditer(text):
            name = read[1] or read[2]
            asked = _ASKED_BEFORE.search(text[max(0, read.start() - 40) : read.start()]) or _ASKED_AFTER.match(
                text, read.end()
            )
            if asked or checked:
                may_be_missing.add(name)
            if not name.startswith("NEXT_PUBLIC_"):  # those are compiled in, which another rule tells
                places.setdefault(name, (file, files.line_of(text, read.start())))
        for taken in nextjs_environment.TAKEN_OUT.finditer(text):
            for name in re.findall(r"(?:^|,)\s*([A-Z][A-Z0-9_]*)\s*(?=[,:]|$)", taken[1].strip()):
                places.setdefault(name, (file, files.line_of(text, taken.start())))
    for place in (folder, *nextjs_app.made_of(target, folder)):
        code = nextjs_environment.texts(target, place)
        for one in nextjs_environment.read_by_name(code):
            if _OF_TOOLS.search(files.relative(one.file, place)) or one.name.startswith("NEXT_PUBLIC_"):
                continue
            before = code[one.file][max(0, one.start - 40) : one.start]
            if _ASKED_BEFORE.search(before) or _ASKED_AFTER.match(code[one.file], one.end):
                may_be_missing.add(one.name)
            elif one.stops:
                places.setdefault(one.name, (one.file, files.line_of(code[one.file], one.start)))
    return {name: place for name, place in places.items() if name not in may_be_missing}


def _in_elixir(target: Target, project: Project) -> Places:
    places: Places = {}
    read: Counter[str] = Counter()
    anyhow: Counter[str] = Counter()
    code = list(code_of_elixir(target, project))
    for file, lines, always in code:
        found_there = {match[1]: match.start(1) for match in reversed(list(_IN_ELIXIR.finditer(lines)))}
        read.update(_IN_ELIXIR.findall(lines))
        anyhow.update(_ANYHOW.findall(lines))
        if always is not None:
            names = {str(name.value) for _, name in environment.plain_reads(always)}
            found_there = {name: start for name, start in found_there.items() if name in names}
        for name, start in found_there.items():
            places.setdefault(name, (file, files.line_of(lines, start)))
    for name, place in _by_own_modules(code).items():
        if not anyhow[name]:
            places.setdefault(name, place)
    return {
        name: place
        for name, place in sorted(places.items(), key=lambda item: item[1])
        if read[name] == anyhow[name] and name not in config.SET_BY_US
    }


def _by_own_modules(code: list[tuple[str, str, list[mixfile.Node] | None]]) -> Places:
    """The names that the configuration hands a module of the project that reads them: `MyApp.Env.get("NAME")`, without
    a second argument, which may be another value."""
    own = {
        name
        for _, text, _ in code
        if _OWN_READER.search(text)
        for name in re.findall(r"\bdefmodule (?:\w+\.)*(\w+) do\b", text)
    }
    places: Places = {}
    if not own:
        return places
    read = rf"(?:\w+\.)*(?:{'|'.join(sorted(own))})\.(?!\w*(?:bool|flag|enabled))\w+!?\(\s*\"([A-Z][A-Z0-9_]*)\""
    plain = re.compile(rf"{_NO_CONDITION[0]}{read}\s*\){_NO_CONDITION[1]}")
    anyhow = Counter(name for _, text, _ in code for name in re.findall(read, text))
    required = Counter(name for _, text, _ in code for name in plain.findall(text))
    for file, text, always in code:
        if always is None:
            continue
        given = {mixfile.literal(arguments[0], "string") for _, arguments in config.calls(always) if arguments}
        for found in plain.finditer(text):
            if found[1] in given and required[found[1]] == anyhow[found[1]]:
                places.setdefault(found[1], (file, files.line_of(text, found.start())))
    return places
