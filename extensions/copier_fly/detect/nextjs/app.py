"""What a Next.js app says about itself: package.json, lock files, ORM folders, next.config."""

from __future__ import annotations

import fnmatch
import graphlib
import itertools
import json
import posixpath
import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

from pathspec import GitIgnoreSpec

from ... import yaml_text
from ...expressions import expression
from ...fly import platform
from .. import dockerfile, files
from ..files import Target
from ..limits import LOCK_LIMIT
from ..project import (
    DATABASE_NAME,
    NEON_DRIVERS,
    OTHER_DRIVERS,
    POSTGRES_DRIVERS,
    App,
    Command,
    Linked,
    NextjsApp,
    Variable,
)
from . import environment

DB_DRIVERS = (
    # These talk to Neon alone, whatever else is there for the developer's own database.
    "@neondatabase/serverless",
    "@prisma/adapter-neon",
    "pg",
    "postgres",
    "@vercel/postgres",
    "mysql2",
    "better-sqlite3",
    "@libsql/client",
    "mongodb",
    "mongoose",
    # Last, and only where code names it: tools for development bring it along.
    "sqlite3",
)
MAX_MEMBERS = 2_000
"""How many folders of a workspace are looked at for its packages."""
_NO_PACKAGES = frozenset({"node_modules", "src", "dist", "build", "public", "test", "tests"})
"""Folders in which no package of a workspace is."""
NODE_LTS = {
    **{"argon": "4", "boron": "6", "carbon": "8", "dubnium": "10", "erbium": "12", "fermium": "14", "gallium": "16"},
    **{"hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"},
}
"""Code names of Node's LTS lines, for files that say `lts/NAME`."""


def package_json(target: Target, folder: str) -> dict[str, Any]:
    """The package.json of a folder, {} when there is none."""
    return target.parsed(files.join(folder, "package.json"), json.loads, "JSON")


def dependencies(package: dict[str, Any]) -> dict[str, str]:
    """Package → range, of a package.json's own and development dependencies."""
    found: dict[str, str] = {}
    for key in ("devDependencies", "dependencies"):
        section = package.get(key)
        if isinstance(section, dict):
            found.update({name: value for name, value in section.items() if isinstance(value, str)})
    return found


def _major(version: str | None) -> int | None:
    found = re.fullmatch(r"[\^~=v ]*(\d{1,4})(?:\.[\dx*]+)*(?:[-+].*)?", version or "")
    return int(found[1]) if found else None


def _locked_version(lock: str, lockfile: str, package: str, wanted: str, importer: str) -> str | None:
    """The version of a package in a lock file's text.

    `wanted` is the range in package.json; `importer` the app's folder, relative to that of the lock file.
    Shapes: package-lock.json 1 to 3, pnpm-lock.yaml 6 and 9, yarn.lock classic and berry, bun.lock.
    """
    name = re.escape(package)
    if lockfile in ("package-lock.json", "npm-shrinkwrap.json"):
        keys = [f"{importer}/node_modules/{package}", f"node_modules/{package}", package]
        patterns = [rf'^[ \t]*"{re.escape(key)}": \{{\s*"version": "([^"]+)"' for key in keys]
    elif lockfile == "pnpm-lock.yaml":
        if re.search(r"^importers:\s*$", lock, re.MULTILINE):
            head = rf"^  ['\"]?{re.escape(importer)}['\"]?:\n((?:(?:    .*)?\n)+)"
            block = re.search(head, lock, re.MULTILINE)
            lock = block[1] if block else ""
        patterns = [rf"^ +['\"]?{name}['\"]?:\n +specifier: .*\n +version: ['\"]?(\d[^\s('\"]*)"]
    elif lockfile == "yarn.lock":
        key = rf"{name}@(?:npm:)?{re.escape(wanted)}"
        patterns = [rf'^"?(?:[^\n]*, ?"?)?{key}"?(?:,[^\n]*)?:\n  version:? "?([^"\s]+)']
    else:
        patterns = [rf'^[ \t]*"{name}": \["{name}@(\d[^"]*)"']
    found = [match[1] for pattern in patterns if (match := re.search(pattern, lock, re.MULTILINE))]
    return found[0] if found else None


def _patterns(target: Target, root: str) -> list[str]:
    """What a folder says of the packages of its workspace, as PATTERN/package.json; [] where it is the root of none.

    That is what a package manager looks for: * stops at a slash, ** does not, `!` takes out again.
    """
    patterns = package_json(target, root).get("workspaces")
    if not patterns:
        pnpm = target.parsed(files.join(root, "pnpm-workspace.yaml"), yaml_text.load, "YAML")
        patterns = pnpm.get("packages")
    if isinstance(patterns, dict):
        patterns = patterns.get("packages")
    found = [one for one in patterns if isinstance(one, str)] if isinstance(patterns, list) else []
    return [re.sub(r"^(!?)(\./)?(.*?)/*$", r"\1/\3/package.json", one) for one in found]


def workspace(target: Target, folder: str) -> str | None:
    """The root of the npm, yarn, pnpm or bun workspace that the app is part of, relative to the target."""
    for above in files.ancestors(folder):
        globs = _patterns(target, above)
        inside = f"{files.relative(folder, above)}/package.json"
        if globs and (above == folder or GitIgnoreSpec.from_lines(globs).match_file(inside)):
            return above
    return None


def _folders(target: Target, folder: str, parts: list[str]) -> Iterator[str]:
    """The folders below one that a pattern, split at its slashes, stands for."""
    head, *rest = parts or [""]
    if not head:
        yield folder
        return
    folders = (name for name, is_folder in target.names(folder).items() if is_folder)
    inner = [name for name in folders if name not in _NO_PACKAGES and not name.startswith(".")]
    if head == "**":
        yield from _folders(target, folder, rest)
        rest = parts
    for name in fnmatch.filter(inner, "*" if head == "**" else head):
        yield from _folders(target, files.join(folder, name), rest)


def _members(target: Target, root: str) -> dict[str, str]:
    """Name → folder of the packages of a workspace."""
    globs = _patterns(target, root)
    spec = GitIgnoreSpec.from_lines(globs)
    patterns = [one.removeprefix("/").split("/")[:-1] for one in globs if not one.startswith("!")]
    places = itertools.chain.from_iterable(_folders(target, root, parts) for parts in patterns)
    found: dict[str, str] = {}
    for place in itertools.islice(places, MAX_MEMBERS):
        name = package_json(target, place).get("name")
        if isinstance(name, str) and spec.match_file(f"{files.relative(place, root)}/package.json"):
            found.setdefault(name, place)
    return found


def _made_of(target: Target, folder: str, root: str) -> Iterator[str]:
    """The folders of the workspace's packages that the app is made of, the nearest first."""
    members = _members(target, root)
    pending, seen = [folder], {folder}
    while pending:
        section = package_json(target, pending.pop(0)).get("dependencies")
        for name in section if isinstance(section, dict) else ():
            place = members.get(name)
            if place is not None and place not in seen:
                seen.add(place)
                pending.append(place)
                yield place


_ROUTE_FILE = expression(r"(?:page|layout|route)\.(?:[jt]sx?|mdx?)")
"""Files that make a folder `app` one of the App Router."""


def has_pages(target: Target, folder: str, package: dict[str, Any]) -> bool:
    """Whether a folder that has next among its packages is an app: a library of components, or of settings for one
    host each, may have it too."""
    scripts = package.get("scripts")
    commands = [str(one) for one in scripts.values()] if isinstance(scripts, dict) else []
    routes = [files.join(folder, inside, "app") for inside in (".", "src")]
    return (
        any(re.search(r"\bnext (?:build|dev|start)\b", command) for command in commands)
        or any(target.names(files.join(folder, inside, "pages")) for inside in (".", "src"))
        or any(_ROUTE_FILE.fullmatch(file.rpartition("/")[2]) for place in routes for file in target.sources(place, ""))
    )


def has_folder_of_pages(target: Target, folder: str) -> bool:
    """Whether there is a folder in which Next.js looks for pages."""
    return any(target.is_dir(files.join(folder, name)) for name in ("app", "pages", "src/app", "src/pages"))


def made_of(target: Target, folder: str) -> list[str]:
    """The folders of the workspace's packages that the app is made of, the nearest first; [] outside of one."""
    root = workspace(target, folder)
    return list(_made_of(target, folder, root)) if root is not None else []


def loaded(target: Target, folder: str) -> list[str]:
    """Of the packages that the app is made of, those whose code it imports, or one of them does that it imports.

    All of them where there is more code than is read.
    """
    names = {place: str(package_json(target, place).get("name")) for place in made_of(target, folder)}
    found: list[str] = []
    pending = [folder] if names else []
    while pending:
        code = environment.texts(target, pending.pop(0))
        if len(code) >= environment.MAX_TEXTS:
            return list(names)
        for place in [place for place in names if place not in found]:
            import_of = re.compile(rf"[\"'`]{re.escape(names[place])}(?:/[^\"'`\n]*)?(?<!\.json)(?<!\.css)[\"'`]")
            if any(names[place] in text and import_of.search(text) for text in code.values()):
                found.append(place)
                pending.append(place)
    return found


def beside(target: Target, folder: str) -> list[str]:
    """The folders of all packages of the workspace that the app is part of; [] outside of one."""
    root = workspace(target, folder)
    return list(_members(target, root).values()) if root is not None else []


def scripts_of(target: Target, folder: str) -> dict[str, str]:
    """The scripts of the package.json of a folder: name → command."""
    found = package_json(target, folder).get("scripts")
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: command for name, command in pairs if isinstance(command, str)}


def scripts(target: Target, folder: str) -> Iterator[tuple[str, str, str]]:
    """File, name and command of the scripts of the app and of the workspace it is part of, the app's first."""
    root = workspace(target, folder)
    for place in dict.fromkeys((folder, root if root is not None else folder)):
        for name, command in scripts_of(target, place).items():
            yield files.join(place, "package.json"), name, command


class Manager(NamedTuple):
    """The package manager (None when the files contradict), `packageManager`, and the lock files in their folder.

    `chosen_by` is the file that says which of several lock files is in use.
    """

    name: str | None
    pin: str | None
    locks: list[str]
    lock_dir: str
    chosen_by: str | None = None


_INSTALLS = expression(
    r"(?<![\w/-])(?:(npm) (?:ci|i|install)|(pnpm) (?:i|install)|(yarn)(?: install| --\w[\w-]*)?(?=\s*(?:$|[`\"'&|;)]))"
    r"|(bun) (?:i|install))(?![\w:-])(?! +(?:-g\b|--global\b))",
    re.MULTILINE,
)
_INSTALLED_BY = ("vercel.json", "netlify.toml", "render.yaml", "README.md", "readme.md")
"""Files beside the lock files that say how the packages are installed."""


def _agrees(lock: str, file: str, package: dict[str, Any]) -> bool:
    """Whether a lock file has every range of the package.json beside it."""
    root = lock.partition('"node_modules/')[0] if "package" in file or "shrinkwrap" in file else lock
    for name, wanted in dependencies(package).items():
        one, range_ = re.escape(name), re.escape(wanted)
        pattern = {
            "pnpm-lock.yaml": rf"^ +['\"]?{one}['\"]?:\n +specifier: ['\"]?{range_}['\"]?$",
            "yarn.lock": rf"(?:^|[\"\s]){one}@(?:npm:)?{range_}[\",:]",
        }.get(file, rf'"{one}": "{range_}"')
        if not re.search(pattern, root, re.MULTILINE):
            return False
    return True


def _of_several(target: Target, folder: str, locks: list[str]) -> tuple[str, str] | None:
    """The lock file in use, and the file that says so: the one that alone agrees, else how CI or a page installs."""
    package = package_json(target, folder)
    read = {name: target.text(files.join(folder, name), LOCK_LIMIT) for name in locks if name != "bun.lockb"}
    agree = [name for name, text in read.items() if text and _agrees(text, name, package)]
    if len(agree) == 1 and len(read) == len(locks):
        return agree[0], files.join(folder, "package.json")
    workflows = [f".github/workflows/{name}" for name in target.names(".github/workflows") if name[:4] != "fly-"]
    for places in (workflows, [files.join(folder, name) for name in _INSTALLED_BY]):
        found = {
            next(filter(None, one.groups())): place
            for place in places
            for one in _INSTALLS.finditer(target.text(place) or "")
        }
        if len(found) == 1:
            kind, place = next(iter(found.items()))
            of_kind = [name for name in locks if files.LOCKFILES[name] == kind]
            return (of_kind[0], place) if of_kind else None
    return None


def _package_manager(target: Target, folder: str, top: str) -> Manager:
    above = [one for one in files.ancestors(folder) if files.within(one, top)]
    found = [(one, [name for name in target.names(one) if name in files.LOCKFILES]) for one in above]
    lock_dir, locks = next(((one, names) for one, names in found if names), (top, []))
    kinds = {files.LOCKFILES[name] for name in locks}
    yarn = target.text(files.join(lock_dir, "yarn.lock"), LOCK_LIMIT) if "yarn" in kinds else None
    if re.search(r"^__metadata:", yarn or "", re.MULTILINE):
        kinds = kinds - {"yarn"} | {"yarn_berry"}
    wanted = [str(package_json(target, one).get("packageManager")) for one in above]
    pins = [re.fullmatch(r"((npm|pnpm|yarn|bun)@(\d+\.\d+\.\d+(?:-[\w.]+)?))(?:\+.*)?", pin) for pin in wanted]
    pin = next(filter(None, pins), None)
    if pin is None:
        chosen = _of_several(target, lock_dir, locks) if len(kinds) > 1 else None
        if chosen:
            one = next(kind for kind in kinds if kind.startswith(files.LOCKFILES[chosen[0]]))
            return Manager(one, None, locks, lock_dir, chosen[1])
        return Manager(kinds.pop() if len(kinds) == 1 else None, None, locks, lock_dir)
    name = "yarn_berry" if pin[2] == "yarn" and not pin[3].startswith(("0.", "1.")) else pin[2]
    # A pin that its lock file contradicts: which of the two is meant only the user can say.
    return Manager(name if not kinds or name in kinds else None, pin[1], locks, lock_dir)


def _without_comments(text: str) -> str:
    """JavaScript or TypeScript without its comments; strings stay as they are."""
    pattern = r"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?(?:\*/|\Z)"
    return re.sub(pattern, lambda found: found[1] or " ", text, flags=re.DOTALL)


def _js(target: Target, folder: str, stem: str) -> str:
    for ending in ("ts", "mts", "mjs", "js", "cjs"):
        text = target.text(files.join(folder, f"{stem}.{ending}"))
        if text is not None:
            return _without_comments(text)
    return ""


def _js_string(text: str, key: str) -> str | None:
    found = re.search(rf"(?<![\w.]){key}\s*:\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|`([^`$\n]*)`)", text)
    return next((part for part in found.groups() if part is not None), None) if found else None


_OF_A_VARIABLE = expression(r"\.\.\.\(\s*!?process\.env(?!\.NODE_ENV\b)[^{}]*\{[^{}]*\}")
"""What next.config spreads where a variable of the build says so, `...(process.env.A ? { … } : {})`."""


def _local(path: Any) -> str | None:
    """A path from a settings file as a clean path inside the app, or None."""
    if not isinstance(path, str) or not path or path[0] == "/" or re.search(r"(^|/)\.\.(/|$)|\\", path):
        return None
    return files.join(*path.split("/"))


_VERSION = expression(r"v?(\d+(?:\.\d+){0,2})")
_NODE_IMAGE = expression(
    r"^[ \t]*(?:FROM[ \t]+(?:--\S+[ \t]+)*|ARG[ \t]+\w+=[\"']?)(?:\S+/)?node:(\d+(?:\.\d+){0,2})(?![\w.])"
    r"|^[ \t]*ARG[ \t]+NODE(?:_?JS)?_VERSION=[\"']?v?(\d+(?:\.\d+){0,2})(?![\w.])",
    re.MULTILINE | re.IGNORECASE,
)
"""The version of Node.js that a Dockerfile begins with."""


def _of_range(wanted: str) -> str | None:
    """The version that a range of package.json asks for: of several lines one that is offered, above a lower bound
    without an upper one the oldest that is offered."""
    offered = sorted(map(int, platform.node_choices()))
    asked: list[int] = []
    for part in wanted.split("||"):
        found = re.match(r"\s*(?:[\^~=v]|(>=))?\s*v?(\d+)\b", part)
        if found and found[1] and "<" not in part:
            asked.append(next((line for line in offered if line >= int(found[2])), int(found[2])))
        elif found:
            asked.append(int(found[2]))
    return str(next((line for line in asked if line in offered), asked[0])) if asked else None


def _of_name(word: str) -> str | None:
    """The version of Node.js that a word stands for which nvm, fnm, asdf or mise take: `v22.1`, `22.x`, `lts/jod`,
    `lts/*`, `lts/-1`, `node`; None for any other, such as an alias of one's own.

    Which version `lts/*` and `node` are changes with time; here they are lines that are offered.
    """
    if found := _VERSION.fullmatch(word):
        return found[1]
    default = str(platform.catalog("node")["default"])
    if word in ("node", "stable", "latest", "current"):
        return max(platform.node_choices(), key=int)
    if named := re.fullmatch(r"lts(?:[/-](\*|latest|-\d+|[a-z]+))?", word):
        back = re.fullmatch(r"-(\d+)", named[1] or "")
        return NODE_LTS.get(named[1] or "*", str(int(default) - 2 * int(back[1])) if back else default)
    return _of_range(word) if re.match(r"[\^~><=v]*\s*\d+(?![\w-])", word) else None


def _first_word(text: str) -> str:
    """What a file with a version says, as nvm reads it: without comments, empty lines and settings (`key=value`)."""
    lines = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return next((line for line in lines if line and not re.match(r"[\w-]+=", line)), "")


def _node_version(target: Target, folder: str, package: dict[str, Any]) -> tuple[str | None, str | None, str]:
    """The version of Node.js that the project names, the file that names it (the Dockerfile where no other does), and
    a word there that is no version which is known here."""
    unknown: list[tuple[None, str, str]] = []
    for above in files.ancestors(folder):
        for name in (".nvmrc", ".node-version"):
            file = files.join(above, name)
            if word := _first_word(target.text(file) or ""):
                if version := _of_name(word):
                    return version, file, word
                unknown.append((None, file, word))
    tools = files.tool_versions(target, folder)
    if word := tools.get("nodejs", tools.get("node", "")).lower():
        names = [files.join(above, name) for above in files.ancestors(folder) for name in files.TOOL_FILES]
        file = target.where(names, word)[0]
        if version := _of_name(word):
            return version, file, word
        unknown.append((None, file, word))
    manifests = [(package, files.join(folder, "package.json"))]
    manifests += [
        (package_json(target, above), files.join(above, "package.json")) for above in files.ancestors(folder)[1:]
    ]
    for one, file in manifests:
        volta = one.get("volta")
        if isinstance(volta, dict) and (found := _VERSION.fullmatch(str(volta.get("node")))):
            return found[1], file, found[0]
    for one, file in manifests:
        engines, runtimes = one.get("engines"), one.get("devEngines")
        runtime = runtimes.get("runtime") if isinstance(runtimes, dict) else None
        of_node = isinstance(runtime, dict) and runtime.get("name") == "node"
        for wanted in (
            engines.get("node") if isinstance(engines, dict) else None,
            runtime.get("version") if isinstance(runtime, dict) and of_node else None,
        ):
            if isinstance(wanted, str) and (version := _of_range(wanted)):
                return version, file, wanted
    for above in files.ancestors(folder):
        file = files.join(above, ".npmrc")
        # pnpm runs scripts with that version.
        if found := re.search(r"^\s*use-node-version\s*=\s*(\d[\d.]*)\s*$", target.text(file) or "", re.MULTILINE):
            return found[1], file, found[1]
    for above in files.ancestors(folder):
        text = target.text(files.join(above, "Dockerfile")) or ""
        if "fly/plan.mjs" not in text and (found := _NODE_IMAGE.search(text)):
            version = found[1] or found[2]
            return version, files.join(above, "Dockerfile"), version
    return unknown[0] if unknown else (None, None, "")


class Orm(NamedTuple):
    """The ORM (None when two are set up), its migrations and, of Prisma, its schema; paths relative to the package.

    `set_up` is whether a schema, a configuration or migrations are there, and not the ORM alone.
    """

    name: str | None
    migrations_dir: str | None
    prisma_schema: str | None
    set_up: bool = True


def _orm(target: Target, folder: str, package: dict[str, Any], deps: dict[str, str]) -> Orm:
    def there(*paths: str) -> str | None:
        return next((path for path in paths if target.exists(files.join(folder, path))), None)

    def has_sql(path: str) -> bool:
        return any(name.endswith(".sql") for name in target.names(files.join(folder, path)))

    prisma_config, drizzle_config = (_js(target, folder, f"{name}.config") for name in ("prisma", "drizzle"))
    own = package.get("prisma")
    schema = _local(_js_string(prisma_config, "schema") or (own.get("schema") if isinstance(own, dict) else None))
    schema = schema or there("prisma/schema.prisma", "schema.prisma", "prisma/schema")
    prisma, drizzle = bool({"prisma", "@prisma/client"} & deps.keys()), "drizzle-orm" in deps
    if prisma and drizzle:
        # Both installed: the one that is set up is the one in use; when both are, only the user knows.
        prisma, drizzle = bool(schema and not drizzle_config), bool(drizzle_config and not schema)
        if not prisma and not drizzle:
            return Orm(None, None, schema, bool(schema or drizzle_config))
    if prisma:
        section = re.search(r"(?<![\w.])migrations\s*:\s*\{([^{}]*)\}", prisma_config)
        written = _local(_js_string(section[1], "path")) if section else None
        beside = files.folder_of(schema) if schema and schema.endswith(".prisma") else "prisma"
        # A schema in several files is a folder, and Prisma 6 wants the migrations in it.
        inside = files.join(schema, "migrations") if schema and not schema.endswith(".prisma") else ""
        migrations = written or there(*filter(None, [inside])) or files.join(beside, "migrations")
        return Orm("prisma", migrations, schema, schema is not None)
    if drizzle:
        migrations = _local(_js_string(drizzle_config, "out")) or "drizzle"
        return Orm("drizzle", migrations, None, bool(drizzle_config))
    plain_sql = next((path for path in ("migrations", "db/migrations") if has_sql(path)), None)
    return Orm("sql" if plain_sql else "none", plain_sql, None, plain_sql is not None)


def _with_its_place(target: Target, folder: str, own: Orm, deps: dict[str, str]) -> tuple[str, Orm]:
    """The package that has the schema and the migrations, and its ORM: the app, or a package that it is made of.

    The root of its workspace is one where the app has the ORM and no schema.
    """
    root = None if own.set_up else workspace(target, folder)
    places = [] if root is None else [*_made_of(target, folder, root), *([root] if own.name != "none" else [])]
    # Where packages are hoisted, the one with the schema need not name the ORM itself.
    hoisted = dependencies(package_json(target, root)) | deps if root is not None else {}
    for place in places:
        package = package_json(target, place)
        found = _orm(target, place, package, hoisted | dependencies(package))
        if found.set_up and found.name in ("prisma", "drizzle"):
            return place, found
    return folder, own


_MIGRATES_BY_NAME = expression(
    r"(?:\w+:)?migrat(?:e|ions?)(?::(?:deploy|prod|production|latest|up|run|all))?|db:deploy"
)
"""Names of scripts that apply migrations."""
_WRAPPER = expression(r"(?:npx|pnpm exec|pnpm|yarn|bunx)(?: --yes| -y)? |(?:dotenv|env-cmd)(?: -[ef] \S+)*(?: --)? ")
"""What stands before a command and is not in the image; the environment of a machine is there anyway."""


def unwrapped(command: str) -> str:
    """A command without what calls it on a developer's machine."""
    return _WRAPPER.sub("", _WRAPPER.sub("", command, count=1), count=1).strip()


_TOOL = expression(
    r"(?!.*[&|;])"
    r"(?:cross-env )?(?:\w+=\S+ )*(?:(?:(?:tsx|ts-node|node) (?:\S+ )*?(?:\S*/)?)?(?:knex|typeorm)[\w./-]* (?:\S+ )*?"
    r"(?:migrate:(?:latest|up)|migration:run)|(?:node-pg-migrate|db-migrate|migrate-mongo) (?:\S+ )*?up|"
    r"sequelize(?:-cli)? (?:\S+ )*?db:migrate|mikro-orm(?:-esm)? migration:up|kysely migrate[: ](?:latest|up)|"
    r"dbmate (?:\S+ )*?(?:up|migrate)|payload migrate|"
    r"(?:tsx|ts-node|node) (?:\S+ )*?"
    r"(?P<file>(?:\S*/)?(?:run-?)?(?:db-?)?migrat(?:e|ions?)(?:-(?:db|latest|up))?\.[cm]?[jt]s))(?: [^&|;<>]*)?"
)
"""One command of a tool that applies migrations, or of a file of the app's own."""
_ABOUT_A_DATABASE = expression(
    rb"[\"'](?:kysely|umzug|knex|typeorm|sequelize|pg|postgres|mysql2|node-pg-migrate|better-sqlite3|mongodb|mongoose"
    rb"|drizzle-orm|@mikro-orm|@libsql|@neondatabase)[\"'/]"
)


_PAYLOAD_MIGRATIONS = expression(
    r"\bmigrationDir\s*:\s*(?:(?:path\.)?(?:resolve|join)\(\s*(_*dirname|process\.cwd\(\))\s*,\s*)?[\"']([\w./-]+)[\"']"
)
_PAYLOAD_MIGRATION = expression(r"index\.ts|\d{8}_\d{6}\w*\.[jt]s")


def _has_payload_migrations(target: Target, folder: str) -> bool:
    """Whether there are migrations of Payload: where the code says that they are, or where Payload looks for them."""
    if any(target.is_file(files.join(folder, f"{one}migrations/index.ts")) for one in ("src/", "")):
        return True
    for file, text in environment.texts(target, folder).items():
        for found in _PAYLOAD_MIGRATIONS.finditer(text) if "migrationDir" in text and "payload" in text else ():
            beside = found[1] is not None and "cwd" not in found[1]
            place = files.resolved(files.folder_of(file) if beside else folder, found[2])
            if place and any(_PAYLOAD_MIGRATION.fullmatch(name) for name in target.names(place)):
                return True
    return False


def _migration_command(target: Target, folder: str, deps: dict[str, str]) -> tuple[str, Command | None]:
    """The package of the workspace with the migrations, and how a tool of the app's own applies them.

    The app itself and None where no script plainly does.
    """
    root = workspace(target, folder)
    for place in (folder, *(_made_of(target, folder, root) if root is not None else ())):
        own = package_json(target, place).get("scripts")
        scripts = {name: line for name, line in own.items() if isinstance(line, str)} if isinstance(own, dict) else {}
        names = [name for name in scripts if _MIGRATES_BY_NAME.fullmatch(name)]
        # The one for production goes before the one for a developer's machine.
        for name in sorted(names, key=lambda name: not re.search(r"deploy|prod", name)):
            command = unwrapped(scripts[name])
            found = _TOOL.fullmatch(command)
            # A file of that name may be about content; then nothing in it is about a database.
            own_file = files.join(place, *found["file"].split("/")) if found and found["file"] else ""
            if found and (not own_file or _ABOUT_A_DATABASE.search(target.peek(own_file))):
                return place, Command(command, name, files.join(place, "package.json"))
    if "payload" in deps and _has_payload_migrations(target, folder):
        return folder, Command("payload migrate", "payload", files.join(folder, "package.json"))
    return folder, None


_KINDS = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "cockroachdb": "postgres",
    "sqlite": "SQLite",
    "turso": "Turso",
    "mysql": "MySQL",
    "singlestore": "SingleStore",
    "sqlserver": "SQL Server",
    "mssql": "SQL Server",
    "mongodb": "MongoDB",
}
"""Prisma's providers, Drizzle's dialects and Payload's adapters → the database; what is not here is not judged."""
_PAYLOAD = {"db-postgres": "postgres", "db-vercel-postgres": "postgres", "db-sqlite": "sqlite", "db-mongodb": "mongodb"}
_KNOWN_ADDRESSES = {"DATABASE_URL", "DIRECT_DATABASE_URL", "DIRECT_URL", "SHADOW_DATABASE_URL"}
_ADDRESS = expression(r"(?:_|^)(?:URL|URI|DSN|CONNECTION_STRING)(?:$|_)")
_ONE_OF = expression(r"(?:\bprocess\.env\.\w+\s*(?:\|\||\?\?)\s*)+process\.env\.\w+")
"""A variable, and those that are taken where it is missing."""


class Database(NamedTuple):
    """The kind of database (None when nothing says so), the word for it, the files that say it, and its variables."""

    kind: str | None
    word: str | None
    files: tuple[str, ...]
    variables: tuple[Variable, ...]


def _database(target: Target, folder: str, schema: str | None, deps: dict[str, str]) -> Database:
    """What the settings of Prisma, Drizzle or Payload say of the database."""
    settings: list[str] = []
    for stem in ("drizzle.config", "payload.config", "src/payload.config", "prisma.config"):
        endings = ("ts", "mts", "mjs", "js", "cjs")
        settings += [f"{stem}.{end}" for end in endings if target.is_file(files.join(folder, f"{stem}.{end}"))]
    if schema:
        inside = files.join(folder, schema)
        names = [name for name in target.names(inside) if name.endswith(".prisma")]
        settings += [files.join(schema, name) for name in names] if names else [schema]
    word: str | None = None
    variables: dict[str, Variable] = {}
    for file in settings:
        text = target.text(files.join(folder, file)) or ""
        plain = re.sub(r"//[^\n]*", lambda found: " " * len(found[0]), text) if file.endswith(".prisma") else text
        # One of several among which is DATABASE_URL is asked of no one.
        for several in _ONE_OF.finditer(plain):
            if re.search(r"\.DATABASE_URL\b", several[0]):
                plain = plain[: several.start()] + re.sub(r"\S", " ", several[0]) + plain[several.end() :]
        datasource = re.search(r"\bdatasource\s+\w+\s*\{[^}]*\}", plain)
        said = re.search(r"\bprovider\s*=\s*\"(\w+)\"", datasource[0]) if datasource else None
        said = said or re.search(r"\bdialect\s*:\s*[\"'](\w+)[\"']", plain)
        word = word or (said[1] if said else None)
        reads = re.finditer(r"\benv\(\s*[\"'](\w+)[\"']\s*\)|\b(?:process\.)?env(?:\.(\w+)|\[[\"'](\w+)[\"']\])", plain)
        for found in reads:
            name = next(filter(None, found.groups()))
            # `prisma migrate dev` alone uses it, on a developer's machine.
            if re.search(r"\bshadowDatabaseUrl\s*[=:]\s*$", plain[: found.start()]):
                continue
            if _ADDRESS.search(name) and name not in _KNOWN_ADDRESSES and not name.startswith("NEXT_PUBLIC_"):
                place = files.join(folder, file)
                variables.setdefault(name, Variable(name, place, files.line_of(text, found.start())))
    adapters = [name for name in _PAYLOAD if f"@payloadcms/{name}" in deps]
    code = [target.text(files.join(folder, file)) or "" for file in settings if "payload.config" in file]
    # Of several the one that the configuration imports.
    adapter = next((one for one in adapters if any(f"@payloadcms/{one}" in text for text in code)), None)
    adapter = adapter or next(iter(adapters), None)
    word = word or (_PAYLOAD[adapter] if adapter else None)
    # Payload and the like keep other addresses in their settings too, so only those of a database count.
    wanted = re.compile(r"DATABASE|POSTGRES|PG|DB|MYSQL|MONGO|NEON|SUPABASE|TURSO")
    named = tuple(variable for name, variable in variables.items() if wanted.search(name))
    return Database(_KINDS.get(word or ""), word, tuple(settings), named)


_TURSO_TOKEN = expression(
    r"\b(?:process\.)?env\.((?:\w+_)?(?:TURSO|LIBSQL|DATABASE|DB)(?:_\w+)?_(?:AUTH_)?TOKEN)\b"
    r"|\benv\(\s*[\"'](TURSO_AUTH_TOKEN)[\"']"
)


def _turso_token(
    target: Target, folder: str, deps: dict[str, str], database: Database, driver: str | None
) -> Variable | None:
    """The token by which the app reaches a database at Turso, where it has libSQL and what it is set to is SQLite."""
    libsql = {"@libsql/client", "@prisma/adapter-libsql", "@tursodatabase/serverless"} & deps.keys()
    if not libsql or (database.kind or OTHER_DRIVERS.get(driver or "")) not in ("SQLite", "Turso"):
        return None
    settings = {files.join(folder, file): target.text(files.join(folder, file)) or "" for file in database.files}
    for file, text in {**settings, **environment.texts(target, folder)}.items():
        if found := _TURSO_TOKEN.search(text):
            name = found[1] or found[2]
            return Variable(name, file, files.line_of(text, found.start()), "a-stand-in-for-the-build")
    return None


def _code(target: Target, folder: str) -> Iterator[bytes]:
    """What is in the app's JavaScript and TypeScript, but for what this template wrote there."""
    own = files.join(folder, "fly")
    for end in (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs"):
        yield from (target.peek(file) for file in target.sources(folder, end) if not files.within(file, own))


_OTHER_IMPORTS = {
    "pg": rb"[\"'](?:pg|.*/node-postgres|.*/adapter-pg)[\"']",
    "postgres": rb"[\"'](?:postgres|.*/postgres-js)[\"']",
}
"""The other drivers of PostgreSQL, and what code imports that talks by them."""


def _instead_of_neon(target: Target, folder: str, deps: dict[str, str]) -> str | None:
    """The driver that the code imports where that of Neon is left over, and no file imports it."""
    others = [name for name in _OTHER_IMPORTS if name in deps]
    code = b"\n".join(_code(target, folder)) if others else b""
    imports = b"\n".join(re.findall(rb"(?:from|import|require\()\s*([\"'][^\"'\n]+[\"'])", code))
    return (
        None
        if b"neon" in imports
        else next((name for name in others if re.search(_OTHER_IMPORTS[name], imports)), None)
    )


def _driver(target: Target, folder: str, deps: dict[str, str], settled: bool) -> str | None:
    """The package that talks to the database; PostgreSQL's is a left-over where no file is about a database, and that
    of an ORM for several (`type: "sqlite"`) where no file names it."""
    name = next((name for name in DB_DRIVERS if name in deps), None)
    if name in NEON_DRIVERS:
        name = _instead_of_neon(target, folder, deps) or name
    of_vercel = [one for one in ("@vercel/postgres", "@payloadcms/db-vercel-postgres") if one in deps]
    if of_vercel and name not in ("@neondatabase/serverless", "@prisma/adapter-neon"):
        # One that a file imports goes before what a developer's own database needs.
        named = re.compile(rf"[\"'](?:{'|'.join(map(re.escape, of_vercel))})[\"']".encode())
        if any(named.search(text) for text in _code(target, folder)):
            return "@vercel/postgres"
    if name is None:
        code = environment.texts(target, folder).values()
        return "node:sqlite" if any(re.search(r"[\"']node:sqlite[\"']", text) for text in code) else None
    if name == "sqlite3":
        imported = re.compile(rb"[\"'](?:sqlite3?|better-sqlite3)[\"']")
    elif name not in POSTGRES_DRIVERS or settled:
        return name
    else:
        imported = re.compile(
            rf"[\"']{re.escape(name)}[\"'/]|\b(?:\w+_)?(?:POSTGRES|PG|DATABASE|DB)_[A-Z]+\b|\bsql`".encode()
        )
    return name if any(imported.search(text) for text in _code(target, folder)) else None


_ENV = expression(r"\benv\(\s*[\"'](\w+)[\"']\s*\)|\bprocess\.env(?:\.(\w+)|\[[\"'](\w+)[\"']\])")
_FIXED = expression(
    r"\burl\s*[:=]\s*[\"'`]file:(?!:memory:)[^\"'`]+[\"'`]|"
    r"\bnew\s+(?:Database|DatabaseSync|BetterSqlite3|Sqlite)\(\s*[\"'`](?!:memory:)[^\"'`]+[\"'`]|"
    r"\b(?:database|storage|filename)\s*:\s*(?:process\.env\.\w+\s*\?[^:]*:\s*)?[\"'`][^\"'`\n]+\.(?:db|sqlite3?)[\"'`]|"
    r"\bdrizzle\(\s*[\"'`](?:file:)?[^\"'`:]+\.(?:db|sqlite3?)[\"'`]|"
    r"(?<=\?)\s*[\"'`]file:[^\"'`\n]+[\"'`]\s*:\s*[\"'`]file:[^\"'`\n]+[\"'`]"
)
"""Places that name the file of SQLite themselves."""
_FIXED_PATH = expression(
    r"\b(?:join|resolve)\((?!\s*(?:\w+\.)?(?:tmpdir\(|dirname\(\s*(?!__filename|fileURLToPath|import\b)\w))"
    r"(?:[^;()]|\((?:[^()]|\([^()]*\))*\))*?[\"'`][^\"'`\n]*\.(?:db|sqlite3?)[\"'`],?\s*\)"
)
"""A path that is put together and ends with the name of such a file; not one beside a file that has a path already."""
_OPENS_SQLITE = expression(r"sqlite|libsql", re.IGNORECASE)
SOURCE_FOLDERS = (
    *("lib", "src/lib", "db", "src/db", "database", "server", "src/server", "prisma", "config", "utils", "src/utils"),
    *("models", "services", "src", "app"),
)
MAX_NESTED = 3
"""How many scripts that run scripts are followed."""
MAX_SOURCES = 300
"""How many files are looked at for the database's address."""


class Address(NamedTuple):
    """The variable that has the database's address, and the place that has the file of SQLite by its name."""

    variable: Variable | None = None
    fixed: Variable | None = None


def _address(target: Target, folder: str, settings: tuple[str, ...]) -> Address:
    """Where the address of a database other than PostgreSQL comes from: the settings first, then the code."""
    sources = (
        found
        for below in SOURCE_FOLDERS
        for ending in (".ts", ".tsx", ".js", ".mjs")
        for found in target.sources(files.join(folder, below), ending)
        if not environment.OF_TOOLS.search(found)
    )
    fixed: list[Variable] = []
    put_together: list[Variable] = []
    own = [files.join(folder, file) for file in settings]
    # A package that is about the database alone has its code wherever it likes.
    top = (files.join(folder, name) for name in target.names(folder) if name.endswith((".ts", ".js", ".mjs")))
    for place in itertools.islice(itertools.chain(own, sources, top), MAX_SOURCES):
        text = target.peek(place).decode(errors="replace")
        for found in _ENV.finditer(text):
            name = next(filter(None, found.groups()))
            if DATABASE_NAME.fullmatch(name):
                return Address(Variable(name, place, files.line_of(text, found.start())))
        named = _FIXED.search(text)
        path = _FIXED_PATH.search(text) if not named and _OPENS_SQLITE.search(text) else None
        if there := named or path:
            words = " ".join(there[0].split())
            (fixed if named else put_together).append(Variable(words, place, files.line_of(text, there.start())))
    # What drizzle-kit reads on a developer's machine matters less than what the app does.
    fixed = [*sorted(fixed, key=lambda one: one.file in own), *put_together]
    return Address(None, next((one for one in fixed if one.file not in own), fixed[0] if fixed else None))


def _is_url(target: Target, folder: str, settings: tuple[str, ...], name: str) -> bool:
    """Whether the code wants the file of SQLite as `file:/…`: it checks for a URL, or takes `file:` off."""
    wants = re.compile(
        rf"\b{name}\b[\"')\]]*(?:\s*:\s*z\b[^,;]*?\.url\(|\s*:\s*z\s*\.url\(|[^\n]*[\"'`]file:[^$\n]*[\"'`])",
        re.MULTILINE,
    )
    texts = [target.text(files.join(folder, file)) or "" for file in settings]
    return any(wants.search(text) for text in (*texts, *environment.texts(target, folder).values()) if name in text)


_IMPATIENT = ("@libsql/client", "@prisma/adapter-libsql", "@payloadcms/db-sqlite", "libsql")
"""Packages around libsql, which waits for no lock of SQLite unless it is told to; better-sqlite3 waits five seconds."""
_OPENS = expression(r"\b(?:createClient|drizzle|PrismaLibS(?:ql|QL)|sqliteAdapter|Database)\s*\(")
_TIMEOUT = expression(r"\btimeout\s*:\s*[1-9]")


def _impatient(target: Target, folder: str, deps: dict[str, str], driver: str | None) -> str | None:
    """The package around libsql through which the app opens SQLite, where no code that opens it gives a timeout."""
    name = next((name for name in _IMPATIENT if name in deps), None)
    if name is None or driver not in (None, "@libsql/client"):
        return None
    sources = (file for ending in (".ts", ".tsx", ".js", ".mjs") for file in target.sources(folder, ending))
    own = (file for file in sources if not files.within(file, files.join(folder, "fly")))
    texts = (target.peek(file).decode(errors="replace") for file in itertools.islice(own, MAX_SOURCES))
    return None if any(_OPENS.search(text) and _TIMEOUT.search(text) for text in texts) else name


def _tokens(target: Target, folder: str) -> tuple[Variable, ...]:
    """The variables that .npmrc and .yarnrc.yml take a registry's token from."""
    found: dict[str, Variable] = {}
    for above in files.ancestors(folder):
        for name in (".npmrc", ".yarnrc.yml"):
            file = files.join(above, name)
            for number, line in enumerate((target.text(file) or "").splitlines(), 1):
                if re.search(r"(?i)auth", line) and not line.lstrip().startswith(("#", ";")):
                    for variable in re.findall(r"\$\{(\w+)", line):
                        found.setdefault(variable, Variable(variable, file, number))
    return tuple(found.values())


def _build_script(package: dict[str, Any]) -> str | None:
    """`build` where there is such a script, else the first one that runs `next build`."""
    found = package.get("scripts")
    scripts = found if isinstance(found, dict) else {}
    if "build" in scripts:
        return "build"
    return next((name for name, command in scripts.items() if re.search(r"\bnext build\b", str(command))), None)


MIGRATES = expression(
    r"\b(prisma (?:migrate|db (?:push|seed|pull|execute))|drizzle-kit (?:push|migrate)|payload migrate|knex migrate|"
    r"sequelize\S* db:|typeorm\S* migration:run|mikro-orm\S* migration:up|migrate-mongo up|dbmate (?:up|migrate)|"
    r"node-pg-migrate|db:(?:push|migrate|seed|deploy)|migrate:deploy|"
    r"(?:check|wait-?for|init|sync|setup)[-_:]?(?:db|database)|"
    r"(?:tsx|ts-node|vite-node|jiti|node|bun) (?:[^\s&|;]+ )*?[^\s&|;]*"
    r"(?:migrat[\w-]*|(?<![\w-])seed)(?:\.[cm]?[jt]s)?)(?![\w-])"
)
"""Commands in a script that need the database."""
_RUNS = expression(r"(?:npm run|npm run-script|pnpm|pnpm run|yarn|yarn run|bun run) ([\w:.-]+)")
_IN_TURN = expression(r"(?:run-s|npm-run-all)((?: [\w:.-]+)+)")
_KEYWORDS = expression(r"\b(?:if|then|fi|for|while|do|done|case|esac)\b")


def _commands(script: str) -> list[str]:
    """The commands that a script runs one after the other; those in parentheses or quotes are one."""
    parts, depth, begin = [], 0, 0
    for found in re.finditer(r"\"(?:\\.|[^\"])*\"|'[^']*'|[()]|&&|;", script):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if found[0] in ("&&", ";") and depth == 0:
            parts.append(script[begin : found.start()].strip())
            begin = found.end()
    return [part for part in (*parts, script[begin:].strip()) if part]


def leaves(script: str, scripts: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """The commands that a script runs in the end, through the scripts that it names."""
    for part in _commands(script):
        in_turn, runs = _IN_TURN.fullmatch(part), _RUNS.fullmatch(part)
        names = in_turn[1].split() if in_turn else [runs[1]] if runs else []
        inner = [scripts[name] for name in names if isinstance(scripts.get(name), str)] if depth < MAX_NESTED else []
        for one in inner:
            yield from leaves(one, scripts, depth + 1)
        if not inner:
            yield part


REMOVES_NEXT = expression(
    r"(?:npx )?(?:shx )?(?:rimraf|del-cli|del|rm -\w*[rR]\w*)\s(?:\S+\s+)*?(?:\./)?\.next(?:/\*|/cache)?/?(?:\s.*)?"
)
"""A command that removes .next, where the image build has its cache mounted: it would stop there."""


def _for_image(script: str, scripts: dict[str, Any], depth: int = 0) -> str | None:
    """A script without its commands that need a database or remove .next; None where they are not apart."""
    if _KEYWORDS.search(script):
        return None
    parts = _commands(script)
    kept: list[str | None] = []
    for part in parts:
        in_turn = _IN_TURN.fullmatch(part)
        if in_turn and not re.search(r" -", in_turn[1]):
            ran = {name: _for_image(f"npm run {name}", scripts, depth) for name in in_turn[1].split()}
            same = all(rest == f"npm run {name}" for name, rest in ran.items())
            kept.append(None if None in ran.values() else part if same else " && ".join(filter(None, ran.values())))
            continue
        runs = _RUNS.fullmatch(part)
        inner = scripts.get(runs[1]) if runs else None
        if isinstance(inner, str) and depth < MAX_NESTED:
            rest = _for_image(inner, scripts, depth + 1)
            kept.append(part if rest == inner else rest)
        elif REMOVES_NEXT.fullmatch(part):
            kept.append("")
        elif MIGRATES.search(part):
            kept.append(None if re.search(r"\bbuild\b", part) else "")
        else:
            kept.append(part)
    if None in kept:
        return None
    return script if kept == parts else " && ".join(part for part in kept if part)


def _build_command(package: dict[str, Any], manager: str | None) -> str | None:
    """What builds the app, where the script `build` or a hook of it would ask a database or remove .next; else None."""
    found = package.get("scripts")
    scripts = found if isinstance(found, dict) else {}
    # Yarn runs no hooks since version 2.
    names = ("build",) if manager == "yarn_berry" else ("prebuild", "build", "postbuild")
    before = [command for name in names if isinstance(command := scripts.get(name), str)]
    after = [_for_image(command, scripts) for command in before]
    left = " && ".join(part for part in after if part)
    return left if None not in after and after != before and re.search(r"\bbuild\b", left) else None


def _entry(package: dict[str, Any]) -> str | None:
    """The file that a package is loaded by, the first of them where it has several."""
    said = package.get("exports")
    if isinstance(said, dict):
        said = said.get(".", next((one for key, one in said.items() if key.startswith("./")), said))
    for _ in range(3):
        said = (
            next((said[key] for key in ("import", "default", "require") if key in said), None)
            if isinstance(said, dict)
            else said
        )
    found = next((one for one in (said, package.get("main"), package.get("module")) if isinstance(one, str)), None)
    return found if found and re.search(r"\.[cm]?js$", found) else None


def _imported_from(target: Target, folder: str, name: str) -> str | None:
    """The file of a package, in a folder that builds make, that code of the app names."""
    wanted = re.compile(rf"[\"']{re.escape(name)}/((?:dist|build)/[\w./-]+)[\"']")
    texts = (text for text in environment.texts(target, folder).values() if f"{name}/" in text)
    found = next((found for text in texts if (found := wanted.search(text))), None)
    return found[1] if found else None


def _parts(target: Target, folder: str, name: str, package: dict[str, Any]) -> Iterator[str]:
    """The files of a package that stand for what code of the app imports as `NAME/part`."""
    said = package.get("exports")
    for key, part in said.items() if isinstance(said, dict) else ():
        file = _entry({"exports": {".": part}}) if key.startswith("./") and "*" not in key else None
        named = re.compile(rf"[\"']{re.escape(name + key[1:])}[\"']")
        if file and any(named.search(text) for text in environment.texts(target, folder).values() if name in text):
            yield file


def _in_git(target: Target, file: str) -> bool:
    tracked = target.tracked(file)
    return target.is_file(file) if tracked is None else tracked


def _linked(target: Target, folder: str, deps: dict[str, str], manager: str | None) -> Iterator[tuple[str, str]]:
    """Name and folder of the packages beside the app that it depends on, and that no tool builds before it."""
    root = workspace(target, folder)
    # fly/build.mjs has these two build what an app is made of.
    builds = manager == "pnpm" or target.is_file(files.join(root or ".", "turbo.json"))
    members: dict[Any, str] = {}
    for above in ("packages", "libs", ".") if root is not None and not builds else ():
        for name in target.names(files.join(root or ".", above)):
            place = files.join(root or ".", above, name)
            members.setdefault(package_json(target, place).get("name"), place)
    for name, wanted in deps.items():
        path = re.match(r"(file|link|portal):(.+)", wanted)
        place = posixpath.normpath(posixpath.join(folder, path[2])) if path else members.get(name, "")
        if builds and root is not None and files.within(place, root):
            continue
        # Only npm links what a `file:` names; the others copy it when packages are installed.
        if (
            place
            and place != folder
            and not place.startswith("..")
            and (not path or path[1] != "file" or manager == "npm")
        ):
            yield name, place


def _built_first(
    target: Target, folder: str, package: dict[str, Any], deps: dict[str, str], manager: str | None
) -> tuple[Linked, ...]:
    """The packages beside the app that are used as their build makes them, where no script of the app builds them."""
    found = package.get("scripts")
    own = " ".join(str(command) for command in found.values()) if isinstance(found, dict) else ""
    linked = []
    for name, place in _linked(target, folder, deps, manager):
        manifest = package_json(target, place)
        scripts, entry = manifest.get("scripts"), _entry(manifest) or _imported_from(target, folder, name)
        if not entry or not isinstance(scripts, dict) or "build" not in scripts:
            continue
        # Git may have a part of what the build makes.
        used = (entry, *_parts(target, folder, name, manifest))
        lacking = next((one for one in used if not _in_git(target, files.join(place, posixpath.normpath(one)))), None)
        # Yarn runs no `prepare` of a package in the workspace (1.22 and 4, tried).
        by_install = {"preinstall", "install", "postinstall"} | ({"prepare"} if "yarn" not in str(manager) else set())
        made = by_install & scripts.keys()
        if lacking and not made and name not in own and f"{posixpath.basename(place)} " not in f"{own} ":
            linked.append(Linked(name, place, lacking))
    # What one of them needs is built before it.
    needs = {one.name: dependencies(package_json(target, one.folder)).keys() for one in linked}
    named = {one.name: one for one in linked}
    try:
        order = graphlib.TopologicalSorter({name: sorted(needs[name] & needs.keys()) for name in needs}).static_order()
        return tuple(named[name] for name in order)
    except graphlib.CycleError:
        return tuple(linked)


def _required(target: Target, folder: str, database_dir: str) -> Iterator[Variable]:
    """The variables that the app, or a package of its workspace, does not start or build without."""
    for place in dict.fromkeys((folder, database_dir, *made_of(target, folder))):
        yield from environment.required(target, place, dependencies(package_json(target, place)))


_NOT_FOR_THE_BUILD = expression(
    r"(?:NODE|NEXT|NPM|YARN|PNPM|SKIP)_\w+|CI|PORT|HOST(?:NAME)?|PATH|HOME|TZ|LANG|\w*(?:SECRET|KEY|TOKEN|PASSWORD|SALT)\w*"
    r"|\w*(?:_URL|_URI|_DSN|VERSION|SHA|COMMIT|BRANCH)"
)
"""Variables that the build has anyway, secrets, and those that another value than that of a Dockerfile is for."""


def _set_by_dockerfile(target: Target, folder: str) -> dict[str, str]:
    """The variables that the app's code reads and its own Dockerfile sets where it is built."""
    file = "" if "fly_app" in (target.text(".copier-answers.yml") or "") else dockerfile.own(target, folder)
    given = dockerfile.settings_of_build(target.text(file) or "") if file else {}
    given = {name: value for name, value in given.items() if not _NOT_FOR_THE_BUILD.fullmatch(name)}
    places = (folder, *made_of(target, folder)) if given else ()
    code = [text for place in places for text in environment.texts(target, place).values() if "process.env" in text]
    read = {name for text in code for name in re.findall(r"\bprocess\.env\.([A-Z][A-Z0-9_]*)\b", text)}
    return {name: value for name, value in given.items() if name in read}


def _has_auth_js(target: Target, folder: str) -> bool:
    """Whether the app, or a package of its workspace that it is made of, has Auth.js."""
    places = itertools.chain([folder], made_of(target, folder))
    return any("next-auth" in dependencies(package_json(target, place)) for place in places)


def read(target: Target, app: App) -> NextjsApp:
    """What there is to know about the Next.js app in `app.dir`."""
    folder = app.dir
    package = package_json(target, folder)
    deps = dependencies(package)
    manager = _package_manager(target, folder, workspace(target, folder) or folder)
    kind = (manager.name or "").removesuffix("_berry")
    lockfile = next((name for name in manager.locks if files.LOCKFILES[name] == kind and name != "bun.lockb"), "")
    lock = (target.text(files.join(manager.lock_dir, lockfile), LOCK_LIMIT) if lockfile else None) or ""

    def version(place: str, wanted: dict[str, str], *names: str) -> str | None:
        name = next((name for name in names if name in wanted), None)
        if name is None:
            return None
        importer = files.relative(place, manager.lock_dir)
        return (_locked_version(lock, lockfile, name, wanted[name], importer) if lock else None) or wanted[name]

    place, orm = _with_its_place(target, folder, _orm(target, folder, package, deps), deps)
    by_tool = None
    if orm.name in ("none", "sql"):
        # Files of SQL may be those of a tool, which knows what is in them.
        place, by_tool = _migration_command(target, folder, deps)
    apart = place != folder
    db_deps = deps | dependencies(package_json(target, place)) if apart else deps
    database = _database(target, place, orm.prisma_schema, db_deps)
    db_driver = _driver(target, folder, db_deps, bool(orm.name != "none" or database.kind or by_tool))
    token = _turso_token(target, place, db_deps, database, db_driver)
    if token:
        database = database._replace(kind="Turso", word=database.word or "libsql")
    other = (database.kind or OTHER_DRIVERS.get(db_driver or "", "postgres")) != "postgres"
    address = _address(target, place, database.files) if other else Address()
    orm_packages = {"prisma": ("prisma", "@prisma/client"), "drizzle": ("drizzle-orm",)}
    postgres = other is False and (database.kind == "postgres" or db_driver in POSTGRES_DRIVERS)
    usual = any("DATABASE_URL" in (target.text(files.join(place, file)) or "") for file in database.files)
    addresses = database.variables
    if postgres and not addresses and not usual:
        addresses = environment.addresses(target, place, db_driver)
    env = environment.env_files(target, folder, scripts(target, folder))
    required = [one for one in _required(target, folder, place) if one.name not in env.names]
    if other and not address.variable:
        address = address._replace(variable=next((one for one in required if DATABASE_NAME.fullmatch(one.name)), None))
    required += [token] if token and token.name not in {*env.names, *(one.name for one in required)} else []
    own = {variable.name for variable in (*addresses, *filter(None, [address.variable]))}
    named = tuple({one.name: one for one in reversed(required) if one.name not in own}.values())[::-1]
    output = _js_string(_OF_A_VARIABLE.sub("", _js(target, folder, "next.config")), "output")
    built_first = _built_first(target, folder, package, deps, manager.name)
    build_command = _build_command(package, manager.name)
    if built_first and (build_command or _build_script(package)):
        run = platform.catalog("node")["managers"][manager.name or "npm"]["run"]
        places = [posixpath.relpath(one.folder, folder) for one in built_first]
        first = [f"npm --prefix {shlex.quote(place)} run build" for place in places]
        build_command = " && ".join((*first, build_command or f"{run} {_build_script(package)}"))
    node_version, node_version_file, node_version_word = _node_version(target, folder, package)
    return NextjsApp(
        name=app.name,
        next_version=version(folder, deps, "next"),
        next_major=_major(version(folder, deps, "next")),
        package_manager=manager.name,
        package_manager_pin=manager.pin,
        lockfiles=tuple(manager.locks),
        manager_chosen_by=manager.chosen_by,
        node_version=node_version,
        node_version_file=node_version_file,
        node_version_word=node_version_word,
        build_script=_build_script(package),
        build_command=build_command,
        built_first=built_first,
        orm=orm.name,
        orm_version=version(place, db_deps, *orm_packages.get(orm.name or "", ())),
        database_package=place if apart else "",
        migrated_by=by_tool,
        migrations_dir=orm.migrations_dir,
        prisma_schema=orm.prisma_schema,
        db_driver=db_driver,
        database=database.kind,
        database_word=database.word,
        settings_files=database.files,
        database_variables=addresses,
        address=address.variable,
        address_is_url=bool(address.variable and _is_url(target, place, database.files, address.variable.name)),
        fixed_file=address.fixed,
        impatient_driver=_impatient(target, folder, deps, db_driver) if other else None,
        payload="payload" in deps,
        sentry="@sentry/nextjs" in deps,
        variables=tuple(one for one in named if not one.name.startswith("NEXT_PUBLIC_")),
        public_variables=tuple(one for one in named if one.name.startswith("NEXT_PUBLIC_")),
        build_values=_set_by_dockerfile(target, folder),
        env_files=env.paths,
        env_names=env.names,
        auth_js=_has_auth_js(target, folder),
        registry_tokens=_tokens(target, folder),
        output=output if output in ("export", "standalone") else None,
    )
