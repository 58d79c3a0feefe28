"""The checker of fly.toml: a good file passes, and each rule sees the fault it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import fly_toml

GOOD = """\
app = "my-shop"
primary_region = "fra"
kill_signal = "SIGTERM"
kill_timeout = "30s"
swap_size_mb = 512

[build]
  dockerfile = "Dockerfile"
  [build.args]
    ELIXIR = "1.20"

[deploy]
  strategy = "rolling"
  max_unavailable = 1
  wait_timeout = "5m"
  release_command = "/app/bin/migrate"
  release_command_timeout = "5m"
  [deploy.release_command_vm]
    size = "shared-cpu-1x"
    memory = "512mb"

[env]
  PORT = "8080"

[http_service]
  internal_port = 8080
  force_https = true
  auto_stop_machines = "off"
  min_machines_running = 1
  processes = ["app"]
  [http_service.concurrency]
    type = "connections"
    soft_limit = 800
    hard_limit = 1000
  [[http_service.checks]]
    interval = "15s"
    timeout = "2s"
    grace_period = "30s"
    method = "GET"
    path = "/livez"
    [http_service.checks.headers]
      X-Forwarded-Proto = "https"

[[services]]
  internal_port = 6600
  protocol = "tcp"
  processes = ["app"]
  [[services.ports]]
    port = 6600
    handlers = ["proxy_proto"]
    proxy_proto_options = { version = "v2" }
  [[services.tcp_checks]]
    interval = "15s"
    timeout = "2s"

[[vm]]
  size = "shared-cpu-1x"
  memory = "512mb"

[[metrics]]
  port = 9568
  path = "/metrics"
"""

VOLUME = '\n[[mounts]]\n  source = "data"\n  destination = "/data"\n'
TOP_CHECK = '\n[checks.alive]\n  type = "tcp"\n  port = 8080\n  interval = "15s"\n  timeout = "2s"\n'
WORKERS = '\n[processes]\n  app = "/app/bin/server"\n  worker = "/app/bin/worker"\n'

# What is changed in the good file, and a part of the one fault that must come of it.
FAULTS: dict[str, tuple[str, str, str]] = {
    "no_toml": ("[build]", "[build", "no TOML"),
    "key_at_the_top": ('app = "my-shop"', 'name = "my-shop"', "name: there is no such key"),
    "auto_rollback": ("[deploy]", "[deploy]\n  auto_rollback = true", "deploy.auto_rollback: there is no such"),
    "auto_rollback_in_http_service": ("[http_service]", "[http_service]\n  auto_rollback = true", "no such key"),
    "experimental_auto_rollback": (GOOD[-1], "\n[experimental]\n  auto_rollback = true\n", "no such key"),
    "handlers_beside_ports": ("[[services]]", "[[services]]\n  handlers = []", "services[0].handlers: there is"),
    "force_https_beside_ports": ("[[services]]", "[[services]]\n  force_https = true", "there is no such key"),
    "key_in_vm": ("[[vm]]", "[[vm]]\n  ram = '1gb'", "vm[0].ram: there is no such key"),
    "key_in_ports": ("    port = 6600", "    port = 6600\n    proxy = true", "ports[0].proxy: there is no such"),
    "key_in_checks": ('    interval = "15s"\n    timeout = "2s"\n\n', "    path = '/'\n\n", "tcp_checks[0].path"),
    "key_in_metrics": ("[[metrics]]", "[[metrics]]\n  name = 'x'", "metrics[0].name: there is no such key"),
    "key_in_mounts": (GOOD[-1], f"{VOLUME}  size = 3\n", "mounts[0].size: there is no such key"),
    "build_target_misspelt": ("[build]", "[build]\n  target = 'x'", "build.target: there is no such key"),
    "gpus": ("[[vm]]", "[[vm]]\n  gpus = 1", "vm[0].gpus: there is no such key"),
    "checks_as_table": ("[[http_service.checks]]", "[http_service.checks]", "written as [[http_service.checks]]"),
    "concurrency_as_list": ("[http_service.concurrency]", "[[http_service.concurrency]]", "must be written as ["),
    "number_as_build_argument": ('ELIXIR = "1.20"', "ELIXIR = 1.20", "build.args: "),
    "text_as_port": ("internal_port = 8080", 'internal_port = "8080"', "is no port"),
    "region_unknown": ('"fra"', '"zzz"', "there is no region zzz"),
    "region_removed": ('"fra"', '"sea"', "was removed; the nearest are sjc, lax"),
    "signal": ('"SIGTERM"', '"SIGFOO"', "kill_signal: SIGFOO is none of"),
    "duration_without_quotes": ('kill_timeout = "30s"', "kill_timeout = 30", "has no unit"),
    "duration_without_unit": ('interval = "15s"', 'interval = "15"', "is no duration"),
    "kill_timeout": ('kill_timeout = "30s"', 'kill_timeout = "6m"', "not between 0s and 300s"),
    "check_interval": ('interval = "15s"', 'interval = "500ms"', "not between 1s and 60s"),
    "check_timeout": ('timeout = "2s"\n    grace', 'timeout = "2m"\n    grace', "not between 1s and 60s"),
    "grace_period": ('grace_period = "30s"', 'grace_period = "90s"', "not between 1s and 60s"),
    "no_internal_port": ("  internal_port = 6600\n", "", "services[0]: has no internal_port"),
    "port_range": ("    port = 6600", "    port = 99999", "99999 is no port"),
    "port_of_env": ('PORT = "8080"', 'PORT = "4000"', "8080 is not the PORT 4000"),
    "port_taken": ("    port = 6600", "    port = 443", "port 443 is taken by http_service"),
    "port_and_range": ("    port = 6600", "    port = 6600\n    start_port = 1\n    end_port = 2", "needs either"),
    "range_upside_down": ("    port = 6600", "    start_port = 7000\n    end_port = 6999", "above end_port"),
    "protocol": ('protocol = "tcp"', 'protocol = "sctp"', "'sctp' is none of"),
    "protocol_of_a_check": ('protocol = "tcp"', 'protocol = "http"', "is neither tcp nor udp"),
    "service_without_ports": (
        '  [[services.ports]]\n    port = 6600\n    handlers = ["proxy_proto"]\n    '
        'proxy_proto_options = { version = "v2" }\n',
        "",
        "has no [[services.ports]]",
    ),
    "handler_unknown": ('handlers = ["proxy_proto"]', 'handlers = ["proxy_proto", "htp"]', "no handler htp"),
    "proxy_options_without_handler": ('    handlers = ["proxy_proto"]\n', "", "needs the handler proxy_proto"),
    "force_https_without_http": ("    port = 6600", "    port = 6600\n    force_https = true", "handler http"),
    "check_without_port": (GOOD[-1], TOP_CHECK.replace("  port = 8080\n", ""), "checks.alive: has no port"),
    "check_without_type": (GOOD[-1], TOP_CHECK.replace('  type = "tcp"\n', ""), "needs type http or tcp"),
    "top_check_interval": (GOOD[-1], TOP_CHECK.replace("15s", "1s"), "not between 2s and 3600s"),
    "check_path": ('path = "/livez"', 'path = "livez"', "must begin with /"),
    "check_method": ('method = "GET"', 'method = "get"', "method: 'get' is none of"),
    "check_protocol": ('path = "/livez"', 'path = "/livez"\n    protocol = "tcp"', "neither http nor https"),
    "size_unknown": ('[[vm]]\n  size = "shared-cpu-1x"', '[[vm]]\n  size = "shared-cpu-3x"', "no size shared-cpu-3x"),
    "memory_above": ('  memory = "512mb"\n\n[[metrics]]', '  memory = "4gb"\n\n[[metrics]]', "4096 MB of memory is"),
    "memory_between_steps": ('  memory = "512mb"\n\n[[m', '  memory = "600mb"\n\n[[m', "600 MB of memory is not"),
    "memory_of_the_release": ('    memory = "512mb"', '    memory = "8gb"', "deploy.release_command_vm: 8192 MB"),
    "memory_no_size": ('  memory = "512mb"\n\n[[metrics]]', '  memory = "much"\n\n[[metrics]]', "is no size such as"),
    "memory_for_cpus": ('[[vm]]\n  size = "shared-cpu-1x"', '[[vm]]\n  cpu_kind = "performance"', "512 MB of memory"),
    "cpus": ('[[vm]]\n  size = "shared-cpu-1x"', '[[vm]]\n  cpu_kind = "shared"\n  cpus = 3', "3 shared CPUs"),
    "cpu_kind": ('[[vm]]\n  size = "shared-cpu-1x"', '[[vm]]\n  cpu_kind = "dedicated"', "is none of performance"),
    "kernel_args_as_text": ("[[vm]]", "[[vm]]\n  kernel_args = 'quiet'", "is no list of text"),
    "suspend_with_swap": ('"off"', '"suspend"', "suspend does not go with swap"),
    "auto_stop_as_flag": ('auto_stop_machines = "off"', "auto_stop_machines = false", "is no text"),
    "auto_stop_value": ('auto_stop_machines = "off"', 'auto_stop_machines = "pause"', "is none of off, stop"),
    "strategy": ('"rolling"', '"blue-green"', "deploy.strategy: 'blue-green' is none of"),
    "bluegreen_with_volume": ('"rolling"', '"bluegreen"', "bluegreen does not go with mounts"),
    "max_unavailable": ("max_unavailable = 1", "max_unavailable = -1", "-1 is less than 0"),
    "swap": ("swap_size_mb = 512", "swap_size_mb = -1", "-1 is less than 0"),
    "release_command_relative": ('"/app/bin/migrate"', '"bin/migrate"', "name or absolute path"),
    "release_command_needs_a_shell": (
        '"/app/bin/migrate"',
        '"/app/bin/migrate && /app/bin/seed"',
        "no shell reads it",
    ),
    "release_command_quotes": ('"/app/bin/migrate"', '"/bin/sh -c \'x"', "cannot be split"),
    "env_of_the_platform": ("[env]", '[env]\n  FLY_REGION = "x"', "env.FLY_REGION: names that begin with FLY_"),
    "env_name": ("[env]", '[env]\n  "A-B" = "x"', "env.A-B: is no name of a variable"),
    "env_secret": ("[env]", '[env]\n  SECRET_KEY_BASE = "x"', "looks like a secret"),
    "env_list": ("[env]", "[env]\n  LIST = [1]", "env: "),
    "processes_missing": (
        '  protocol = "tcp"\n  processes = ["app"]\n',
        '  protocol = "tcp"\n',
        "services[0]: needs processes",
    ),
    "process_unknown": ('processes = ["app"]\n  [http', 'processes = ["web"]\n  [http', "no process group web"),
    "two_mounts": (GOOD[-1], VOLUME + VOLUME, "mounts[1]: group app has one already"),
    "two_vms": (GOOD[-1], '\n[[vm]]\n  memory = "1gb"\n', "vm[1]: group of all others has one already"),
    "mount_without_destination": (GOOD[-1], '\n[[mounts]]\n  source = "data"\n', "mounts[0]: has no destination"),
    "mount_size": (GOOD[-1], f'{VOLUME}  initial_size = "600gb"\n', "600gb is not between 1gb and 500gb"),
    "mount_retention": (GOOD[-1], f"{VOLUME}  snapshot_retention = 61\n", "61 is not between 1 and 60"),
    "mount_extends_by_half": (GOOD[-1], f"{VOLUME}  auto_extend_size_threshold = 80\n", "needs all of"),
    "file_without_content": (GOOD[-1], '\n[[files]]\n  guest_path = "/a"\n', "needs exactly one of local_path"),
    "static_without_prefix": (GOOD[-1], '\n[[statics]]\n  guest_path = "/a"\n', "statics[0]: has no url_prefix"),
    "concurrency_type": ('type = "connections"', 'type = "donuts"', "is neither connections nor requests"),
    "concurrency_limits": ("hard_limit = 1000", "hard_limit = 100", "soft_limit is above hard_limit"),
    "metrics_without_path": ('  path = "/metrics"\n', "", "metrics[0]: has no path"),
    "restart_policy": (GOOD[-1], '\n[[restart]]\n  policy = "no"\n', "'no' is none of always"),
    "two_ways_to_build": ("[build]", '[build]\n  image = "nginx"', "image and dockerfile exclude each other"),
    "compression_level": ("[build]", "[build]\n  compression_level = 10", "10 is not between 0 and 9"),
}
# Cases that need a second change, before the first.
ALSO: dict[str, tuple[str, str]] = {
    "bluegreen_with_volume": ("[[metrics]]", f"{VOLUME}\n[[metrics]]"),
    "processes_missing": ("[[metrics]]", f"{WORKERS}\n[[metrics]]"),
}


def changed(old: str, new: str, text: str = GOOD) -> str:
    """Replace the first `old`; the very last character stands for the end of the file."""
    if old == GOOD[-1]:
        return text + new
    assert old in text
    return text.replace(old, new, 1)


def test_a_good_file_passes() -> None:
    assert fly_toml.check(GOOD) == []


@pytest.mark.parametrize(
    "addition",
    [
        VOLUME,
        TOP_CHECK,
        f'{VOLUME}  initial_size = "10gb"\n  auto_extend_size_threshold = 80\n  auto_extend_size_increment = "1gb"\n'
        '  auto_extend_size_limit = "50gb"\n  snapshot_retention = 30\n  scheduled_snapshots = true\n',
        '\n[[files]]\n  guest_path = "/a"\n  secret_name = "A"\n',
        '\n[[restart]]\n  policy = "on-failure"\n  retries = 3\n',
        '\n[[services]]\n  internal_port = 53\n  protocol = "udp"\n  [[services.ports]]\n    port = 53\n',
        "\n[experimental]\n  enable_consul = true\n",
    ],
)
def test_whatever_else_is_right_passes(addition: str) -> None:
    assert fly_toml.check(GOOD + addition) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"/app/bin/migrate"', "\"/bin/sh -lc 'DATABASE_URL=$DIRECT_DATABASE_URL /app/bin/migrate'\""),
        ('[[vm]]\n  size = "shared-cpu-1x"\n  memory = "512mb"', '[[vm]]\n  memory = "4gb"\n  cpus = 2'),
        ('[[vm]]\n  size = "shared-cpu-1x"\n  memory = "512mb"', '[[vm]]\n  size = "performance-2x"'),
        ('kill_timeout = "30s"', 'kill_timeout = "4m30s"'),
        ("max_unavailable = 1", "max_unavailable = 0.33"),
        ('"rolling"', '"bluegreen"'),
        ('PORT = "8080"', "PORT = 8080"),
    ],
)
def test_other_right_values_pass(old: str, new: str) -> None:
    assert fly_toml.check(changed(old, new)) == []


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_the_only_one_seen(name: str) -> None:
    old, new, part = FAULTS[name]
    text = changed(*ALSO[name]) if name in ALSO else GOOD
    faults = fly_toml.check(changed(old, new, text))
    assert len(faults) == 1, faults
    assert part in faults[0]


def test_suspend_needs_little_memory() -> None:
    text = changed('"off"', '"suspend"').replace("swap_size_mb = 512\n", "")
    assert fly_toml.check(text) == []
    large = text.replace('size = "shared-cpu-1x"\n  memory = "512mb"', 'size = "shared-cpu-2x"\n  memory = "4gb"')
    assert fly_toml.check(large) == [
        "http_service.auto_stop_machines: suspend needs 2048 MB of memory or less, not 4096"
    ]


def test_suspend_looks_at_the_machines_of_its_own_group() -> None:
    text = changed('"off"', '"suspend"').replace("swap_size_mb = 512\n", "") + WORKERS
    text = text.replace('[[vm]]\n  size = "shared-cpu-1x"', '[[vm]]\n  processes = ["app"]\n  size = "shared-cpu-1x"')
    text += '\n[[vm]]\n  processes = ["worker"]\n  size = "shared-cpu-2x"\n  memory = "4gb"\n'
    assert fly_toml.check(text) == []


def test_bluegreen_needs_a_check() -> None:
    bare = '[deploy]\n  strategy = "bluegreen"\n[http_service]\n  internal_port = 8080\n'
    assert fly_toml.check(bare) == ["deploy.strategy: bluegreen needs at least one check"]
    assert fly_toml.check(bare + TOP_CHECK) == []


def test_udp_keeps_its_port_and_has_no_handlers() -> None:
    service = '[[services]]\n  internal_port = 53\n  protocol = "udp"\n  [[services.ports]]\n    port = 5353\n'
    assert fly_toml.check(service) == ["services[0].ports[0]: for udp the port must be the internal_port"]
    handled = service.replace("5353", '53\n    handlers = ["tls"]')
    assert fly_toml.check(handled) == ["services[0].ports[0].handlers: udp has none"]


# --- flyctl itself


@pytest.fixture
def validate(tmp_path: Path):
    def run(text: str) -> list[str]:
        file = tmp_path / "fly.toml"
        file.write_text(text)
        return fly_toml.flyctl_validate(file)

    return run


@pytest.mark.needs("flyctl")
def test_flyctl_passes_a_good_file_without_a_login(validate) -> None:
    assert validate(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("[deploy]", "[deploy]\n  auto_rollback = true", "deploy.auto_rollback"),
        ('"rolling"', '"sideways"', "unsupported deployment strategy 'sideways'"),
        ("[build]", "[build", "failed loading app config"),
        ('grace_period = "30s"', 'grace_period = "90s"', "this will be lowered to 1 minute"),
    ],
    ids=["strict", "invalid", "no-toml", "warning"],
)
@pytest.mark.needs("flyctl")
def test_flyctl_complains_of_what_it_sees(validate, old: str, new: str, part: str) -> None:
    assert part in "\n".join(validate(changed(old, new)))


@pytest.mark.needs("flyctl")
@pytest.mark.parametrize("name", ["key_in_vm", "handlers_beside_ports", "region_unknown", "signal", "memory_above"])
def test_flyctl_lets_through_what_the_checker_is_for(validate, name: str) -> None:
    old, new, _ = FAULTS[name]
    assert validate(changed(old, new)) == []
