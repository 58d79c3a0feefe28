"""What an Elixir app expects of its machine or its platform that an image on Fly does not have: rules of the survey.

They are part of `RULES` in survey.py, which tells how a rule is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from .. import files, release_phase
from ..project import ProjectWarning
from ..warnings import warning
from . import config, environment, mixfile
from .mixfile import Group, Node

if TYPE_CHECKING:
    from .survey import Look

# --- What listens ----------------------------------------------------------------------------------------

_SERVES_HTTP = re.compile(
    r"\{\s*(Bandit|Plug\.Cowboy)\s*,|\b(Bandit\.start_link|Plug(?:\.Adapters)?\.Cowboy2?\.(?:https?|child_spec))\("
    r"|(:cowboy\.start_(?:clear|tls|http))\("
)


def http_by_code(look: Look) -> Iterator[ProjectWarning]:
    """The app starts a web server of its own, beside the endpoints of Phoenix or in front of them."""
    for file, text in look.code_in_production.items():
        if "owboy" not in text and "Bandit" not in text:
            continue
        code = "\n".join(line.partition("#")[0] for line in text.splitlines())
        if found := _SERVES_HTTP.search(code):
            name = next(filter(None, found.groups()))
            yield warning("http-by-code", (file, files.line_of(code, found.start())), name=name)
            return


def servers_of_grpc(look: Look) -> Iterator[ProjectWarning]:
    """The package grpc is told to start the app's servers, wherever they are defined."""
    known = look.app.tcp_ports or any("GRPC.Server.Supervisor" in text for text in look.code_in_production.values())
    for file, nodes in look.config() if not known else ():
        for statement in mixfile.statements(nodes):
            tokens = list(mixfile.flat(statement))
            started = any(one[1] == "start_server" and other[1] == "true" for one, other in pairwise(tokens))
            if started and any(token[:2] == ("atom", "grpc") for token in tokens):
                yield warning("tcp-port-unknown", look.at(file, tokens[0].start))
                return


# --- What it reads and talks to --------------------------------------------------------------------------

_ON_EVERY_MACHINE = re.compile(
    r"/(?:proc|sys|dev|app)/.*|/etc/(?:hosts|hostname|os-release|passwd|group|localtime|resolv\.conf|ssl/certs/.*)"
)
_HARDWARE = re.compile(
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
            name = _of_the_machine(arguments[0], variables) if call in ("File.read!", "File.stream!") else None
            if name and arguments:
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


def hardware(look: Look) -> Iterator[ProjectWarning]:
    """Packages that talk to the hardware of a device."""
    on_device = [(file, dep) for file, dep in look.deps if _HARDWARE.fullmatch(dep.name)]
    found = [(file, dep.name) for file, dep in on_device if "targets" not in dep.options]
    if found:
        names = ", ".join(dict.fromkeys(name for _, name in found))
        yield warning("hardware", look.target.where([found[0][0]], f":{found[0][1]}"), names=names)


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


_MIGRATES = re.compile(
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
