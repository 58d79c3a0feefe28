"""What an Elixir app expects of its machine or its platform that an image on Fly does not have: rules of the survey.

They are part of `RULES` in survey.py, which tells how a rule is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from ...expressions import expression
from ...fly import platform
from .. import dockerfile, files, lockfiles, npm, release_phase
from ..limits import LOCK_LIMIT
from ..project import ProjectWarning
from ..warnings import warning
from . import app as elixir_app
from . import config, environment, mixfile, release
from .mixfile import Group, Node

if TYPE_CHECKING:
    from .survey import Look

# --- What listens ----------------------------------------------------------------------------------------

_SERVES_HTTP = expression(
    r"\{\s*(Bandit|Plug\.Cowboy)\s*,|\b(Bandit\.start_link|Plug(?:\.Adapters)?\.Cowboy2?\.(?:https?|child_spec))\("
    r"|(:cowboy\.start_(?:clear|tls|http))\("
)


_OF_DEVELOPMENT = expression(r"^[ \t]*:(?:dev|test) ->(?:(?!^[ \t]*(?::\w+|_\w*) ->).)*\Z", re.MULTILINE | re.DOTALL)
"""What stands before a place in a branch for development, as of `case Mix.env()`."""


def http_by_code(look: Look) -> Iterator[ProjectWarning]:
    """The app starts a web server of its own, beside the endpoints of Phoenix or in front of them."""
    for file, text in look.having("Bandit", "Cowboy", ":cowboy"):
        if re.search(r"(?:^|[/_])(?:dev|test|fake|mock|stub)(?:[/_.])", file):
            continue
        code = "\n".join(line.partition("#")[0] for line in text.splitlines())
        everywhere = (
            found for found in _SERVES_HTTP.finditer(code) if not _OF_DEVELOPMENT.search(code[: found.start()])
        )
        if found := next(everywhere, None):
            name = next(filter(None, found.groups()))
            yield warning("http-by-code", (file, files.line_of(code, found.start())), name=name)
            return


def servers_of_grpc(look: Look) -> Iterator[ProjectWarning]:
    """The package grpc is told to start the app's servers, wherever they are defined."""
    known = look.app.tcp_ports or any("GRPC.Server.Supervisor" in text for _, text in look.having("GRPC.Server"))
    for file, nodes in look.config() if not known else ():
        for statement in mixfile.statements(nodes):
            tokens = list(mixfile.flat(statement))
            started = any(one[1] == "start_server" and other[1] == "true" for one, other in pairwise(tokens))
            if started and any(token[:2] == ("atom", "grpc") for token in tokens):
                yield warning("tcp-port-unknown", look.at(file, tokens[0].start))
                return


def endpoint_on_port(look: Look) -> Iterator[ProjectWarning]:
    """Another endpoint than the chosen one takes the port that this one is given here."""
    chosen = f"{look.app.web_module}.Endpoint"
    for setting in config.read(look.target, look.dir, config.AT_RUN_TIME) if look.app.web_module else ():
        other = (setting.module or "").endswith("Endpoint") and setting.module != chosen
        if other and "PORT" in setting.reads.get("http", ()) and _is_there(look, setting):
            places = [look.path("config", f"{name}.exs") for name in config.AT_RUN_TIME]
            place = look.target.where(places, str(setting.module))
            yield warning("endpoint-on-port", place, module=setting.module, chosen=chosen)


def _is_there(look: Look, setting: config.Setting) -> bool:
    """Whether what the setting is for exists: an app or a module that is gone starts nothing."""
    defined = re.compile(rf"\bdefmodule {re.escape(setting.module or '')}\b")
    return setting.app in look.app.deps or any(defined.search(text) for text in look.sources.values())


def endpoint_by_code(look: Look) -> Iterator[ProjectWarning]:
    """The endpoint gets its port from a function of the app, after everything that is configured."""
    for endpoint in look.app.endpoints:
        file = look.path(endpoint.file)
        text = look.target.text(file) or ""
        start = re.search(r"^([ \t]*)def[ \t]+init\(.*?^\1end\b", text, re.MULTILINE | re.DOTALL)
        names = re.findall(r"\b(?:get_env|fetch_env!?)\(?\s*\"(\w*PORT)\"", start[0]) if start else []
        if start and names and "PORT" not in names and endpoint.web_module == look.app.web_module:
            yield warning("endpoint-by-code", (file, files.line_of(text, start.start())), names=", ".join(names))


def own_certificates(look: Look) -> Iterator[ProjectWarning]:
    """The app gets certificates for its own port for HTTPS."""
    for file, dep in look.deps:
        if dep.name == "site_encrypt":
            yield warning("own-certificates", look.target.where([file], ":site_encrypt"), name=dep.name)
            return


def own_https(look: Look) -> Iterator[ProjectWarning]:
    """The endpoint listens for HTTPS itself, with files of the machine or on a port of root."""
    for file, nodes in look.config():
        for setting in config.collect(environment.always(nodes), {}):
            if setting.module == f"{look.app.web_module}.Endpoint" and setting.values.get("https"):
                yield warning("own-https", look.target.where([file], "https:"))
                return


_BY_WEBRTC = expression(r"ex_webrtc|ex_ice|membrane_(?:webrtc_plugin|ice_plugin|rtc_engine\w*)")
_OPENS_UDP = expression(r":gen_udp\.open\(\s*(?!0\b)")


def talks_by_udp(look: Look) -> Iterator[ProjectWarning]:
    """The app is reached by UDP: by WebRTC, or on a port of its own."""
    for file, dep in look.deps:
        if _BY_WEBRTC.fullmatch(dep.name):
            yield warning("udp", look.target.where([file], f":{dep.name}"), what=f"WebRTC ({dep.name})")
            return
    for file, text in look.having(":gen_udp"):
        for found in _OPENS_UDP.finditer(text) if not re.search(r"(?:^|[/_])test", file) else ():
            if "#" not in text[text.rfind("\n", 0, found.start()) + 1 : found.start()]:
                yield warning("udp", (file, files.line_of(text, found.start())), what="a port that the code opens")
                return


def loads_models(look: Look) -> Iterator[ProjectWarning]:
    """Bumblebee loads models of Hugging Face, which it keeps in a folder of the user's home."""
    for file, dep in look.deps:
        if dep.name == "bumblebee" and "BUMBLEBEE_CACHE_DIR" not in look.project.existing_deployment.fly_toml.env:
            yield warning("models-loaded", look.target.where([file], ":bumblebee"))
            return


# --- What it reads and talks to --------------------------------------------------------------------------

_ON_EVERY_MACHINE = expression(
    r"/(?:proc|sys|dev|app)/.*|/etc/(?:hosts|hostname|os-release|passwd|group|localtime|resolv\.conf|ssl/certs/.*)"
)
_HARDWARE = expression(
    r"circuits_(?:gpio|i2c|spi|uart)|input_event|nerves|nerves_(?:runtime|pack|uart|neopixel)|pigpiox|elixir_ale"
    r"|scenic_driver_nerves_\w+"
)


def files_of_the_machine(look: Look) -> Iterator[ProjectWarning]:
    """The configuration needs a file of the machine when the app boots, such as a certificate or a Docker secret."""
    for file, nodes in look.config():
        found = _needed(environment.always(nodes), {}) if file.endswith(("/runtime.exs", "/releases.exs")) else ()
        for name, start in found:
            yield warning("file-of-machine", look.at(file, start), name=name)
            return


def _needed(items: list[Node], variables: dict[str, list[Node]], guarded: bool = False) -> Iterator[tuple[str, int]]:
    """The files that must be there, each by its path, else by the variable that has it, with the place."""
    for statement in mixfile.statements(items):
        plain = [node for node in statement if not (isinstance(node, Group) and node.kind == "do")]
        for call, arguments in config.calls(plain) if not guarded else ():
            reads = call in ("File.read!", "File.stream!") and arguments  # none where the path comes by |>
            if name := _of_the_machine(arguments[0], variables) if reads else None:
                yield name, plain[0].start
        for at, node in enumerate(statement):
            if isinstance(node, Group) and node.kind == "do":
                asked = _asked(statement[:at], variables)
                if asked and any(mixfile.is_word(token, "raise") for token in mixfile.flat(_without(statement, at))):
                    yield asked, statement[0].start
                yield from _needed(node.items, dict(variables), guarded or asked is not None)
        if len(statement) > 2 and mixfile.is_word(statement[1], "="):
            variables[str(mixfile.literal(statement[:1], "ident"))] = statement[2:]


def _asked(condition: list[Node], variables: dict[str, list[Node]]) -> str | None:
    """The file for which a condition asks."""
    for call, arguments in config.calls(condition):
        if call in ("File.exists?", "File.regular?") and arguments:
            return _of_the_machine(arguments[0], variables) or ""
    return None


def _without(statement: list[Node], at: int) -> list[Node]:
    """What of the block at that place runs where the file for which its condition asks is not there."""
    block = statement[at].items  # type: ignore[union-attr]
    turned = sum(mixfile.is_word(node, "unless", "!", "not") for node in statement[:at]) % 2 == 1
    other = next((number for number, node in enumerate(block) if mixfile.is_word(node, "else")), len(block))
    return block[:other] if turned else block[other + 1 :]


def _of_the_machine(nodes: list[Node], variables: dict[str, list[Node]]) -> str | None:
    """The path of a file outside of the release, or the variable that has it; None for any other path."""
    tokens = list(mixfile.flat(nodes))
    if len(tokens) == 1 and tokens[0].kind == "ident" and tokens[0].value in variables:
        rest = {name: value for name, value in variables.items() if name != tokens[0].value}
        return _of_the_machine(variables[str(tokens[0].value)], rest)
    words = [str(token.value) for token in tokens if token.kind == "string" and token.value]
    path = next((word for word in words if word.startswith("/")), None)
    if path:
        return None if _ON_EVERY_MACHINE.fullmatch(path) else path
    read = any(token.kind == "ident" and token.value in ("get_env", "fetch_env!") for token in tokens)
    names = [word for word in words if re.fullmatch(r"[A-Z][A-Z0-9_]+", word) and not word.startswith("RELEASE_")]
    return names[0] if read and names else None


def assets_of_old_node(look: Look) -> Iterator[ProjectWarning]:
    """The assets are built with a package that works on no Node.js that is offered."""
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps if app.has_endpoint)]
    if look.app.assets == "mix":
        return
    line = platform.nearest_node(None)
    for folder in (files.join(one, name) for one in folders for name in ("assets", ".")):
        file = files.join(folder, "package.json")
        package = look.target.parsed(file, json.loads, "JSON")
        wanted = {
            name: str(version)
            for key in ("dependencies", "devDependencies")
            if isinstance(package.get(key), dict)
            for name, version in package[key].items()
        }
        for name, major, instead in npm.without_node(wanted, line):
            place = look.target.where([file], f'"{name}"')
            yield warning("package-of-old-node", place, name=f"{name} {major}", line=line, instead=instead)
        locks = (look.target.text(files.join(folder, name)) for name in files.LOCKFILES)
        version = npm.old_webpack(wanted["webpack"], next(filter(None, locks), "")) if "webpack" in wanted else None
        texts = (look.target.text(name) or "" for name in (file, files.join(folder, "webpack.config.js"), *look.mixes))
        if version and not any(word in text for text in texts for word in ("openssl-legacy-provider", "hashFunction")):
            yield warning("webpack-too-old", look.target.where([file], '"webpack"'), version=version)


def assets_lock_behind(look: Look) -> Iterator[ProjectWarning]:
    """The lock file of the assets is behind."""
    folders = [look.dir, *(look.path(app.dir) for app in look.app.umbrella_apps if app.has_endpoint)]
    names = [name for name, manager in files.LOCKFILES.items() if manager == look.app.assets]
    locks = (files.join(folder, "assets", name) for folder in folders for name in names)
    if lock := next(filter(look.target.is_file, locks), None):
        yield from lockfiles.problems(look.target, lock)
        yield from lockfiles.incomplete(look.target, lock, "the image build stops")


def hardware(look: Look) -> Iterator[ProjectWarning]:
    """Packages that talk to the hardware of a device."""
    on_device = [(file, dep) for file, dep in look.deps if _HARDWARE.fullmatch(dep.name)]
    found = [(file, dep.name) for file, dep in on_device if "targets" not in dep.options]
    if found:
        names = ", ".join(dict.fromkeys(name for _, name in found))
        yield warning("hardware", look.target.where([found[0][0]], f":{found[0][1]}"), names=names)


_OPENS = expression(r"\s*(defp?|defmacrop?|@\w+\b(?!\s*(?:\|>|$))|for|quote|test|describe|defmodule)\b")


def runs_in_function(text: str, offset: int) -> bool:
    """Whether what is there runs when a function is called: not while its module is compiled, and no comment."""
    start = text.rfind("\n", 0, offset) + 1
    if "#" in text[start:offset]:
        return False
    here = re.match(r"\s*", text[start:])
    indent = len(here[0].lstrip("\n")) if here else 0
    own = _OPENS.match(text[start:])
    if own and own[1] != "for":
        return own[1] in ("def", "defp")
    for line in reversed(text[:start].splitlines()):
        opens = _OPENS.match(line)
        if line.strip() and len(line) - len(line.lstrip()) < indent and opens:
            if opens[1] != "for":
                return opens[1] in ("def", "defp")
            indent = len(line) - len(line.lstrip())
    return False


_LOG_FILE = expression(
    r"^[^#\n]*\b(?:path|file):\s*(?:~c|to_charlist\()?[\"']((?!/tmp/|/dev/)[^\"'#\n]*\.log)[\"']", re.MULTILINE
)


def logs_in_files(look: Look) -> Iterator[ProjectWarning]:
    """The logger of production writes to a file."""
    for file, _ in look.config():
        text = look.target.text(file) or ""
        if ":logger" in text and (found := _LOG_FILE.search(text)):
            yield warning("log-in-file", (file, files.line_of(text, found.start(1))), name=found[1])
            return


# --- What another way of releasing does -------------------------------------------------------------------


def distillery_settings(look: Look) -> Iterator[ProjectWarning]:
    """Distillery's settings have a file that is read, or a hook that runs, where a release starts."""
    file = look.path("rel", "config.exs")
    text = "\n".join(line.partition("#")[0] for line in (look.target.text(file) or "").splitlines())
    read = re.search(r"\bconfig_providers:[^\n]*?\"([^\"\n]*?([\w.-]+\.exs))\"", text)
    hook = re.search(r"\b((?:pre|post)_(?:start|configure)_hooks?):", text)
    if read or hook:
        names = " and ".join(one for one in (read and read[2], hook and hook[1]) if one)
        first = min(one.start() for one in (read, hook) if one)
        yield warning("distillery-settings", (file, files.line_of(text, first)), names=names)


def ecto_too_old(look: Look) -> Iterator[ProjectWarning]:
    """Ecto is older than OTP 26, which it does not compile with, or than what runs migrations in a release."""
    file = look.path("mix.lock")
    lock = look.target.text(file, LOCK_LIMIT) or ""
    found = re.search(r"\"ecto\": \{:hex, :ecto, \"(\d+\.[^\"]+)\"", lock)
    version = tuple(int(part) for part in re.findall(r"\d+", found[1])[:3]) if found else ()
    own = any(look.code_has(f"defmodule {name}.Release ") for name in (look.app.app_module, look.app.web_module))
    at = look.target.where([file], '"ecto":')
    if found and version < (3,) and look.app.repos and not own:
        yield warning("ecto-too-old", at, version=found[1], name=look.app.app_module or "your main module")
    elif found and version < (3, 9, 5) and brought({dep.name for _, dep in look.deps}, lock) & _ECTO:
        # Its type dynamic/0 is one of Erlang's own since OTP 26 (changelogs of Ecto 3.9.5 and 3.10.0).
        yield warning("ecto-before-otp", at, version=found[1])


_ECTO = {"ecto", "ecto_sql", "phoenix_ecto"}


def packages_too_old(look: Look) -> Iterator[ProjectWarning]:
    """mix.lock has a package that works with no Elixir or no Erlang that is offered."""
    file = look.path("mix.lock")
    lock = look.target.text(file, LOCK_LIMIT) or ""
    needed = brought({dep.name for _, dep in look.deps}, lock)
    for name, of in platform.catalog("elixir")["too_old"].items():
        version = elixir_app.locked_before(lock, name, of["first"])
        if version and name in needed:
            yield warning("package-too-old", look.target.where([file], f'"{name}"'), name=name, version=version, **of)


def calls_without_parentheses(look: Look) -> Iterator[ProjectWarning]:
    """mix.exs calls a function of its own like a variable, as was done before Elixir 1.4."""
    for file in look.mixes:
        text = look.target.text(file) or ""
        for name in re.findall(r"^[ \t]*defp? (\w+)(?:\(\))? do\b", text, re.MULTILINE):
            if found := re.search(rf"^[^#\n]*\w: {name}[ \t]*(?:,|\]|$)", text, re.MULTILINE):
                yield warning("call-without-parentheses", (file, files.line_of(text, found.start())), name=name)
                break


def brought(names: set[str], lock: str) -> set[str]:
    """These packages and what they need, by mix.lock, which keeps what nothing needs any more."""
    needs = {
        name: set(re.findall(r"\{:(\w+), [^{}]*optional: false\]\}", rest))
        for name, rest in re.findall(r"^\s*\"(\w+)\": (.*)$", lock, re.MULTILINE)
    }
    found: set[str] = set()
    pending = set(names)
    while pending:
        found |= pending
        pending = {need for name in pending for need in needs.get(name, ())} - found
    return found


def joined_variables(look: Look) -> Iterator[ProjectWarning]:
    """The configuration requires a variable whose name it puts together."""
    for file, nodes in look.config():
        text = look.target.text(file) or ""
        for call, arguments in config.calls(environment.always(nodes) if _boots(file) else []):
            # The string, and what it computes.
            first = arguments[0][0] if arguments and len(arguments[0]) == 2 else None
            if call == "System.fetch_env!" and isinstance(first, mixfile.Token) and first[:2] == ("string", None):
                written = re.sub(r"#\{.*\}", "…", text[first.start : first.end].strip('"'))
                yield warning("variable-joined", look.at(file, first.start), name=written)
                return


def settings_by_function(look: Look) -> Iterator[ProjectWarning]:
    """The configuration takes settings by a function of the app's own, which makes the variables' names itself."""
    for file, nodes in look.config():
        found: dict[str, int] = {}
        for name, start in _asked_by_function(nodes) if _boots(file) else ():
            found.setdefault(name, start)
        if len(found) > 2:
            names = ", ".join(list(found)[:8]) + (f" and {len(found) - 8} more" if len(found) > 8 else "")
            yield warning("settings-by-function", look.at(file, min(found.values())), names=names)
            return


_BY_NAME = expression(r"(?:[A-Z][\w.]*\.)?(?:\w*env\w*|\w*config\w*|\w*setting\w*)!")
_OWN_NAME = expression(r"[a-z][a-z0-9_]{2,}")


def _asked_by_function(nodes: list[Node]) -> Iterator[tuple[str, int]]:
    """The names that such a function is given: `load.("mail_key")` of one that is bound, `env_config!(:mail_key)`."""
    readers = _readers(nodes, set())
    flat = list(mixfile.flat(nodes))
    for (one, dot), token in zip(pairwise(flat), flat[2:], strict=False):
        given = token.kind == "string" and _OWN_NAME.fullmatch(str(token.value))
        if given and one.kind == "ident" and one.value in readers and dot.value == ".":
            yield str(token.value), token.start
    for call, arguments in config.calls(nodes):
        name = mixfile.literal(arguments[0], "atom") if len(arguments) == 1 else None
        if name and _BY_NAME.fullmatch(call) and _OWN_NAME.fullmatch(str(name)):
            yield str(name), arguments[0][0].start


def _readers(nodes: list[Node], known: set[str]) -> set[str]:
    """The functions that these nodes bind and that read a variable, by themselves or through one that is known."""
    for statement in mixfile.statements(nodes):
        last = statement[-1]
        if isinstance(last, Group) and last.kind == "do":
            known |= _readers(last.items, known)
        elif len(statement) == 3 and mixfile.is_word(statement[1], "=") and isinstance(last, Group):
            words = {str(token.value) for token in mixfile.flat(last.items)}
            if last.kind == "fn" and words & {"get_env", *known}:
                known.add(str(mixfile.literal(statement[:1], "ident")))
    return known


def _boots(file: str) -> bool:
    return file.endswith(("/runtime.exs", "/releases.exs"))


_REPLICATES = expression(r"\bPostgrex\.ReplicationConnection\b|\b(?:Cainophile|WalEx)\.")


def replication(look: Look) -> Iterator[ProjectWarning]:
    """The app reads PostgreSQL's logical replication."""
    for file, text in look.having("ReplicationConnection", "Cainophile", "WalEx"):
        for number, line in enumerate(text.splitlines(), 1):
            if _REPLICATES.search(line.partition("#")[0]):
                yield warning("replication", (file, number))
                return


# --- What the project's own tasks do ------------------------------------------------------------------------


def aliases_of_build(look: Look) -> Iterator[ProjectWarning]:
    """An alias has the name of a task that the image runs, and does more than that task."""
    for file, mix in look.mixes.items():
        for name, nodes in mix.aliases().items():
            if name not in ("compile", "release", "deps.get"):
                continue
            steps = [str(token.value) for token in mixfile.flat(nodes) if token.kind == "string"]
            place = look.target.where([file], f"{name}:" if "." not in name else f'"{name}"')
            strict = name == "compile" and any("--warnings-as-errors" in step for step in steps)
            if strict and not _same_elixir(look):
                yield warning("warnings-as-errors", place, what="The alias compile has --warnings-as-errors")
            others = [step for step in steps if step.partition(" ")[0] not in _TASKS_OF_BUILD]
            if name == "compile":
                # A task of Mix's own kind runs wherever the app compiles.
                others = [step for step in others if re.match(r"cmd\b|git_hooks\b", step)]
            if others:
                yield warning("alias-of-build", place, name=name, steps=", ".join(others))


def strict_compiler(look: Look) -> Iterator[ProjectWarning]:
    """mix.exs has the compiler end with an error at the first warning, in production too."""
    for file, mix in look.mixes.items():
        options = mix.items("elixirc_options") or []
        value = [token.value for token in mixfile.flat(mixfile.pairs(options).get("warnings_as_errors", []))]
        if (value == ["true"] or {"prod", "=="} <= set(value)) and not _same_elixir(look):
            place = look.target.where([file], "warnings_as_errors")
            yield warning("warnings-as-errors", place, what="elixirc_options has warnings_as_errors: true")
            return


def _same_elixir(look: Look) -> bool:
    """Whether the image has the minor version of Elixir that the project names."""
    wanted = (look.app.elixir_version or "").split(".")[:2]
    image = platform.nearest_elixir(look.app.elixir_version, look.app.otp_version)
    return wanted == str(platform.catalog("elixir")["images"][image]["elixir"]).split(".")[:2]


_TASKS_OF_BUILD = {"compile", "release", "deps.get", "deps.compile", "phx.digest", "assets.deploy", "assets.setup"}


# --- What the project's own image has ---------------------------------------------------------------------

_WRAPPED = expression(r"^(?:(?:\S*/)?(?:tini|dumb-init|exec|env|su-exec \S+|gosu \S+)(?: -\S+)* |\w+=\S* )+")
_STARTS = expression(
    r"(?:/(?!usr)\S*/)?bin/[\w-]+|(?:\S*/)?bin/\S+ (?:start|start_iex|foreground|\"?\$[@*]\"?)|start|foreground"
    r"|(?!(?:npm|pnpm|yarn|bun|pm2|service) )\S+(?<!\.sh) (?:start|start_iex|foreground)"
    r"|(?:\S*/)?server|(?:\S*/)?(?:ba|a)?sh|(?:elixir |iex )?.*\bmix (?:do )?(?:phx|phoenix)\.server.*|\"?\$[@*]\"?|"
)
_SAYS_NOTHING = expression(r"(?:set|echo|printf|wait|cd) ?.*|#.*|")
_OF_EVERY_IMAGE = expression(
    r"REFRESHED_AT|MIX_ENV|LANG(?:UAGE)?|LC_\w+|PATH|HOME|USER|SHELL|TERM|PORT|HOST(?:NAME)?|PHX_\w+|ECTO_IPV6|ERL_AFLAGS|ELIXIR_ERL_OPTIONS"
    r"|SECRET_KEY_BASE|DATABASE_\w+|DEBIAN_FRONTEND|REPLACE_OS_VARS|\w+_VERSION|\w+_HOME|(?:ERL|MIX|CARGO|NODE|NPM|YARN|CYPRESS|HEX|REBAR|RELEASE|GIT|APP|DOCKER|BUILD)_\w+"
)
"""Variables that the template's image has in its own way, or that a build alone reads."""


def own_base_image(look: Look) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile builds on an image that is not one of the known ones, which brings what it may."""
    file, text = look.own_dockerfile
    for line, image in dockerfile.bases(text):
        if not _KNOWN_BASE.fullmatch(image):
            yield warning("own-base-image", (file, line), image=image)
            return


_KNOWN_BASE = expression(
    r"(?:(?:docker\.io|public\.ecr\.aws/docker|mirror\.gcr\.io|registry-1\.docker\.io)/)?(?:library/)?[\w.-]+(?:[:@].*)?"
    r"|(?:docker\.io/)?(?:hexpm|bitwalker|msaraiva|oven|denoland|tonistiigi|cimg|circleci)/.*|gcr\.io/distroless/.*"
    r"|cgr\.dev/.*|.*\$.*"
)
"""Images of Docker Hub's library, of Elixir, Erlang and Node.js, and bare ones; and names that are computed."""

_TARGETS = expression(r"(?:all|build|compile|release|assets?|dist|prod|deploy|package)(?:[-_.]\w+)*")
_RUNS_SCRIPT = expression(
    r"(?P<tool>npm|pnpm|yarn|bun)(?P<options>(?: -\S+| \./\S+)*) (?:run )?(?P<script>[a-z][\w:.-]*)"
)
_NO_BUILD = expression(
    r"(?:install|ci|i|add|set|config|cache|audit|outdated|update|upgrade|version|release|prune|dedupe|global|login|publish)"
    r"|.*(?:test|lint|format|watch|dev|start|serve|check|story|prettier).*"
)


def builds_elsewhere(look: Look) -> Iterator[ProjectWarning]:
    """A Makefile, or what Heroku, Gigalixir or Render build with, builds more than the alias assets.deploy does.

    Where the project has a Dockerfile of its own, that one says what its build needs.
    """
    if look.own_dockerfile[0]:
        return
    own_tasks = {
        name
        for text in look.sources.values()
        if "defmodule Mix.Tasks." in text
        for name in re.findall(r"defmodule Mix\.Tasks\.([\w.]+)", text)
    }
    written = "\n".join(str(token.value) for mix in look.mixes.values() for token in mixfile.flat(mix.block.items))
    for name in ("compile", "Makefile", "build.sh", "elixir_buildpack.config", "render.yaml"):
        file = look.path(name)
        steps: dict[str, int] = {}
        for line, command in _steps_of_build(look.target.text(file) or "", every=name != "Makefile"):
            script = _RUNS_SCRIPT.match(command)
            task = re.match(r"(?:MIX_ENV=\w+ )?mix (?:do )?([a-z_.]+)", command)
            module = "".join(part.capitalize() for part in re.split(r"[_]", task[1])) if task else ""
            module = ".".join(part[:1].upper() + part[1:] for part in module.split("."))
            builds = script and not _NO_BUILD.fullmatch(script["script"])
            elsewhere = re.search(r"(?:--prefix|--cwd|--dir|-C)[ =](?!\S*assets)\S+", command)
            usual = script and script["script"] in ("build", "deploy", "compile") and not elsewhere
            known = (
                script
                and re.search(rf"\b(?:run|{script['tool']}) {re.escape(script['script'])}\b", written)
                and not elsewhere
            )
            if (builds and not usual and not known) or (task and module in own_tasks and task[1] not in written):
                steps.setdefault(command, line)
        if steps:
            shown = ", ".join(f"`{command}`" for command in list(steps)[:4])
            yield warning("builds-elsewhere", (file, min(steps.values())), commands=shown)
            return


def _steps_of_build(text: str, *, every: bool) -> Iterator[tuple[int, str]]:
    """The commands of a script, or of those targets of a Makefile that build, each with its line."""
    inside = every
    for number, line in enumerate(text.splitlines(), 1):
        target = re.match(r"([\w.-]+)\s*:(?!=)", line)
        if not every and target:
            inside = bool(_TARGETS.fullmatch(target[1]))
        elif inside and (every or line.startswith("\t")):
            for command in re.split(r"&&|\|\||;", line.partition("#")[0].rstrip("\\")):
                words = re.sub(r"^(?:hook_\w+=|(?:- )?buildCommand: )[\"']?|[\"']$", "", " ".join(command.split()))
                words = re.sub(r"^(?:@|-)?(?:[A-Z_]+=\S+ )*", "", words)
                if words:
                    yield number, words


def own_start(look: Look) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile starts the app by more than its release."""
    file, text = look.own_dockerfile
    last = {one.name: one for one in dockerfile.last_image(text) if one.name in ("ENTRYPOINT", "CMD")}
    words = [dockerfile.words(last[name].words) for name in ("ENTRYPOINT", "CMD") if name in last]
    said = " ".join(word for part in words for word in part)
    if last and not all(_is_usual(part) for part in re.split(r"&&|;", said)):
        script = _script(look, text, _WRAPPED.sub("", said).partition(" ")[0])
        if script is None or not all(_is_usual(part) for line in script for part in re.split(r"&&|;", line)):
            shown = said if len(said) < 80 else f"{said[:80].rsplit(' ', 1)[0]} …"
            yield warning("own-start-of-release", (file, next(iter(last.values())).line), command=shown)


_HAS_THE_RELEASE = expression(r"\brel\b|_build|\breleases?\b")
_NOT_READ = expression(r".*\.(?:sh|iex\.exs)|.*(?:docker-)?entrypoint\S*|.*/?(?:priv|priv/static|mix\.(?:exs|lock))/?")


def own_release_files(look: Look) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile copies files and programs into the image beside the release."""
    file, text = look.own_dockerfile
    image = dockerfile.last_image(text)
    copies = list(dockerfile.copies(image))
    release = [one for one in copies if one.origin and any(_HAS_THE_RELEASE.search(name) for name in one.sources)]
    if not release or any(re.search(r"\bmix\b", one.words) for one in image if one.name == "RUN"):
        return
    elsewhere = dockerfile.copies_of_other_images(text)
    started = " ".join(one.words for one in image if one.name in ("ENTRYPOINT", "CMD"))
    found: dict[str, int] = {}
    for one in copies:
        for source in one.sources if one not in (*release, *elsewhere) else ():
            name = source.rstrip("/").rpartition("/")[2]
            if name not in ("", ".", "*") and name not in started and not _NOT_READ.fullmatch(source):
                found.setdefault(source, one.line)
    if found:
        yield warning("own-release-files", (file, next(iter(found.values()))), names=", ".join(found))


def _is_usual(command: str) -> bool:
    plain = _WRAPPED.sub("", command.strip())
    return bool(_STARTS.fullmatch(plain) or _MIGRATES.fullmatch(plain) or _SAYS_NOTHING.fullmatch(plain))


def _script(look: Look, text: str, name: str) -> list[str] | None:
    """The lines of a script of the project that its Dockerfile copies, None where it is none."""
    base = name.rpartition("/")[2]
    copied = [word for one in dockerfile.instructions(text) if one.name == "COPY" for word in one.words.split()]
    for word in (*copied, base):
        if word.rpartition("/")[2] == base and (found := look.target.text(files.join(*word.split("/")))):
            return re.sub(r"\\\n\s*", "", found).splitlines()
    return None


def own_image_env(look: Look) -> Iterator[ProjectWarning]:
    """The project's own Dockerfile sets variables for the app, or while it is built."""
    file, text = look.own_dockerfile
    given = dict(re.findall(r"^[ \t]*ARG[ \t]+(\w+)=(\S+)", text, re.MULTILINE))
    last = dockerfile.last_image(text)
    known = {one.name for one in (*look.app.variables_at_run_time, *look.app.variables_on_condition)}
    found: dict[bool, dict[str, int]] = {True: {}, False: {}}
    for one in dockerfile.instructions(text):
        for name, value in dockerfile.settings(one).items() if one.name == "ENV" else ():
            filled = re.sub(r"\$\{?(\w+)\}?", lambda use: given.get(use[1], ""), value)
            if filled and not _OF_EVERY_IMAGE.fullmatch(name) and name not in known:
                found[one in last].setdefault(name, one.line)
    for code, names in (("own-image-env", found[True]), ("own-build-env", found[False])):
        if names:
            yield warning(code, (file, next(iter(names.values()))), names=", ".join(names))


_MIGRATES = expression(
    r"(?:\w+=\S+ )*(?:exec )?(?:mix (?:do )?(?:ecto|ash|ash_postgres|ash_sqlite)\.(?:create|migrate)(?: -\S+)*"
    r"|(?:\S*/)?bin/(?:migrate|\S+ eval [\"']?[\w.]+\.migrate(?:\(\))?[\"']?))"
)
"""A command that does what bin/migrate does; another rule tells of a module that migrates and is not called."""


def release_command(look: Look) -> Iterator[ProjectWarning]:
    """Another platform runs a command before each release, which does more than the release command here."""
    if phase := release_phase.find(look.target, look.dir):
        file, line, command = phase
        parts = [part.strip() for part in re.split(r"&&|;|, | \+ ", command)]
        if not all(_MIGRATES.fullmatch(re.sub(r"^(?=\w+\.\w)", "mix ", part)) for part in parts):
            name = look.app.app_module or "your main module"
            yield warning("release-phase-of-mix", (file, line), command=command, name=name)


# --- What the machine would do otherwise ------------------------------------------------------------------


def names_of_vm_args(look: Look) -> Iterator[ProjectWarning]:
    """rel/vm.args.eex of the app's own has a name for the node, beside the one that the release gives it."""
    text = release.own_vm_args(look.target, look.dir)
    if found := re.search(r"^[ \t]*(-s?name[ \t]+\S+)", text, re.MULTILINE):
        yield warning(
            "node-named-twice", (look.path("rel", "vm.args.eex"), files.line_of(text, found.start(1))), name=found[1]
        )


def origins_of_sockets(look: Look) -> Iterator[ProjectWarning]:
    """A socket of the endpoint has a list of origins of its own, which no configuration adds to."""
    for endpoint in look.app.endpoints:
        file = look.path(endpoint.file)
        text = look.target.text(file) or ""
        for found in re.finditer(r"^[^#\n]*\bcheck_origin:\s*\[([^\]]*)\]", text, re.MULTILINE):
            if endpoint.web_module == look.app.web_module and '"' in found[1] and "fly.dev" not in found[1]:
                yield warning("origins-of-socket", (file, files.line_of(text, found.start(1))))
                return


_KEEPS_MAILS = expression(r"(?:Swoosh\.Adapters|Bamboo)\.(?:Local|Test|Logger|Sendmail)(?:Adapter)?")


def mails_unsent(look: Look) -> Iterator[ProjectWarning]:
    """Mails are delivered by what a developer's machine has, such as the mailbox of Swoosh that phx.new sets."""
    if any(".secret.exs" in (look.target.text(file) or "") for file, _ in look.config()):
        return  # which git does not have, and which may set another one
    by_strength = sorted(look.config(), key=lambda one: _strength(one[0]))
    adapters: dict[str, tuple[str, str, bool]] = {}
    for file, nodes in by_strength:
        for setting in config.collect(nodes, {}):
            if setting.module and "adapter" in setting.values:
                local = {"localhost", "127.0.0.1"} & {str(setting.values.get(key)) for key in ("relay", "server")}
                adapters.setdefault(setting.module, (file, str(setting.values["adapter"]), bool(local)))
    for module, (file, adapter, here) in adapters.items():
        calls = re.compile(rf"^[^#\n]*\b{module.rpartition('.')[2]}\.deliver", re.MULTILINE)
        delivers = here or _KEEPS_MAILS.fullmatch(adapter)
        if delivers and any(calls.search(text) for _, text in look.having(".deliver")):
            code = "mails-by-sendmail" if here or "Sendmail" in adapter else "mails-unsent"
            said = f"{adapter} at localhost" if here else adapter
            yield warning(code, look.target.where([file], adapter), name=module, adapter=said)
            return


_CLIENTS = {f"Swoosh.ApiClient.{name}": name.lower() for name in ("Hackney", "Finch", "Req")}
"""What Swoosh sends by over HTTP → the package that it is made of."""
_SETS_CLIENT = expression(r"^[^#\n]*\bapi_client[:,]\s*([\w.]+)", re.MULTILINE)
_SETS_ADAPTER = expression(r"^[^#\n]*\badapter: (Swoosh\.Adapters\.\w+)", re.MULTILINE)
_WITHOUT_CLIENT = expression(r"Swoosh\.Adapters\.(?:Local|Test|Logger|Sandbox|Sendmail|SMTP|Mua|ProtonBridge)")


def client_of_mails(look: Look) -> Iterator[ProjectWarning]:
    """Swoosh stops, or sends nothing, without the client that production is configured with, or has by default."""
    named = [file for file, dep in look.deps if dep.name == "swoosh"]
    lock = look.target.text(look.path("mix.lock"), LOCK_LIMIT) or ""
    texts = {file: look.target.text(file) or "" for file, _ in sorted(look.config(), key=lambda one: _strength(one[0]))}
    if not named or '"swoosh":' not in lock or any(".secret.exs" in text for text in texts.values()):
        return
    place, client = look.target.where(named, ":swoosh"), next(iter(_CLIENTS))
    for file, text in reversed(texts.items()):
        if found := _SETS_CLIENT.search(text):
            place, client = (file, files.line_of(text, found.start(1))), found[1]
    package = _CLIENTS.get(client)
    if package and f'"{package}":' not in lock:
        yield warning("mail-client-missing", place, client=client, package=package)
    for adapter in (found[1] for text in texts.values() for found in _SETS_ADAPTER.finditer(text)):
        if client == "false" and not _WITHOUT_CLIENT.fullmatch(adapter):
            yield warning("mail-client-off", place, adapter=adapter)
            return


def _strength(file: str) -> int:
    """The place of a config file among those that set the same: one that is imported by its own name goes first."""
    name = file.rpartition("/")[2].removesuffix(".exs")
    return config.FILES.index(name) + 1 if name in config.FILES else 0
