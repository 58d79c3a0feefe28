"""What a build of a Phoenix app does again and what it leaves alone, what it refuses, and variants of the app."""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.support import docker, hex, phoenix
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


# --- Steps ---------------------------------------------------------------------------------------------

STEP = re.compile(r"^#(\d+) \[(?P<stage>\S+) +\d+/\d+\] (?P<what>.*)$", re.MULTILINE)


def cached(log: str) -> dict[str, bool]:
    """Each step of a build by `stage: what it does`, and whether its layer was there already."""
    return {
        f"{step['stage']}: {step['what']}": bool(re.search(rf"^#{step[1]} CACHED$", log, re.MULTILINE))
        for step in STEP.finditer(log)
    }


def ran(log: str) -> list[str]:
    """The commands of the build that ran again. Sorting the source and the last check come with every change."""
    always = ("source:", "runner:")
    return [
        step
        for step, was_there in cached(log).items()
        if ": RUN" in step and not was_there and not step.startswith(always)
    ]


def test_an_edit_rebuilds_only_what_depends_on_it(image: Image, project: Path) -> None:
    def again(file: str) -> str:
        new = uuid.uuid4()  # or a layer of an earlier run would answer
        with (project / file).open("a") as text:
            text.write(f"\n/* {new} */\n" if file.endswith("css") else f"\n# {new}\n")
        return phoenix.build(project, "copier-fly-test/edited").log

    again("lib/shop.ex")  # what this run compiles is there for the next ones
    assert ran(again("test/test_helper.exs")) == []
    pack = again("config/runtime.exs")
    assert [step.split("RUN")[0] for step in ran(pack)] == ["build: "], "only packs the release again"
    style = again("assets/css/app.css")
    assert not compiled(style), "compiles no Elixir"
    code = again("lib/shop.ex")
    assert compiled(code) == ["1 file"]
    assert len(ran(code)) == 2, "compiles and packs"
    assert not [step for step in ran(code) if not step.startswith("build: ")], "leaves the dependency layers alone"


def test_the_first_build_leaves_all_that_the_next_one_needs(image: Image, project: Path) -> None:
    """Even one whose mark is made, and whose compiler starts, within one second."""
    mark = "RUN cat /proc/sys/kernel/random/uuid > /mark"
    early = f"""RUN : {uuid.uuid4()}; while [ "$(date +%N | cut -c 1)" != 0 ]; do :; done"""
    dockerfile = (project / "Dockerfile").read_text()
    assert mark in dockerfile
    (project / "Dockerfile").write_text(dockerfile.replace(mark, f"{early}\n{mark}"))
    try:
        phoenix.build(project, "copier-fly-test/edited")
        (project / "lib/shop.ex").write_text(f"{(project / 'lib/shop.ex').read_text()}\n# {uuid.uuid4()}\n")
        assert compiled(phoenix.build(project, "copier-fly-test/edited").log) == ["1 file"]
    finally:
        (project / "Dockerfile").write_text(dockerfile)


def compiled(log: str) -> list[str]:
    """What Mix says that it compiles."""
    return re.findall(r"^#\d+ [\d.]+ Compiling (\d+ files?) \(\.ex\)", log, re.MULTILINE)


def test_what_the_last_build_left_never_stands_for_other_code(template: Path, tmp_path: Path) -> None:
    """An edit that makes a file older and leaves its length, as a restored one may; this Elixir wants newer dates."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, elixir_image="1.18-otp27")
    source = app / "lib/shop/answer.ex"

    def answer(built: Image) -> str:
        asked = ["/app/bin/shop", "eval", "IO.puts(Shop.Answer.word())"]
        return docker.once(built.tag, *asked, env=phoenix.environment(app, None)).stdout

    for date in (1_700_000_000, 1_600_000_000):
        word = uuid.uuid4().hex
        source.write_text(f'defmodule Shop.Answer do\n  def word, do: "{word}"\nend\n')
        os.utime(source, (date, date))
        built = phoenix.build(app, "copier-fly-test/answer")
        assert word in answer(built)
    assert compiled(built.log) == ["1 file"], "and nothing else"
    source.unlink()
    assert "UndefinedFunctionError" in answer(phoenix.build(app, "copier-fly-test/answer"))


@pytest.mark.skipif(hex.reachable(), reason="adds a package to the lock that only the stand-in registry has")
def test_a_new_dependency_compiles_only_itself(image: Image, project: Path) -> None:
    # Something new, so that no layer of an earlier run answers for this one.
    with (project / "mix.exs").open("a") as text:
        text.write(f"# {uuid.uuid4()}\n")
    before = phoenix.build(project, "copier-fly-test/dependency", target="deps").log
    assert any("deps.compile" in step for step in ran(before))
    hex.add_dep(project)
    log = phoenix.build(project, "copier-fly-test/dependency", target="deps").log
    assert re.findall(r"==> (\w+)\n#\d+ [\d.]+ Compiling", log) == ["tiny_dep"]


def test_a_step_that_is_stopped_is_no_good_layer(project: Path) -> None:
    """mix exits with 0 when a signal stops it."""
    builder = phoenix.build(project, "copier-fly-test/builder", target="compiler")
    stop = 'System.cmd("kill", ["-TERM", System.pid()]); Process.sleep(:infinity)'
    with_mix = docker.once(builder.tag, "sh", "-c", f"cd /tmp && mix run --no-mix-exs -e '{stop}'")
    assert with_mix.returncode == 0, with_mix.stdout
    new = "cd /tmp && mix new x >/dev/null && cd x && MIX_ENV=dev"
    stopped = docker.once(builder.tag, "sh", "-c", f"{new} mix-all run -e '{stop}'")
    assert stopped.returncode == 1
    assert "was stopped before its end" in stopped.stdout
    assert docker.once(builder.tag, "sh", "-c", f"{new} mix-all compile").returncode == 0


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("mix.exs", r"\n *releases: elem.*", "The release does not read rel/overlays/fly.exs"),
        ("lib/shop_web/endpoint.ex", r"\n *plug ShopWeb.HealthPlug\n", "The endpoint does not answer health checks"),
    ],
    ids=["releases", "health plug"],
)
def test_an_unwired_app_does_not_become_an_image(
    image: Image, project: Path, tmp_path: Path, file: str, line: str, says: str
) -> None:
    text = (project / file).read_text()
    unwired = re.sub(line, "", text)
    assert unwired != text
    (project / file).write_text(unwired)
    try:
        with pytest.raises(DockerError, match=re.escape(says)):
            phoenix.build(project, "copier-fly-test/unwired")
    finally:
        (project / file).write_text(text)


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


def add_nif(app: Path, builder: str, library: str) -> None:
    """Put a compiled NIF into the app that loads `library`, as packages with precompiled ones do.

    The library itself is not needed to link: an empty one of its name stands in for it.
    """
    folder = app / "tmp"
    folder.mkdir(exist_ok=True)
    found = docker.once(
        builder, "sh", "-c", 'cd "$(dirname "$(find / -xdev -name erl_nif.h | head -n 1)")" && tail -n +1 *.h'
    )
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


@pytest.fixture(params=["debian", "minimal"])
def other(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Path:
    """The app on a base, for a test to add something to."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, runtime_base=request.param)
    return app


@pytest.mark.needs("cc")
def test_a_nif_finds_what_it_loads(other: Path, tmp_path: Path) -> None:
    """Of the libraries that Debian's image has, the minimal one has those that the release asks for."""
    builder = phoenix.build(other, "copier-fly-test/native-builder", target="compiler")
    add_nif(other, builder.tag, "liblzma.so.5")
    image = phoenix.build(other, "copier-fly-test/native")
    done = docker.once(
        image.tag, "/app/bin/shop", "eval", "IO.puts(Shop.Native.version())", env=phoenix.environment(other, None)
    )
    assert re.search(r"^5\d{7}$", done.stdout, re.MULTILINE), done.stdout
    with phoenix.running(image.tag, other, None, tmp_path) as app:
        assert app.get("/readyz")[0] == 200


@pytest.mark.needs("cc")
def test_a_library_that_the_image_lacks_stops_the_build(other: Path) -> None:
    """What a dependency's NIF or program wants would otherwise only show when it is called."""
    builder = phoenix.build(other, "copier-fly-test/native-builder", target="compiler")
    add_nif(other, builder.tag, "libgone.so.1")
    (other / "lib/shop/native.ex").unlink()
    (other / "priv/native.so").rename(other / "priv/tool")
    with pytest.raises(DockerError, match=r"libgone\.so\.1 => not found"):
        phoenix.build(other, "copier-fly-test/gone")


def test_a_minimal_image_holds_no_package(template: Path, tmp_path: Path) -> None:
    """Only then is it worth its limits."""
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, runtime_base="minimal")
    image = phoenix.build(app, "copier-fly-test/minimal")
    done = docker.once(
        image.tag, "sh", "-c", "ls -d /var/lib/dpkg /usr/bin/perl /usr/bin/apt-get /bin/bash; ls /lib/*/ /usr/lib/*/"
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
        "native/x/src/lib.rs",
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


# --- Variants -------------------------------------------------------------------------------------------


def test_without_ecto_and_without_assets_on_an_older_elixir(template: Path, tmp_path: Path) -> None:
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    phoenix.copy_template(template, app, elixir_image="1.18-otp27")
    assert not (app / "lib/shop/release.ex").exists()
    image = phoenix.build(app, "copier-fly-test/small", build_args={"REVISION": phoenix.REVISION})
    with phoenix.running(image.tag, app, None, tmp_path) as running:
        assert running.json("/readyz") == (200, {"status": "ok", "checks": {}})
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
    (app / "assets" / "package.json").write_text(
        json.dumps({"name": "assets", "private": True, "dependencies": {"is-number": "7.0.0"}})
    )
    phoenix.copy_template(template, phoenix.commit(repository))
    assert (repository / "Dockerfile").is_file()
    assert (repository / "net_auto" / "rel" / "releases.exs").is_file()
    image = phoenix.build(repository, "copier-fly-test/net-auto")
    stage = phoenix.build(repository, "copier-fly-test/net-auto-build", target="build")
    assert docker.once(stage.tag, "ls", "assets/node_modules/is-number").returncode == 0
    with phoenix.running(image.tag, repository, None, tmp_path) as running:
        assert running.get("/readyz")[0] == 200
