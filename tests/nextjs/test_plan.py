"""What fly/plan.mjs takes out of an app for each step of its image, and where it stops."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.nextjs import programs
from tests.nextjs.programs import manager
from tests.support.template import REPO

pytestmark = pytest.mark.needs("node")

PNPM = yaml.safe_load((REPO / "extensions/copier_fly/fly/catalog/node.yml").read_text())["pnpm_by_lock"]


def package(**more: Any) -> dict[str, Any]:
    return {"dependencies": {"next": "16.4.3"}, **more}


def lock(**versions: str) -> dict[str, Any]:
    found = {f"node_modules/{name.replace('_', '-')}": {"version": version} for name, version in versions.items()}
    return {"lockfileVersion": 3, "packages": {"": {}, **found}}


APP: dict[str, Any] = {"package.json": package(), "package-lock.json": lock(next="16.4.3"), "app/page.tsx": "x\n"}


def plan(folder: Path, files: dict[str, Any], **settings: Any) -> tuple[Path, str]:
    """Run it: the folder that it wrote to, and what it said."""
    context, out = programs.project(folder / "context", files, **settings), folder / "out"
    done = programs.node(context / "fly/plan.mjs", context, out)
    assert done.returncode == 0, done.stdout
    return out, done.stdout


def sorted_files(out: Path) -> set[str]:
    root = out / "packages"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_an_install_reads_packages_settings_and_patches(tmp_path: Path) -> None:
    files = {
        **APP,
        ".npmrc": "a=b\n",
        "patches/next+16.4.3.patch": "x\n",
        "packages/ui/package.json": {},
        "packages/ui/index.ts": "x\n",
        "fixtures/package.json": "{{ not JSON }}",
        "node_modules/next/package.json": {},
        "prisma/schema.prisma": "x\n",
    }
    out, said = plan(tmp_path, files)
    assert sorted_files(out) == {
        "package.json",
        "package-lock.json",
        ".npmrc",
        "patches/next+16.4.3.patch",
        "packages/ui/package.json",
        "fixtures/package.json",
    }
    assert said == ""
    assert {file.name: file.read_text() for file in (out / "plan").iterdir()} == {
        "project": ".\n",
        "apt": "",
        "manager": "",
        "npm": "ci\n",
        "cli": "",
    }


@pytest.mark.parametrize(
    ("more", "all_of_it"),
    [
        ({"scripts": {"prepare": "husky"}}, False),
        ({"scripts": {"postinstall": "npx prisma generate && patch-package"}}, False),
        ({"scripts": {"postinstall": "node scripts/setup.js"}}, True),
        ({"scripts": {"postinstall": "prisma generate && fumadocs-mdx"}}, True),
        ({"dependencies": {"next": "16", "ui": "file:./packages/ui"}}, True),
        ({"scripts": {"build": "node scripts/setup.js"}}, False),
    ],
)
def test_a_script_on_install_may_read_the_code(more: dict[str, Any], all_of_it: bool, tmp_path: Path) -> None:
    files = {**APP, "package.json": package(**more), "prisma/schema.prisma": "x\n"}
    out, said = plan(tmp_path, files)
    assert ("app/page.tsx" in sorted_files(out)) == all_of_it
    assert ("prisma/schema.prisma" in sorted_files(out)) == (all_of_it or "prisma generate" in json.dumps(more))
    assert ("Installing with all of the code" in said) == all_of_it


def test_the_lock_file_is_beside_the_app_where_the_root_has_none(tmp_path: Path) -> None:
    out, _ = plan(tmp_path, {f"apps/web/{path}": text for path, text in APP.items()}, appDir="apps/web")
    assert sorted_files(out) == {"apps/web/package.json", "apps/web/package-lock.json"}
    assert (out / "plan/project").read_text() == "apps/web\n"


PARTS = {
    "package-lock.json": '{"packages": {\n    "": {},\n    "apps/web": {\n      "dependencies": {}\n    }\n  }\n}',
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  apps/web:\n    dependencies: {}\n",
    "yarn.lock": '"web@workspace:apps/web":\n  version: 0.0.0\n  resolution: "web@workspace:apps/web"\n',
    "bun.lock": '{\n  "workspaces": {\n    "": {},\n    "apps/web": {\n      "name": "web",\n    },\n  },\n}\n',
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_of_a_workspace_is_installed_by_the_lock_file_of_the_root(kind: str, tmp_path: Path) -> None:
    files = {"package.json": {}, "apps/web/package.json": package(), f"apps/web/{kind}": "{}"}
    settings = {"appDir": "apps/web", **manager(kind.partition("-")[0].partition(".")[0], kind)}
    out, _ = plan(tmp_path / "part", {**files, kind: PARTS[kind]}, **settings)
    assert (out / "plan/project").read_text() == ".\n"
    out, _ = plan(tmp_path / "alone", {**files, kind: PARTS[kind].replace("apps/web", "apps/docs")}, **settings)
    assert (out / "plan/project").read_text() == "apps/web\n"


@pytest.mark.parametrize("range_", ["file:../../shared", "link:../../shared"])
def test_a_package_beside_the_lock_file_is_there_when_packages_are_installed(range_: str, tmp_path: Path) -> None:
    files = {f"apps/web/{path}": text for path, text in APP.items()}
    files["apps/web/package.json"] = package() | {"devDependencies": {"@acme/shared": range_, "@acme/own": "file:own"}}
    files |= {"shared/package.json": {"main": "a.js"}, "shared/src/a.ts": "x\n", "shared/node_modules/b/a.js": "x\n"}
    files |= {"apps/web/own/package.json": {}, "other/a.ts": "x\n"}
    out, _ = plan(tmp_path, files, appDir="apps/web")
    assert {path for path in sorted_files(out) if not path.startswith("apps/web/")} == {
        "shared/package.json",
        "shared/src/a.ts",
    }


# Drizzle names better-sqlite3 as a peer that it could use; the one that is installed has an entry of its own.
PEER = "better-sqlite3"
LOCKS = {
    "npm": (
        manager("npm", "package-lock.json"),
        {"packages": {"node_modules/drizzle-orm": {"version": "1.0.0", "peerDependencies": {PEER: ">=7"}}}},
        {"packages": {"node_modules/drizzle-orm/node_modules/better-sqlite3": {"version": "12.4.1"}}},
    ),
    "pnpm 9": (
        manager("pnpm", "pnpm-lock.yaml", PNPM),
        "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies: {}\n\npackages:\n\n  drizzle-orm@1.0.0:\n"
        "    peerDependencies:\n      better-sqlite3: '>=7'\n",
        "lockfileVersion: '9.0'\n\npackages:\n\n  aa@1.0.0:\n    resolution: {integrity: x}\n    hasBin: true\n\n"
        "  better-sqlite3@12.4.1:\n    resolution: {integrity: x}\n",
    ),
    "pnpm 8": (
        manager("pnpm", "pnpm-lock.yaml", PNPM),
        "lockfileVersion: '6.0'\n\npackages:\n\n  /drizzle-orm@1.0.0(pg@8.0.0):\n    peerDependencies:\n"
        "      better-sqlite3: '>=7'\n",
        "lockfileVersion: '6.0'\n\npackages:\n\n  /better-sqlite3@12.4.1:\n    dev: false\n",
    ),
    "yarn 1": (
        manager("yarn", "yarn.lock", "1.22.22"),
        'drizzle-orm@^1.0.0:\n  version "1.0.0"\n  dependencies:\n    pg "^8"\n',
        '"@types/pg@8":\n  version "8.0.0"\n\nbetter-sqlite3@^12.0.0, better-sqlite3@^12.4.0:\n  version "12.4.1"\n',
    ),
    "yarn 4": (
        manager("yarn", "yarn.lock", "4.18.1", "@yarnpkg/cli-dist"),
        '"drizzle-orm@npm:^1.0.0":\n  version: 1.0.0\n  peerDependencies:\n    better-sqlite3: ">=7"\n',
        '"better-sqlite3@npm:^12.4.0":\n  version: 12.4.1\n  resolution: "better-sqlite3@npm:12.4.1"\n',
    ),
    "bun": (
        manager("bun", "bun.lock", "1.4.5"),
        '{\n  "packages": {\n    "drizzle-orm": ["drizzle-orm@1.0.0", "", '
        '{ "peerDependencies": { "better-sqlite3": ">=7" } }],\n  }\n}',
        '{\n  "packages": {\n    "better-sqlite3": ["better-sqlite3@12.4.1", "", {}, "sha512-x"],\n  }\n}',
    ),
}


@pytest.mark.parametrize("kind", LOCKS)
def test_a_compiler_comes_for_what_is_installed_alone(kind: str, tmp_path: Path) -> None:
    settings, named, there = LOCKS[kind]
    file = settings["packageManager"]["locks"][0]
    app = {"package.json": package()}
    without, _ = plan(tmp_path / "named", {**app, file: named}, **settings)
    assert (without / "plan/apt").read_text() == ""
    with_it, _ = plan(tmp_path / "there", {**app, file: there}, **settings)
    assert (with_it / "plan/apt").read_text().split() == ["g++", "make", "python3"]


@pytest.mark.parametrize("kind", LOCKS)
def test_the_version_of_a_package_is_read_from_every_lock_file(kind: str, tmp_path: Path) -> None:
    settings, _, there = LOCKS[kind]
    file = settings["packageManager"]["locks"][0]
    (tmp_path / file).write_text(there if isinstance(there, str) else json.dumps(there))
    code = f"""
      import {{ readFileSync }} from "node:fs";
      import {{ installed }} from "{programs.PROGRAMS / "plan.mjs"}";
      console.log(installed("{file}", readFileSync("{tmp_path / file}", "latin1")).get("better-sqlite3"));
    """
    assert programs.node("--input-type=module", "--eval", code).stdout == "12.4.1\n"


@pytest.mark.parametrize(
    ("pinned", "text", "expected"),
    [
        (None, "lockfileVersion: '6.0'\n", "pnpm@8.15.9"),
        (None, "lockfileVersion: '9.0'\n", "pnpm@10.34.9"),
        (None, "lockfileVersion: 5.4\n", "pnpm@7.33.7"),
        ("pnpm@7.15.0", "lockfileVersion: 5.4\n", "pnpm@7.33.7"),
        ("pnpm@6.32.1", "lockfileVersion: 5.3\n", "pnpm@7.33.7"),
        ("pnpm@7.32.5", "lockfileVersion: 5.4\n", "pnpm@7.33.7"),
        ("pnpm@7.33.0", "lockfileVersion: 5.4\n", "pnpm@7.33.0"),
        ("pnpm@8.0.0", "lockfileVersion: '6.0'\n", "pnpm@8.0.0"),
        ("pnpm@9.15.4+sha512.abc", "lockfileVersion: '9.0'\n", "pnpm@9.15.4"),
        ("yarn@4.5.0", "lockfileVersion: '9.0'\n", "pnpm@10.34.9"),
    ],
)
def test_pnpm_is_the_one_that_the_lock_file_wants(pinned: str | None, text: str, expected: str, tmp_path: Path) -> None:
    files = {"package.json": package(**({"packageManager": pinned} if pinned else {})), "pnpm-lock.yaml": text}
    out, _ = plan(tmp_path, files, **manager("pnpm", "pnpm-lock.yaml", PNPM))
    assert (out / "plan/manager").read_text() == f"{expected}\n"


NEXT = {"version": "16.4.3", "optionalDependencies": {"@img/a": "1"}}
INSTALLS: dict[str, tuple[dict[str, Any], str]] = {
    "all there": ({"node_modules/next": NEXT, "node_modules/@img/a": {}}, "ci"),
    "below it": ({"node_modules/next": NEXT, "node_modules/next/node_modules/@img/a": {}}, "ci"),
    "beside the part of a workspace": ({"apps/web": NEXT, "apps/web/node_modules/@img/a": {}}, "ci"),
    "lacking": ({"node_modules/next": NEXT}, "install --no-save"),
    "below another": ({"node_modules/next": NEXT, "node_modules/b/node_modules/@img/a": {}}, "install --no-save"),
    "lacking one of the app's own": ({"": NEXT}, "install --no-save"),
}


@pytest.mark.parametrize("case", INSTALLS)
def test_npm_installs_what_a_lock_file_of_an_older_one_lacks(case: str, tmp_path: Path) -> None:
    packages, expected = INSTALLS[case]
    out, said = plan(tmp_path, {**APP, "package-lock.json": {"lockfileVersion": 3, "packages": packages}})
    assert (out / "plan/npm").read_text() == f"{expected}\n"
    assert ("lacks optional packages" in said) == (expected != "ci")


PNPM_9 = {"package.json": package(), "pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}
ALLOWED: dict[str, tuple[dict[str, Any], bool]] = {
    "no list": (PNPM_9, True),
    "a workspace without a list": ({**PNPM_9, "pnpm-workspace.yaml": "packages:\n  - apps/*\n"}, True),
    "other settings": ({**PNPM_9, "package.json": package(pnpm={"overrides": {"a": "1"}}), ".npmrc": "a=b"}, True),
    "a pin of another manager": ({**PNPM_9, "package.json": package(packageManager="yarn@1.22.22")}, True),
    "a pin": ({**PNPM_9, "package.json": package(packageManager="pnpm@10.34.9")}, False),
    "a list": ({**PNPM_9, "package.json": package(pnpm={"onlyBuiltDependencies": ["sharp"]})}, False),
    "a list beside": ({**PNPM_9, "pnpm-workspace.yaml": "allowBuilds: {sharp: true}\n"}, False),
    "a list of those that may not": (
        {**PNPM_9, "pnpm-workspace.yaml": "ignoredBuiltDependencies:\n  - sharp\n"},
        False,
    ),
    "an older lock file": ({**PNPM_9, "pnpm-lock.yaml": "lockfileVersion: '6.0'\n"}, False),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_pnpm_10_runs_what_pnpm_9_ran(case: str, tmp_path: Path) -> None:
    files, all_of_them = ALLOWED[case]
    out, _ = plan(tmp_path, files, **manager("pnpm", "pnpm-lock.yaml", PNPM))
    file = out / "packages/.npmrc"
    lines = file.read_text().splitlines() if file.exists() else []
    assert ("dangerously-allow-all-builds=true" in lines) == all_of_them
    assert ("a=b" in lines) == (".npmrc" in files)


def test_git_and_openssl_come_where_they_are_asked_for(tmp_path: Path) -> None:
    found = {**lock(prisma="7.9.1"), "x": {"resolved": "git+ssh://git@example.com/a.git"}}
    out, _ = plan(tmp_path, {**APP, "package-lock.json": found}, orm="prisma")
    assert (out / "plan/apt").read_text().split() == ["ca-certificates", "git", "openssl"]


def test_migrations_and_what_applies_them_are_put_together(tmp_path: Path) -> None:
    files = {
        **APP,
        "package-lock.json": lock(prisma="7.9.1"),
        "fly/database.mjs": "x\n",
        "fly/migrate.mjs": "x\n",
        "fly/orm.config.mjs": "x\n",
        "db/schema/user.prisma": "x\n",
        "db/migrations/1/migration.sql": "x\n",
    }
    out, _ = plan(tmp_path, files, database=True, orm="prisma", migrations="db/migrations", cli=True)
    found = {path.relative_to(out / "migrate").as_posix() for path in (out / "migrate").rglob("*") if path.is_file()}
    assert found == {
        "database.mjs",
        "migrate.mjs",
        "orm.config.mjs",
        "migrations/1/migration.sql",
        "prisma/schema/user.prisma",
    }
    assert (out / "plan/cli").read_text() == "prisma@7.9.1\n"


def test_the_migrations_may_be_in_a_package_beside_the_app(tmp_path: Path) -> None:
    files = {
        "package.json": {"workspaces": ["apps/*", "packages/*"]},
        "package-lock.json": lock(next="16.4.3", drizzle_orm="0.45.4", drizzle_kit="0.31.11"),
        "apps/web/package.json": package(),
        "apps/web/drizzle/0000_of_the_app.sql": "x\n",
        "packages/db/drizzle.config.ts": "export default {};\n",
        "packages/db/drizzle/0000_of_the_package.sql": "x\n",
        "fly/database.mjs": "x\n",
        "fly/migrate.mjs": "x\n",
    }
    settings = {"appDir": "apps/web", "databasePackage": "packages/db", "database": True, "migrations": "drizzle"}
    out, _ = plan(tmp_path, files, orm="drizzle", **settings)
    assert [path.name for path in (out / "migrate/migrations").iterdir()] == ["0000_of_the_package.sql"]
    shutil.rmtree(tmp_path / "context/packages/db/drizzle")
    done = programs.node(tmp_path / "context/fly/plan.mjs", tmp_path / "context", tmp_path / "again")
    assert "NOTE: there is no folder packages/db/drizzle" in done.stdout


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("git config core.hooksPath .githooks", "true"),
        ("prisma generate && lefthook install", "prisma generate"),
        ("patch-package && git submodule update --init", "patch-package"),
        ("npx prisma migrate deploy && prisma generate", "prisma generate"),
        ("prisma generate && npm run db:push", "prisma generate"),
        ("git config core.hooksPath 'my hooks'", "git config core.hooksPath 'my hooks'"),
        ("git status || true", "git status || true"),
        ("husky", "husky"),
    ],
)
def test_a_hook_is_run_without_what_needs_git_or_a_database(script: str, left: str, tmp_path: Path) -> None:
    package = {**APP["package.json"], "scripts": {"postinstall": script}}
    out, said = plan(tmp_path, {**APP, "package.json": package})
    installed = json.loads((out / "packages/package.json").read_text())
    assert installed == {**package, "scripts": {"postinstall": left}}
    assert ("without a part of postinstall" in said) == (script != left)


@pytest.mark.parametrize(
    ("orm", "migrations", "config"),
    [
        ("prisma", "prisma/migrations", {"prisma/schema.prisma": "x\n"}),
        ("prisma", "db/schema/migrations", {"db/schema/user.prisma": "x\n"}),
        ("drizzle", "src/db/out", {"drizzle.config.ts": 'export default { out: "./src/db/out" };\n'}),
        ("drizzle", "drizzle", {"drizzle.config.mjs": "export default {};\n"}),
    ],
)
def test_tables_that_are_pushed_need_no_folder(
    orm: str, migrations: str, config: dict[str, str], tmp_path: Path
) -> None:
    files = {**APP, "package-lock.json": lock(prisma="7.9.1"), "fly/database.mjs": "", "fly/migrate.mjs": "", **config}
    out, said = plan(tmp_path, files, database=True, orm=orm, migrations=migrations)
    assert f"NOTE: there is no folder {migrations}, so no deploy makes a table." in said
    assert list((out / "migrate/migrations").iterdir()) == []
    assert (out / "migrate/migrate.mjs").exists()


DATABASE = {"database": True, "orm": "prisma", "migrations": "prisma/migrations"}


@pytest.mark.parametrize(
    ("files", "settings", "sentence"),
    [
        ({"package.json": None}, {}, "There is no package.json here."),
        ({"package.json": {"dependencies": {"nuxt": "4"}}}, {}, "package.json does not name next among"),
        ({"package-lock.json": None}, {}, "There is no package-lock.json, so the image would get other versions"),
        ({}, DATABASE, "prisma is not among the packages of package.json"),
        ({"package-lock.json": lock(prisma="8.0.0")}, DATABASE, "Prisma 8 is another tool"),
        (
            {"package-lock.json": lock(prisma="7.9.1"), "fly/database.mjs": ""},
            DATABASE,
            "There is no folder prisma/mig",
        ),
        (
            {"drizzle.config.ts": 'export default { out: "./sql" };\n', "fly/database.mjs": ""},
            {**DATABASE, "orm": "drizzle", "migrations": "drizzle"},
            "There is no folder drizzle",
        ),
    ],
    ids=["no package.json", "no next", "no lock file", "no Prisma", "Prisma 8", "no migrations", "another folder"],
)
def test_what_cannot_end_well_is_said(
    files: dict[str, Any], settings: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    context = programs.project(tmp_path, {**APP, **files}, **settings)
    done = programs.node(context / "fly/plan.mjs", context, tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout.startswith(f"\n{sentence}")
    assert "    at " not in done.stdout
