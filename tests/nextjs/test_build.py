"""fly/build.mjs on an app whose `next build` is a script of the test: layers, caches, and the words of a failure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.nextjs import programs

pytestmark = pytest.mark.needs("node", "npm")

# What `next build` leaves with the standalone output, as far as the program looks.
BUILD = """
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
const put = (path, text) => {
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  writeFileSync(path, text);
};
const names = "NEXT_DEPLOYMENT_ID NEXT_PRIVATE_STANDALONE NEXT_PRIVATE_OUTPUT_TRACE_ROOT DATABASE_URL PORT"
  .split(" ").concat("pnpm_config_pm_on_fail");
console.log(JSON.stringify(names.map((name) => process.env[name])));
put(".next/standalone/server.js", "x");
put(".next/standalone/.next/BUILD_ID", "x");
put(".next/standalone/node_modules/next/index.js", "x");
put(".next/standalone/node_modules/@img/sharp-linux-x64/sharp.node", readFileSync("/bin/true"));
put(".next/standalone/node_modules/@img/sharp-linuxmusl-x64/sharp.node", "x");
put(".next/static/chunk.js", "x");
"""
APP: dict[str, Any] = {
    "package.json": {"scripts": {"build": "node build.mjs"}, "dependencies": {"next": "16"}},
    "package-lock.json": '{\n  "a": 1,\n  "b": 2\n}\n',
    "node_modules/next/package.json": {"version": "16.4.3", "engines": {"node": ">=20"}},
    "public/robots.txt": "x",
    "build.mjs": BUILD,
}


def build(folder: Path, files: dict[str, Any], **settings: Any) -> tuple[int, str]:
    programs.project(folder / "app", {**APP, **files}, **settings)
    return again(folder)


def again(folder: Path, **env: str) -> tuple[int, str]:
    shutil.rmtree(folder / "out", ignore_errors=True)
    app, out = folder / "app", folder / "out"
    words = {"PATH": os.environ["PATH"], "HOME": str(folder), "CI": "1", "REVISION": "0123456789abcdef", **env}
    done = programs.node(app / "fly/build.mjs", app, out, "/", env=words)
    return done.returncode, done.stdout


def test_each_layer_has_what_changes_together(tmp_path: Path) -> None:
    code, said = build(tmp_path, {}, database=True)
    assert code == 0, said
    out = tmp_path / "out"
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert found == {
        "app/server.js",
        "next/BUILD_ID",
        "next/static/chunk.js",
        "packages/node_modules/next/index.js",
        "packages/node_modules/@img/sharp-linux-x64/sharp.node",
        "public/robots.txt",
    }
    assert (out / "next/cache").is_dir()
    database = "postgresql://build:build@localhost:5432/build"
    assert f'["0123456789ab","1","{tmp_path}/app","{database}","3000","ignore"]' in said


def test_what_require_loads_of_a_package_is_there(tmp_path: Path) -> None:
    helpers = {"name": "helpers", "exports": {".": {"module-sync": "./esm/a.js", "default": "./cjs/a.cjs"}}}
    plain = {"name": "plain", "exports": {".": {"import": "./esm/a.js", "default": "./cjs/a.cjs"}}}
    installed = {
        f"node_modules/{name}/{file}": text
        for name, package in {"helpers": helpers, "plain": plain}.items()
        for file, text in {
            "package.json": package,
            "esm/a.js": "x",
            "cjs/a.cjs": "x",
            "node_modules/b/a.js": "x",
        }.items()
    }
    traces = "".join(
        f'put(".next/standalone/{path}", readFileSync("{path}"));\n'
        for path in installed
        if path.endswith(("a.cjs", "package.json"))
    )
    # pnpm's own folder leads to each package by a link.
    links = """
      import { symlinkSync } from "node:fs";
      for (const folder of [".next/standalone/node_modules", "node_modules"]) {
        mkdirSync(`${folder}/.pnpm`, { recursive: true });
        symlinkSync("../helpers", `${folder}/.pnpm/helpers`);
      }
    """
    code, said = build(tmp_path, {**installed, "build.mjs": BUILD + traces + links})
    assert code == 0, said
    packages = tmp_path / "out/packages/node_modules"
    found = [
        path.relative_to(packages).as_posix()
        for name in ("helpers", "plain")
        for path in (packages / name).rglob("*.*js")
    ]
    assert sorted(found) == ["helpers/cjs/a.cjs", "helpers/esm/a.js", "plain/cjs/a.cjs"]


def test_stand_ins_reach_the_build_and_give_way_to_true_values(tmp_path: Path) -> None:
    tells = "console.log(JSON.stringify([process.env.STRIPE_KEY, process.env.LIMIT])); process.exit(1)"
    stand_ins = {"STRIPE_KEY": "sk_stand_in", "LIMIT": 5}
    assert '["sk_stand_in","5"]' in build(tmp_path, {"build.mjs": tells}, buildEnv=stand_ins)[1]
    assert '["true","5"]' in again(tmp_path, STRIPE_KEY="true")[1]


def test_another_command_builds_it(tmp_path: Path) -> None:
    package = {"scripts": {"site:build": "node build.mjs"}, "dependencies": {"next": "16"}}
    code, said = build(tmp_path, {"package.json": package}, buildCommand="npm run site:build")
    assert code == 0, said
    assert "site:build" in said


@pytest.mark.parametrize(
    ("tool", "version", "command", "ran"),
    [
        ("turbo", "2.5.0", "", "run build --filter=./apps/web --env-mode=loose"),
        ("turbo", "1.10.0", "", "run build --filter=./apps/web --env-mode=loose"),
        ("turbo", "1.9.9", "", "run build --filter=./apps/web"),
        ("turbo", None, "next build", "run build --filter={./apps/web}^... --env-mode=loose"),
        ("pnpm", None, "", "--filter {./apps/web}... run --if-present build"),
        ("pnpm", None, "next build", "--filter {./apps/web}^... run --if-present build"),
    ],
)
def test_the_packages_of_a_workspace_are_built_first(
    tool: str, version: str | None, command: str, ran: str, tmp_path: Path
) -> None:
    settings = {"turbo": "turbo.json", "pnpm": "pnpm-workspace.yaml"}
    inner = {f"apps/web/{name}": text for name, text in APP.items() if name != "package-lock.json"}
    files = {**inner, "package.json": {}, "build.mjs": "", settings[tool]: "", f"node_modules/.bin/{tool}": ""}
    if version:
        files["node_modules/turbo/package.json"] = {"version": version}
    manager = {"name": "pnpm", "run": "pnpm run", "locks": ["package-lock.json"]}
    app = programs.project(
        tmp_path / "app", {**APP, **files}, appDir="apps/web", buildCommand=command, packageManager=manager
    )
    for name, words in ((f"node_modules/.bin/{tool}", '"RAN $*"'), ("apps/web/node_modules/.bin/next", '"NEXT $*"')):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(f"#!/bin/sh\necho {words} in $(pwd)\n")
        (app / name).chmod(0o755)
    said = again(tmp_path)[1]
    assert f"RAN {ran} in {app}\n" in said
    assert (f"NEXT build in {app}/apps/web\n" in said) == bool(command)


def test_the_client_is_made_in_the_package_that_has_the_schema(tmp_path: Path) -> None:
    inner = {f"apps/web/{name}": text for name, text in APP.items() if name != "package-lock.json"}
    files = {**APP, **inner, "apps/web/build.mjs": "", "packages/db/package.json": {}}
    settings = {"appDir": "apps/web", "databasePackage": "packages/db", "orm": "prisma"}
    app = programs.project(tmp_path / "app", files, **settings)
    prisma = app / "packages/db/node_modules/.bin/prisma"
    prisma.parent.mkdir(parents=True)
    prisma.write_text('#!/bin/sh\necho "PRISMA $* in $(pwd)"\n')
    prisma.chmod(0o755)
    said = again(tmp_path)[1]
    assert f"PRISMA generate in {app}/packages/db\n" in said


def test_the_code_is_kept_for_a_command_that_migrates(tmp_path: Path) -> None:
    files = {"db/migrate.ts": "x", "node_modules/pg/index.js": "x", "packages/a/node_modules/b/index.js": "x"}
    code, said = build(tmp_path, files, ownCommand=True)
    assert code == 0, said
    kept = {path.relative_to(tmp_path / "out/code").as_posix() for path in (tmp_path / "out/code").rglob("*")}
    assert {"db/migrate.ts", "package.json", "packages/a"} <= kept
    assert not [path for path in kept if "node_modules" in path or path.startswith((".next", "public"))]


def test_the_cache_serves_while_no_package_is_gone(tmp_path: Path) -> None:
    anew = "Building without what earlier builds left"
    assert anew in build(tmp_path, {})[1]
    cache = tmp_path / "app/.next/cache"
    (cache / "fetch-cache").mkdir()
    (cache / "kept").touch()
    lock = tmp_path / "app/package-lock.json"
    lock.write_text('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}')
    assert anew not in again(tmp_path)[1]
    assert (cache / "kept").exists()
    assert not (cache / "fetch-cache").exists()
    lock.write_text('{\n  "a": 1,\n  "c": 3\n}\n')
    assert anew in again(tmp_path)[1]
    assert not (cache / "kept").exists()


def test_a_failed_build_leaves_no_cache_that_serves(tmp_path: Path) -> None:
    build(tmp_path, {})
    (tmp_path / "app/build.mjs").write_text("process.exit(1)")
    assert again(tmp_path)[0] == 1
    (tmp_path / "app/build.mjs").write_text(BUILD)
    assert "Building without what earlier builds left" in again(tmp_path)[1]


ENV = """
import { z } from "zod";
export const schema = z.object({
  STRIPE_KEY: z.string(),
  SMTP_URL: z.url(),
});
export const mail = process.env.SMTP_URL, site = process.env["NEXT_PUBLIC_SITE"];
"""
COMPLAINS = "console.error('Invalid environment', { STRIPE_KEY: ['Required'], NEXT_PUBLIC_SITE: [], PATH: 1 });"


def test_a_failed_build_ends_with_the_names_that_it_missed(tmp_path: Path) -> None:
    code, said = build(tmp_path, {"src/env.ts": ENV, "build.mjs": f"{COMPLAINS} process.exit(1)"})
    assert code == 1
    assert said.rstrip().splitlines()[-3:] == [
        "The build misses a value for NEXT_PUBLIC_SITE, STRIPE_KEY.",
        "  public: add to copier update --trust -A -r :current: --ask public_env, "
        "then give the value in fly.toml, below [build.args]",
        "  any other: give it a stand-in that satisfies the check, by copier update --trust -A -r :current: --ask "
        "build_env; where only the true value will do: add to copier update --trust -A -r :current: --ask "
        "build_secrets, then export STRIPE_KEY=… in the shell that deploys (fly deploy: --build-secret STRIPE_KEY=…)",
    ]


@pytest.mark.parametrize(
    "config",
    [
        "export default {\n  ...(process.env.STATIC === '1' ? {\n  output: 'export',\n  } : {}),\n};\n",
        "export default {\n  ...(!process.env.SERVER && {\n    output: 'export',\n  }),\n};\n",
    ],
)
def test_an_export_for_a_variable_alone_is_built(config: str, tmp_path: Path) -> None:
    code, said = build(tmp_path, {"next.config.ts": config})
    assert (code, "output: 'export'" in said) == (0, False), said


def test_a_failure_of_another_kind_names_no_variable(tmp_path: Path) -> None:
    code, said = build(tmp_path, {"src/env.ts": ENV, "build.mjs": "console.error('SyntaxError'); process.exit(1)"})
    assert code == 1
    assert said.rstrip().endswith("The build failed; the reason is above.")


@pytest.mark.parametrize(
    ("files", "settings", "sentence"),
    [
        ({}, {"publicEnv": ["NEXT_PUBLIC_A", "NEXT_PUBLIC_B"]}, "NEXT_PUBLIC_A, NEXT_PUBLIC_B: empty, and the browser"),
        ({"next.config.ts": "export default {\n  output: 'export',\n};\n"}, {}, "next.config.ts sets output: 'export'"),
        (
            {"node_modules/next/package.json": {"version": "15.5.28", "engines": {"node": ">=99"}}},
            {},
            "Next.js 15.5.28 needs Node.js >=99, this image has v",
        ),
        ({"build.mjs": ""}, {}, "The build left no .next/standalone/server.js. next.config must not set distDir"),
    ],
    ids=["public name without a value", "export", "Node.js too old", "no standalone output"],
)
def test_what_cannot_end_well_is_said(
    files: dict[str, Any], settings: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    code, said = build(tmp_path, files, **settings)
    assert code == 1
    assert f"\n{sentence}" in said
    assert "    at " not in said


def test_a_library_that_is_nowhere_is_named(tmp_path: Path) -> None:
    text = 'readFileSync("/bin/true", "latin1").replace("libc.so.6", "gone.so.6")'
    broken = BUILD.replace('readFileSync("/bin/true")', f'Buffer.from({text}, "latin1")')
    code, said = build(tmp_path, {"build.mjs": broken})
    assert code == 0
    assert "NOTE: a package looks for libraries that are not here: gone.so.6" in said


def test_a_library_that_the_machine_lacks_is_copied(tmp_path: Path) -> None:
    programs.project(tmp_path / "app", APP)
    app, out, runner = tmp_path / "app", tmp_path / "out", tmp_path / "runner"
    runner.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = programs.node(app / "fly/build.mjs", app, out, runner, env=env)
    assert done.returncode == 0, done.stdout
    assert any(path.name.startswith("libc.so") for path in (out / "system").rglob("*"))
