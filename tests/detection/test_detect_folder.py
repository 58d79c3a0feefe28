"""What detection says about the folder around an app, and that no folder makes it fail."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import load
from copier_fly.detect import files, project
from tests.detection.projects import below, nextjs, phoenix, umbrella, write

EMPTY = {
    "stack": None,
    "app_dir": None,
    "apps": [],
    "problems": [],
    "notes": [],
    "github": False,
    "workflows": [],
    "fly": {},
    "fly_toml": {"file": None, "keys": {}},
    "adoption": [],
    "version": None,
    "elixir": None,
    "nextjs": None,
}


def test_an_empty_folder(tmp_path: Path) -> None:
    assert project.examine(tmp_path) == EMPTY | {"folder": tmp_path.name}


@pytest.mark.parametrize("name", ["not-there", "a\nb", "\0", "x" * 300])
def test_a_folder_that_cannot_be(name: str, tmp_path: Path) -> None:
    found = project.examine(f"{tmp_path}/{name}")
    assert {key: found[key] for key in EMPTY} == EMPTY


def apps(found: dict) -> list[tuple[str, str]]:
    return [(app["dir"], app["stack"]) for app in found["apps"]]


def test_two_apps_in_one_repository(tmp_path: Path) -> None:
    write(tmp_path, {**below("backend", phoenix()), **below("frontend", nextjs())})
    found = project.examine(tmp_path)
    assert apps(found) == [("backend", "phoenix"), ("frontend", "nextjs")]
    assert found["app_dir"] == "backend"
    chosen = project.examine(tmp_path, "frontend")
    assert (chosen["stack"], chosen["app_dir"], chosen["elixir"]) == ("nextjs", "frontend", None)
    assert chosen["nextjs"]["name"] == "web-shop"


def test_the_app_at_the_root_comes_first(tmp_path: Path) -> None:
    write(tmp_path, {**phoenix(), **below("a", nextjs())})
    assert apps(project.examine(tmp_path)) == [(".", "phoenix"), ("a", "nextjs")]


@pytest.mark.parametrize("app_dir", ["./backend/", "backend", "backend/."])
def test_spellings_of_the_app_folder(app_dir: str, tmp_path: Path) -> None:
    write(tmp_path, below("backend", phoenix()))
    assert project.examine(tmp_path, app_dir)["app_dir"] == "backend"


@pytest.mark.parametrize("app_dir", ["frontend", "/backend", "../backend", "backend/..", ""])
def test_an_app_folder_without_an_app(app_dir: str, tmp_path: Path) -> None:
    found = project.examine(write(tmp_path, below("backend", phoenix())), app_dir)
    assert (found["stack"], found["app_dir"], found["elixir"]) == (None, None, None)
    assert apps(found) == [("backend", "phoenix")]


@pytest.mark.parametrize(
    "folder",
    [
        "node_modules/x",
        "deps/x",
        "_build/x",
        ".git/x",
        "vendor/x",
        "examples/x",
        "test/fixtures/x",
        "a/b/c/d",
    ],
)
def test_folders_where_no_app_of_the_user_is(folder: str, tmp_path: Path) -> None:
    assert apps(project.examine(write(tmp_path, below(folder, phoenix())))) == []


def test_depth_three_is_still_looked_at(tmp_path: Path) -> None:
    assert apps(project.examine(write(tmp_path, below("a/b/c", nextjs())))) == [("a/b/c", "nextjs")]


def test_an_umbrella_counts_once(tmp_path: Path) -> None:
    assert apps(project.examine(write(tmp_path, below("back", umbrella())))) == [("back", "umbrella")]


GIT = '[core]\n\tbare = false\n[remote "origin"]\n\turl = {}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".git/config": GIT.format("git@github.com:me/shop.git")}, True),
        ({".git/config": GIT.format("https://github.com/me/shop")}, True),
        ({".git/config": GIT.format("https://gitlab.com/me/github.com.git")}, False),
        ({".git/config": '[url "git@github.com:"]\n\turl = https://github.com/x\n'}, False),
        ({".github/CODEOWNERS": "* @me\n"}, True),
        ({".git": "gitdir: ../main/.git/worktrees/x\n"}, True),
        ({".git": "gitdir: ../main/.git/modules/x\n"}, True),
        ({".git": "gitdir: ../nowhere\n"}, False),
    ],
    ids=["ssh", "https", "gitlab", "rewrite", "folder", "worktree", "submodule", "dangling"],
)
def test_github(files: dict[str, str], expected: bool, tmp_path: Path) -> None:
    remote = GIT.format("https://github.com/me/shop.git")
    write(
        tmp_path / "main",
        {
            ".git/config": remote,
            ".git/worktrees/x/commondir": "../..\n",
            ".git/modules/x/config": remote,
        },
    )
    assert project.examine(write(tmp_path / "shop", files))["github"] is expected


def test_workflows_of_the_apps_own(tmp_path: Path) -> None:
    files = {f".github/workflows/{name}": "" for name in ("ci.yml", "b.yaml", "fly-deploy.yml", "README.md")}
    assert project.examine(write(tmp_path, files))["workflows"] == ["b.yaml", "ci.yml"]


FLY = """app = 'shop-live'
primary_region = 'ams'
swap_size_mb = 512
kill_timeout = 30

[deploy]
  release_command = '/app/bin/migrate'

[http_service]
  internal_port = 8080

[[vm]]
  memory = '2048mb'
  size = 'shared-cpu-2x'
"""


@pytest.mark.parametrize("place", ["", "backend/"])
def test_an_existing_fly_toml(place: str, tmp_path: Path) -> None:
    found = project.examine(write(tmp_path, {**below("backend", phoenix()), f"{place}fly.toml": FLY}))
    assert found["fly"] == {
        "app": "shop-live",
        "primary_region": "ams",
        "internal_port": 8080,
        "vm_size": "shared-cpu-2x",
        "vm_memory": "2gb",
        "swap_mb": 512,
        "release_command": "/app/bin/migrate",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app = 'x'\n[[services]]\ninternal_port = 4000\n", {"app": "x", "internal_port": 4000}),
        (
            "[[vm]]\ncpu_kind = 'performance'\ncpus = 4\nmemory_mb = 512\n",
            {"vm_size": "performance-4x", "vm_memory": "512mb"},
        ),
        ("[vm]\nmemory = 1024\n", {"vm_memory": "1gb"}),
        ("[[vm]]\nmemory = 'plenty'\n", {}),
        ("app = 3\nprimary_region = ['ams']\nswap_size_mb = true\n", {}),
        ("app = ''\n", {}),
        (
            "[http_service]\nauto_stop_machines = true\nmin_machines_running = 0\n[[metrics]]\nport = 9091\n",
            {"auto_stop": "stop", "min_machines": 0, "metrics_port": 9091},
        ),
        ("[http_service]\nauto_stop_machines = false\n", {"auto_stop": "off"}),
        ("[[metrics]]\nport = 9091\npath = '/m'\n[env]\n", {}),
        (
            "[deploy]\nstrategy = 'canary'\n[env]\nA = true\nB = 5\nC = [1]\n",
            {"strategy": "canary", "env": {"A": "true", "B": "5"}},
        ),
    ],
)
def test_fly_toml_only_says_what_is_there(text: str, expected: dict, tmp_path: Path) -> None:
    found = project.examine(write(tmp_path, {"fly.toml": text}))
    assert (found["fly"], found["problems"]) == (expected, [])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".copier-answers.yml": "_commit: v1.2.0\nfly_app: shop\n"}, "v1.2.0"),
        ({".copier-answers.yml": "fly_app: shop\n"}, "unknown"),
        ({".copier-answers.yml": "_commit: v3.0.0\nname: shop\n"}, None),
        ({}, None),
    ],
)
def test_the_version_of_an_earlier_copy(files: dict[str, str], expected: str | None, tmp_path: Path) -> None:
    assert project.examine(write(tmp_path, files))["version"] == expected


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("mix.exs", b"\xff\xfe", "mix.exs is not UTF-8 text."),
        ("package.json", b"{", "package.json is not valid JSON."),
        ("package.json", b"\xff", "package.json is not UTF-8 text."),
        ("fly.toml", b"app =", "fly.toml is not valid TOML."),
        (".copier-answers.yml", b"a: [", ".copier-answers.yml is not valid YAML."),
        (".copier-answers.yml", b"_src_path: !!int ''", ".copier-answers.yml is not valid YAML."),
        ("mix.exs", b"#" * 1_000_001, "mix.exs is larger than 1 MB and was not read."),
    ],
)
def test_a_file_that_cannot_be_used_is_named(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    found = project.examine(tmp_path)
    there = {"fly_toml": {"file": name, "keys": {}}} if name == "fly.toml" else {}
    assert {key: found[key] for key in EMPTY} == EMPTY | {"problems": [sentence]} | there


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "mix.exs").symlink_to("mix.exs")
    assert project.examine(tmp_path)["problems"] == ["mix.exs cannot be read (Too many levels of symbolic links)."]


def test_broken_files_beside_the_app_are_nobodys_problem(tmp_path: Path) -> None:
    write(tmp_path, {**below("backend", phoenix()), "tools/package.json": "{", "tools/mix.exs": "defmodule"})
    found = project.examine(tmp_path)
    assert (found["stack"], found["problems"], found["notes"]) == ("phoenix", [], [])


def test_things_that_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mix.exs").mkdir()
    os.mkfifo(tmp_path / "package.json")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        listener.bind("fly.toml")
        found = project.examine(tmp_path)
    assert {key: found[key] for key in EMPTY} == EMPTY


def test_links_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, below("backend", phoenix()))
    (tmp_path / "backend/lib/shop/again").symlink_to("../..")
    (tmp_path / "again").symlink_to(".")
    assert apps(project.examine(tmp_path)) == [("backend", "phoenix")]


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    target = os.fsencode(tmp_path) + b"/caf\xe9"
    folder = write(Path(os.fsdecode(target)), phoenix())
    (folder / os.fsdecode(b"lib/\xff")).mkdir()
    (folder / os.fsdecode(b"lib/\xff.ex")).write_text("defmodule X do\n  use Phoenix.Endpoint\nend\n")
    write(folder / os.fsdecode(b"\xfe"), nextjs())
    found = project.examine(folder)
    assert apps(found) == [(".", "phoenix")]
    assert (found["stack"], found["folder"]) == ("phoenix", "caf�")
    json.dumps(found).encode()


def test_a_very_wide_folder_is_left_in_time(tmp_path: Path) -> None:
    for number in range(2_100):
        (tmp_path / f"d{number:04}").mkdir()
    write(tmp_path, below("d2099", phoenix()))
    assert project.find_apps(files.Target(str(tmp_path))) == []


READ = (
    "mix.exs",
    "package.json",
    "fly.toml",
    ".copier-answers.yml",
    ".git/config",
    "config/runtime.exs",
    "lib/a.ex",
    "pnpm-workspace.yaml",
    "mise.toml",
    "next.config.ts",
)
HOSTILE = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet="defmodule project[]{}()<>\"'~#:@,.do end\n\\%|&?", max_size=200).map(str.encode),
    st.sampled_from([b"[" * 400, b'"#{' * 500, b"fn " * 500, b'{"a":' * 2000, b"a=[" * 2000, b"- " * 600]),
)


@settings(max_examples=100, deadline=None)
@given(
    files=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(READ, HOSTILE),
    ),
    real=st.booleans(),
)
def test_no_content_makes_it_fail(
    files: dict[str, bytes], real: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("hostile")
    write(root, {**phoenix(ecto=False), **below("apps/web", nextjs())} if real else {})
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    json.dumps(project.examine(root)).encode()


NOISE = st.text(alphabet="abc:,[](){}<>/'~@%&#! ", max_size=40).map(lambda text: text.replace("#{", "# {"))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 30), noise=NOISE, words=st.sampled_from(["app: :wrong,", "end", "def project do"]))
@pytest.mark.parametrize("quotes", ["  # {}", '  @doc """\n  {}\n  """', '  @note "{}"', "  @note ~S|{}|"])
def test_words_in_comments_and_text_change_nothing(quotes: str, at: int, noise: str, words: str) -> None:
    mixfile = project.elixir_app.mixfile
    lines = phoenix()["mix.exs"].splitlines()
    # Between the functions of the module, where a comment or an attribute may stand.
    places = [number for number, line in enumerate(lines) if not line]
    lines.insert(places[at % len(places)], quotes.format(f"{noise} {words}"))
    mix = mixfile.MixProject("\n".join(lines))
    plain = mixfile.MixProject(phoenix()["mix.exs"])
    assert (mix.atom("app"), mix.string("version"), mix.callback()) == ("shop", "0.1.0", "Shop.Application")
    assert [dep.name for dep in mix.deps()] == [dep.name for dep in plain.deps()]


def test_a_template_reads_a_target_once(tmp_path: Path) -> None:
    environment = jinja2.Environment(extensions=[load.CopierFly])
    source = environment.from_string("{{ detect(dst).stack }} {{ detect(dst, '.').elixir.app_name }}")
    write(tmp_path, phoenix())
    assert source.render(dst=str(tmp_path)) == "phoenix shop"
    (tmp_path / "mix.exs").unlink()
    assert source.render(dst=str(tmp_path)) == "phoenix shop"
    # The next run loads the package anew, and with it an empty memory.
    anew = jinja2.Environment(extensions=[load.CopierFly])
    assert anew.from_string("{{ detect(dst).stack }}").render(dst=str(tmp_path)) == "None"
