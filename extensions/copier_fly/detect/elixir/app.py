"""What an Elixir project says about itself: a Phoenix app, or an umbrella with its children."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ... import naming
from ...expressions import expression
from ...fly import platform
from .. import files
from ..files import Target
from ..limits import LOCK_LIMIT
from ..project import App, ElixirApp, Endpoint, Repo, UmbrellaApp, Variable
from ..warnings import warning
from . import config, environment, libraries, mixfile, release, words
from .mixfile import MixProject

PROGRAMS = {
    "mogrify": ("ImageMagick", ("imagemagick",)),
    "ffmpex": ("FFmpeg", ("ffmpeg",)),
    "thumbnex": ("FFmpeg and ImageMagick", ("ffmpeg", "imagemagick")),
    "chromic_pdf": ("Chromium and Ghostscript", ("chromium", "ghostscript")),
    "git_cli": ("Git", ("git",)),
    "pandex": ("Pandoc", ("pandoc",)),
    "tesseract_ocr": ("Tesseract", ("tesseract-ocr",)),
    "erlport": ("Python", ("python-is-python3", "python3")),
    "enacl": ("libsodium", ("libsodium-dev",)),
    "fast_tls": ("OpenSSL", ("libssl-dev",)),
    "fast_xml": ("Expat", ("libexpat1-dev",)),
    "fast_yaml": ("LibYAML", ("libyaml-dev",)),
    "libsalty2": ("libsodium", ("libsodium-dev",)),
    "libsecp256k1": ("GMP", ("libgmp-dev",)),
    "zbar": ("ZBar and libjpeg", ("libjpeg-dev", "libzbar-dev")),
}
"""Package → the programs it runs, or the libraries its C is compiled against, and the packages of Debian with them."""

UNPACKAGED = {"pdf_generator": "wkhtmltopdf", "puppeteer_pdf": "Node.js with puppeteer-pdf"}
"""Package → the program it runs, which no package of Debian 13 has: wkhtmltopdf was removed (tried on 2026-11-27)."""

HEX_KEY = "HEX_ORGANIZATION_KEY"
"""The build secret that every Hex organization in mix.lock is entered with."""

MIX_NOT_UNDERSTOOD = "mix-not-understood"
"""The code of the warning that an answer for `stack` overrules."""

ADAPTERS = {
    **{"postgrex": "postgres", "ecto_sqlite3": "sqlite", "myxql": "mysql", "tds": "mssql"},
    "ecto_ch": "clickhouse",
}
"""Database driver → the database it is for, which the app keeps its data in but where that is ClickHouse."""
KINDS = {
    **{"Postgres": "postgres", "AshPostgres": "postgres", "MyXQL": "mysql", "Tds": "mssql"},
    **{"SQLite3": "sqlite", "AshSqlite": "sqlite", "ClickHouse": "clickhouse"},
}
"""Last word of an Ecto adapter, or first of Ash's repository → the database it is for."""
LISTENS = expression(rb":gen_tcp\.listen|:ssl\.listen|:ranch\b|\bThousandIsland\b")
_LISTENING = {":gen_tcp", ":ssl.listen", ":ranch", "ThousandIsland"}
_CONFIGURES = {"Vapor", "Skogsra", "Provider", "System."}
_USED = {"Phoenix.Endpoint", "Ecto.Repo", "AshPostgres.Repo", "AshSqlite.Repo"}
DEV_NAME = expression(r"(^|_)(dev|test|devtools|dev_tools|dev_support|test_support)$")


def mix_project(target: Target, folder: str) -> MixProject | None:
    """The mix.exs of a folder, None when there is none or (a warning that stops the copy) it is not understood."""
    relative = files.join(folder, "mix.exs")
    text = target.text(relative)
    if text is None:
        return None
    try:
        return MixProject(text)
    except mixfile.UnparsableError as error:
        target.warn(warning(MIX_NOT_UNDERSTOOD, (relative, error.line), what=error.what))
        return None


def umbrella_folder(mix: MixProject | None) -> str | None:
    """The folder of an umbrella's children, relative to its root; None when the project is no umbrella."""
    value = mix.string("apps_path") if mix else None
    return files.join(*value.split("/")) if value and not value.startswith(("/", "..")) else None


def umbrella_name(mix: MixProject) -> str | None:
    """The name of an umbrella, which has no `app:`, from its module: Shop.Umbrella.MixProject → shop."""
    words = [word for word in mix.module.split(".") if word not in ("MixProject", "Mixfile", "Umbrella")]
    return naming.underscore(words[-1].removesuffix("Umbrella")) or None if words else None


def is_phoenix(target: Target, folder: str, mix: MixProject) -> bool:
    """Whether a project is an app with an endpoint, not a library that knows Phoenix."""
    if mix.callback() and any(dep.name == "phoenix" for dep in mix.deps()):
        return True
    return bool(Sources(target, folder).endpoints)


class Found(NamedTuple):
    """A module that uses a framework module: its place, its name, and its options; `adapter` is one of `KINDS`."""

    file: str
    line: int
    module: str
    otp_app: str | None
    read_only: bool
    adapter: str | None


class Sources:
    """The modules of an Elixir project below `lib/` (and `web/`, as Phoenix 1.2 had it).

    `endpoints` and `repos` are `Found`; `files` is module → file; `listens` whether any opens a TCP listener;
    `required` has the variables that the code does not boot without.
    """

    def __init__(self, target: Target, folder: str):
        self.endpoints: list[Found] = []
        self.repos: list[Found] = []
        self.files: dict[str, str] = {}
        self.listens = False
        self.required: list[Variable] = []
        for top in ("lib", "web"):
            for relative in target.sources(files.join(folder, top), ".ex"):
                self._look(relative, target.peek(relative), words.of(target, relative))

    def _look(self, relative: str, data: bytes, has: frozenset[str]) -> None:
        if has & _LISTENING:
            self.listens = self.listens or bool(LISTENS.search(data))
        if has & _CONFIGURES:
            self.required += libraries.required(relative, data.decode(errors="replace"))
        # A pattern that begins with a word is searched for faster than one that begins with a line.
        for found in re.finditer(rb"defmodule[ \t]+([A-Z][\w.]*)", data):
            if not data[data.rfind(b"\n", 0, found.start()) + 1 : found.start()].strip(b" \t"):
                self.files.setdefault(found[1].decode(errors="replace"), relative)
        if not has & _USED:
            return
        if not re.search(rb"\buse[ \t(]+(Phoenix\.Endpoint|(?:Ecto|AshPostgres|AshSqlite)\.Repo)\b", data):
            return
        try:
            text = data.decode("utf-8-sig")
            modules = list(mixfile.modules(mixfile.parse(text)))
        except (UnicodeDecodeError, mixfile.UnparsableError):
            return
        for module, block in [*modules, *_by_a_loop(modules)]:
            # Ash's repositories are Ecto's behind a macro.
            repos = [(name, self.repos) for name in ("Ecto.Repo", "AshPostgres.Repo", "AshSqlite.Repo")]
            for name, into in (("Phoenix.Endpoint", self.endpoints), *repos):
                for use in mixfile.uses(block, name):
                    options = mixfile.pairs(mixfile.arguments(use[1:]))
                    read_only = mixfile.literal(options.get("read_only"), "ident") == "true"
                    otp_app = mixfile.literal(options.get("otp_app"), "atom")
                    line = files.line_of(text, use[0].start)
                    written = str(mixfile.literal(options.get("adapter"), "alias") or "")
                    adapter = written.rpartition(".")[2] or (name.partition(".")[0] if name[:3] == "Ash" else None)
                    into.append(Found(relative, line, module, str(otp_app) if otp_app else None, read_only, adapter))


def _by_a_loop(modules: list[tuple[str, mixfile.Group]]) -> Iterator[tuple[str, mixfile.Group]]:
    """The modules that a `for` defines, as Ecto's guide on replicas does: one of each name in its list."""
    for outer, block in modules:
        statements = mixfile.statements(block.items)
        for loop in (one for one in statements if mixfile.is_word(one[0], "for")):
            body, over = loop[-1], loop[1:-1]
            if not (isinstance(body, mixfile.Group) and body.kind == "do"):
                continue
            if len(over) > 3 and mixfile.is_word(over[2], "@"):
                name = over[3][:2]
                over = next((one for one in statements if mixfile.is_word(one[0], "@") and one[1][:2] == name), [])
            listed = [one for one in over if isinstance(one, mixfile.Group) and one.kind == "["]
            words = [token for one in listed for token in mixfile.flat(one.items)]
            inner = [
                one[-1]
                for one in mixfile.statements(body.items)
                if mixfile.is_word(one[0], "defmodule") and isinstance(one[-1], mixfile.Group)
            ]
            for at, word in enumerate(words):
                below = at > 1 and words[at - 1].value == "." and words[at - 2].value == "__MODULE__"
                for defined in inner if word.kind == "alias" else ():
                    yield f"{outer}.{word.value}" if below else str(word.value), defined


def endpoint_file(path: str, web_module: str) -> str:
    """The file, relative to an app or an umbrella, of WEB_MODULE.Endpoint or of the only endpoint there is, else ""."""
    target = Target(os.path.realpath(path))
    apps = umbrella_folder(mix_project(target, "."))
    folders = ["."] if apps is None else [files.join(apps, name) for name in target.names(apps)]
    found = [endpoint for folder in folders for endpoint in Sources(target, folder).endpoints]
    named = [endpoint for endpoint in found if endpoint.module == f"{web_module}.Endpoint"]
    return named[0].file if named else found[0].file if len(found) == 1 else ""


class Child(NamedTuple):
    """One Mix project: the app itself, or a child of an umbrella."""

    name: str
    dir: str
    mix: MixProject
    sources: Sources
    deps: list[mixfile.Dep]


def _children(target: Target, app: App, mix: MixProject) -> list[Child]:
    folder = umbrella_folder(mix)
    if folder is None:
        sources = Sources(target, app.dir)
        name = app.name or next((one.otp_app for one in sources.endpoints if one.otp_app), None)
        return [Child(name, app.dir, mix, sources, mix.deps())] if name else []
    only = mix.atoms("apps")
    found = []
    for entry, is_folder in target.names(files.join(app.dir, folder)).items():
        where = files.join(app.dir, folder, entry)
        child = mix_project(target, where) if is_folder else None
        name = child.atom("app") if child else None
        if child and name and (only is None or name in only):
            found.append(Child(name, where, child, Sources(target, where), child.deps()))
    return found


def _repos(child: Child, named: list[str]) -> list[Repo]:
    """The repositories to migrate: those that `ecto_repos` names, else every one that can write."""
    repos = [repo for repo in child.sources.repos if (repo.module in named if named else not repo.read_only)]
    # The first has DATABASE_URL: Shop.Repo before Shop.AuditRepo, in whichever order the app lists them.
    main = {repo.module: repo.module.endswith(".Repo") for repo in repos}
    repos.sort(key=lambda repo: (not main[repo.module], named.index(repo.module) if named else 0, repo.module))
    return [Repo(repo.otp_app or child.name, repo.module, repo.adapter) for repo in repos]


def _further_repos(child: Child, migrated: list[Repo]) -> Iterator[Repo]:
    """The repositories that are not migrated, such as one that only reads."""
    known = {repo.module for repo in migrated}
    for repo in child.sources.repos:
        if repo.module not in known:
            yield Repo(repo.otp_app or child.name, repo.module, repo.adapter)


def _left_over(target: Target, folder: str, every: list[Child]) -> bool:
    """Whether there are repositories, and neither the configuration nor a module other than themselves names one."""
    repos = [repo for child in every for repo in child.sources.repos]
    configured = dict(config.production_files(target, folder)) if repos else {}
    if files.join(folder, "config", "config.exs") not in configured:
        return False
    last = {repo.module.rpartition(".")[2] for repo in repos}
    words = {str(token.value) for nodes in configured.values() for token in mixfile.flat(nodes)}
    if "ecto_repos" in words or any(word.rpartition(".")[2] in last for word in words):
        return False
    own = {repo.file for repo in repos}
    named = re.compile(rf"^[^#\n]*(?<!\bEcto\.)\b(?:{'|'.join(map(re.escape, sorted(last)))})\b", re.MULTILINE)
    sources = (
        file
        for child in every
        for top in ("lib", "web")
        for file in target.sources(files.join(child.dir, top), (".ex", ".eex", ".heex"))
    )
    texts = (target.code(file) for file in sources if file not in own)
    # Few files have the word at all, which costs less to see.
    return not any(named.search(text) for text in texts if any(word in text for word in last))


def _module(child: Child) -> str | None:
    """The name that an app's modules begin with, as its code spells it."""
    plain = child.name.replace("_", "")
    callback = child.mix.callback()
    known = [one.module for one in child.sources.repos + child.sources.endpoints]
    for name in [callback, *known, *child.sources.files]:
        words = (name or "").split(".")
        # Case is not to be had from the app's name: :greening_iot may well be GreeningIoT.
        for count in range(1, len(words) + 1):
            if "".join(words[:count]).lower() == plain:
                return ".".join(words[:count])
    if callback and callback.endswith(".Application"):
        return str(callback.removesuffix(".Application"))
    spaces = {name.partition(".")[0] for name in child.sources.files}
    return spaces.pop() if len(spaces) == 1 else None


def _lib(child: Child) -> str | None:
    """The folder of an app's own modules: that of its application module, else the one the generator makes."""
    top = files.join(child.dir, "lib")
    file = child.sources.files.get(child.mix.callback() or "")
    if file and files.folder_of(file) != top and files.within(file, top):
        return files.folder_of(file)
    usual = files.join(top, child.name)
    return usual if any(files.within(file, usual) for file in child.sources.files.values()) else None


def _build_only(dep: mixfile.Dep) -> bool:
    only = {node.value for node in mixfile.flat(dep.options.get("only") or [])}
    runtime = mixfile.literal(dep.options.get("runtime"), "ident")
    return bool(only and "prod" not in only) or runtime == "false"


def _dev_only(child: Child, every: list[Child], repos: list[Repo]) -> bool:
    if DEV_NAME.search(child.name):
        return True
    uses = [dep for other in every for dep in other.deps if dep.name == child.name]
    if uses:
        return all(_build_only(dep) for dep in uses)
    # Nothing needs it, it starts nothing, serves nothing and keeps nothing: no release misses it.
    return len(every) > 1 and not (child.mix.callback() or child.sources.endpoints or repos)


def _endpoint(every: list[Child], name: str | None) -> tuple[Child, Found] | None:
    """The app's endpoint: the only one there is, or the only one where the generator puts it.

    Of several in an umbrella it is that of the app that needs all the others, else of the one with the umbrella's name.
    """
    found = [(child, endpoint) for child in every for endpoint in child.sources.endpoints]
    if len(found) > 1:
        usual = ("lib/{0}_web/endpoint.ex", "lib/{0}/endpoint.ex")
        found = [
            (child, endpoint)
            for child, endpoint in found
            if endpoint.module.endswith("Web.Endpoint")
            and endpoint.file in [files.join(child.dir, path.format(child.name)) for path in usual]
        ]
    if len(found) > 1:
        others = {child.name for child, _ in found}
        on_top = [one for one in found if others - {one[0].name} <= _needed(one[0], every)]
        found = on_top or [one for one in found if name and one[0].name in (name, f"{name}_web")]
    return found[0] if len(found) == 1 else None


def _needed(child: Child, every: list[Child]) -> set[str]:
    """The names of an umbrella's apps that one of them needs, also by way of others."""
    deps = {one.name: {dep.name for dep in one.deps} for one in every}
    needed: set[str] = set()
    pending = [child.name]
    while pending:
        new = deps[pending.pop()] & deps.keys() - needed
        needed |= new
        pending += new
    return needed


def _endpoint_space(child: Child, web: Child | None, endpoint: Found | None) -> str | None:
    """The module that a child's endpoint belongs to (ShopWeb of ShopWeb.Endpoint), None unless it is plain which."""
    known = [endpoint] if endpoint and child is web else child.sources.endpoints
    return known[0].module.rpartition(".")[0] or None if len(known) == 1 else None


def _assets(target: Target, child: Child) -> str:
    """How the assets of an app are built, whose alias assets.deploy is in its mix.exs or in the umbrella's."""
    names = target.names(files.join(child.dir, "assets"))
    if "package.json" in names:
        if any(dep.name == "bun" for dep in child.mix.deps()):
            # The Hex package brings Bun and installs by assets.setup.
            return "mix"
        managers = {manager for lock, manager in files.LOCKFILES.items() if lock in names}
        return managers.pop() if len(managers) == 1 else "npm"
    return "mix" if target.is_dir(files.join(child.dir, "assets")) else "none"


VERSION_FILES = ("elixir_buildpack.config", "Dockerfile")
_IMAGE_OF_ELIXIR = expression(
    r"^(?:FROM|ARG)\b.*?[\s/=\"'](?:elixir|alpine-elixir(?:-phoenix)?):(\d+(?:\.\d+)+)(?:-(?:erlang|otp)-(\d+(?:\.\d+)*))?",
    re.MULTILINE,
)
"""A builder's image with Elixir's version, and Erlang's, in its tag."""


def _written_versions(target: Target, folder: str) -> dict[str, str]:
    """Elixir's and Erlang's version from a buildpack's settings or a Dockerfile of the project's own."""
    found: dict[str, str] = {}
    for file in (files.join(above, name) for name in VERSION_FILES for above in files.ancestors(folder)):
        text = target.text(file) or ""
        for tool, names in {"elixir": "elixir_version|ELIXIR_VERSION", "erlang": "erlang_version|OTP_VERSION"}.items():
            if named := re.search(rf"^(?:ARG +)?(?:{names}) *= *[\"']?(\d[\d.]*)", text, re.MULTILINE):
                found.setdefault(tool, named[1])
        if image := _IMAGE_OF_ELIXIR.search(text):
            found.setdefault("elixir", image[1])
            if image[2]:
                found.setdefault("erlang", image[2])
    return found


def _versions(tools: dict[str, str]) -> tuple[str | None, str | None]:
    """Elixir's and OTP's version from a tool list, where asdf may write elixir 1.18.3-otp-27."""
    elixir = re.fullmatch(r"v?(\d+(?:\.\d+)*(?:-rc\.\d+)?)(?:-otp-(\d+))?", tools.get("elixir", ""))
    erlang = re.fullmatch(r"(\d+(?:\.\d+)*(?:-rc\d+)?)", tools.get("erlang", ""))
    return elixir[1] if elixir else None, erlang[1] if erlang else elixir[2] if elixir else None


def _newest_otp(target: Target, folder: str) -> str | None:
    """The newest OTP that the locked packages compile with, and that a release keeps the configuration with.

    None where that is every one that is offered.
    """
    lock = target.text(files.join(folder, "mix.lock"), LOCK_LIMIT) or ""
    limits = platform.catalog("elixir")["newest_otp"].items()
    newest = [str(otp) for package, (before, otp) in limits if locked_before(lock, package, before)]
    return min([*newest, *(["27"] if environment.regex_compiled(target, folder) else [])], default=None)


def _at_least(requirement: str | None, otp: str) -> str | None:
    """The Elixir that a requirement asks for, where the image for this OTP has an older one."""
    least = re.fullmatch(r"\s*(?:~>|>=)\s*(\d+)\.(\d+)(?:\.\d+)*\s*", requirement or "")
    image = str(platform.catalog("elixir")["images"][platform.nearest_elixir(None, otp)]["elixir"])
    has = tuple(int(part) for part in image.split(".")[:2])
    return f"{least[1]}.{least[2]}" if least and (int(least[1]), int(least[2])) > has else None


def locked_before(lock: str, package: str, version: str) -> str | None:
    """The version of a package that mix.lock has, where it is before another one."""
    found = re.search(rf'"{package}": \{{:hex, :{package}, "([\d.]+)', lock)
    old = found and [int(part) for part in found[1].split(".") if part] < [int(part) for part in version.split(".")]
    return found[1] if found and old else None


def _release_name(mix: MixProject, fallback: str | None, serves: set[str], migrates: set[str]) -> str | None:
    release = mix.own_release()
    if release:
        return release.name
    releases = mix.releases()
    if not releases:
        return fallback
    # Of several the one that serves, then the one that has most of what migrates, then that of the project's name;
    # `default_release:` where none of this says more.
    default = mix.atom("default_release")
    return max(
        releases,
        key=lambda name: (
            bool(releases[name] & serves),
            len(releases[name] & migrates),
            name == fallback,
            name == default,
        ),
    )


def _fetched(folder: str, mix: MixProject, every: list[Child]) -> Iterator[tuple[str, mixfile.Dep]]:
    projects = {folder: mix} | {child.dir: child.mix for child in every}
    own = {child.name for child in every}
    for below, project in projects.items():
        for dep in project.deps():
            if dep.name not in own and in_production(dep):
                yield files.join(below, "mix.exs"), dep


def in_production(dep: mixfile.Dep) -> bool:
    """Whether a dependency is fetched for production."""
    only = list(mixfile.flat(dep.options.get("only") or []))
    # A list with a name of its own may hold anything.
    return not (only and all(token.kind != "ident" and token.value != "prod" for token in only))


class Login(NamedTuple):
    """What a dependency needs a login for, in words, and the build secret that is one; None where there is none."""

    dep: str
    file: str
    source: str
    secret: str | None


def logins(deps: Iterable[tuple[str, mixfile.Dep]]) -> list[Login]:
    """The logins that fetching these dependencies needs, each with the file that names it."""
    repos = {known["repo"]: name for name, known in platform.catalog("elixir")["hex_repos"].items()}
    hosts = {git["host"]: name for name, git in platform.catalog("elixir")["git_tokens"].items()}
    found: list[Login] = []
    first = None
    for file, dep in deps:
        organization, repo, url = (
            str(mixfile.literal(dep.options.get(key), "string") or "") for key in ("organization", "repo", "git")
        )
        organization = organization or (repo.removeprefix("hexpm:") if repo.startswith("hexpm:") else "")
        ssh = re.match(r"(?:ssh://)?[\w.-]+@([\w.-]+)[:/]", url)
        if organization:
            first = first or organization
            # A key is for one organization.
            secret = HEX_KEY if organization == first else None
            found.append(Login(dep.name, file, f"Hex organization {organization}", secret))
        elif repo and repo != "hexpm":
            found.append(Login(dep.name, file, f"Hex repository {repo}", repos.get(repo)))
        elif ssh or url.startswith("ssh://"):
            found.append(Login(dep.name, file, "git over ssh", hosts.get(ssh[1]) if ssh else None))
    return found


def read(target: Target, app: App, env: Mapping[str, str]) -> ElixirApp:
    """What there is to know about the Phoenix app or umbrella in `app.dir`; `env` is that of its fly.toml."""
    mix = mix_project(target, app.dir)
    assert mix, "an app is only found by its mix.exs"
    every = _children(target, app, mix)
    names = [child.name for child in every]
    settings = config.read(target, app.dir)
    web, endpoint = _endpoint(every, app.name) or (None, None)
    endpoints = [found for child in every for found in child.sources.endpoints]
    named = config.ecto_repos(settings, names)
    left_over = not named and _left_over(target, app.dir, every)
    repos = {child.name: [] if left_over else _repos(child, named) for child in every}
    name = app.name or (names[0] if len(names) == 1 else None)
    # As the answer repo_apps has them: the first one's is DATABASE_URL's.
    used = [dep.name for child in every for dep in child.deps]
    owners = sorted(
        (child for child in every if repos[child.name]), key=lambda one: (one.name != name, -used.count(one.name))
    )
    owner = next((child for child in owners if child.name == name), owners[0] if owners else None)
    main = next((child for child in every if child.name == name), owner or web)
    deps = {dep.name for one in [mix.deps(), *(child.deps for child in every)] for dep in one} - set(names)
    elixir_version, otp_version = _versions(_written_versions(target, app.dir) | files.tool_versions(target, app.dir))
    mixes = [mix, *([web.mix] if web else []), *(child.mix for child in every)]
    requirement = next(filter(None, (one.string("elixir") for one in mixes)), None)
    if not otp_version and (otp_version := _newest_otp(target, app.dir)):
        elixir_version = elixir_version or _at_least(requirement, otp_version)
    drivers = [kind for driver, kind in ADAPTERS.items() if driver in deps and kind != "clickhouse"]
    # Of several drivers the one that the first repository names: another may be for development, or left over.
    main_repo = repos[owner.name][0] if owner else None
    kind = KINDS.get(main_repo.adapter or "") if main_repo else None
    adapter = kind if kind in drivers else next(iter(drivers), None)
    addresses = {
        name for one in settings for name in one.reads.get("url", ()) if main_repo and one.module == main_repo.module
    }
    postgres = adapter in (None, "postgres") and not left_over
    variables = environment.read(target, app.dir, postgres=postgres, env=env)
    by_config = {one.name for one in (*variables.at_run_time, *variables.on_condition)}
    by_code = {one.name: one for child in every for one in child.sources.required if one.name not in {*by_config, *env}}
    listens = any(child.sources.listens for child in every)
    modules = [one for child in every for one in child.sources.files.items()]
    tokens: dict[str, Variable] = {}
    for login in logins(_fetched(app.dir, mix, every)):
        if login.secret:
            _, line = target.where([login.file], f":{login.dep}")
            tokens.setdefault(login.secret, Variable(login.secret, login.file, line or 1))
    dev_only = {child.name: _dev_only(child, every, repos[child.name]) for child in every}
    builds = {one.name: one.mix.has_alias("assets.deploy") and not dev_only[one.name] for one in every}
    by_root = not any(builds.values()) and mix.has_alias("assets.deploy")
    assets = [_assets(target, child) for child in every if by_root or builds[child.name]]
    http_port = config.http_port(settings, endpoint.module) if endpoint else None
    tcp_ports = config.tcp_ports(settings, names, {found.module for found in endpoints}) if listens else []

    def inside(path: str) -> str:
        return files.relative(path, app.dir)

    def lib(child: Child) -> str | None:
        folder = _lib(child)
        return inside(folder) if folder else None

    def umbrella_app(child: Child) -> UmbrellaApp:
        return UmbrellaApp(
            name=child.name,
            dir=inside(child.dir),
            module=_module(child),
            lib=lib(child),
            has_endpoint=bool(child.sources.endpoints),
            web_module=_endpoint_space(child, web, endpoint),
            repos=tuple(repo.module for repo in repos[child.name]),
            needs=tuple(sorted({dep.name for dep in child.deps} & set(names))),
            dev_only=dev_only[child.name],
            has_assets=builds[child.name] and _assets(target, child) != "none",
        )

    return ElixirApp(
        name=name,
        app_module=_module(main) if main else None,
        app_lib=lib(main) if main else None,
        web_module=endpoint.module.rpartition(".")[0] or None if endpoint else None,
        web_app=web.name if web else None,
        endpoints=tuple(Endpoint(found.module, inside(found.file), found.line) for found in endpoints),
        elixir_version=elixir_version,
        otp_version=otp_version,
        elixir_requirement=requirement,
        ecto=owner is not None or ("ecto_sql" in deps and not left_over),
        db_adapter=adapter,
        repos=tuple(repo for child in owners for repo in repos[child.name]),
        first_address=tuple(sorted(addresses)),
        further_repos=tuple(
            repo for child in every if not left_over for repo in _further_repos(child, repos[child.name])
        ),
        # Packages are installed by one manager, and there may be apps that need none.
        assets=max((kind for kind in assets if kind != "none"), key=lambda kind: kind != "mix", default="none"),
        http_port=http_port,
        tcp_ports=tuple(service for service in tcp_ports if service.port != http_port),
        release_name=_release_name(mix, name, {web.name} if web else set(), {one.name for one in owners}),
        has_releases=mix.get("releases") is not None,
        in_umbrella=".." in (mix.string("lockfile") or ""),
        own_env_sh=bool(release.own_env_sh(target, app.dir) or release.own_vm_args(target, app.dir)),
        has_tests=web is None or target.is_file(files.join(web.dir, "test", "test_helper.exs")),
        variables_at_build=variables.at_build,
        variables_at_run_time=(*variables.at_run_time, *by_code.values()),
        variables_on_condition=variables.on_condition,
        registry_tokens=tuple(tokens.values()),
        own_releases={module: inside(file) for module, file in release.own(target, modules).items()},
        deps=tuple(sorted(deps)),
        umbrella_apps=tuple(umbrella_app(child) for child in every) if app.stack == "umbrella" else (),
    )
