"""Hex for the system tests: the real one, or a registry on loopback with the packages of tests/standin.

Where Hex answers, an app comes from `mix phx.new`. Where it does not, `make_app` writes one whose mix.exs and
lock are of the same kind, and `registry` serves what it depends on: packages with the names and the visible
behaviour of the real ones, as far as a deployment meets it (tests/standin/README.md).
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import http.client
import os
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.request
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support import elixir, images, needs

STANDIN = Path(__file__).resolve().parents[1] / "standin"
_ECTO = {"ecto_sql", "postgrex", "db_connection"}


@functools.cache
def reachable() -> bool:
    """Whether the Hex that mix would ask answers. Asked once a run, at most 5 s."""
    request = urllib.request.Request(f"{_mirror().rstrip('/')}/packages/plug", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False


def _mirror() -> str:
    if url := os.environ.get("HEX_MIRROR"):
        return url
    if shutil.which("mix", path=needs.machine_path()):
        done = subprocess.run(
            ["mix", "hex.config", "mirror_url"],
            env=needs.machine_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        # mirror_url: "https://…" (default)
        if found := re.search(r'"(https?://[^"]+)"', done.stdout):
            return found[1]
    return "https://repo.hex.pm"


@functools.cache
def registry(image: str = elixir.IMAGE) -> dict[str, str]:
    """Serve the stand-in packages on a loopback port; returns the variables that send Hex there.

    In a Docker build give them to `images.ensure(tag, env)`. The port follows from the packages, so it is the
    same in every run and the layers that were built with it stay cached; several test processes share it. Each
    serves as long as it lives: one that stops in between drops what another process is about to fetch.
    `image` is what builds the registry where the machine has no mix of its own.
    """
    folder = _built(image)
    server = _listen(folder / "public", 20_000 + int(folder.name, 16) % 10_000)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"HEX_MIRROR": f"http://127.0.0.1:{server.server_port}", "HEX_UNSAFE_REGISTRY": "1"}


class _Server(ThreadingHTTPServer):
    allow_reuse_port = True


class _Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests for the tests."""


def _listen(folder: Path, port: int) -> _Server:
    handler = functools.partial(_Files, directory=str(folder))
    with suppress(OSError):
        return _Server(("127.0.0.1", port), handler)
    # Somebody else has the port: another one costs a build without cached layers.
    return _Server(("127.0.0.1", 0), handler)


def _built(image: str = elixir.IMAGE) -> Path:
    """The registry's folder (`public`, `mix.lock`), named by the packages' content. Built unless there."""
    sources = sorted(path for path in (STANDIN / "packages").rglob("*") if "_build" not in path.parts)
    files = [STANDIN / "build_registry.exs", *sources]
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            digest.update(f"{path.relative_to(STANDIN)}\0".encode() + path.read_bytes() + b"\0")
    cache = images.cache_folder() / "hex"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / digest.hexdigest()[:16]
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as building:
                _build(Path(building), image)
                Path(building, "registry").rename(folder)
    return folder


def _build(building: Path, image: str) -> None:
    out = building / "registry"
    out.mkdir()
    command = ["elixir", "build_registry.exs", str(STANDIN / "packages"), str(out)]
    if _host_hex():
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run(command, cwd=STANDIN, env=needs.machine_environment(), timeout=300, check=False, **output)
    else:
        done = elixir.run(command, STANDIN, image=image, volumes={out: str(out)})
    if done.returncode != 0:
        raise RuntimeError(f"the registry of the stand-in packages was not built:\n{done.stdout[-6000:]}")


def _host_hex() -> bool:
    """Whether this machine has an Elixir that runs the packages, with Hex."""
    if shutil.which("mix", path=needs.machine_path()) is None:
        return False
    check = 'unless Version.match?(System.version(), "~> 1.18"), do: System.halt(1)'
    for command in (["elixir", "-e", check], ["mix", "hex.info"]):
        environment = needs.machine_environment()
        if subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False).returncode != 0:
            return False
    return True


def make_app(
    dst: Path, *, ecto: bool = True, assets: bool = True, extra_dep: bool = False, locked: bool = True
) -> Path:
    """Write the Phoenix app `shop` into the new folder `dst` and return it.

    Without `ecto` it has no repo, no migrations and no page that reads the database; without `assets` no
    assets/ and no aliases for it. `extra_dep` adds a package (see add_dep). `locked` adds mix.lock, for which
    the registry is built.
    """
    shutil.copytree(STANDIN / "shop", dst, ignore=shutil.ignore_patterns("_build", "deps", "mix.lock"))
    without = {"tiny_dep"}
    if not ecto:
        without |= _ECTO
        _drop_ecto(dst)
    if not assets:
        without |= {"esbuild"}
        _drop_assets(dst)
    if locked:
        entries = {name: entry for name, entry in _lock_entries().items() if name not in without}
        _write_lock(dst, entries)
    if extra_dep:
        add_dep(dst, locked=locked)
    return dst


def make_umbrella(dst: Path, *, tcp: bool = True, audit: bool = True, locked: bool = True) -> Path:
    """Write the umbrella `arena` into the new folder `dst` and return it.

    With `tcp` it has the children `arena_auth` and `arena_realm`, which each listen on a port, and `arena_bench`,
    which only developers use; with `audit` the child `arena_audit` with a repo of its own. `locked` adds
    mix.lock, for which the registry is built.
    """
    shutil.copytree(STANDIN / "arena", dst, ignore=shutil.ignore_patterns("_build", "deps", "mix.lock"))
    if not tcp:
        for child in ("arena_auth", "arena_realm", "arena_bench"):
            shutil.rmtree(dst / "apps" / child)
        _cut(dst / "config/config.exs", "config :arena_auth", "config :arena_web,\n")
        _cut(dst / "config/runtime.exs", "for {app, variable}", "if config_env()")
    if not audit:
        shutil.rmtree(dst / "apps" / "arena_audit")
        _cut(dst / "config/config.exs", "config :arena_audit", "config :arena_auth" if tcp else "config :arena_web,\n")
        for name in ("dev", "test"):
            _cut(dst / f"config/{name}.exs", "config :arena_audit", "config :arena_web")
    if locked:
        _write_lock(dst, {name: entry for name, entry in _lock_entries().items() if name != "tiny_dep"})
    return dst


def add_dep(app: Path, *, child: str = ".", locked: bool = True) -> None:
    """Add `tiny_dep`, which has no dependencies, to an app's mix.exs and, with `locked`, to its mix.lock.

    In an umbrella `child` is the folder whose mix.exs it goes into.
    """
    _swap(app / child / "mix.exs", {'{:bandit, "~> 1.5"}\n': '{:bandit, "~> 1.5"},\n      {:tiny_dep, "~> 0.1"}\n'})
    if locked:
        all_entries = _lock_entries()
        lines = (app / "mix.lock").read_text().splitlines()
        entries = {name: entry for name, entry in all_entries.items() if entry in lines}
        _write_lock(app, entries | {"tiny_dep": all_entries["tiny_dep"]})


def _lock_entries() -> dict[str, str]:
    """The lines of the lock that Hex wrote for all packages together, by package."""
    lines = (_built() / "mix.lock").read_text().splitlines()
    return {found[1]: line for line in lines if (found := re.match(r'  "(\w+)": \{:hex, ', line))}


def _write_lock(app: Path, entries: dict[str, str]) -> None:
    (app / "mix.lock").write_text("\n".join(["%{", *(entries[name] for name in sorted(entries)), "}", ""]))


def _drop_ecto(app: Path) -> None:
    for path in ("lib/shop/repo.ex", "lib/shop_web/controllers/product_controller.ex"):
        (app / path).unlink()
    shutil.rmtree(app / "priv/repo")
    _swap(app / "mix.exs", {'      {:ecto_sql, "~> 3.13"},\n': "", '      {:postgrex, ">= 0.0.0"},\n': ""})
    _swap(
        app / ".formatter.exs",
        {
            ":ecto_sql, :phoenix": ":phoenix",
            '  subdirectories: ["priv/*/migrations"],\n': "",
            ', "priv/*/seeds.exs"': "",
        },
    )
    _swap(app / "config/config.exs", {"config :shop,\n  ecto_repos: [Shop.Repo],\n  gen": "config :shop, gen"})
    for name in ("dev", "test"):
        _cut(app / f"config/{name}.exs", "config :shop, Shop.Repo,\n", "config :shop, ShopWeb.Endpoint")
    _cut(app / "config/runtime.exs", "  database_url =\n", "  secret_key_base =\n")
    _swap(app / "lib/shop/application.ex", {"      Shop.Repo,\n": ""})
    _swap(app / "lib/shop_web/router.ex", {'    get "/products", ProductController, :index\n': ""})


def _drop_assets(app: Path) -> None:
    shutil.rmtree(app / "assets")
    _swap(
        app / "mix.exs",
        {
            '      {:esbuild, "~> 0.10", runtime: Mix.env() == :dev},\n': "",
            'setup: ["deps.get", "assets.setup", "assets.build"]': 'setup: ["deps.get"]',
        },
    )
    _cut(app / "mix.exs", '      "assets.setup"', "      precommit: [")
    _cut(app / "config/config.exs", "config :esbuild,\n", "config :logger")
    _cut(app / "config/prod.exs", "config :shop, ShopWeb.Endpoint, cache_static_manifest", "# Redirects")
    _cut(app / "lib/shop_web/controllers/page_controller.ex", '    <link rel="stylesheet"', "    <h1>")


def _swap(path: Path, changes: dict[str, str]) -> None:
    """Replace texts that each stand in the file once: a change of the app cannot silently undo a variant."""
    text = path.read_text()
    for old, new in changes.items():
        if text.count(old) != 1:
            raise ValueError(f"{path.name} has {text.count(old)} times: {old!r}")
        text = text.replace(old, new)
    path.write_text(text)


def _cut(path: Path, start: str, end: str) -> None:
    """Remove what stands from `start` up to, not including, the next `end`."""
    text = path.read_text()
    begin = text.index(start)
    path.write_text(text[:begin] + text[text.index(end, begin) :])
