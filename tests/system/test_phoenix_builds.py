"""What a build of a Phoenix app does again and what it leaves alone, what it refuses, and variants of the app."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support import docker, elixir, hex, images, phoenix
from tests.support.docker import DockerError, Image
from tests.support.postgres import Database

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    app = phoenix.commit(phoenix.new_app(tmp_path_factory.mktemp("apps") / "shop"))
    phoenix.copy_template(template, app)
    return app


@pytest.fixture(scope="module")
def image(project: Path) -> Image:
    return phoenix.build(project, "copier-fly-test/shop-builds")


@pytest.fixture
def plain(template: Path, tmp_path: Path) -> Path:
    """A small app on Debian, for a test to add something to."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app)
    return app


# --- Steps ---------------------------------------------------------------------------------------------


def compiled(log: str) -> list[str]:
    """What Mix says that it compiles, package by package."""
    return re.findall(r"^#\d+ [\d.]+ Compiling (\d+ files?) \(\.ex\)", log, re.MULTILINE)


def packages(log: str) -> list[str]:
    """The dependencies that are compiled."""
    return re.findall(r"==> (\w+)\n#\d+ [\d.]+ Compiling", log)


OWN, DEPENDENCY = 2, 3
"""How many layers from the top are new: that of the last check, which is empty, the app's, the dependencies'."""


def shipped(image: Image, before: Image) -> int:
    """How many layers, from the top, a registry that has one image lacks of another."""
    same = [new == old for new, old in zip(image.layers, before.layers, strict=True)]
    return len(same) - same.index(False) if False in same else 0


def change(project: Path, file: str) -> None:
    """Add a line that no other run has: or a layer of that one would answer."""
    with (project / file).open("a") as text:
        text.write(f"\n/* {uuid.uuid4()} */\n" if file.endswith("css") else f"\n# {uuid.uuid4()}\n")


def test_an_edit_compiles_one_file_and_ships_one_layer(image: Image, project: Path) -> None:
    change(project, "lib/shop.ex")  # what this run compiles is there for the next ones
    last = phoenix.build(project, "copier-fly-test/edited")
    assert shipped(last, image) <= OWN
    change(project, "test/test_helper.exs")
    assert phoenix.build(project, "copier-fly-test/edited").layers == last.layers, "is left out"
    for file, files in {"lib/shop.ex": ["1 file"], "assets/css/app.css": [], "config/runtime.exs": []}.items():
        change(project, file)
        built = phoenix.build(project, "copier-fly-test/edited")
        assert (file, compiled(built.log), packages(built.log)) == (file, files, [])
        assert shipped(built, last) <= OWN
        last = built


def test_what_the_last_build_left_never_stands_for_other_code(template: Path, tmp_path: Path) -> None:
    """Edits that make a file older and leave its length, as a restored one may; this Elixir wants newer dates."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, elixir_image="1.18-otp27")
    source = app / "lib/shop/answer.ex"

    def answer() -> str:
        built = phoenix.build(app, "copier-fly-test/answer")
        asked = ["/app/bin/shop", "eval", "IO.puts(Shop.Answer.word())"]
        return built.log + docker.once(built.tag, *asked, env=phoenix.environment(app, None)).stdout

    for date in (1_700_000_000, 1_600_000_000):
        word = uuid.uuid4().hex
        source.write_text(f'defmodule Shop.Answer do\n  def word, do: "{word}"\nend\n')
        os.utime(source, (date, date))
        said = answer()
        assert word in said
    assert compiled(said) == ["1 file"], "and nothing else"
    source.unlink()
    assert "UndefinedFunctionError" in answer()


@pytest.mark.skipif(hex.reachable(), reason="adds a package to the lock that only the stand-in registry has")
def test_a_new_dependency_compiles_only_itself(image: Image, project: Path) -> None:
    before = {name: (project / name).read_text() for name in ("mix.exs", "mix.lock")}
    # Something new, and mounts of its own, so that nothing of an earlier run answers for this one.
    change(project, "mix.exs")
    alone = {"BUILDKIT_CACHE_MOUNT_NS": uuid.uuid4().hex}
    first = phoenix.build(project, "copier-fly-test/dependency", build_args=alone)
    hex.add_dep(project)
    built = phoenix.build(project, "copier-fly-test/dependency", build_args=alone)
    assert packages(built.log) == ["tiny_dep"]
    assert shipped(built, first) <= DEPENDENCY
    assert docker.once(built.tag, "sh", "-c", "ls -d /app/lib/tiny_dep-*").returncode == 0
    for name, text in before.items():
        (project / name).write_text(text)
    change(project, "mix.exs")
    built = phoenix.build(project, "copier-fly-test/dependency", build_args=alone)
    assert docker.once(built.tag, "sh", "-c", "ls -d /app/lib/tiny_dep-*").returncode != 0


STOP = 'System.cmd("kill", ["-TERM", System.pid()])\nProcess.sleep(:infinity)\n'


def test_a_build_that_was_stopped_is_no_good_one(image: Image, project: Path) -> None:
    """mix exits with 0 when a signal stops it."""
    change(project, "lib/shop.ex")
    before = phoenix.build(project, "copier-fly-test/stopped")
    stop = project / "lib/stop.ex"
    stop.write_text(STOP)
    try:
        with pytest.raises(DockerError, match="/complete"):
            phoenix.build(project, "copier-fly-test/stopped")
    finally:
        stop.unlink()
    change(project, "lib/shop.ex")
    assert shipped(phoenix.build(project, "copier-fly-test/stopped"), before) <= OWN


def test_it_builds_from_nothing_and_without_hex(image: Image, project: Path, tmp_path: Path) -> None:
    """With empty mounts, as on a new builder; then while Hex refuses connections, from what the mounts hold."""
    change(project, "lib/shop.ex")
    alone = {"BUILDKIT_CACHE_MOUNT_NS": uuid.uuid4().hex}
    built = phoenix.build(project, "copier-fly-test/alone", build_args=alone)
    assert len(packages(built.log)) > 3
    assert docker.once(built.tag, "ls", "/app/bin/shop").returncode == 0
    dockerfile = (project / "Dockerfile").read_text()
    step = "RUN --mount=type=cache"
    assert dockerfile.count(step) == 1
    (project / "Dockerfile").write_text(dockerfile.replace(step, "RUN --network=none --mount=type=cache"))
    try:
        change(project, "lib/shop.ex")
        built = phoenix.build(project, "copier-fly-test/alone", build_args=alone)
    finally:
        (project / "Dockerfile").write_text(dockerfile)
    assert compiled(built.log) == ["1 file"]


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("mix.exs", r"\n *releases: elem.*", "The release would not read rel/overlays/fly.exs"),
        ("lib/shop_web/endpoint.ex", r"\n *plug ShopWeb.HealthPlug\n", "The endpoint answers no health checks"),
    ],
    ids=["releases", "health plug"],
)
def test_an_unwired_app_does_not_become_an_image(plain: Path, file: str, line: str, says: str) -> None:
    text = (plain / file).read_text()
    unwired = re.sub(line, "", text)
    assert unwired != text
    (plain / file).write_text(unwired)
    with pytest.raises(DockerError, match=re.escape(says)):
        phoenix.build(plain, "copier-fly-test/unwired")


@pytest.mark.skipif(hex.reachable(), reason="the app of the real generator has tests that want a database")
def test_the_apps_own_tests_pass_with_ours(template: Path, tmp_path: Path) -> None:
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app)
    (app / "test/test_helper.exs").write_text("ExUnit.start()\n")
    (app / "test/support").mkdir(exist_ok=True)
    done = elixir.run(["sh", "-ec", "mix deps.get && mix test"], app, env=hex.registry(), timeout=600)
    assert done.returncode == 0, done.stdout
    # Elixir 1.20 has its own words for the same.
    assert re.search(r"[1-9] tests, 0 failures|[1-9] passed", done.stdout), done.stdout


# --- Packages behind a login ----------------------------------------------------------------------------


class _HexApi(BaseHTTPRequestHandler):
    """What Hex asks when a key for an organization is entered: whether it is good, and a token for it."""

    key: str
    asked: list[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self._answer(204 if self.headers["authorization"] == self.key else 401)

    def do_POST(self) -> None:
        """Answer in Erlang's external term format."""
        assert self.key.encode() in self.rfile.read(int(self.headers["content-length"]))
        pairs = {"access_token": "short-lived", "token_type": "bearer", "scope": "repositories"}
        words = [word.encode() for pair in pairs.items() for word in pair]
        written = b"".join(b"m" + struct.pack(">I", len(word)) + word for word in [*words, b"expires_in"])
        self._answer(200, b"\x83t" + struct.pack(">I", len(pairs) + 1) + written + b"b" + struct.pack(">i", 3600))

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if body:
            self.send_header("content-type", "application/vnd.hex+erlang")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests for the tests."""


@pytest.fixture
def hex_api() -> Iterator[tuple[str, str, list[str]]]:
    """The address of an API on loopback, the key that it takes, and the list of what it is asked."""
    key, asked = uuid.uuid4().hex, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_HexApi,), {"key": key, "asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", key, asked
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(hex.reachable(), reason="the real registry has no organization for this")
def test_logins_for_packages_reach_the_fetch_and_no_layer(
    template: Path, tmp_path: Path, hex_api: tuple[str, str, list[str]]
) -> None:
    address, key, asked = hex_api
    app = hex.make_app(tmp_path / "shop", ecto=False, assets=False)
    # Organizations are read from the lock; the packages themselves stay those of the stand-in.
    lock = (app / "mix.lock").read_text()
    (app / "mix.lock").write_text(lock.replace("%{\n", '%{\n  # "acme_core": {…, "hexpm:acme", "…"},\n', 1))
    show = 'if System.get_env("GITHUB_TOKEN") == "hello", do: IO.puts("the door is open")\n'
    (app / "mix.exs").write_text(show + (app / "mix.exs").read_text())
    phoenix.copy_template(template, phoenix.commit(app), build_secrets=["HEX_ORGANIZATION_KEY", "GITHUB_TOKEN"])
    dockerfile = (app / "Dockerfile").read_text()
    (app / "Dockerfile").write_text(dockerfile.replace("ENV MIX_ENV=prod", f"ENV HEX_API_URL={address} MIX_ENV=prod"))
    for name, value in {"hex": "wrong", "git": "hello"}.items():
        (tmp_path / name).write_text(value)
    given = {"HEX_ORGANIZATION_KEY": tmp_path / "hex", "GITHUB_TOKEN": tmp_path / "git"}
    with pytest.raises(DockerError, match=r"status code: 401|Failed to verify authentication key"):
        phoenix.build(app, "copier-fly-test/login", secrets=given)
    (tmp_path / "hex").write_text(key)
    change(app, "lib/shop.ex")
    built = phoenix.build(app, "copier-fly-test/login", secrets=given)
    assert asked[-1] == "/auth?domain=repository&resource=acme"
    assert "the door is open" in built.log
    assert key not in built.log + docker.docker("history", "--no-trunc", built.tag)
    build = phoenix.build(app, "copier-fly-test/login-build", secrets=given, target="builder")
    found = docker.once(build.tag, "grep", "-rlE", f"{key}|short-lived", "/app", "/root", "/etc", "/out", "/deps")
    assert found.stdout == ""
    ask = "printf 'protocol=https\\nhost=github.com\\n\\n' | GITHUB_TOKEN=hello git credential fill"
    done = docker.once(build.tag, "sh", "-c", f"{ask}; git ls-remote --get-url git@github.com:acme/core.git")
    assert {"username=x-access-token", "password=hello"} <= set(done.stdout.split())
    assert done.stdout.split()[-1] == "https://github.com/acme/core.git"


# --- Libraries ------------------------------------------------------------------------------------------

NIF = """
#include <erl_nif.h>
unsigned int lzma_version_number(void);
static ERL_NIF_TERM version(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[]) {
  return enif_make_uint(env, lzma_version_number());
}
static ErlNifFunc functions[] = {{"version", 0, version, 0}};
ERL_NIF_INIT(Elixir.Shop.Native, functions, NULL, NULL, NULL, NULL)
"""
MODULE = """
defmodule Shop.Native do
  @on_load :load
  def load, do: :erlang.load_nif(:code.priv_dir(:shop) ++ ~c"/native", 0)
  def version, do: :erlang.nif_error(:not_loaded)
end
"""


def add_nif(app: Path, library: str) -> None:
    """Put a compiled NIF into the app that loads `library`, as packages with precompiled ones do.

    The library itself is not needed to link: an empty one of its name stands in for it.
    """
    folder = app / "tmp"
    folder.mkdir(exist_ok=True)
    headers = 'cd "$(dirname "$(find / -xdev -name erl_nif.h | head -n 1)")" && tail -n +1 *.h'
    found = docker.once(images.ensure(elixir.IMAGE), "sh", "-c", headers)
    for name, text in re.findall(r"==> (\S+\.h) <==\n(.*?)(?=\n==> |\Z)", found.stdout, re.DOTALL):
        (folder / name).write_text(text)
    (folder / "stub.c").write_text("unsigned int lzma_version_number(void) { return 0; }")
    (folder / "native.c").write_text(NIF)
    for command in (
        ["cc", "-shared", "-fPIC", f"-Wl,-soname,{library}", "-o", "libstub.so", "stub.c"],
        ["cc", "-shared", "-fPIC", "-I.", "-o", "../priv/native.so", "native.c", "-L.", "-lstub"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    (app / "lib/shop/native.ex").write_text(MODULE)


@pytest.mark.needs("cc")
def test_a_nif_finds_what_it_loads(plain: Path, tmp_path: Path) -> None:
    add_nif(plain, "liblzma.so.5")
    image = phoenix.build(plain, "copier-fly-test/native")
    done = docker.once(
        image.tag, "/app/bin/shop", "eval", "IO.puts(Shop.Native.version())", env=phoenix.environment(plain, None)
    )
    assert re.search(r"^5\d{7}$", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.needs("cc")
@pytest.mark.parametrize(("base", "library"), [("debian", "libgone.so.1"), ("minimal", "liblzma.so.5")])
def test_a_library_that_the_image_lacks_stops_the_build(
    template: Path, tmp_path: Path, base: str, library: str
) -> None:
    """What a dependency's NIF or program wants would otherwise only show when it is called."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, runtime_base=base)
    add_nif(app, library)
    (app / "lib/shop/native.ex").unlink()
    (app / "priv/native.so").rename(app / "priv/tool")
    with pytest.raises(DockerError, match=re.escape(f"{library} => not found")):
        phoenix.build(app, "copier-fly-test/gone")


def test_a_minimal_image_holds_no_package(template: Path, tmp_path: Path) -> None:
    """Only then is it worth its limits."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, runtime_base="minimal")
    image = phoenix.build(app, "copier-fly-test/minimal")
    done = docker.once(
        image.tag, "sh", "-c", "ls -d /var/lib/dpkg/info /usr/bin/perl /usr/bin/apt-get /bin/bash; ls /usr/lib/*/"
    )
    assert done.stdout.count("No such file") >= 4, done.stdout
    libraries = set(re.findall(r"^lib(\w+)[.-]", done.stdout, re.MULTILINE))
    assert {"c", "crypto", "tinfo"} <= libraries
    assert not libraries & {"apt", "lzma", "systemd_shared", "perl", "pam", "mount"}, libraries


# --- The context -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "root"), [({}, ""), ({"app_dir": "net_auto"}, "net_auto/")], ids=["at the root", "in a folder"]
)
def test_what_is_sent_to_the_builder(template: Path, tmp_path: Path, shape: dict[str, str], root: str) -> None:
    """State of tools, however large, stays at home; a folder that the template knows nothing of does not."""
    app = tmp_path / "repository"
    phoenix.copy_template(template, app, stack="phoenix", app_name="shop", **shape)
    sent = [
        "lib/shop.ex",
        "config/parts/logger.exs",
        "native/x/src/lib.rs",
        "priv/cert/db-ca.pem",
        "priv/static/assets/app.css",
        "vendor/y/mix.exs",
        "data/words.csv",
        ".tool-versions",
        ".cargo/config.toml",
    ]
    kept = [
        ".cache/large",
        ".venv/bin/python",
        ".env",
        "tmp/dump",
        "native/x/target/large",
        "priv/cert/selfsigned_key.pem",
        "deps/x/mix.exs",
        "test/x.exs",
    ]
    for name in (*sent, *kept):
        (app / root / name).parent.mkdir(parents=True, exist_ok=True)
        (app / root / name).write_text("x")
    (app / "other-project").mkdir()
    (app / "other-project" / "large").write_text("x")
    (app / "context.Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    out = tmp_path / "context"
    command = [
        "buildx",
        "build",
        "--output",
        f"type=local,dest={out}",
        "--file",
        str(app / "context.Dockerfile"),
        str(app),
    ]
    docker.docker(*command)
    assert [name for name in sent if not (out / root / name).exists()] == []
    assert [name for name in kept if (out / root / name).exists()] == []
    assert (out / "other-project").exists() == (not root), "beside an app in a folder, nothing else is sent"


PARTS = {
    "version.txt": "4.5.6",
    "mix/version.exs": 'defmodule Shop.Version do\n  def current, do: File.read!("version.txt")\nend\n',
    "priv/cert/db-ca.pem": "an authority\n",
    "config/parts/extra.exs": "import Config\nconfig :shop, extra: :found\n",
    "vendor/extra/mix.exs": """
defmodule Extra.MixProject do
  use Mix.Project
  def project, do: [app: :extra, version: "0.1.0"]
end
""",
    "vendor/extra/lib/extra.ex": "defmodule Extra do\n  def found, do: Application.get_env(:shop, :extra)\nend\n",
    "priv/static/assets/app.css": "h1 { color: red }\n",
}


def test_what_a_project_reads_is_there(plain: Path, tmp_path: Path) -> None:
    """Configuration in parts, files that mix.exs reads, a dependency by path, an authority, static files in git."""
    for name, text in PARTS.items():
        (plain / name).parent.mkdir(parents=True, exist_ok=True)
        (plain / name).write_text(text)
    mix = (plain / "mix.exs").read_text().replace('version: "0.1.0"', "version: Shop.Version.current()")
    added = '      {:extra, path: "vendor/extra"},\n      {:phoenix, '
    assert mix.count("      {:phoenix, ") == 1
    helper = 'Code.require_file("mix/version.exs", __DIR__)\n\n'
    (plain / "mix.exs").write_text(helper + mix.replace("      {:phoenix, ", added))
    with (plain / "config/config.exs").open("a") as text:
        text.write('\nimport_config "parts/extra.exs"\n')
        text.write('config :shop, ShopWeb.Endpoint, check_origin: ["//my.example.org"]\n')
    image = phoenix.build(plain, "copier-fly-test/parts")
    code = 'IO.puts(File.read!(Application.app_dir(:shop, "priv/cert/db-ca.pem")))\n'
    code += "IO.inspect({Extra.found(), Application.get_env(:shop, ShopWeb.Endpoint)[:check_origin]})"
    done = docker.once(image.tag, "/app/bin/shop", "eval", code, env=phoenix.environment(plain, None))
    assert '{:found, ["//my.example.org", "//shop.fly.dev"]}' in done.stdout
    assert done.stdout.startswith(PARTS["priv/cert/db-ca.pem"])
    with phoenix.running(image.tag, plain, None, tmp_path) as app:
        assert app.json("/livez")[1]["version"] == "4.5.6"
        assert app.get("/assets/app.css") == (200, PARTS["priv/static/assets/app.css"])


def test_a_release_of_its_own_is_kept(template: Path, tmp_path: Path) -> None:
    app = phoenix.new_app(tmp_path / "shop", ecto=False, assets=False)
    mix = (app / "mix.exs").read_text()
    assert mix.count("      app: :shop,\n") == mix.count("  defp deps do\n") == 1
    mix = mix.replace("      app: :shop,\n", "      app: :shop,\n      releases: releases(),\n")
    own = f'  defp releases do\n    [\n      store: [\n        cookie: "{uuid.uuid4().hex}"\n      ]\n    ]\n  end\n\n'
    (app / "mix.exs").write_text(mix.replace("  defp deps do\n", f"{own}  defp deps do\n"))
    said = phoenix.copy_template(template, phoenix.commit(app))
    assert "mix.exs: added `config_providers: [{Config.Reader" in said
    image = phoenix.build(app, "copier-fly-test/own-release")
    done = docker.once(image.tag, "sh", "-c", "cat releases/COOKIE; echo; ls bin")
    assert done.stdout.split()[0] in own
    assert "store" in done.stdout.split()
    with phoenix.running(image.tag, app, None, tmp_path) as running:
        assert running.get("/livez")[0] == 200, "rel/overlays/fly.exs is read: it sets the port"


def test_an_env_sh_of_its_own_stays_and_names_the_node(template: Path, tmp_path: Path) -> None:
    app = phoenix.new_app(tmp_path / "shop", ecto=False, assets=False)
    word, rel = uuid.uuid4().hex, app / "rel"
    own = {
        "env.sh.eex": f"export COLOUR={word}-<%= @release.name %>\n"
        'export RELEASE_DISTRIBUTION=name RELEASE_NODE="till@$FLY_PRIVATE_IP"\n',
        # Said again in ERL_AFLAGS it would count for missing; rpc does not read this file.
        "vm.args.eex": "+S 1:1\n-proto_dist inet6_tcp\n",
    }
    rel.mkdir(exist_ok=True)
    for name, text in own.items():
        (rel / name).write_text(text)
    phoenix.copy_template(template, phoenix.commit(app))
    assert {file.name: file.read_text() for file in rel.glob("*.eex")} == own
    image = phoenix.build(app, "copier-fly-test/own-env")
    ask = 'IO.inspect({node(), System.get_env("COLOUR"), System.schedulers(), System.get_env("ERL_CRASH_DUMP_BYTES")})'
    fly = {"FLY_APP_NAME": "shop", "FLY_IMAGE_REF": "registry.fly.io/shop:v1", "FLY_PRIVATE_IP": "::1"}
    with phoenix.running(image.tag, app, None, tmp_path, **fly) as running:
        said = running.container.exec("/app/bin/shop", "rpc", ask)
        assert f'{{:"till@::1", "{word}-shop", 1, "0"}}' in said
        assert running.container.stop() == 0


OWN_MIGRATIONS = """defmodule Shop.Release do
  def migrate do
    {:ok, _} = Application.ensure_all_started(:ecto_sql)
    IO.puts(["{word} ", Shop.Repo.config()[:hostname]])
    if System.get_env("BROKEN"), do: raise("tenant 7")
  end
end
"""


def test_a_release_module_of_its_own_stays_and_migrates(template: Path, tmp_path: Path) -> None:
    app = phoenix.new_app(tmp_path / "shop", assets=False)
    own, word = app / "lib/shop/release.ex", uuid.uuid4().hex
    own.write_text(OWN_MIGRATIONS.replace("{word}", word))
    before = own.read_text()
    phoenix.copy_template(template, phoenix.commit(app))
    assert own.read_text() == before
    image = phoenix.build(app, "copier-fly-test/own-migrations")
    assert "warning" not in image.log
    urls = {"DATABASE_URL": "ecto://pooler/shop", "DIRECT_DATABASE_URL": "ecto://direct/shop"}
    done = docker.once(image.tag, "/app/bin/migrate", env=phoenix.environment(app, None, **urls))
    assert (done.returncode, f"{word} direct" in done.stdout) == (0, True), done.stdout
    done = docker.once(image.tag, "/app/bin/migrate", env=phoenix.environment(app, None, **urls, BROKEN="yes"))
    assert (done.returncode, "tenant 7" in done.stdout) == (1, True), done.stdout


# --- Variants -------------------------------------------------------------------------------------------


def test_without_ecto_and_without_assets_on_an_older_elixir(template: Path, tmp_path: Path) -> None:
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, elixir_image="1.18-otp27")
    assert not (app / "lib/shop/release.ex").exists()
    image = phoenix.build(app, "copier-fly-test/small", build_args={"REVISION": phoenix.REVISION})
    with phoenix.running(image.tag, app, None, tmp_path) as running:
        assert running.json("/readyz") == (
            200,
            {"status": "ok", "checks": {"database": {"status": "none"}}},
        )
        assert running.container.stop() == 0


def test_on_alpine(template: Path, tmp_path: Path, plain_postgres: Database) -> None:
    """The shape of the example greening_bot. Skips where the images cannot be pulled: Alpine has no stand-in."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop"))
    phoenix.copy_template(template, app, runtime_base="alpine")
    image = phoenix.build(app, "copier-fly-test/alpine")
    assert phoenix.once(image.tag, app, plain_postgres, tmp_path, "/app/bin/migrate", ECTO_IPV6="false").returncode == 0
    with phoenix.running(image.tag, app, plain_postgres, tmp_path, ECTO_IPV6="false") as running:
        assert running.get("/readyz")[0] == 200
        assert running.container.stop() == 0


def test_an_app_in_a_folder_with_packages_from_npm(template: Path, tmp_path: Path) -> None:
    """The shape of the example net_auto."""
    repository = tmp_path / "repository"
    app = phoenix.new_app(repository / "net_auto", ecto=False)
    # A word that no other run has: or a layer of that one would answer.
    package = {"name": "assets", "description": uuid.uuid4().hex, "private": True}
    (app / "assets" / "package.json").write_text(json.dumps({**package, "dependencies": {"is-number": "7.0.0"}}))
    phoenix.copy_template(template, phoenix.commit(repository))
    assert (repository / "Dockerfile").is_file()
    assert (repository / "net_auto" / "rel" / "releases.exs").is_file()
    image = phoenix.build(repository, "copier-fly-test/net-auto")
    assert "added 1 package" in image.log
    with phoenix.running(image.tag, repository, None, tmp_path) as running:
        assert running.get("/readyz")[0] == 200


INTEGRITY = "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng=="
PNPM_LOCK = f"""lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .:
    dependencies:
      is-number:
        specifier: 7.0.0
        version: 7.0.0

packages:

  is-number@7.0.0:
    resolution: {{integrity: {INTEGRITY}}}
    engines: {{node: '>=0.12.0'}}

snapshots:

  is-number@7.0.0: {{}}
"""


def test_packages_from_pnpm_that_an_alias_installs_again(template: Path, tmp_path: Path) -> None:
    """By the version that writes such a lock file; the alias finds what is installed, in the same store."""
    app = phoenix.new_app(tmp_path / "shop", ecto=False)
    package = {"description": uuid.uuid4().hex, "private": True, "dependencies": {"is-number": "7.0.0"}}
    (app / "assets" / "package.json").write_text(json.dumps(package))
    (app / "assets" / "pnpm-lock.yaml").write_text(PNPM_LOCK)
    mix = (app / "mix.exs").read_text()
    assert '"assets.deploy": [' in mix
    again = '"cmd --cd assets pnpm --version", "cmd --cd assets pnpm install", '
    (app / "mix.exs").write_text(mix.replace('"assets.deploy": [', f'"assets.deploy": [{again}'))
    phoenix.copy_template(template, phoenix.commit(app))
    log = phoenix.build(app, "copier-fly-test/pnpm").log
    assert re.search(r"^\S+ \S+ 10\.\d+\.\d+$", log, re.MULTILINE), log
    assert "Already up to date" in log
