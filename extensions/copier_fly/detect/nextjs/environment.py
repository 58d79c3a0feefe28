"""What the code of a Next.js app wants of its environment: what it stops without, and where a database's address is."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from ...expressions import expression
from .. import files
from ..files import Target
from ..project import Variable

DATABASE_STAND_IN = "postgresql://build:build@localhost:5432/build"

OF_TOOLS = expression(
    r"(^|/)(test|tests|e2e|__tests__|cypress)/|\.(test|spec|stories)\."
    r"|(jest|vitest|playwright|cypress|eslint|postcss|tailwind|drizzle|prisma)[\w.-]*\.config\.[mc]?[jt]s$"
    r"|(^|/)((jest|vitest)[\w.-]*|next-env\.d)\.[mc]?[jt]s$"
)
"""Files that no build of the app runs; next-env.d.ts is written by the build itself."""
_COMMENT = expression(r"^[ \t]*(?://|\*|/\*).*$", re.MULTILINE)
MAX_TEXTS = 800
FOLDERS = (
    *("src", "app", "pages", "lib", "libs", "server", "db", "database", "utils", "config", "services", "env"),
    *("components", "models", "actions", "."),
)
"""Where an app keeps its code; of the last one only the files that are there."""
_NO_SOURCES = files.NO_APPS | {"apps", "packages", "public", "scripts", "tests", "cypress", "__mocks__", "prisma"}
_SET_ANYWAY = expression(r"NODE_ENV|PORT|HOSTNAME|CI|TZ|NEXT_(?!PUBLIC_)\w+|VERCEL\w*|DATABASE_URL|DIRECT_URL|npm_\w+")
"""Variables of the image and of another host."""


READ = expression(r"\bprocess\.env(?:\.([A-Z][A-Z0-9_]*)\b|\[[\"']([A-Z][A-Z0-9_]*)[\"']\])")
"""`process.env.NAME` and `process.env["NAME"]`."""
TAKEN_OUT = expression(r"\b(?:const|let|var) \{([^{}]*)\} = process\.env\b(?![.\[])")
"""`const { NAME, OTHER: name } = process.env`."""


_READS_BY_NAME = expression(
    r"\b(?:function\s+(\w+)\s*|const\s+(\w+)\s*=\s*)(?:<[^()]*?>)?\(\s*(\w+)\b[^{}]*(?:\{[^{}]*?)?\bprocess\.env\[\3\]"
    r"((?:[^\n]*\n(?=[ \t]))*)"
)
"""A function that reads the variable whose name it is handed, and the indented lines that follow."""
_STOPS = expression(r"\bthrow\b|\bprocess\.exit\b")
_AT_RUN_TIME = "next-runtime-env"
"""A package whose `env` reads a variable where the app runs, in a browser too (3.3, build/script/env.js)."""


class ReadByName(NamedTuple):
    """A variable that a function reads by its name, where it is called, and whether the function stops without it."""

    name: str
    call: str
    file: str
    start: int
    end: int
    stops: bool


def read_by_name(code: Mapping[str, str]) -> Iterator[ReadByName]:
    """What the code hands to functions of its own such as `requireEnv("NAME")`, and to `env` of next-runtime-env."""
    made = {
        one[1] or one[2]: (file, bool(_STOPS.search(one[4])))
        for file, text in code.items()
        if "process.env[" in text
        for one in _READS_BY_NAME.finditer(text)
    }
    for file, text in code.items():
        known = {
            name: stops
            for name, (place, stops) in made.items()
            if file == place or re.search(rf"\bimport\s*\{{[^}}]*\b{name}\b", text)
        }
        # A browser has no variables but those that this package hands it.
        known = {} if re.match(r"\s*[\"']use client", text) else known
        known |= {"env": False} if re.search(rf"[\"']{_AT_RUN_TIME}[\"']", text) else {}
        calls = rf"(?<![\w.])({'|'.join(known)})\(\s*[\"']([A-Z][A-Z0-9_]*)[\"']\s*\)"
        for call in re.finditer(calls, text) if known else ():
            yield ReadByName(call[2], call[0], file, call.start(), call.end(), known[call[1]])


def sources(target: Target, folder: str) -> list[str]:
    """The app's own sources, a few hundred at the most: those in `FOLDERS`, and in folders that these import from."""
    found = [file for below in FOLDERS for file in _sources_in(target, folder, below)]
    others = {
        name
        for name, is_folder in target.names(folder).items()
        if is_folder and re.fullmatch(r"\w[\w-]*", name) and name not in FOLDERS and name not in _NO_SOURCES
    }
    new = found
    while others and new and len(found) < MAX_TEXTS:
        imported = (
            rf"(?:from|import|require\(|import\()\s*[\"'](?:[@~]/|(?:\.{{1,2}}/)+|)({'|'.join(sorted(others))})[/\"']"
        )
        imports = re.compile(imported.encode())
        of_the_app = (file for file in new if not OF_TOOLS.search(file))
        used = {name.decode() for file in of_the_app for name in imports.findall(target.peek(file))}
        others -= used
        new = [file for name in sorted(used) for file in _sources_in(target, folder, name)]
        found += new
    # Of an app with more files than are read, those that are about the environment come first.
    return sorted(dict.fromkeys(found), key=lambda file: "env" not in file.rpartition("/")[2])[:MAX_TEXTS]


_ENDINGS = (".ts", ".tsx", ".js", ".jsx", ".mjs")


def _sources_in(target: Target, folder: str, below: str) -> list[str]:
    if below == ".":
        names = target.names(folder).items()
        found = [files.join(folder, name) for name, inner in names if name.endswith(_ENDINGS) and not inner]
    else:
        found = list(target.sources(files.join(folder, below), _ENDINGS))
    return sorted(found, key=lambda file: _ENDINGS.index(file[file.rindex(".") :]))


@lru_cache(maxsize=128)  # a large workspace has dozens of packages
def texts(target: Target, folder: str) -> dict[str, str]:
    """What is in the app's own sources, by path, without comments that fill a line."""
    return {
        file: _COMMENT.sub("", target.peek(file).decode(errors="replace"))
        for file in sources(target, folder)
        if not OF_TOOLS.search(file)
    }


# --- The .env files --------------------------------------------------------------------------------------

_ENV_FILE = expression(
    r"(?:\b(?:cp|mv|cat|source|env-cmd) +|--env-file(?:-if-exists)?=|(?<!\brm)(?<!\btest)(?<!\[) -[ef] +)(?:-\w+ +)*"
    r"(\S*\.env[\w.-]*)"
)
"""Commands that read an .env file, and no command that removes one or looks whether it is there."""
_LOOKED_FOR = expression(r"(?:\btest|\[) -[ef] +(\S*\.env[\w.-]*)")
_SETTING = expression(r"^[ \t]*(?:export[ \t]+)?([A-Z]\w*)[ \t]*=[ \t]*[\"']?([^\"'#\s][^\"'#\n]*)", re.MULTILINE)
_PLACEHOLDER = expression(
    r"^(?:your|my|some|the|insert|enter|add|put|replace)[-_ ]|change[-_ ]?me|placeholder|^x+$|^<.*>$|^\.\.\."
    r"|\btodo\b|^secret$"
    r"|://(?:[^@/]*@)?(?:localhost|127\.0\.0\.1)\b",
    re.IGNORECASE,
)
"""Values that stand for another one, and addresses on a developer's own machine."""
READ_BY_NEXT = (".env", ".env.production")


def env_files_of(scripts: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Of scripts (their package.json, name and command) those that read an .env file when packages are installed or
    the app is built: that file as seen from the target, the package.json and the name of the script."""
    for package, name, command in scripts:
        if re.fullmatch(r"(pre|post)?(install|build)|prepare", name):
            optional = _LOOKED_FOR.findall(command)
            for found in (one for one in _ENV_FILE.finditer(command) if one[1] not in optional):
                yield posixpath.normpath(posixpath.join(files.folder_of(package), found[1])), package, name


class EnvFiles(NamedTuple):
    """The .env files that git has and the build reads, as seen from the target, and the names to which they give
    Next.js a value that is no placeholder."""

    paths: tuple[str, ...]
    names: tuple[str, ...]


def given(target: Target, paths: Iterable[str]) -> set[str]:
    """The names to which these .env files give a value, of those that Next.js reads."""
    by_next = [path for path in paths if path.rpartition("/")[2] in READ_BY_NEXT]
    return {name for path in by_next for name, _ in _SETTING.findall(target.text(path) or "")}


def env_files(target: Target, folder: str, scripts: Iterable[tuple[str, str, str]]) -> EnvFiles:
    """The committed .env files that the build reads."""
    by_next = [files.join(folder, name) for name in READ_BY_NEXT]
    left_out = files.ignored(target, folder)
    paths = []
    for path in dict.fromkeys((*by_next, *(path for path, _, _ in env_files_of(scripts)))):
        tracked = target.tracked(path)
        committed = not left_out.match_file(path) if tracked is None else tracked
        if committed and target.is_file(path) and re.fullmatch(r"(?:[\w.-]+/)*\.env(?!\S*\.local$)[\w.-]*", path):
            paths.append(path)
    # Of two the later one counts, that of production.
    of_next = "\n".join(target.text(path) or "" for path in by_next if path in paths)
    names = [name for name, value in dict(_SETTING.findall(of_next)).items() if not _PLACEHOLDER.search(value)]
    return EnvFiles(tuple(paths), tuple(names))


# --- What passes a check ---------------------------------------------------------------------------------


_ONE_OF = expression(r"(?:\.(?:enum|picklist|oneOf|valid)\(\s*\[?|\bchoices:\s*\[)\s*([\"'][^)\]]+)")
"""The values that a check lists, of zod, valibot, yup, Joi or envalid."""


def _stand_in(name: str, check: str) -> str:
    """A value that a check written with zod, or the constructor of a client, lets pass."""
    listed = _ONE_OF.search(check)
    if values := re.findall(r"[\"']([^\"']+)[\"']", listed[1] if listed else ""):
        return "production" if "production" in values else values[0]
    if prefix := re.search(r"startsWith\(\s*[\"'`]([^\"'`]+)", check):
        return f"{prefix[1]}build-stand-in"
    if re.search(r"number\(|\bint\(|numeric|\b(?:num|port|json)(?:<[^()]*>)?\(", check):
        return "1"
    if re.search(r"bool", check, re.IGNORECASE):
        return "false"
    if "email(" in check:
        return "build@example.com"
    if re.search(r"(?:POSTGRES|DATABASE|DB|PG)\w*_UR[IL]|(?:POSTGRES|DATABASE)_URL", name):
        return DATABASE_STAND_IN
    if name == "REDIS_URL":
        return "redis://localhost:6379"
    if re.search(r"\burl\b", check) or re.search(r"(?:^|_)UR[IL]$", name):
        return "https://build.example.com"
    if name.endswith("ACCOUNT_SID"):  # Twilio's begin so
        return "AC00000000000000000000000000000000"
    return "a-stand-in-for-the-build-of-more-than-32-characters"


# --- What a schema requires ------------------------------------------------------------------------------

_CHECKED = (
    (expression(r"createEnv\b"), expression(r"\b(?:server|client)\s*:\s*\{")),
    (expression(r"\b(?:safeParse|parse)\(\s*process\.env\b"), expression(r"\bz\s*\.object\(\s*\{")),
    (expression(r"cleanEnv\b"), expression(r"\bcleanEnv\(\s*process\.env\s*,\s*\{")),
    (expression(r"\b(?:safeParse|parse)\(\s*\w+\s*,\s*process\.env\b"), expression(r"\bv\s*\.object\(\s*\{")),
    (expression(r"\.assert\(\s*process\.env\b"), expression(r"\btype\(\s*\{")),
    (expression(r"\.validate\w*\(\s*process\.env\b"), expression(r"\b(?:[Jj]oi|yup)\s*\.object\(\s*\{")),
)
"""What a file says that checks the environment, with @t3-oss/env, zod, envalid, valibot, ArkType, Joi or yup, and where
its names begin."""
_PARSES = expression(r"\.(?:safeParse|parse)\(")
_PARSED_BY_A_WORD = expression(
    r"\b(\w+)(?:\??\s*:[^=\n]{1,60})?\s*=\s*process\.env(?![\w.\[!?])(?:(?!^\}[ \t]*$)(?:.|\n))*?"
    r"\b(?:safeParse|parse)\(\s*(?:\w+\s*,\s*)?(\1)\s*[,)]",
    re.MULTILINE,
)
"""A constant, or a parameter by default, that is `process.env`, up to where the same function parses it."""
_ENTRY = expression(r"^[ \t]+([A-Z][A-Z0-9_]+)\s*:\s*((?:.|\n)*?)(?=^[ \t]+[A-Z][A-Z0-9_]+\s*:|\Z)", re.MULTILINE)
_IN_PRODUCTION = expression(r"NODE_ENV\s*={2,3}\s*[\"']production[\"']\s*\?((?:.|\n)*?)\s:\s")
"""What an entry says for production, where it says something else for development."""
_MAY_BE_MISSING = expression(
    r"\.optional\(|\.(?:default|prefault)\(|\.nullish\(|\.catch\(|\bdefault\s*:"
    r"|^(?:.|\n)*\b(?:[Jj]oi|yup)\.(?!(?:.|\n)*\.required\()"
)


def checks(text: str) -> bool:
    """Whether a file checks the environment by a schema."""
    return any(check.search(text) for check, _ in _CHECKED) or bool(_PARSES.search(text) and "process.env" in text)


def _inside(text: str, begin: int) -> str:
    """What is between a bracket that is open at `begin` and its end; all that follows where it has none."""
    depth = 1
    for found in re.finditer(r"[(){}]", text[begin:]):
        depth += 1 if found[0] in "({" else -1
        if depth == 0:
            return text[begin : begin + found.start()]
    return text[begin:]


def _without_conditions(section: str) -> str:
    """A section of a schema without what it spreads on a condition, `...(a ? { … } : {})`; its lines stay."""
    for spread in reversed(list(re.finditer(r"\.\.\.\(", section))):
        inner = _inside(section, spread.end())
        blank = re.sub(r"[^\n]", " ", inner)
        section = section[: spread.end()] + blank + section[spread.end() + len(inner) :]
    return section


def _sections(text: str) -> Iterator[tuple[int, str, frozenset[str] | None]]:
    """Where a schema of the environment begins in a file, what it has, and the names that count; all where None."""
    of_a_word = _PARSED_BY_A_WORD.search(text) if "= process.env" in text and _PARSES.search(text) else None
    said = f"{text[: of_a_word.start(2)]}process.env{text[of_a_word.end(2) :]}" if of_a_word else text
    begin = next((names for checks, names in _CHECKED if checks.search(said)), None)
    if begin:
        for section in begin.finditer(text):
            yield section.end(), _without_conditions(_inside(text, section.end())), None
    elif _PARSES.search(text) and "process.env" in text:
        # A schema that an object is parsed with, made of variables one by one.
        read = frozenset(re.findall(r"\bprocess\.env\.([A-Z]\w*)", text))
        for schema in re.finditer(r"\bz\s*\.object\(\s*\{", text):
            yield schema.end(), _without_conditions(_inside(text, schema.end())), read


def _by_schemas(code: dict[str, str]) -> Iterator[Variable]:
    """The variables that a schema of the environment requires, without those that have a default."""
    for file, text in code.items():
        for begin, section, counted in _sections(text):
            for entry in _ENTRY.finditer(section):
                if counted is not None and entry[1] not in counted:
                    continue
                check = in_production[1] if (in_production := _IN_PRODUCTION.search(entry[2])) else entry[2]
                if named := re.fullmatch(r"\s*([a-z]\w*)\s*(\(\s*\))?\s*,?\s*", entry[2]):
                    # A check that has a name, or a function's; one from another file may let it be missing.
                    defined = re.search(rf"\bconst {named[1]}\b(?:.|\n)*?;[ \t]*(?=\n\S|\n\s*\n|\s*\Z)", text)
                    if _MAY_BE_MISSING.search(defined[0]) if defined else not named[2]:
                        continue
                    check = defined[0] if defined else check
                if not _MAY_BE_MISSING.search(check):
                    line = files.line_of(text, begin + entry.start(1))
                    yield Variable(entry[1], file, line, _stand_in(entry[1], check))


# --- What a module stops without -------------------------------------------------------------------------

_NAMED = expression(
    r"\bprocess\.env\.([A-Z]\w*)\s*(?:\?\?|\|\|)\s*(?:(?:raise|throw|fail|missing)\w*\(|\(?\(\(?\) => \{?\s*throw\b)"
    r"|^(?:export )?(?:const \w+ = )?(?:\w*[iI]nvariant|assert\w*(?:\.ok)?|ensure\w*)"
    r"\(\s*(?:!!\s*|typeof\s+)?process\.env\.([A-Z]\w*)"
    r"|^(?:export )?const \w+ = (?:require\w*Env\w*|\w*[eE]nv\w*OrThrow|\w*RequiredEnv\w*|mustEnv)\(\s*[\"']([A-Z]\w*)",
    re.MULTILINE,
)
"""`process.env.NAME ?? raise(…)`, `invariant(process.env.NAME)`, `const a = requireEnv("NAME")`."""
_THROWS = expression(
    r"^if\s*\(((?:[^(){};]|\([^(){};]*\))*)\)\s*\{?\s*(?:(?:console|log|logger)\.\w+\((?:[^()]|\([^()]*\))*\);?\s*)*"
    r"(?:throw\b|process\.exit)",
    re.MULTILINE,
)
"""A condition on which a module stops, maybe after it has said why."""
_MISSING = expression(
    r"(?:!|\b(?:isEmpty|isNil|isUndefined)\()\s*(process\.env\.)?(\w+)"
    r"|(process\.env\.)?(\w+)\s*(?:={2,3}\s*(?:undefined|null|\"\"|''|[\"']undefined[\"'])|!==?\s*[\"']string[\"'])"
)
"""What a condition asks whether it is missing; `typeof` before it is not of interest."""
_BY_BRACKETS = expression(r"\bprocess\.env\[[\"']([A-Z]\w*)[\"']\]")
_MADE = expression(
    r"^(?:export )?(?:const|let|var) \w+[^=\n]*=\s*(?:[\w.() ]+(?:\?\?|\|\|)\s*)?"
    r"(new [A-Z][\w.]*|create\w*Client|neon|postgres|drizzle)\(((?:[^();]|\((?:[^();]|\([^();]*\))*\))*)\)",
    re.MULTILINE,
)
"""A client that is made when its module is loaded: what makes it, and of what."""
_OWN_KEY = {"new OpenAI": "OPENAI_API_KEY", "new Groq": "GROQ_API_KEY", "new Resend": "RESEND_API_KEY"}
"""What stops without this variable where it is made of nothing."""
_LISTED = expression(r"=\s*\[\s*((?:[\"'][A-Z][A-Z0-9_]+[\"']\s*,?\s*)+)\]")
"""A list of names that a module looks up one by one."""
_ONE_IS_MISSING = expression(
    r"(?<!!)!\s*process\.env\[\w+\]|\bprocess\.env\[\w+\]\s*(?:={2,3}|\?\?|\|\|)"
    r"|\btypeof process\.env\[\w+\]\s*!==?|\bevery\((?:[^;]|\n){0,80}?\bprocess\.env\[\w+\]"
    r"|\b(?:const|let) (\w+)[^=\n]*=\s*process\.env\[\w+\](?:.|\n)*?(?:!\s*\1\b|\b\1\s*={2,3})"
)
"""What a module says that looks for such a name in vain; one that hands on what is set says nothing of that."""
_KEYED = ("new Stripe", "new Resend", "new OpenAI", "new Groq", "new URL", "new Pinecone", "createClient", "neon")
"""What stops where it is made of nothing, so that no `!` need say it."""
_LOADED = expression(
    r"^(?:export default (?!async\b|function\b|class\b)|(?:module\.)?exports[\w.]*\s*="
    r"|(?:export )?(?:const|let|var) \w+[^=\n]*=)(?:(?!=>|\bfunction\b|\)\s*\{|^\S)[^;])*",
    re.MULTILINE,
)
"""A value that is made when its module is loaded, up to what may not run then."""
_CALLS = expression(
    r"(?<![\w.])(?:process\.env\.([A-Z]\w*)|(\w+))!?\s*"
    r"\.(?:split|replace|replaceAll|trim|toLowerCase|toUpperCase|startsWith|slice)\("
)
"""A method of a string that is called."""
_OTHERWISE = r"(?!\s*(?:\?\?|\|\|)\s*(?!\s|\"\"|''|``))"
"""Nothing behind a variable that is taken where it has no value, but for what is as empty."""


_DECODED = expression(r"\bBuffer\.from\(\s*(?:process\.env\.)?(\w+)!?(?:\s+as string)?\s*,\s*[\"'](hex|base64)[\"']")
_LONG = expression(r"\b(\w+)!?\.length\s*!==?\s*([1-9]\d{0,2})\b")


def _keys(text: str, held: dict[str, str]) -> dict[str, str]:
    """Stand-ins for the keys that a module decodes, of 32 bytes as AES-256 has, or whose length it checks."""
    long = {held.get(word, word): "x" * int(length) for word, length in _LONG.findall(text)}
    kinds = {"hex": "0" * 64, "base64": "A" * 43 + "="}
    return long | {held.get(word, word): kinds[kind] for word, kind in _DECODED.findall(text)}


def _by_modules(code: dict[str, str]) -> Iterator[Variable]:
    """The variables without which a module of the app, or next.config, stops when it is loaded."""
    for file, text in code.items():
        held = dict(re.findall(r"\b(?:const|let|var) (\w+)[^=\n]*= *process\.env\.([A-Z]\w*)", text))
        for names_taken in TAKEN_OUT.findall(text):
            held |= {name: name for name in re.findall(r"(?:^|,)\s*([A-Z]\w*)\s*(?=,|$)", names_taken)}
        # What next.config does in a function runs in every build too.
        flat = re.sub(r"^[ \t]+(?=if\b)", "", text, flags=re.MULTILINE) if "next.config." in file else text
        names = [(name, found[0]) for found in _NAMED.finditer(text) for name in found.groups() if name]
        for found in _THROWS.finditer(flat):
            for direct, word, other_direct, other in _MISSING.findall(found[1]):
                name = word or other
                names.append((name if direct or other_direct else held.get(name, ""), ""))
        for found in _MADE.finditer(text):
            mark = "" if found[1] in _KEYED else r"(?:!|\s+as\s+string\b)"
            words = re.findall(rf"\bprocess\.env\.([A-Z]\w*)\b{mark}{_OTHERWISE}", found[2])
            words += [_OWN_KEY[found[1]]] if not found[2].strip() and found[1] in _OWN_KEY else []
            words += [held[word] for word in re.findall(r"\b\w+\b", found[2]) if word in held and not mark]
            names += [(name, found[1]) for name in words]
        always = dict(
            re.findall(rf"\b(?:const|let) (\w+) = process\.env\.([A-Z]\w*)!?{_OTHERWISE}\s*(?:;|$)", text, re.MULTILINE)
        )
        for found in _LOADED.finditer(text):
            for called in _CALLS.finditer(found[0]):
                if not re.search(r"\?|&&|\|\|", re.split(r"[,{\[]", found[0][: called.start()])[-1]):
                    names.append((called[1] or always.get(called[2], ""), ""))
        if "process.env[" in text and _STOPS.search(text) and _ONE_IS_MISSING.search(text):
            names += [(name, "") for listed in _LISTED.findall(text) for name in re.findall(r"\w+", listed)]
        keys = _keys(text, held)
        for name, check in names:
            if name:
                line = files.line_of(text, text.index(name if name in text else check))
                yield Variable(name, file, line, keys.get(name) or _stand_in(name, check))


# --- What a function throws without ----------------------------------------------------------------------

_FUNCTION = expression(
    r"(?<!async )\b(?:function (\w+)(?:<[^<>()]*>)?|(?:const|let) (\w+)(?:\s*:[^=\n]*)?\s*=\s*(?:<[^<>()]*>)?)"
    r"\(([^()]*)\)[^{};=]*(?:=>\s*)?\{"
)
"""A function with its name and its parameters, up to where its body begins."""
_CALLED_ALONE = r"^(?:export )?(?:(?:const|let|var) [^=\n]+=\s*)?{name}\((?:process\.env)?\)[;.]?[ \t]*$"
"""How a module calls a function when it is loaded, without a name of a variable."""
_PARAMETER = expression(r"\s*(\w+)\s*(?::[^,=]*)?,?\s*")


def _by_functions(code: dict[str, str], everywhere: dict[str, str]) -> Iterator[Variable]:
    """The variables without which a function throws that a module calls when it is loaded.

    That is `const env = getEnv()` or `export const key = required("STRIPE_KEY")`. `code` is what is about variables,
    `everywhere` all of the app's.
    """
    of_names: set[str] = set()
    throwing: defaultdict[str, list[Variable]] = defaultdict(list)
    for file, text in code.items():
        if "process.env" not in text or not re.search(r"\bthrow\b|\bprocess\.exit\b", text):
            continue
        for found in _FUNCTION.finditer(text):
            name = found[1] or found[2]
            parameter = _PARAMETER.fullmatch(found[3])
            if parameter and f"process.env[{parameter[1]}]" in text:
                if _missing(_inside(text, found.end()), rf"process\.env\[{parameter[1]}\](?:\?\.trim\(\))?()"):
                    of_names.add(name)
            else:
                body = _inside(text, found.end())
                for variable in (*_missing(body, r"process\.env\.([A-Z]\w*)"), *_named_at_the_end(body)):
                    line = files.line_of(text, text.index(variable, found.end()))
                    throwing[name].append(Variable(variable, file, line, _stand_in(variable, "")))
    for name, variables in throwing.items():
        call = re.compile(_CALLED_ALONE.format(name=name), re.MULTILINE)
        if any(call.search(text) for text in everywhere.values() if f"{name}(" in text):
            yield from variables
    if of_names:
        call = re.compile(rf"(?<![\w.])(?:{'|'.join(sorted(of_names))})\(\s*[\"']([A-Z]\w*)[\"']\s*,?\s*\)")
        for file, text in code.items():
            for loaded in _LOADED.finditer(text) if call.search(text) else ():
                for found in call.finditer(loaded[0]):
                    if not re.search(r"\?|&&|\|\|", re.split(r"[,{\[]", loaded[0][: found.start()])[-1]):
                        line = files.line_of(text, loaded.start() + found.start())
                        yield Variable(found[1], file, line, _stand_in(found[1], ""))


def _named_at_the_end(body: str) -> list[str]:
    """The variable of which a function says, where it has returned nothing and throws, that it is missing."""
    indented = re.search(r"^[ \t]+(?=\S)", body, re.MULTILINE)
    last = re.search(rf"^{indented[0]}throw new \w+\(([^;]*)\);?\s*\Z", body, re.MULTILINE) if indented else None
    named = re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", last[1]) if last else []
    return [name for name in named if re.search(rf"\bprocess\.env\.{name}\b{_OTHERWISE}", body)][:1]


def _missing(body: str, read: str) -> list[str]:
    """What a function's body reads by this expression (the name is its group) and throws without in any case."""
    indented = re.search(r"^[ \t]+(?=\S)", body, re.MULTILINE)
    flat = re.sub(rf"^{indented[0] if indented else ''}(?=if\b)", "", body, flags=re.MULTILINE)
    held = dict(re.findall(rf"\b(?:const|let|var) (\w+)[^=\n]*=\s*{read}{_OTHERWISE}", body))
    names = []
    for thrown in _THROWS.finditer(flat):
        names += [held[word] for _, one, _, other in _MISSING.findall(thrown[1]) if (word := one or other) in held]
        direct = re.findall(rf"!\s*{read}(?!\w)|\b{read}\s*={{2,3}}\s*(?:undefined|null|\"\"|'')", thrown[1])
        names += [one or other for one, other in direct]
    return names


# --- What a library reads --------------------------------------------------------------------------------

_SECRET_OPTION = expression(r"\bsecret\s*:\s*(?:process\.)?env\.([A-Z]*(?:AUTH|JWT)\w*)")


_SECRET_OF_PAYLOAD = expression(r"\bbuildConfig\((?:.|\n)*?\bsecret\s*:\s*(?:process\.)?env\.([A-Z]\w*)")
"""What Payload starts with; that of its templates goes on with `|| ""`, with which Payload does not start either."""
_OF_LOGINS = {
    "@clerk/nextjs": ("CLERK_SECRET_KEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"),
    "@kinde-oss/kinde-auth-nextjs": ("KINDE_CLIENT_ID", "KINDE_CLIENT_SECRET", "KINDE_ISSUER_URL", "KINDE_SITE_URL"),
    "@workos-inc/authkit-nextjs": ("WORKOS_API_KEY", "WORKOS_CLIENT_ID", "WORKOS_COOKIE_PASSWORD"),
}
_WHERE_IMPORTED = (*_OF_LOGINS, "next-auth", "@auth0/nextjs-auth0")
_OF_STORES = {
    "@vercel/blob": ("BLOB_READ_WRITE_TOKEN",),
    "@vercel/edge-config": ("EDGE_CONFIG",),
    "@vercel/kv": ("KV_REST_API_URL", "KV_REST_API_TOKEN"),
}
"""What Vercel sets for an app that it runs, and no other host."""


def _by_packages(target: Target, folder: str, deps: dict[str, str], code: dict[str, str]) -> Iterator[Variable]:
    """The secrets that libraries read themselves, so that the app's code need not name them.

    Source: lib/env.js of next-auth 5, next/index.js of next-auth 4, and the code of @clerk/backend, better-auth 1.7,
    @auth0/nextjs-auth0 3 and 4, @kinde-oss/kinde-auth-nextjs 2, @workos-inc/authkit-nextjs 3 and Vercel's packages.
    """
    of_auth_js = "AUTH_SECRET" if re.match(r"\D*5\.|beta", deps.get("next-auth", "")) else "NEXTAUTH_SECRET"
    given = next((option[1] for text in code.values() for option in _SECRET_OPTION.finditer(text)), None)
    of_auth0 = (
        "AUTH0_ISSUER_BASE_URL" if re.match(r"\D*[123]\.", deps.get("@auth0/nextjs-auth0", "")) else "AUTH0_DOMAIN"
    )
    read = {
        "next-auth": (given or of_auth_js,),
        "better-auth": () if _is_a_client_alone(target, folder, deps) else (given or "BETTER_AUTH_SECRET",),
        **_OF_LOGINS,
        "payload": tuple(found[1] for text in code.values() if (found := _SECRET_OF_PAYLOAD.search(text)))[:1],
        "@auth0/nextjs-auth0": ("AUTH0_SECRET", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", of_auth0),
    }
    # A package that no code imports reads nothing. Where there is code that is not read here, that may import it.
    all_code = texts(target, folder)
    in_a_workspace = _has_packages_beside(deps) or target.names(folder).get("apps", False)
    seen = len(all_code) < MAX_TEXTS and not in_a_workspace
    idle = {name for name in _WHERE_IMPORTED if seen and not any(name in text for text in all_code.values())}
    read = {name: names for name, names in read.items() if name not in idle}
    imported = re.compile(r"from\s+[\"'](@vercel/[\w-]+)[\"']")
    for text in code.values():
        for name in (one for one in imported.findall(text) if one in _OF_STORES):
            # What is asked for first may be missing.
            asked = rf"\bprocess\.env\.{_OF_STORES[name][0]}\s*(?:\?(?![?.])|&&)"
            if not re.search(asked, text):
                read[name] = _OF_STORES[name]
    file = files.join(folder, "package.json")
    for package, names in read.items():
        for name in names if package in deps else ():
            yield Variable(name, file, target.where([file], f'"{package}"')[1] or 1, _stand_in(name, ""))


_OF_UPSTASH = {
    "@upstash/redis": (
        r"\bRedis\.fromEnv\(()|\bnew Redis\(\{([^{}]*)",
        "UPSTASH_REDIS_REST_URL",
        "UPSTASH_REDIS_REST_TOKEN",
    ),
    "@upstash/vector": (r"\bnew Index\((?:\{([^{}]*)|())", "UPSTASH_VECTOR_REST_URL", "UPSTASH_VECTOR_REST_TOKEN"),
}
"""Clients of Upstash that stop where they are made of nothing, how each is made, and the names that it reads itself."""


def _by_upstash(deps: dict[str, str], code: dict[str, str]) -> Iterator[Variable]:
    """The variables that such a client is made of: of @upstash/redis 1.20 to 1.34, of @upstash/vector 1."""
    warns = re.match(r"\D*1\.(?:3[5-9]|[4-9]\d)\b", deps.get("@upstash/redis", ""))
    for package, (made, *own) in _OF_UPSTASH.items():
        for file, text in code.items():
            if package not in text or (warns and package == "@upstash/redis"):
                continue
            for found in re.finditer(made, text):
                options = found[1] or found[2]
                for name in re.findall(rf"\benv\.([A-Z]\w*)\b!?{_OTHERWISE}", options or "") if options else own:
                    yield Variable(name, file, files.line_of(text, found.start()), _stand_in(name, ""))


_CALLED: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("inngest", r"\binngest\.send\(|\bnew Inngest\((?:.|\n)*\.send\(", "eventKey", ("INNGEST_EVENT_KEY",)),
    ("inngest/", r"\bserve\(", "signingKey", ("INNGEST_SIGNING_KEY",)),
    (
        "@upstash/qstash",
        r"\bverifySignature(?:AppRouter|Edge)?\(",
        "currentSigningKey",
        ("QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"),
    ),
    ("uploadthing/", r"\bcreateRouteHandler\(|\bnew UTApi\(", "token", ("UPLOADTHING_TOKEN",)),
)
"""What code says that calls a library which reads its keys itself, the option that takes their place, and the keys."""


def _by_calls(deps: dict[str, str], code: dict[str, str]) -> Iterator[Variable]:
    """The keys that such a library refuses to work without: of inngest 3 and 4, @upstash/qstash 2, uploadthing 7."""
    for package, call, option, names in _CALLED:
        wanted = deps.get(package.rstrip("/"), "")
        if not wanted or (package == "uploadthing/" and re.match(r"\D*[1-6]\.", wanted)):
            continue
        using = {file: text for file, text in code.items() if package in text}
        if any(re.search(rf"\b{option}\b", text) for text in using.values()):
            continue
        for file, text in using.items():
            if found := re.search(call, text):
                for name in names:
                    yield Variable(name, file, files.line_of(text, found.start()), _stand_in(name, ""))


def _is_a_client_alone(target: Target, folder: str, deps: dict[str, str]) -> bool:
    """Whether the app talks to a server of Better Auth that neither it nor a package beside it has."""
    code = [text for text in texts(target, folder).values() if "better-auth" in text]
    is_server = any(re.search(r"\bbetterAuth\(|better-auth/(?:next-js|node|adapters)\b", text) for text in code)
    is_client = any(re.search(r"better-auth/(?:react|client)\b", text) for text in code)
    return not is_server and not _has_packages_beside(deps) and is_client


def _has_packages_beside(deps: dict[str, str]) -> bool:
    """Whether the app has packages of its own workspace."""
    return any(wanted == "*" or wanted.startswith("workspace:") for wanted in deps.values())


_ABOUT_IT = ("env", "Env", *_OWN_KEY, "@vercel/", "@upstash/", "inngest", "uploadthing/")


def required(target: Target, folder: str, deps: dict[str, str]) -> tuple[Variable, ...]:
    """The variables that the app does not start or build without, each with its first place."""
    everywhere = texts(target, folder)
    code = {
        file: _BY_BRACKETS.sub(r"process.env.\1", text) if "process.env[" in text else text
        for file, text in everywhere.items()
        if any(word in text for word in _ABOUT_IT)
    }
    found: dict[str, Variable] = {}
    by_packages = (*_by_upstash(deps, code), *_by_calls(deps, code), *_by_packages(target, folder, deps, code))
    for variable in (*_by_schemas(code), *_by_modules(code), *_by_functions(code, everywhere), *by_packages):
        if not _SET_ANYWAY.fullmatch(variable.name):
            found.setdefault(variable.name, variable)
    return tuple(found.values())


_ADDRESS = expression(
    r"\b(?:process\.)?env(?:\.|\[[\"'])((?!NEXT_|\w*(?:TEST|SHADOW|DIRECT|READ|REPLICA|DEV|LOCAL))(?:\w+_)?(?:POSTGRES|POSTGRESQL|PG|NEON|DATABASE|DB)(?:_\w+)?"
    r"_(?:URL|URI|DSN|CONNECTION_STRING))\b"
)


def addresses(target: Target, folder: str, driver: str | None) -> tuple[Variable, ...]:
    """Where the code has the address of PostgreSQL from, if not from DATABASE_URL: `process.env`, or a schema of it."""
    found: dict[str, Variable] = {}
    code = {file: text for file, text in texts(target, folder).items() if "env" in text}
    for file, text in code.items():
        for read in _ADDRESS.finditer(text):
            found.setdefault(read[1], Variable(read[1], file, files.line_of(text, read.start())))
    if not found:
        # What is parsed by a schema may be read by any word: `config.POSTGRES_URL`.
        found = {one.name: one for one in _by_schemas(code) if _ADDRESS.fullmatch(f"env.{one.name}")}
    if driver == "@vercel/postgres" and not found:
        place, line = target.where([files.join(folder, "package.json")], f'"{driver}"')
        return (Variable("POSTGRES_URL", place, line or 1),)
    return () if "DATABASE_URL" in found else tuple(found.values())
