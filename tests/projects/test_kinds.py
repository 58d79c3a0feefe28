"""Each kind of what real projects have is told or served, whatever the names and the layout are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy
from copier.errors import UserMessageError
from pathspec import PathSpec

from copier_fly.detect.examine import examine
from tests.detection.projects import Files, below, nextjs, phoenix, told, write
from tests.detection.test_survey_elixir import dep
from tests.detection.test_survey_nextjs import drizzle, prisma
from tests.projects.kinds import TOLD, on
from tests.support.template import REPO, pretend, render
from tests.support.template import example as answers_of

ROOT, FOLDER = (REPO / "examples" / name / "rendered" for name in ("phoenix_managed", "net_auto"))
"""What is rendered for an app at the root, and for one in the folder net_auto; a test compares both with a render."""


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, n) for kind, told in TOLD.items() for n in range(len(told.inputs))]
)
def test_a_kind_is_told(kind: str, number: int, tmp_path: Path) -> None:
    found = {warning.code for warning in examine(write(tmp_path, TOLD[kind].inputs[number])).warnings}
    assert found & TOLD[kind].codes


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_told_is_whole_sentences(kind: str, tmp_path: Path) -> None:
    for warning in examine(write(tmp_path, TOLD[kind].inputs[0])).warnings:
        assert all(part.endswith(".") for part in (warning.sentence, warning.action)), warning
        assert not re.search(r"[{}]\w|None|\(\)", warning.sentence), warning


@pytest.mark.parametrize("kind", TOLD)
def test_what_does_it_right_hears_nothing_of_it(kind: str, tmp_path: Path) -> None:
    for number, files in enumerate(TOLD[kind].silent):
        found = {warning.code for warning in examine(write(tmp_path / str(number), files)).warnings}
        assert not found & (TOLD[kind].codes | {"rule-failed"})


def test_every_kind_has_two_siblings() -> None:
    assert [kind for kind, told in TOLD.items() if len(told.inputs) < 3] == []


# --- What is served: the build gets the whole project before it runs Mix --------------------------------


def sent(rendered: Path, *names: str) -> list[str]:
    """Of these paths those that reach the image build: the last line of .dockerignore that fits decides."""
    lines = (rendered / ".dockerignore").read_text().splitlines()
    rules = [re.sub(r"^(!?)", r"\1/", re.sub(r"^\*$", "**", line)) for line in lines if line and line[0] != "#"]
    left_out = PathSpec.from_lines("gitignore", rules)
    return [name for name in names if not left_out.match_file(name)]


READ_BY_MIX = [
    "version.txt",
    "mix/version.exs",
    "VERSION",
    ".version",
    "build/deps.exs",
    "lib/shop/version.ex",
    "README.md",
]
CONFIG = ["config/shared/endpoint.exs", "config/parts/logger.exs", "config/prod/cache.exs", "config/prod.exs"]
AUTHORITIES = ["priv/cert/db-ca.pem", "priv/certs/rds-bundle.pem", "priv/ssl/authority.crt"]
NATIVE = ["native/shop_nif/Cargo.toml", "native/shop_nif/src/lib.rs", "native/hash/Cargo.lock", ".cargo/config.toml"]
BUN = ["assets/package.json", "assets/bun.lock", "assets/bun.lockb", "package.json", "bun.lock"]


@pytest.mark.parametrize("names", [READ_BY_MIX, CONFIG, AUTHORITIES, NATIVE, BUN])
def test_what_mix_reads_reaches_the_build(names: list[str]) -> None:
    assert sent(ROOT, *names) == names
    inside = [f"net_auto/{name}" for name in names]
    assert sent(FOLDER, *inside) == inside
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert dockerfile.index("\nCOPY . /app\n") < dockerfile.index("mix do ")


def test_what_must_stay_out_does() -> None:
    names = [".env", "config/prod.secret.exs", "priv/cert/selfsigned.pem", "priv/cert/server-key.pem", ".git/config"]
    assert sent(ROOT, *names) == []
    assert sent(FOLDER, "other/mix.exs", "net_auto/.env") == []


def locked(name: str, *needs: str, optional: str = "false") -> str:
    """The line in mix.lock of a package of Hex."""
    deps = ", ".join(f'{{:{dep}, "~> 0.1", [hex: :{dep}, repo: "hexpm", optional: {optional}]}}' for dep in needs)
    return f'  "{name}": {{:hex, :{name}, "0.9.0", "abc", [:mix], [{deps}], "hexpm", "def"}},\n'


def from_git(name: str) -> str:
    """The line in mix.lock of a dependency from git."""
    return f'  "{name}": {{:git, "https://git.example/{name}.git", "80cb0f2", [tag: "v1.0.0", depth: 1]}},\n'


TEST_ONLY = '{:lazy_html, ">= 0.1.0", only: :test}'
LAZY_HTML = [
    locked("cc_precompiler", "elixir_make"),
    locked("elixir_make"),
    locked("lazy_html", "cc_precompiler", "elixir_make", "fine"),
    locked("phoenix_live_view", "lazy_html", "phoenix", optional="true"),
]
"""What mix.lock of a fresh Phoenix app has of C."""
FRESH = [*LAZY_HTML, from_git("daisyui"), from_git("heroicons")]
NATIVE_CODE: dict[str, tuple[str, list[str], set[str]]] = {
    "nothing native": ("", [locked("jason")], set()),
    "a fresh app": (TEST_ONLY, FRESH, set()),
    "lazy_html in a list": ("{:lazy_html, only: [:test]}", FRESH, set()),
    "lazy_html for development too": ('{:lazy_html, ">= 0.1.0", only: [:dev, :test], runtime: false}', FRESH, set()),
    "lazy_html in production": ('{:lazy_html, ">= 0.1.0"}', FRESH, {"C"}),
    "lazy_html in a list with production": ("{:lazy_html, only: [:prod, :test]}", FRESH, {"C"}),
    "lazy_html on two lines": ('{:lazy_html, ">= 0.1.0",\n  only: :test}', FRESH, {"C"}),
    "lazy_html of another package": ("{:phoenix_test, only: :test}", FRESH, {"C"}),
    "elixir_make of a package": (TEST_ONLY, [*FRESH, locked("bcrypt_elixir", "comeonin", "elixir_make")], {"C"}),
    "elixir_make of precompiled SQLite": (TEST_ONLY, [*FRESH, locked("exqlite", "cc_precompiler")], {"C"}),
    "elixir_make of the app": ("{:elixir_make, runtime: false}", [locked("elixir_make")], {"C"}),
    "a build of its own": (TEST_ONLY, [*FRESH, locked("jiffy")], {"C"}),
    "the first line of an old lock": ("", [locked("brotli").replace("  ", "%{", 1)], {"C"}),
    "git": (TEST_ONLY, [*FRESH, from_git("port")], {"C"}),
    "path": ('{:port, path: "port"}', [locked("jason")], {"C"}),
    "Rust": ("", [locked("jason"), locked("rustler")], {"Rust"}),
    "Rust from git": (TEST_ONLY, [*FRESH, from_git("rustler")], {"Rust"}),
    "a build by CMake": ("", [locked("fast_html", "elixir_make")], {"C", "CMake"}),
    "a build by CMake and rebar": ("", [locked("rocksdb")], {"C", "CMake"}),
    "both": ("", [locked("argon2_elixir", "elixir_make"), locked("rustler")], {"C", "Rust"}),
}
PACKAGES = {
    "debian": {"build-essential": "C", "cargo": "Rust", "cmake": "CMake"},
    "alpine": {"build-base": "C", "cargo": "Rust", "cmake": "CMake"},
}


@pytest.mark.parametrize("case", NATIVE_CODE)
@pytest.mark.parametrize("base", PACKAGES)
def test_native_code_gets_its_compiler(case: str, base: str, rendered: dict[str, Path], tmp_path: Path) -> None:
    dep, lock, wanted = NATIVE_CODE[case]
    mix, lines = f"  defp deps do\n    [\n      {dep}\n    ]\n  end\n", "".join(["%{\n", *lock, "}\n"])
    one = compilers(rendered[base], write(tmp_path / "one", {"mix.exs": mix, "mix.lock": lines}))
    below = {"mix.exs": phoenix()["mix.exs"], "apps/shop/mix.exs": "", "apps/shop_web/mix.exs": mix, "mix.lock": lines}
    umbrella = compilers(rendered[f"umbrella on {base}"], write(tmp_path / "umbrella", below))
    assert {PACKAGES[base][name] for name in one} == {PACKAGES[base][name] for name in umbrella} == wanted


@pytest.fixture(scope="module")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for base in PACKAGES:
        for name, example in ((base, "phoenix_managed"), (f"umbrella on {base}", "umbrella_plain")):
            answers = answers_of(example) | {"runtime_base": base}
            found[name] = render(template, tmp_path_factory.mktemp("render"), answers)
    return found


def compilers(rendered: Path, project: Path) -> list[str]:
    """The packages that the first stage of a rendered Dockerfile names for this project: its command is run there."""
    dockerfile = (rendered / "Dockerfile").read_text()
    [step] = re.findall(r"^ +(sed -n -E .*) > /compilers$", dockerfile, re.MULTILINE)
    mounts = re.findall(r"--mount=source=(\S+),target=/(\S+)", dockerfile.partition(step)[0])
    assert [source.removeprefix("rel/") for source, target in mounts] == [target for source, target in mounts]
    here = re.sub(r" /(?=(mix|apps))", f" {project}/", step).replace("/compilers.sed", f"{rendered}/rel/compilers.sed")
    return subprocess.run(["sh", "-c", here], capture_output=True, text=True, check=True).stdout.split()


BUN_HEX = dep('{:bun, "~> 1.4", runtime: Mix.env() == :dev}')
BUN_ASSETS: dict[str, tuple[Files, str]] = {
    "the package of Hex": ({**BUN_HEX, "assets/package.json": "{}", "assets/bun.lock": "{}"}, "mix"),
    "the package of Hex, lock file of npm": (
        {**BUN_HEX, "assets/package.json": "{}", "assets/package-lock.json": "{}"},
        "mix",
    ),
    "Bun itself": ({**phoenix(), "assets/package.json": "{}", "assets/bun.lock": "{}"}, "bun"),
    "Bun's binary lock file": ({**phoenix(), "assets/package.json": "{}", "assets/bun.lockb": "x"}, "bun"),
}


@pytest.mark.parametrize("case", BUN_ASSETS)
def test_assets_by_bun_are_built_by_what_installs_it(case: str, tmp_path: Path) -> None:
    files, assets = BUN_ASSETS[case]
    project = examine(write(tmp_path, files))
    assert (project.elixir.assets, told(tmp_path)) == (assets, ())


# --- What is served: a file of SQLite -------------------------------------------------------------------

TO_FILE = 'dialect: "sqlite",\n  dbCredentials: { url: process.env.DATABASE_PATH },'
ON_A_VOLUME = [
    *(on("ecto_sqlite3"), on("ecto_sqlite3", "till"), below("api", on("ecto_sqlite3"))),
    *(prisma("sqlite"), drizzle(TO_FILE), below("web", prisma("sqlite", "DB_FILE"))),
]


@pytest.mark.parametrize("files", ON_A_VOLUME)
def test_data_in_sqlite_gets_a_volume(files: Files, tmp_path: Path) -> None:
    project = examine(write(tmp_path, files))
    app = project.nextjs if project.stack == "nextjs" else project.elixir
    assert app.database_choice == "sqlite"
    assert {warning.code for warning in project.warnings} <= {"no-lock-file"}


# --- What is served: Next.js ----------------------------------------------------------------------------

PROXIES = {
    "src/proxy.ts": 'export default intl({});\nexport const config = { matcher: "/((?!api|_next|.*\\\\..*).*)" };\n',
    "middleware.ts": "export default auth((request) => Response.redirect(new URL('/login', request.url)));\n",
    "src/middleware.js": "module.exports.middleware = () => NextResponse.rewrite('/de/');\n",
}
CONFIGS = [
    'export default { basePath: process.env.BASE_PATH || "", distDir: process.env.DIST || ".next" };\n',
    "const basePath = process.env.BASE;\nmodule.exports = { basePath, trailingSlash: true };\n",
    "export default { basePath: '/docs', i18n: { locales: ['en'], defaultLocale: 'en' } };\n",
]
HEALTH = [{**nextjs(), name: text} for name, text in PROXIES.items()]
HEALTH += [{**nextjs(), "next.config.ts": text} for text in CONFIGS]


@pytest.mark.parametrize("files", HEALTH)
def test_the_apps_own_routing_needs_no_warning(files: Files, tmp_path: Path) -> None:
    """The preload of the image answers before it: tests/nextjs/test_health.py and tests/system/test_nextjs.py."""
    # A value of the environment that is kept in the build is told, whatever it is for.
    assert {warning.code for warning in told(write(tmp_path, files))} <= {"variable-in-config"}


@pytest.mark.parametrize(
    ("schema", "migrations"),
    [
        ("prisma/schema/schema.prisma", "prisma/schema/migrations"),
        ("prisma/schema/base.prisma", "prisma/schema/migrations"),
        ("prisma/schema.prisma", "prisma/migrations"),
    ],
)
def test_the_migrations_of_a_schema_in_a_folder_are_found(schema: str, migrations: str, tmp_path: Path) -> None:
    files = {**prisma("postgresql", file=schema), f"{migrations}/20260101_init/migration.sql": "select 1;\n"}
    project = examine(write(tmp_path, files))
    assert (project.nextjs.migrations_dir, told(tmp_path)) == (migrations, ())


# --- What stops -----------------------------------------------------------------------------------------

SEVERAL: list[Files] = [
    {**below("backend", phoenix()), **below("frontend", nextjs())},
    {**below("apps/web", nextjs()), **below("apps/admin", nextjs())},
    {**below("till", phoenix("till")), **below("shop", phoenix())},
]


@pytest.mark.parametrize("files", SEVERAL)
def test_of_several_apps_none_is_taken_unasked(files: Files, template: Path, tmp_path: Path) -> None:
    app: Any = write(tmp_path / "shop", files)
    with pytest.raises(UserMessageError, match=r"There is more than one app here: .* Say which one: -d app_dir="):
        pretend(template, app)


def test_what_is_told_is_of_the_app_that_the_command_names(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = {**below("apps/admin", nextjs()), "apps/admin/.env.example": "OF_ADMIN=\n"}
    app = write(tmp_path / "shop", {**admin, **below("apps/web", nextjs()), "apps/web/.env.example": "OF_WEB=\n"})
    run_copy(
        str(template), app, data={"app_dir": "apps/web"}, defaults=True, pretend=True, unsafe=True, skip_tasks=True
    )
    said = capsys.readouterr().err
    assert "Found: a Next.js app in apps/web" in said
    assert ("OF_WEB" in said, "OF_ADMIN" in said, "One question" in said) == (True, False, False)


# --- What is served: a build that wants to see an address of the database ---------------------------------

TURSO = nextjs(dependencies={"@libsql/client": "^0.17.4", "drizzle-orm": "^0.45.0"})
OPENS = "export const db = createClient({{ url: process.env.{0}!, authToken: process.env.{1} }});\n"
BUILT_WITH: dict[str, tuple[Files, str]] = {
    "Turso by a token": (
        {**TURSO, "db/index.ts": OPENS.format("DATABASE_URL", "DATABASE_AUTH_TOKEN")},
        " DATABASE_URL=libsql:",
    ),
    "Turso by its names": (
        {**TURSO, "src/db.ts": OPENS.format("TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN")},
        " TURSO_DATABASE_URL=libsql:",
    ),
    "Turso by its dialect": (drizzle('dialect: "turso",'), " DATABASE_URL=libsql:"),
    "MongoDB": (prisma("mongodb"), " DATABASE_URL=mongodb:"),
    "a file": (
        {**TURSO, "db/index.ts": "createClient({ url: process.env.DATABASE_URL! });\n"},
        " DATABASE_URL=file:/tmp/",
    ),
    "PostgreSQL, which the build gives itself": (drizzle('dialect: "postgresql",'), "ENV SKIP_ENV_VALIDATION=1"),
}


@pytest.mark.parametrize("kind", BUILT_WITH)
def test_the_build_sees_an_address_of_the_database(kind: str, template: Path, tmp_path: Path) -> None:
    files, value = BUILT_WITH[kind]
    app = write(tmp_path / "shop", files)
    run_copy(str(template), app, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    (line,) = re.findall(r"^ENV SKIP_ENV_VALIDATION.*$", (app / "Dockerfile").read_text(), re.MULTILINE)
    assert value in line
    assert "DATABASE_URL" in line or kind.startswith("PostgreSQL")
