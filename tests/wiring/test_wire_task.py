"""The task itself: what it writes, what it prints, what a kill or a read-only file leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from copier import run_copy

from tasks import wire
from tests.detection import projects
from tests.detection.projects import below, nextjs, phoenix, umbrella, write
from tests.support.template import REPO

MIX_LINE = '    releases: elem(Code.eval_file("rel/releases.exs"), 0),'


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    """The task as copier runs it; what it prints."""
    command = [sys.executable, "-I", str(REPO / "tasks/wire.py"), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


STACKS = {
    "phoenix": (phoenix(), ".", ["mix.exs", "lib/shop_web/endpoint.ex"]),
    "umbrella": (umbrella(), ".", ["mix.exs", "apps/shop_web/lib/shop_web/endpoint.ex"]),
    "nextjs": (nextjs(), ".", ["package.json"]),
    "phoenix-below": (
        below("net/auto", phoenix()),
        "net/auto",
        ["net/auto/mix.exs", "net/auto/lib/shop_web/endpoint.ex"],
    ),
    "nextjs-below": (below("apps/web", nextjs()), "apps/web", ["apps/web/package.json"]),
}


@pytest.mark.parametrize("case", STACKS)
def test_wires_once_and_touches_nothing_else(case: str, tmp_path: Path) -> None:
    files, app_dir, wired = STACKS[case]
    before = contents(write(tmp_path, files))
    arguments = (case.partition("-")[0], app_dir, "" if "nextjs" in case else "ShopWeb")
    said = run(tmp_path, *arguments)
    after = contents(tmp_path)
    assert [name for name in after if after[name] != before.get(name)] == [name for name in after if name in wired]
    assert all(f"{name}: added `" in said for name in wired)
    again = run(tmp_path, *arguments)
    assert again.splitlines() == [f"{name}: wired already" for name in wired]
    assert contents(tmp_path) == after


def test_the_script_of_an_app_below_starts_at_the_top(tmp_path: Path) -> None:
    run(write(tmp_path, below("apps/web", nextjs())), "nextjs", "apps/web")
    assert '"deploy:fly": "cd ../.. && ops/deploy production"' in (tmp_path / "apps/web/package.json").read_text()


@pytest.mark.parametrize("case", STACKS)
def test_print_writes_nothing(case: str, tmp_path: Path) -> None:
    files, app_dir, wired = STACKS[case]
    before = contents(write(tmp_path, files))
    said = run(tmp_path, case.partition("-")[0], app_dir, "ShopWeb", "--print")
    assert contents(tmp_path) == before
    assert all(f"{name}: " in said for name in wired)
    assert ("deploy:fly" if "nextjs" in case else f"\n{MIX_LINE}\n") in said


def test_an_empty_folder_gets_the_lines_printed(tmp_path: Path) -> None:
    said = run(tmp_path, "phoenix", ".", "ShopWeb")
    assert "mix.exs was left as it is, because it is not there." in said
    assert f"\n{MIX_LINE}\n" in said
    assert "\n    plug ShopWeb.HealthPlug\n" in said
    assert contents(tmp_path) == {}


UNFIT = {
    "not-utf-8": (b"\xff\xfe", "it is not UTF-8 text"),
    "too-large": (b"#" * 1_000_001, "it is too large"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_file_without_the_place_stays_byte_for_byte(case: str, tmp_path: Path) -> None:
    content, reason = UNFIT[case]
    write(tmp_path, phoenix())
    (tmp_path / "mix.exs").write_bytes(content)
    said = run(tmp_path, "phoenix", ".", "ShopWeb")
    assert f"mix.exs was left as it is, because {reason}" in said
    assert f"To do by hand, in the list of `def project`, behind `app:`:\n\n{MIX_LINE}\n" in said
    assert "endpoint.ex: added" in said
    assert (tmp_path / "mix.exs").read_bytes() == content


def test_what_belongs_to_a_release_of_its_own_is_told(tmp_path: Path) -> None:
    write(tmp_path, phoenix())
    content = b"defmodule M do\n  use Mix.Project\n  def project, do: [app: :a, releases: [a: [], b: []]]\nend\n"
    (tmp_path / "mix.exs").write_bytes(content)
    said = run(tmp_path, "phoenix", ".", "ShopWeb")
    assert "mix.exs was left as it is, because the `releases:` in line 3 is not one release" in said
    assert (
        "To do by hand, among the options of the release in `releases:`:\n\n    config_providers: [{Config.Reader,"
        in said
    )
    assert (tmp_path / "mix.exs").read_bytes() == content


def test_an_endpoint_can_be_named(tmp_path: Path) -> None:
    files = phoenix()
    files["lib/other.ex"] = projects.endpoint_ex("OtherWeb", "shop")
    write(tmp_path, files)
    assert "lib/other.ex: added" in run(tmp_path, "phoenix", ".", "OtherWeb", "--endpoint", "lib/other.ex")
    assert "plug OtherWeb.HealthPlug" in (tmp_path / "lib/other.ex").read_text()


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755])
def test_permissions_stay(mode: int, tmp_path: Path) -> None:
    write(tmp_path, phoenix())
    (tmp_path / "mix.exs").chmod(mode)
    run(tmp_path, "phoenix", ".", "ShopWeb")
    assert (tmp_path / "mix.exs").stat().st_mode & 0o777 == mode


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, phoenix())
    before = contents(tmp_path)["mix.exs"]
    (tmp_path / "mix.exs").chmod(0o444)
    assert "mix.exs was left as it is, because it is read-only." in run(tmp_path, "phoenix", ".", "ShopWeb")
    assert contents(tmp_path)["mix.exs"] == before


def test_a_link_inside_the_project_stays_one(tmp_path: Path) -> None:
    write(tmp_path, phoenix())
    (tmp_path / "mix.exs").rename(tmp_path / "real.exs")
    (tmp_path / "mix.exs").symlink_to("real.exs")
    run(tmp_path, "phoenix", ".", "ShopWeb")
    assert (tmp_path / "mix.exs").is_symlink()
    assert MIX_LINE in (tmp_path / "real.exs").read_text()


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    project = write(tmp_path / "project", phoenix())
    (project / "mix.exs").rename(tmp_path / "shared.exs")
    (project / "mix.exs").symlink_to("../shared.exs")
    assert "it is a link to a file outside the project" in run(project, "phoenix", ".", "ShopWeb")
    assert (tmp_path / "shared.exs").read_text() == phoenix()["mix.exs"]


def test_a_fifo_does_not_stop_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "package.json")
    assert "it is not a file" in run(tmp_path, "nextjs", ".")


@pytest.mark.parametrize(
    "arguments", [("phoenix", "."), ("phoenix", "../other", "ShopWeb"), ("rails", ".", "X"), ()], ids=str
)
def test_a_wrong_command_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert "usage: wire.py" in run(tmp_path, *arguments, code=2)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path, phoenix())
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wire.os, "fsync", full)
    assert wire.main(["phoenix", ".", "ShopWeb"]) == 0
    assert contents(tmp_path) == before


KILLED = """
import os, runpy, signal, sys
before, sys.argv = sys.argv[1] == "before", sys.argv[2:]
real = os.replace
def replace(*paths):
    if not before:
        real(*paths)
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_leaves_either_version_and_the_next_run_completes(moment: str, tmp_path: Path) -> None:
    write(tmp_path, phoenix())
    old = contents(tmp_path)
    task = [str(REPO / "tasks/wire.py"), "phoenix", ".", "ShopWeb"]
    killed = subprocess.run([sys.executable, "-c", KILLED, moment, *task], cwd=tmp_path, check=False)
    assert killed.returncode == -9
    now = contents(tmp_path)
    assert {name: now[name] for name in old if name != "mix.exs"} == {n: old[n] for n in old if n != "mix.exs"}
    wired = wire.wire_mix(old["mix.exs"].decode()).encode()
    assert now["mix.exs"] == (old["mix.exs"] if moment == "before" else wired)
    run(tmp_path, "phoenix", ".", "ShopWeb")
    assert contents(tmp_path).keys() == old.keys()
    assert contents(tmp_path)["mix.exs"] == wired


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    write(tmp_path, phoenix())
    file = tmp_path / "mix.exs"
    old = file.read_bytes()
    new = wire.wire_mix(old.decode()).encode()
    seen: set[bytes] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(file.read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(50):
        status = file.stat()
        wire._replace(str(file), status, new)
        wire._replace(str(file), status, old)
    done.set()
    reader.join()
    assert seen <= {old, new}


IN_A_FOLDER = {
    "nextjs": (below("apps/web", nextjs()), ("nextjs", "apps/web")),
    "phoenix": (below("net", phoenix()), ("phoenix", "net", "ShopWeb")),
    "umbrella": (below("back", umbrella()), ("umbrella", "back", "ShopWeb")),
}


@pytest.mark.parametrize("case", IN_A_FOLDER)
def test_the_message_after_a_copy_tells_the_same_lines(
    case: str, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the task the lines are the user's to add, and a script runs in the folder of its package.json."""
    files, arguments = IN_A_FOLDER[case]
    write(tmp_path, files)
    run_copy(str(template), tmp_path, defaults=True, unsafe=True, skip_tasks=True)
    said = capsys.readouterr().err
    told = run(tmp_path, *arguments, "--print")
    assert told.count("add\n\n    ") == (1 if case == "nextjs" else 2)
    for line in told.split("\n\n"):
        assert line.rstrip("\n") in said


def test_the_files_that_a_module_name_does_not_tell(template: Path, tmp_path: Path) -> None:
    """`GreeningIoTWeb` is in `lib/greening_iot_web`; by its name alone it would be in `lib/greening_io_t_web`."""
    app = write(tmp_path / "greening_iot", phoenix("greening_iot", module="GreeningIoT"))
    run_copy(str(template), app, defaults=True, unsafe=True, quiet=True)
    assert (app / "lib/greening_iot_web/health_plug.ex").is_file()
    assert (app / "lib/greening_iot/release.ex").is_file()
    assert not (app / "lib/greening_io_t_web").exists()
    answers = (app / ".copier-answers.yml").read_text()
    assert "app_lib: lib/greening_iot\n" in answers
    assert "web_lib: lib/greening_iot_web\n" in answers


@pytest.mark.parametrize(
    ("file", "module", "ours"),
    [
        (None, None, "Release"),
        ("lib/shop/release.ex", "Shop", "FlyRelease"),
        ("lib/shop_web/release.ex", "ShopWeb", "FlyRelease"),
        ("lib/shop/tasks/migrate.ex", "Shop", "FlyRelease"),
        ("lib/shop/release.ex", "Shop.Music", "FlyRelease"),
        ("lib/shop/music/release.ex", "Shop.Music", "Release"),
    ],
)
def test_the_migrations_are_in_release_unless_the_app_has_one(
    template: Path, tmp_path: Path, file: str | None, module: str | None, ours: str
) -> None:
    app = write(tmp_path / "shop", phoenix())
    own = f"defmodule {module}.Release do\n  def migrate, do: :ok\nend\n"
    if file:
        write(app, {file: own})
    for _ in range(2):
        # A second copy meets what the first one wrote.
        run_copy(str(template), app, defaults=True, unsafe=True, quiet=True, overwrite=True)
        assert not file or (app / file).read_text() == own
        name = {"Release": "release.ex", "FlyRelease": "fly_release.ex"}[ours]
        assert (app / "lib/shop" / name).read_text().startswith(f"defmodule Shop.{ours} do\n")
        assert f"Shop.{ours}.migrate()" in (app / "rel/overlays/bin/migrate").read_text()


OWN_ENV_SH = "export RELEASE_NODE=till@$FLY_PRIVATE_IP\n"
OWN_VM_ARGS = "+S 2\n"


@pytest.mark.parametrize("app_dir", [".", "net/till"])
@pytest.mark.parametrize("own", [{"env.sh.eex": OWN_ENV_SH}, {"vm.args.eex": OWN_VM_ARGS}])
def test_the_environment_of_a_release_stays_where_it_is_the_apps(
    template: Path, tmp_path: Path, own: dict[str, str], app_dir: str
) -> None:
    write(tmp_path, below(app_dir, {**phoenix(), **{f"rel/{name}": text for name, text in own.items()}}))
    for _ in range(2):
        run_copy(str(template), tmp_path, defaults=True, unsafe=True, quiet=True)
        rel = tmp_path / app_dir / "rel"
        assert {name.name: name.read_text() for name in rel.glob("*.eex")} == own
        assert (rel / "overlays/fly.sh").is_file()
        assert "/fly.sh" in (tmp_path / "Dockerfile").read_text()


def test_the_environment_of_a_release_is_ours_where_the_app_has_none(template: Path, tmp_path: Path) -> None:
    write(tmp_path, phoenix())
    for _ in range(2):
        # A second copy meets what the first one wrote.
        run_copy(str(template), tmp_path, defaults=True, unsafe=True, quiet=True)
        assert {name.name for name in (tmp_path / "rel").glob("*.eex")} == {"env.sh.eex", "vm.args.eex"}
        assert not (tmp_path / "rel/overlays/fly.sh").exists()
        assert "/fly.sh" not in (tmp_path / "Dockerfile").read_text()
