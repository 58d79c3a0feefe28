"""What detection says about the folder around an app, and that no folder makes it fail."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, replace
from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import load
from copier_fly.detect.elixir import mixfile
from copier_fly.detect.examine import examine, find_apps
from copier_fly.detect.files import Target
from copier_fly.detect.project import ElixirApp, FlyToml, Project
from tests.detection.projects import below, nextjs, package_json, phoenix, umbrella, write

EMPTY = Project(folder="")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert examine(tmp_path) == replace(EMPTY, folder=tmp_path.name)


@pytest.mark.parametrize("name", ["not-there", "a\nb", "\0", "x" * 300])
def test_a_folder_that_cannot_be(name: str, tmp_path: Path) -> None:
    assert replace(examine(f"{tmp_path}/{name}"), folder="") == EMPTY


def apps(found: Project) -> list[tuple[str, str]]:
    return [(app.dir, app.stack) for app in found.apps]


def test_two_apps_in_one_repository(tmp_path: Path) -> None:
    write(tmp_path, {**below("backend", phoenix()), **below("frontend", nextjs())})
    found = examine(tmp_path)
    assert apps(found) == [("backend", "phoenix"), ("frontend", "nextjs")]
    assert found.app_dir == "backend"
    chosen = examine(tmp_path, "frontend")
    assert (chosen.stack, chosen.app_dir, chosen.elixir) == ("nextjs", "frontend", ElixirApp())
    assert chosen.nextjs.name == "web-shop"


def test_the_app_at_the_root_comes_first(tmp_path: Path) -> None:
    write(tmp_path, {**phoenix(), **below("a", nextjs())})
    assert apps(examine(tmp_path)) == [(".", "phoenix"), ("a", "nextjs")]


@pytest.mark.parametrize("app_dir", ["./backend/", "backend", "backend/."])
def test_spellings_of_the_app_folder(app_dir: str, tmp_path: Path) -> None:
    write(tmp_path, below("backend", phoenix()))
    assert examine(tmp_path, app_dir).app_dir == "backend"


@pytest.mark.parametrize("app_dir", ["frontend", "/backend", "../backend", "backend/..", ""])
def test_an_app_folder_without_an_app(app_dir: str, tmp_path: Path) -> None:
    found = examine(write(tmp_path, below("backend", phoenix())), app_dir)
    assert (found.stack, found.app_dir, found.elixir) == (None, None, ElixirApp())
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
    assert apps(examine(write(tmp_path, below(folder, phoenix())))) == []


def test_depth_three_is_still_looked_at(tmp_path: Path) -> None:
    assert apps(examine(write(tmp_path, below("a/b/c", nextjs())))) == [("a/b/c", "nextjs")]


def test_an_umbrella_counts_once(tmp_path: Path) -> None:
    assert apps(examine(write(tmp_path, below("back", umbrella())))) == [("back", "umbrella")]


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
    assert examine(write(tmp_path / "shop", files)).github is expected


def test_a_script_alone_makes_no_app_beside_those_with_pages(tmp_path: Path) -> None:
    root = {"package.json": package_json(scripts={"start": "next start"})}
    assert apps(examine(write(tmp_path / "alone", root))) == [(".", "nextjs")]
    found = examine(write(tmp_path / "learn", {**root, **below("basics", nextjs()), **below("seo", nextjs())}))
    assert apps(found) == [("basics", "nextjs"), ("seo", "nextjs")]


def test_workflows_of_the_apps_own(tmp_path: Path) -> None:
    files = {f".github/workflows/{name}": "" for name in ("ci.yml", "b.yaml", "fly-deploy.yml", "README.md")}
    assert examine(write(tmp_path, files)).workflows == ("b.yaml", "ci.yml")


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
    found = examine(write(tmp_path, {**below("backend", phoenix()), f"{place}fly.toml": FLY}))
    assert found.existing_deployment.fly_toml == FlyToml(
        app="shop-live",
        primary_region="ams",
        internal_port=8080,
        vm_size="shared-cpu-2x",
        vm_memory="2gb",
        swap_mb=512,
    )
    assert found.existing_deployment.fly_toml_file == f"{place}fly.toml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app = 'x'\n[[services]]\ninternal_port = 4000\n", {"app": "x", "internal_port": 4000}),
        (
            "[[vm]]\ncpu_kind = 'performance'\ncpus = 4\nmemory_mb = 512\n",
            {"vm_size": "performance-4x", "vm_memory": "512mb"},
        ),
        ("[vm]\nmemory = 1024\n", {"vm_memory": "1gb"}),
        ("[vm]\nmemory = '1g'\n", {"vm_memory": "1gb"}),
        ("[vm]\nmemory = '512M'\n", {"vm_memory": "512mb"}),
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
    found = examine(write(tmp_path, {"fly.toml": text}))
    assert (found.existing_deployment.fly_toml, found.warnings) == (FlyToml(**expected), ())


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
    assert examine(write(tmp_path, files)).existing_deployment.template_version == expected


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("mix.exs", b"\xff\xfe", "mix.exs: The file is not UTF-8 text."),
        ("package.json", b'{\n"a": 1,\n"b": }', "package.json:3: The file is not valid JSON."),
        ("package.json", b"\xff", "package.json: The file is not UTF-8 text."),
        ("fly.toml", b"[a]\napp = =", "fly.toml:2: The file is not valid TOML."),
        (".copier-answers.yml", b"a: 1\n  b: 2\n", ".copier-answers.yml:2: The file is not valid YAML."),
        (".copier-answers.yml", b"_src_path: !!int ''", ".copier-answers.yml: The file is not valid YAML."),
        ("mix.exs", b"#" * 1_000_001, "mix.exs: The file is larger than 1 MB and was not read."),
        ("mix.exs", b"defmodule A do\n  [\nend\n", "mix.exs:3: The file could not be understood: end closes nothing."),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    name: str, content: bytes, says: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    [warning] = examine(tmp_path).warnings
    assert warning.stops
    assert str(warning).startswith(says)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "mix.exs").symlink_to("mix.exs")
    [warning] = examine(tmp_path).warnings
    assert str(warning) == "mix.exs: The file cannot be read (Too many levels of symbolic links). Fix it."


def test_broken_files_beside_the_app_do_not_matter(tmp_path: Path) -> None:
    write(tmp_path, {**below("backend", phoenix()), "tools/package.json": "{", "tools/mix.exs": "defmodule"})
    found = examine(tmp_path)
    assert (found.stack, found.warnings) == ("phoenix", ())


def test_things_that_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mix.exs").mkdir()
    os.mkfifo(tmp_path / "package.json")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        listener.bind("fly.toml")
        found = examine(tmp_path)
    assert replace(found, folder="") == EMPTY


def test_links_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, below("backend", phoenix()))
    (tmp_path / "backend/lib/shop/again").symlink_to("../..")
    (tmp_path / "again").symlink_to(".")
    assert apps(examine(tmp_path)) == [("backend", "phoenix")]


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    target = os.fsencode(tmp_path) + b"/caf\xe9"
    folder = write(Path(os.fsdecode(target)), phoenix())
    (folder / os.fsdecode(b"lib/\xff")).mkdir()
    (folder / os.fsdecode(b"lib/\xff.ex")).write_text("defmodule X do\n  use Phoenix.Endpoint\nend\n")
    write(folder / os.fsdecode(b"\xfe"), nextjs())
    found = examine(folder)
    assert apps(found) == [(".", "phoenix")]
    assert (found.stack, found.folder) == ("phoenix", "caf�")
    json.dumps(asdict(found)).encode()


def test_a_very_wide_folder_is_left_in_time(tmp_path: Path) -> None:
    for number in range(2_100):
        (tmp_path / f"d{number:04}").mkdir()
    write(tmp_path, below("d2099", phoenix()))
    assert find_apps(Target(str(tmp_path))) == []


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
    json.dumps(asdict(examine(root))).encode()


NOISE = st.text(alphabet="abc:,[](){}<>/'~@%&#! ", max_size=40).map(lambda text: text.replace("#{", "# {"))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 30), noise=NOISE, words=st.sampled_from(["app: :wrong,", "end", "def project do"]))
@pytest.mark.parametrize("quotes", ["  # {}", '  @doc """\n  {}\n  """', '  @note "{}"', "  @note ~S|{}|"])
def test_words_in_comments_and_text_change_nothing(quotes: str, at: int, noise: str, words: str) -> None:
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
    source = environment.from_string("{{ detected().stack }} {{ detected().elixir.name }}")
    write(tmp_path, phoenix())
    assert source.render(_copier_conf={"dst_path": tmp_path, "data": {}}) == "phoenix shop"
    (tmp_path / "mix.exs").unlink()
    assert source.render(_copier_conf={"dst_path": tmp_path, "data": {}}) == "phoenix shop"
    assert source.render(_copier_conf={"dst_path": tmp_path, "data": {}}, app_dir="./") == "phoenix shop", (
        "the app that was found"
    )
    # The next run loads the package anew, and with it an empty memory.
    anew = jinja2.Environment(extensions=[load.CopierFly])
    assert anew.from_string("{{ detected().stack }}").render(_copier_conf={"dst_path": tmp_path, "data": {}}) == "None"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fly.json", '{"app": "shop", "primary_region": "ord", "vm": [{"memory": "1gb"}]}'),
        ("fly.yaml", "app: shop\nprimary_region: ord\nvm:\n  memory: 1gb\n"),
    ],
)
def test_a_configuration_that_flyctl_takes_for_a_fly_toml_gives_the_defaults(
    name: str, text: str, tmp_path: Path
) -> None:
    found = examine(write(tmp_path, {**phoenix(), name: text})).existing_deployment
    assert (found.fly_toml_file, found.fly_toml.app) == (name, "shop")
    assert (found.fly_toml.primary_region, found.fly_toml.vm_memory) == ("ord", "1gb")
    # flyctl looks for fly.toml first.
    found = examine(write(tmp_path, {"fly.toml": "app = 'till'\n"})).existing_deployment
    assert (found.fly_toml_file, found.fly_toml.app) == ("fly.toml", "till")
