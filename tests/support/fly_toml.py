"""Checks a fly.toml for what flyctl lets through, and runs flyctl's own validation.

`flyctl config validate --strict` is blind inside [[services]], [[vm]], [[mounts]] and [[metrics]], and judges
no region, size, signal, port, handler or memory. The tables here are flyctl's own structures (v0.4.83,
internal/appconfig; fly-go machine_types.go) and the documented limits of the platform.
"""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.truth.record import flyctl, quiet_environment

_CATALOG = Path(__file__).resolve().parents[2] / "extensions" / "copier_fly" / "fly" / "catalog"
Table = Mapping[str, Any]


@cache
def _catalog(name: str) -> dict[str, Any]:
    return yaml.safe_load((_CATALOG / f"{name}.yml").read_bytes())


# --- What keys there are ---------------------------------------------------------------------------------

_TEXT, _WHOLE, _NUMBER, _FLAG = "text", "whole number", "number", "true or false"
_DURATION, _PORT, _WORDS, _TEXTS, _SCALARS, _ANY = (
    "duration",
    "port",
    "list of text",
    "texts",
    "scalars",
    "any",
)
_SIGNAL, _REGION, _PATH, _SIZE = "signal", "region", "absolute path", "size of memory or disk"

_COMPUTE = {
    "size": _TEXT,
    "memory": _SIZE,
    "memory_mb": _WHOLE,
    "max_memory_mb": _WHOLE,
    "cpus": _WHOLE,
    "cpu_kind": _TEXT,
    "kernel_args": _WORDS,
    "host_dedication_id": _TEXT,
    "persist_rootfs": _TEXT,
}
_CONCURRENCY = {"type": _TEXT, "soft_limit": _WHOLE, "hard_limit": _WHOLE}
_TCP_CHECK = {"interval": _DURATION, "timeout": _DURATION, "grace_period": _DURATION}
_HTTP_CHECK = _TCP_CHECK | {
    "method": _TEXT,
    "path": _PATH,
    "protocol": _TEXT,
    "tls_skip_verify": _FLAG,
    "tls_server_name": _TEXT,
    "headers": _TEXTS,
}
_MACHINE_CHECK = {
    "command": _WORDS,
    "image": _TEXT,
    "entrypoint": _WORDS,
    "kill_signal": _SIGNAL,
    "kill_timeout": _DURATION,
}
_TLS = {"alpn": _WORDS, "versions": _WORDS, "default_self_signed": _FLAG}
_HTTP = {
    "compress": _FLAG,
    "h2_backend": _FLAG,
    "idle_timeout": _WHOLE,
    "headers_read_timeout": _WHOLE,
    "response": {"headers": _ANY, "pristine": _FLAG},
    "replay_cache": [
        {"path_prefix": _TEXT, "ttl_seconds": _WHOLE, "type": _TEXT, "name": _TEXT, "allow_bypass": _FLAG}
    ],
}
_SERVICE = {
    "internal_port": _PORT,
    "auto_stop_machines": _TEXT,
    "auto_start_machines": _FLAG,
    "min_machines_running": _WHOLE,
    "processes": _WORDS,
    "concurrency": _CONCURRENCY,
    "machine_checks": [_MACHINE_CHECK],
}
_PORTS = {
    "port": _PORT,
    "start_port": _PORT,
    "end_port": _PORT,
    "handlers": _WORDS,
    "force_https": _FLAG,
    "tls_options": _TLS,
    "http_options": _HTTP,
    "proxy_proto_options": {"version": _TEXT},
}
_TOP = {
    "app": _TEXT,
    "primary_region": _REGION,
    "kill_signal": _SIGNAL,
    "kill_timeout": _DURATION,
    "swap_size_mb": _WHOLE,
    "console_command": _TEXT,
    "host_dedication_id": _TEXT,
    "machine_config": _TEXT,
    "container": _TEXT,
    "machine_checks": [_MACHINE_CHECK],
    "build": {
        "dockerfile": _TEXT,
        "ignorefile": _TEXT,
        "build-target": _TEXT,
        "args": _TEXTS,
        "image": _TEXT,
        "builder": _TEXT,
        "buildpacks": _WORDS,
        "settings": _ANY,
        "compose": {"file": _TEXT},
        "compression": _TEXT,
        "compression_level": _WHOLE,
    },
    "deploy": {
        "strategy": _TEXT,
        "max_unavailable": _NUMBER,
        "wait_timeout": _DURATION,
        "release_command": _TEXT,
        "release_command_timeout": _DURATION,
        "release_command_vm": _COMPUTE,
        "seed_command": _TEXT,
    },
    "env": _SCALARS,
    "processes": _TEXTS,
    "mounts": [
        {
            "source": _TEXT,
            "destination": _PATH,
            "initial_size": _SIZE,
            "snapshot_retention": _WHOLE,
            "scheduled_snapshots": _FLAG,
            "auto_extend_size_threshold": _WHOLE,
            "auto_extend_size_increment": _SIZE,
            "auto_extend_size_limit": _SIZE,
            "processes": _WORDS,
        }
    ],
    "http_service": _SERVICE
    | {"force_https": _FLAG, "tls_options": _TLS, "http_options": _HTTP, "checks": [_HTTP_CHECK]},
    "services": [
        _SERVICE | {"protocol": _TEXT, "ports": [_PORTS], "tcp_checks": [_TCP_CHECK], "http_checks": [_HTTP_CHECK]}
    ],
    "checks": {"*": _HTTP_CHECK | {"type": _TEXT, "port": _PORT, "processes": _WORDS}},
    "files": [
        {
            "guest_path": _PATH,
            "local_path": _TEXT,
            "secret_name": _TEXT,
            "raw_value": _TEXT,
            "processes": _WORDS,
        }
    ],
    "restart": [{"policy": _TEXT, "retries": _WHOLE, "processes": _WORDS}],
    "vm": [_COMPUTE | {"processes": _WORDS}],
    "statics": [{"guest_path": _PATH, "url_prefix": _PATH, "tigris_bucket": _TEXT, "index_document": _TEXT}],
    "metrics": [{"port": _PORT, "path": _PATH, "https": _FLAG, "processes": _WORDS}],
    # auto_rollback is read and used nowhere, lazy_load_images is gone: both count as unknown here.
    "experimental": {
        "cmd": _WORDS,
        "entrypoint": _WORDS,
        "exec": _WORDS,
        "enable_consul": _FLAG,
        "enable_etcd": _FLAG,
        "attached": {"secrets": {"export": _TEXTS}},
        "machine_config": _TEXT,
    },
}

_SIGNALS = {"SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGSTOP"}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_ONE_OF = {
    "auto_stop_machines": {"off", "stop", "suspend"},
    "protocol": {"tcp", "udp", "http", "https"},
    "strategy": {"rolling", "canary", "bluegreen", "immediate"},
    "cpu_kind": {"shared", "performance"},
    "policy": {"always", "never", "on-failure"},
    "compression": {"gzip", "zstd"},
    "persist_rootfs": {"never", "always", "restart"},
    "method": {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"},
}
_LEAST = {
    "swap_size_mb": 0,
    "max_unavailable": 0,
    "min_machines_running": 0,
    "retries": 0,
    "cpus": 1,
    "soft_limit": 1,
    "hard_limit": 1,
}
_HANDLERS = {"http", "tls", "pg_tls", "proxy_proto"}
# What flyctl itself warns of at every deploy (internal/command/deploy/common_secrets.go).
_SECRETIVE = ("KEY", "PRIVATE", "DATABASE_URL", "PASSWORD", "SECRET")
_NOT_SECRET = {"AWS_ACCESS_KEY_ID", "TIGRIS_ACCESS_KEY_ID"}


def check(text: str) -> list[str]:
    """Check the text of one fly.toml; return one sentence for each fault, beginning with where it is.

    Needs neither flyctl nor a network. A text that is no TOML gives that one fault.
    """
    try:
        config = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"fly.toml: no TOML: {error}"]
    faults = list(_keys(config, _TOP, ""))
    if faults:  # the rules below count on every key having its type
        return faults
    return [fault for rule in _RULES for fault in rule(config)]


def seconds(duration: str) -> float | None:
    """Turn a duration such as "1m30s" into seconds, None when it is none."""
    if not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", duration):
        return None
    return sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", duration))


def megabytes(size: str | int) -> int | None:
    """Turn a size such as "512mb", "1GB" or a number of megabytes into MB, None when it is none."""
    found = re.fullmatch(r"(\d+)\s*(mb|gb|mib|gib)?", str(size).lower())
    return int(found[1]) * (1024 if (found[2] or "").startswith("g") else 1) if found else None


# --- Keys and types --------------------------------------------------------------------------------------


def _keys(table: Table, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, value in table.items():
        place = f"{where}.{key}" if where else key
        kind = schema.get(key, schema.get("*"))
        if kind is None:
            yield f"{place}: there is no such key, flyctl drops it"
        elif isinstance(kind, list):
            if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
                yield f"{place}: must be written as [[{place}]]"
            else:
                for number, item in enumerate(value):
                    yield from _keys(item, kind[0], f"{place}[{number}]")
        elif isinstance(kind, dict):
            if isinstance(value, dict):
                yield from _keys(value, kind, place)
            else:
                yield f"{place}: must be written as [{place}]"
        elif fault := _value(key, value, kind):
            yield f"{place}: {fault}"


def _value(key: str, value: Any, kind: str) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        _TEXT: isinstance(value, str),
        _PATH: isinstance(value, str),
        _SIGNAL: isinstance(value, str),
        _REGION: isinstance(value, str),
        _DURATION: isinstance(value, str),
        _SIZE: isinstance(value, str) or (whole and key == "memory"),
        _WHOLE: whole,
        _PORT: whole,
        _NUMBER: whole or isinstance(value, float),
        _FLAG: isinstance(value, bool),
        _WORDS: isinstance(value, list) and all(isinstance(item, str) for item in value),
        _TEXTS: isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
        _SCALARS: isinstance(value, dict) and not any(isinstance(v, dict | list) for v in value.values()),
        _ANY: True,
    }[kind]
    if kind == _DURATION and not fits:
        return f'{value!r} has no unit; write it in quotes, such as "15s"'
    if not fits:
        return f"{value!r} is no {kind}"
    if kind == _DURATION and seconds(value) is None:
        return f'{value!r} is no duration such as "15s"'
    if kind == _PORT and not 1 <= value <= 65535:
        return f"{value} is no port"
    if kind == _PATH and not value.startswith("/"):
        return f"{value!r} must begin with /"
    if kind == _SIGNAL and value not in _SIGNALS:
        return f"{value} is none of {', '.join(sorted(_SIGNALS))}"
    if kind == _SIZE and megabytes(value) is None:
        return f"{value!r} is no size such as 512mb or 1gb"
    if kind == _REGION:
        return _region(value)
    if key in _ONE_OF and value not in _ONE_OF[key]:
        return f"{value!r} is none of {', '.join(sorted(_ONE_OF[key]))}"
    if key in _LEAST and value < _LEAST[key]:
        return f"{value} is less than {_LEAST[key]}"
    return ""


def _region(code: str) -> str:
    region = _catalog("regions").get(code)
    if region is None:
        return f"there is no region {code}"
    if region.get("retired"):
        return f"region {code} was removed; the nearest are {', '.join(region['successor'])}"
    return ""


# --- Rules over several keys -----------------------------------------------------------------------------


def _services(config: Table) -> Iterator[tuple[str, Table]]:
    if "http_service" in config:
        yield "http_service", config["http_service"]
    for number, service in enumerate(config.get("services", [])):
        yield f"services[{number}]", service


def _service_checks(config: Table) -> Iterator[tuple[str, Table]]:
    for place, service in _services(config):
        for kind in ("checks", "http_checks", "tcp_checks"):
            for number, one in enumerate(service.get(kind, [])):
                yield f"{place}.{kind}[{number}]", one


def _groups(config: Table) -> list[str]:
    return list(config.get("processes", {})) or ["app"]


def _groups_of(config: Table, section: Table) -> list[str]:
    return section.get("processes") or _groups(config)


def _process_names(config: Table) -> Iterator[str]:
    known = _groups(config)
    for place, section in _with_processes(config):
        for name in section.get("processes", []):
            if name not in known:
                yield f"{place}.processes: there is no process group {name}"
    for place, service in _services(config):
        if "processes" in config and not service.get("processes"):
            yield f"{place}: needs processes, as there is a [processes] section"


def _with_processes(config: Table) -> Iterator[tuple[str, Table]]:
    yield from _services(config)
    for name in ("mounts", "vm", "files", "restart", "metrics"):
        for number, section in enumerate(config.get(name, [])):
            yield f"{name}[{number}]", section
    for name, one in config.get("checks", {}).items():
        yield f"checks.{name}", one


def _one_per_group(config: Table) -> Iterator[str]:
    for name in ("mounts", "vm", "restart"):
        taken: set[str] = set()
        for number, section in enumerate(config.get(name, [])):
            # A [[vm]] without processes is for those that no other one names (ComputeForGroup in processgroups.go).
            others = ["of all others"] if name == "vm" else _groups(config)
            for group in section.get("processes") or others:
                if group in taken:
                    yield f"{name}[{number}]: group {group} has one already"
                taken.add(group)


def _internal_ports(config: Table) -> Iterator[str]:
    for place, service in _services(config):
        if "internal_port" not in service:
            yield f"{place}: has no internal_port, and flyctl sends 0"
    port = str(config.get("env", {}).get("PORT", ""))
    served = config.get("http_service", {}).get("internal_port")
    if port and served and port != str(served):
        yield f"http_service.internal_port: {served} is not the PORT {port} of [env]"


def _outer_ports(config: Table) -> Iterator[str]:
    taken: dict[tuple[str, int], str] = {}
    if "http_service" in config:
        taken = {("tcp", 80): "http_service", ("tcp", 443): "http_service"}
    for number, service in enumerate(config.get("services", [])):
        place = f"services[{number}]"
        protocol = service.get("protocol", "tcp")
        if protocol not in ("tcp", "udp"):
            yield f"{place}.protocol: {protocol!r} is neither tcp nor udp"
        if not service.get("ports"):
            yield f"{place}: has no [[services.ports]], so nothing reaches it"
        for index, port in enumerate(service.get("ports", [])):
            at = f"{place}.ports[{index}]"
            ends = port.get("start_port"), port.get("end_port")
            if ("port" in port) == any(ends) or (any(ends) and not all(ends)):
                yield f"{at}: needs either port, or start_port and end_port"
                continue
            first, last = ends if all(ends) else (port["port"], port["port"])
            if first > last:
                yield f"{at}: start_port is above end_port"
            for one in range(first, last + 1):
                if (owner := taken.setdefault((protocol, one), at)) != at:
                    yield f"{at}: port {one} is taken by {owner}"
                    break
            if protocol == "udp" and (first, last) != (service.get("internal_port"),) * 2:
                yield f"{at}: for udp the port must be the internal_port"


def _handlers(config: Table) -> Iterator[str]:
    needs = {
        "force_https": "http",
        "http_options": "http",
        "tls_options": "tls",
        "proxy_proto_options": "proxy_proto",
    }
    for number, service in enumerate(config.get("services", [])):
        for index, port in enumerate(service.get("ports", [])):
            at = f"services[{number}].ports[{index}]"
            handlers = port.get("handlers", [])
            if unknown := set(handlers) - _HANDLERS:
                yield f"{at}.handlers: there is no handler {', '.join(sorted(unknown))}"
            if handlers and service.get("protocol") == "udp":
                yield f"{at}.handlers: udp has none"
            for key, handler in needs.items():
                if port.get(key) and handler not in handlers:
                    yield f"{at}.{key}: needs the handler {handler}"
            if port.get("proxy_proto_options", {}).get("version", "v2") not in ("v1", "v2"):
                yield f"{at}.proxy_proto_options.version: is neither v1 nor v2"


def _durations(config: Table) -> Iterator[str]:
    def outside(table: Table, key: str, least: float, most: float, place: str) -> Iterator[str]:
        length = seconds(table[key]) if key in table else None
        if length is not None and not least <= length <= most:
            yield f"{place}: {table[key]} is not between {least:g}s and {most:g}s"

    yield from outside(config, "kill_timeout", 0, 300, "kill_timeout")
    for place, one in _service_checks(config):
        # flyctl warns, and the platform takes the nearest it allows (validation.go).
        yield from outside(one, "interval", 1, 60, f"{place}.interval")
        yield from outside(one, "timeout", 1, 60, f"{place}.timeout")
        if seconds(one.get("grace_period", "0s")) != 0:
            yield from outside(one, "grace_period", 1, 60, f"{place}.grace_period")
    for name, one in config.get("checks", {}).items():
        yield from outside(one, "interval", 2, 3600, f"checks.{name}.interval")
        yield from outside(one, "timeout", 0.001, 60, f"checks.{name}.timeout")
    machine_checks = [config, *(service for _, service in _services(config))]
    for one in itertools.chain.from_iterable(table.get("machine_checks", []) for table in machine_checks):
        yield from outside(one, "kill_timeout", 0, 300, "machine_checks.kill_timeout")


def _check_protocols(config: Table) -> Iterator[str]:
    checks = [*_service_checks(config), *((f"checks.{n}", c) for n, c in config.get("checks", {}).items())]
    for place, one in checks:
        if one.get("protocol", "http") not in ("http", "https"):
            yield f"{place}.protocol: {one['protocol']!r} is neither http nor https"
    for name, one in config.get("checks", {}).items():
        if one.get("type") not in ("http", "tcp"):
            yield f"checks.{name}: needs type http or tcp"
        if "port" not in one:
            yield f"checks.{name}: has no port"


def _compute(config: Table) -> Iterator[str]:
    tables = [(f"vm[{number}]", vm) for number, vm in enumerate(config.get("vm", []))]
    if "release_command_vm" in config.get("deploy", {}):
        tables.append(("deploy.release_command_vm", config["deploy"]["release_command_vm"]))
    for place, vm in tables:
        yield from _machine(place, vm)


def _machine(place: str, vm: Table) -> Iterator[str]:
    sizes = _catalog("machines")["sizes"]
    if "memory" in vm and "memory_mb" in vm:
        yield f"{place}: has both memory and memory_mb"
    size = vm.get("size", "shared-cpu-1x")
    if size not in sizes:
        yield f"{place}.size: there is no size {size}"
        return
    # `size` has the lowest precedence: cpu_kind and cpus replace what it says.
    kind = vm.get("cpu_kind", sizes[size]["cpu_kind"])
    cpus = vm.get("cpus", sizes[size]["cpus"])
    limits = next((s for s in sizes.values() if (s["cpu_kind"], s["cpus"]) == (kind, cpus)), None)
    if limits is None:
        yield f"{place}: there is no machine with {cpus} {kind} CPUs"
        return
    memory = _memory(vm)
    possible = range(limits["min_mb"], limits["max_mb"] + 1, limits["step_mb"])
    if memory is not None and memory not in possible:
        yield (
            f"{place}: {memory} MB of memory is not possible with {cpus} {kind} CPUs: "
            f"from {limits['min_mb']} to {limits['max_mb']} MB in steps of {limits['step_mb']}"
        )


def _memory(vm: Table) -> int | None:
    return vm["memory_mb"] if "memory_mb" in vm else megabytes(vm["memory"]) if "memory" in vm else None


def _suspend(config: Table) -> Iterator[str]:
    sizes = _catalog("machines")["sizes"]
    for place, service in _services(config):
        if service.get("auto_stop_machines") != "suspend":
            continue
        if config.get("swap_size_mb"):
            yield f"{place}.auto_stop_machines: suspend does not go with swap"
        for vm in config.get("vm", []):
            if set(_groups_of(config, vm)) & set(_groups_of(config, service)):
                memory = _memory(vm) or sizes.get(vm.get("size"), {"min_mb": 0})["min_mb"]
                if memory > 2048:
                    yield f"{place}.auto_stop_machines: suspend needs 2048 MB of memory or less, not {memory}"
    for number, service in enumerate(config.get("services", [])):
        if service.get("protocol") == "udp" and service.get("auto_stop_machines", "off") != "off":
            yield f"services[{number}].auto_stop_machines: udp does not start a stopped machine"


def _strategy(config: Table) -> Iterator[str]:
    strategy = config.get("deploy", {}).get("strategy", "rolling")
    if strategy in ("bluegreen", "canary") and config.get("mounts"):
        yield f"deploy.strategy: {strategy} does not go with mounts"
    if strategy == "bluegreen" and not config.get("checks") and not any(_service_checks(config)):
        yield "deploy.strategy: bluegreen needs at least one check"


def _release_command(config: Table) -> Iterator[str]:
    command = config.get("deploy", {}).get("release_command")
    if command is None:
        return
    try:
        words = shlex.split(command)
    except ValueError as error:
        yield f"deploy.release_command: cannot be split: {error}"
        return
    # A name is looked for on PATH, as the official `npx prisma migrate deploy` is; what a relative path means
    # depends on the image's WORKDIR.
    if not words or ("/" in words[0] and not words[0].startswith("/")):
        yield f"deploy.release_command: {command!r} must begin with a program's name or absolute path"
    elif re.search(r"[$;&|<>`]", command) and not re.fullmatch(r"-[a-z]*c", words[1] if words[1:] else ""):
        yield "deploy.release_command: no shell reads it; wrap it in /bin/sh -c '…'"


def _environment(config: Table) -> Iterator[str]:
    for name in config.get("env", {}):
        if name.startswith("FLY_"):
            yield f"env.{name}: names that begin with FLY_ belong to the platform"
        elif not re.fullmatch(r"[A-Za-z_]\w*", name):
            yield f"env.{name}: is no name of a variable"
        elif name not in _NOT_SECRET and any(part in name for part in _SECRETIVE):
            yield f"env.{name}: looks like a secret, and flyctl warns of it at every deploy"


def _disks_and_files(config: Table) -> Iterator[str]:
    for number, mount in enumerate(config.get("mounts", [])):
        yield from _mount(f"mounts[{number}]", mount)
    for number, file in enumerate(config.get("files", [])):
        if "guest_path" not in file:
            yield f"files[{number}]: has no guest_path"
        if len(file.keys() & {"local_path", "secret_name", "raw_value"}) != 1:
            yield f"files[{number}]: needs exactly one of local_path, secret_name and raw_value"
    if len(config.get("statics", [])) > 10:
        yield "statics: more than 10"
    for number, static in enumerate(config.get("statics", [])):
        for key in {"guest_path", "url_prefix"} - static.keys():
            yield f"statics[{number}]: has no {key}"


def _mount(place: str, mount: Table) -> Iterator[str]:
    for key in ("source", "destination"):
        if key not in mount:
            yield f"{place}: has no {key}"
    gigabytes = {key: (megabytes(mount[key]) or 0) / 1024 for key in mount if key.endswith(("size", "ment", "limit"))}
    extending = ("auto_extend_size_threshold", "auto_extend_size_increment", "auto_extend_size_limit")
    if any(key in mount for key in extending) and not all(key in mount for key in extending):
        yield f"{place}: needs all of {', '.join(extending)}, or none"
    limits = {
        "initial_size": (1, 500),
        "auto_extend_size_increment": (1, 100),
        "auto_extend_size_limit": (1, 500),
    }
    for key, (least, most) in limits.items():
        if key in mount and not least <= gigabytes[key] <= most:
            yield f"{place}.{key}: {mount[key]} is not between {least}gb and {most}gb"
    for key, (least, most) in {"snapshot_retention": (1, 60), "auto_extend_size_threshold": (50, 99)}.items():
        if key in mount and not least <= mount[key] <= most:
            yield f"{place}.{key}: {mount[key]} is not between {least} and {most}"


def _concurrency(config: Table) -> Iterator[str]:
    for place, service in _services(config):
        limits = service.get("concurrency", {})
        if limits.get("type", "connections") not in ("connections", "requests"):
            yield f"{place}.concurrency.type: {limits['type']!r} is neither connections nor requests"
        if limits.get("hard_limit", 10**9) < limits.get("soft_limit", 0):
            yield f"{place}.concurrency: soft_limit is above hard_limit"


def _metrics(config: Table) -> Iterator[str]:
    for number, metrics in enumerate(config.get("metrics", [])):
        for key in ("port", "path"):
            if key not in metrics:
                yield f"metrics[{number}]: has no {key}"


def _build(config: Table) -> Iterator[str]:
    build = config.get("build", {})
    ways = [key for key in ("image", "dockerfile", "builder", "compose") if key in build]
    if len(ways) > 1:
        yield f"build: {' and '.join(ways)} exclude each other"
    if not 0 <= build.get("compression_level", 7) <= 9:
        yield f"build.compression_level: {build['compression_level']} is not between 0 and 9"


_RULES: list[Callable[[Table], Iterator[str]]] = [
    _process_names,
    _one_per_group,
    _internal_ports,
    _outer_ports,
    _handlers,
    _durations,
    _check_protocols,
    _compute,
    _suspend,
    _strategy,
    _release_command,
    _environment,
    _disks_and_files,
    _concurrency,
    _metrics,
    _build,
]


# --- flyctl's own word -----------------------------------------------------------------------------------


def flyctl_validate(path: Path) -> list[str]:
    """Run `flyctl config validate --strict` on a file; return what it complains of, warnings too, else nothing.

    The made-up token is never sent: validation is local once a token is set, and takes about 50 ms. Raises
    `FileNotFoundError` when there is no flyctl on PATH, `subprocess.TimeoutExpired` after 30 seconds.
    """
    binary = flyctl()
    if not binary:
        raise FileNotFoundError("there is no flyctl on PATH")
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [binary, "config", "validate", "--strict", "-c", str(path)],
            env=quiet_environment(home) | {"FLY_API_TOKEN": "dummy"},
            cwd=path.parent,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    lines = [line.strip() for line in said.splitlines()]
    complaints = [line for line in lines if line and not re.match(r"Validating |✓ Configuration is valid", line)]
    if done.returncode and not complaints:
        return [f"flyctl exits with {done.returncode} and says nothing"]
    return complaints
