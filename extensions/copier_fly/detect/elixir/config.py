"""What an Elixir project's config files set in production, and the ports among it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from ... import naming
from .. import files
from ..files import Target
from ..project import TcpPort
from ..warnings import warning
from . import mixfile

AT_RUN_TIME = ("runtime", "releases")
"""Names below config/ that are read when the app boots (releases.exs is what runtime.exs was before Elixir 1.11)."""
FILES = (*AT_RUN_TIME, "prod", "config")
"""Names below config/, the strongest first."""
GENERATOR_PORT = 4000
"""What phx.new writes where PORT is not set; it says nothing about this app."""
OUTBOUND = {"host", "hostname", "relay", "server", "scheme", "database", "username", "password", "pool_size"}
"""Options beside a port that make it the port of some other machine."""
PRIVATE = {
    "http",
    "https",
    "metrics",
    "prometheus",
    "telemetry",
    "epmd",
    "dist",
    "debug",
    "admin",
    "db",
    "smtp",
}
"""Words in a port's name that say it is not offered to the public as raw TCP."""
PLAIN = {"tcp", "listener", "listeners", "acceptor", "server", "supervisor", "application", "ranch", "opts"}
"""Words too general to name a service after."""


SET_BY_US = frozenset(
    """
    SECRET_KEY_BASE DATABASE_URL DIRECT_DATABASE_URL PHX_HOST PORT POOL_SIZE PHX_SERVER ECTO_IPV6 DATABASE_SSL
    DNS_CLUSTER_QUERY RELEASE_COOKIE RELEASE_NAME RELEASE_NODE HOME PATH HOSTNAME
    """.split()  # noqa: SIM905
)
"""Variables that the scaffold, the release or the system sets."""


class Fallback(NamedTuple):
    """A number that only stands in for an environment variable."""

    number: int


class Setting(NamedTuple):
    """One `config` call: the application, the module it is for (or None), and the values as plain data.

    `reads` has the variables of the environment that a value comes from, for each key whose value does.
    """

    app: str
    module: str | None
    values: dict[str, Any]
    reads: dict[str, tuple[str, ...]]


def read(target: Target, folder: str, names: tuple[str, ...] = FILES) -> list[Setting]:
    """The settings of config/*.exs, strongest file first, without dev.exs, test.exs and dev or test blocks.

    `target` is the `files.Target`; a file that could not be understood becomes one of its notes.
    """
    found: list[Setting] = []
    for name in names:
        relative = files.join(folder, "config", f"{name}.exs")
        text = target.text(relative)
        if text is None:
            continue
        try:
            found += collect(mixfile.parse(text).items, {})
        except mixfile.UnparsableError as error:
            target.warn(warning("config-not-understood", (relative, error.line), what=error.what))
    return found


def collect(items: list[Any], variables: dict[str, list[Any]]) -> Iterator[Setting]:
    """The settings that these items make, in order; `variables` are those that are bound, by name."""
    for statement in mixfile.statements(items):
        block = statement[-1]
        if mixfile.is_word(statement[0], "config"):
            yield from _setting(mixfile.arguments(statement[1:]), variables)
        elif len(statement) > 2 and mixfile.is_word(statement[1], "="):
            variables[str(mixfile.literal(statement[:1], "ident"))] = statement[2:]
        elif isinstance(block, mixfile.Group) and block.kind == "do":
            yield from collect(_branch_of_production(statement[:-1], block), variables)


def _setting(items: list[Any], variables: dict[str, list[Any]]) -> Iterator[Setting]:
    parts = mixfile.elements(items)
    app = _name(parts[:1], "atom")
    if not app:
        return
    module = _name(parts[1:2], "alias")
    key = _name(parts[1:2], "atom") if len(parts) == 3 else None
    if key:
        keywords = {name: _plain(nodes, variables) for name, nodes in mixfile.pairs(parts[2]).items()}
        yield Setting(app, None, {key: keywords or _plain(parts[2], variables)}, {})
        return
    values = {name: _plain(nodes, variables) for name, nodes in mixfile.pairs(items).items()}
    if module and len(parts) == 3 and not values:
        whole = _plain(parts[2], variables)
        values = whole if isinstance(whole, dict) else {}
    reads = {name: tuple(_read(nodes, variables)) for name, nodes in mixfile.pairs(items).items()}
    yield Setting(app, module, values, {name: names for name, names in reads.items() if names})


def _read(nodes: list[Any], variables: dict[str, list[Any]]) -> Iterator[str]:
    """The variables of the environment that an expression reads, also where an earlier line did it."""
    # What is put into a text is a part of the value.
    whole = [node for node in nodes if not (isinstance(node, mixfile.Group) and node.kind == "#{")]
    tokens = list(mixfile.flat(whole))
    if any(token.kind == "ident" and token.value in ("get_env", "fetch_env!", "env!") for token in tokens):
        words = (str(token.value) for token in tokens if token.kind == "string")
        yield from (word for word in words if re.fullmatch(r"[A-Z][A-Z0-9_]+", word))
    for token in tokens:
        if token.kind == "ident" and token.value in variables:
            rest = {name: value for name, value in variables.items() if name != token.value}
            yield from _read(variables[str(token.value)], rest)


def _name(parts: list[list[Any]], kind: str) -> str | None:
    value = mixfile.literal(parts[0], kind) if parts else None
    return str(value) if value else None


def _plain(nodes: list[Any], variables: dict[str, list[Any]]) -> Any:
    """Nodes as plain data: dict, list, str, int, `Fallback` (or a list of them), or None for what is computed."""
    only = nodes[0] if len(nodes) == 1 else None
    if isinstance(only, mixfile.Group) and only.kind in ("[", "%{"):
        keywords = {name: _plain(value, variables) for name, value in mixfile.pairs(only.items).items()}
        return keywords or [_plain(element, variables) for element in mixfile.elements(only.items)]
    if isinstance(only, mixfile.Token):
        if only.kind == "ident" and only.value in variables:
            # Taken out first: a variable may be set from its own old value.
            rest = {name: value for name, value in variables.items() if name != only.value}
            return _plain(variables[only.value], rest)
        return only.value if only.kind in ("string", "atom", "alias", "number") else None
    tokens = list(mixfile.flat(nodes))
    if any(token.kind == "ident" and token.value in ("get_env", "env!") for token in tokens):
        written = [str(token.value) for token in tokens if token.kind in ("number", "string")]
        if listed := [word for word in written if re.fullmatch(r"[0-9]{4,5}(?: *, *[0-9]{4,5})+", word)]:
            return [Fallback(int(number)) for number in listed[0].split(",")]
        numbers = [int(word) for word in written if re.fullmatch(r"[0-9]{1,5}", word)]
        return Fallback(numbers[0]) if len(numbers) == 1 else None
    return None


def _port(value: Any) -> int | None:
    number = value.number if isinstance(value, Fallback) else value
    return number if isinstance(number, int) and 1024 <= number <= 65535 else None


def set_by_fly(name: str) -> bool:
    """Whether Fly sets a variable on every machine: those of its own, and no token for its API."""
    return name.startswith("FLY_") and "TOKEN" not in name


def privileged(value: Any) -> int | None:
    """The number of a port that only root may open, and the user of the image is another one; None for others."""
    number = value.number if isinstance(value, Fallback) else value
    return number if isinstance(number, int) and 0 < number < 1024 else None


def ecto_repos(settings: list[Setting], apps: list[str]) -> list[str]:
    """The modules that `ecto_repos` names for these applications, in order, each once."""
    found: list[str] = []
    for setting in settings:
        named = setting.values.get("ecto_repos") if setting.app in apps and not setting.module else None
        found += [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    return list(dict.fromkeys(found))


def http_port(settings: list[Setting], endpoint: str) -> int | None:
    """The port an endpoint insists on: a number, or a stand-in for PORT other than the generator's 4000."""
    for setting in settings:
        http = setting.values.get("http") if setting.module == endpoint else None
        written = http.get("port") if isinstance(http, dict) else None
        if port := _port(written):
            return None if isinstance(written, Fallback) and port == GENERATOR_PORT else port
    return None


def tcp_ports(
    settings: list[Setting], apps: list[str], endpoints: set[str], fits: Callable[[Any], int | None] = _port
) -> list[TcpPort]:
    """Ports that these applications set for themselves and that are not their endpoints': of those that `fits` knows.

    The name is that of the option, the module or, in an umbrella, the child without the prefix all share.
    """
    shared = _shared_words(apps)
    found: dict[int, str] = {}
    for setting in settings:
        if setting.app not in apps or setting.module in endpoints:
            continue
        name = "_".join(setting.app.split("_")[shared:]) or setting.app
        if setting.module and len(apps) == 1:
            words = [naming.underscore(part) for part in setting.module.split(".")[1:]]
            name = next((word for word in reversed(words) if not set(word.split("_")) <= PLAIN), name)
        for own, port in _listeners(setting.values, name, fits):
            if not PRIVATE & set(own.split("_")):
                found.setdefault(port, own if own not in found.values() else f"{own}_{port}")
    return [TcpPort(name, port) for port, name in sorted(found.items())]


def _shared_words(apps: list[str]) -> int:
    count = 0
    for words in zip(*(app.split("_") for app in apps), strict=False):
        if len(apps) < 2 or len(set(words)) > 1:
            break
        count += 1
    return count


def _listeners(value: Any, name: str, fits: Callable[[Any], int | None]) -> Iterator[tuple[str, int]]:
    if isinstance(value, list):
        for inner in value:
            yield from _listeners(inner, name, fits)
    if not isinstance(value, dict) or value.keys() & OUTBOUND:
        return
    own = value["name"] if isinstance(value.get("name"), str) else name
    for key, inner in value.items():
        port = fits(inner)
        if port and key in ("port", "tcp_port"):
            yield naming.underscore(own.rpartition(".")[2]), port
        elif port and re.search(r"_port(_|$)", key):
            yield re.sub(r"(_tcp)?_port(?=_|$)", "", key), port
        elif key.endswith("ports") and isinstance(inner, list):
            service = re.sub(r"_?(tcp_)?ports$", "", key) or own
            yield from ((f"{service}_{number}", number) for each in inner if (number := fits(each)))
        elif key in ("ports", "tcp_ports") and isinstance(inner, dict):
            yield from ((each, number) for each, at in inner.items() if (number := fits(at)))
        else:
            yield from _listeners(inner, own if key in PLAIN else key, fits)


def production_files(target: Target, folder: str) -> Iterator[tuple[str, list[mixfile.Node]]]:
    """Every config file that counts in production, with its nodes: the four of `FILES`, and what is in sub-folders.

    Of the others beside them (staging.exs, a release's own) those that are imported by name; of an umbrella's apps
    their own files, where the root imports them. Blocks for development and tests alone are left out, and so are
    files that could not be understood.
    """
    tops = [files.join(folder, "config")]
    apps = files.join(folder, "apps")
    main = target.text(files.join(tops[0], "config.exs")) or ""
    imported = re.findall(r'"\.\./apps/([\w*]+)/config/config\.exs"', main)
    tops += [files.join(apps, name, "config") for name in (target.names(apps) if "*" in imported else imported)]
    for top in tops:
        named = {files.join(top, f"{name}.exs") for name in FILES}
        text = "".join(target.text(file) or "" for file in sorted(named))
        named |= {files.join(top, name) for name in re.findall(r'import_config[ (]+"([^"#]+)"', text)}
        for file in target.sources(top, ".exs"):
            elsewhere = files.folder_of(file) == top and file not in named
            if elsewhere or re.search(r"/(dev|test|ci)\b", file.removeprefix(top)):
                continue
            try:
                yield file, _of_production(mixfile.parse(target.text(file) or "").items)
            except mixfile.UnparsableError:
                continue


def _of_production(items: list[mixfile.Node]) -> list[mixfile.Node]:
    kept: list[mixfile.Node] = []
    for statement in mixfile.statements(items):
        *before, last = statement
        if isinstance(last, mixfile.Group) and last.kind == "do":
            last = last._replace(items=_branch_of_production(before, last))
            if not last.items:
                continue
        kept += [*before, last, mixfile.Token("eol", "\n", last.end, last.end)]
    return kept


def _branch_of_production(condition: list[mixfile.Node], block: mixfile.Group) -> list[mixfile.Node]:
    """What of a block runs in production: all of it, unless the condition asks for the environment alone.

    `if config_env() == :test do A else B end` gives B, and so does `unless … in [:dev, :prod] do A else B end`.
    """
    tokens = list(mixfile.flat(condition))
    if any(mixfile.is_word(node, "case") for node in condition) and tokens[-1].value in ("config_env", "env"):
        return _clause_of_production(block)
    asked = {token.value for token in tokens if token.kind == "atom"} & {"dev", "test", "prod"}
    if not asked or any(mixfile.is_word(token, "or", "||") for token in tokens):
        return block.items
    pairs = {(one.value, other.value) for one, other in pairwise(tokens)}
    unlike = any((op, name) in pairs for op in ("!=", "!==") for name in asked) or ("not", "in") in pairs
    turned = unlike != any(mixfile.is_word(token, "unless") for token in tokens)
    at = next((at for at, node in enumerate(block.items) if mixfile.is_word(node, "else")), len(block.items))
    return block.items[:at] if ("prod" in asked) != turned else block.items[at + 1 :]


def _clause_of_production(block: mixfile.Group) -> list[mixfile.Node]:
    """What `case config_env() do … end` does in production: the first clause for `:prod`, or for anything."""
    kept: list[mixfile.Node] = []
    taken = here = False
    for statement in mixfile.statements(block.items):
        arrow = next((at for at, node in enumerate(statement) if mixfile.is_word(node, "->")), None)
        if arrow is not None:
            names = {token.value for token in mixfile.flat(statement[:arrow])}
            here = not taken and ("prod" in names or not names & {"dev", "test", "docs", "staging"})
            taken = taken or here
        if here:
            end = statement[-1].end
            kept += [*statement[0 if arrow is None else arrow + 1 :], mixfile.Token("eol", "\n", end, end)]
    return kept


def calls(nodes: list[mixfile.Node]) -> Iterator[tuple[str, list[list[mixfile.Node]]]]:
    """Every call in parentheses with its arguments, as it is written: `System.get_env`, `env!`."""
    for at, node in enumerate(nodes):
        if not isinstance(node, mixfile.Group):
            continue
        if node.kind == "(" and at and isinstance(nodes[at - 1], mixfile.Token):
            before = nodes[max(at - 3, 0) : at]
            dotted = len(before) == 3 and mixfile.is_word(before[1], ".")
            words = [str(one.value) for one in (before if dotted else before[-1:]) if isinstance(one, mixfile.Token)]
            yield "".join(words), mixfile.elements(node.items)
        yield from calls(node.items)
