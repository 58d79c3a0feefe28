"""Which changes of package.json stop an installation by an older lock file, as each manager was seen to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from copier_fly.detect import lockfiles
from copier_fly.detect.files import Target
from tests.detection.projects import write

Package = dict[str, Any]

BASE: Package = {"dependencies": {"ms": "^2.1.0", "@a/b": "7.0.0"}, "devDependencies": {"ini": "^4.1.0"}}
CHANGES: dict[str, Package] = {
    "none": {},
    "added": {"dependencies": {**BASE["dependencies"], "depd": "2.0.0"}},
    "another version": {"dependencies": {"ms": "^2.1.0", "@a/b": "6.0.0"}},
    "a wider range": {"dependencies": {"ms": "^2.0.0", "@a/b": "7.0.0"}},
    "a tag": {"dependencies": {"ms": "latest", "@a/b": "7.0.0"}},
    "removed": {"dependencies": {"@a/b": "7.0.0"}},
    "a folder": {"dependencies": {**BASE["dependencies"], "own": "file:../own"}},
    "overridden": {"dependencies": {"ms": "^2.1.0", "@a/b": "6.0.0"}, "overrides": {"@a/b": "7.0.0"}},
    "a peer": {"peerDependencies": {"ms": "^2.1.0"}, "dependencies": {"@a/b": "7.0.0"}},
}
STRICT = {"added": ["depd"], "another version": ["@a/b"], "a wider range": ["ms"], "a tag": ["ms"], "removed": ["ms"]}

NPM = {
    "": BASE,
    "node_modules/ms": {"version": "2.1.3"},
    "node_modules/@a/b": {"version": "7.0.0"},
    "node_modules/ini": {"version": "4.1.3"},
}
PNPM = """lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
{0}
  {1}dependencies:
    {1}'@a/b':
      {1}specifier: 7.0.0
      {1}version: 7.0.0
    {1}ms:
      {1}specifier: ^2.1.0
      {1}version: 2.1.3
  {1}devDependencies:
    {1}ini:
      {1}specifier: ^4.1.0
      {1}version: 4.1.3

packages:

  ms@2.1.3:
    resolution: {{integrity: sha512-a}}
    peerDependencies:
      more: '*'
"""
OWN = "importers:\n\n  .:\n    packageManagerDependencies:\n      pnpm:\n        specifier: 11\n---\n"
LOCKS: dict[str, tuple[str, str, dict[str, list[str]]]] = {
    "npm": (
        "package-lock.json",
        json.dumps({"lockfileVersion": 3, "packages": NPM}),
        {"added": ["depd"], "another version": ["@a/b"]},
    ),
    "npm 6": (
        "package-lock.json",
        json.dumps({"lockfileVersion": 1, "dependencies": {path[13:]: one for path, one in NPM.items() if path}}),
        {"added": ["depd"], "another version": ["@a/b"]},
    ),
    "pnpm": ("pnpm-lock.yaml", PNPM.format("\nimporters:\n\n  .:", "  "), STRICT),
    "pnpm 11": ("pnpm-lock.yaml", OWN + PNPM.format("\nimporters:\n\n  .:", "  "), STRICT),
    "pnpm 8": ("pnpm-lock.yaml", PNPM.format("", "").replace("\n  ", "\n").replace("settings:\n", ""), STRICT),
    "pnpm 7": (
        "pnpm-lock.yaml",
        "lockfileVersion: 5.4\n\nspecifiers:\n  '@a/b': 7.0.0\n  ini: ^4.1.0\n  ms: ^2.1.0\n\n"
        "dependencies:\n  ms: 2.1.3\n",
        STRICT,
    ),
    "Yarn 1": (
        "yarn.lock",
        '# yarn lockfile v1\n\n\n"@a/b@7.0.0":\n  version "7.0.0"\n  dependencies:\n    depd "2.0.0"\n\n'
        'ini@^4.1.0:\n  version "4.1.3"\n\nms@2.1.3, ms@^2.1.0:\n  version "2.1.3"\n',
        {name: STRICT[name] for name in ("added", "another version", "a wider range", "a tag")},
    ),
    "Yarn 4": (
        "yarn.lock",
        '__metadata:\n  version: 8\n\n"a@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "a@workspace:."\n'
        '  dependencies:\n    "@a/b": "npm:7.0.0"\n    ini: "npm:^4.1.0"\n    ms: "npm:^2.1.0"\n\n'
        '"ms@npm:^2.1.0":\n  version: 2.1.3\n  resolution: "ms@npm:2.1.3"\n  dependencies:\n    more: "npm:1"\n',
        STRICT,
    ),
    "Bun": (
        "bun.lock",
        '{\n  "lockfileVersion": 1,\n  "workspaces": {\n    "": {\n      "name": "a",\n      "dependencies": {\n'
        '        "@a/b": "7.0.0",\n        "ms": "^2.1.0",\n      },\n      "devDependencies": {\n'
        '        "ini": "^4.1.0",\n      },\n    },\n  },\n  "packages": {\n    "@a/b": ["@a/b@7.0.0", "", {}, ""],\n'
        '    "ms": ["ms@2.1.3", "", {}, "a"],\n\n    "ini": ["ini@4.1.3", "", {}, "a"],\n  }\n}\n',
        {"added": ["depd"], "another version": ["@a/b"], "removed": ["ms"]},
    ),
}


def differences(folder: Path, lock: tuple[str, str], **packages: Package) -> list[tuple[str, list[str]]]:
    files = {f"{place}/package.json".removeprefix("./"): json.dumps(package) for place, package in packages.items()}
    write(folder, {**files, lock[0]: lock[1]})
    return list(lockfiles.differences(Target(str(folder)), lock[0]))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", LOCKS)
def test_a_change_that_a_manager_refuses_is_found(kind: str, change: str, tmp_path: Path) -> None:
    name, text, expected = LOCKS[kind]
    names = expected.get(change)
    found = differences(tmp_path, (name, text), **{".": BASE | CHANGES[change]})
    assert found == ([("package.json", names)] if names else [])


WEB = {"dependencies": {"react": "19.2.0"}}
TWO = {
    **NPM,
    "apps/web": WEB,
    "apps/web/node_modules/react": {"version": "19.2.0"},
    "node_modules/react": {"version": "18.0.0"},
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package-lock.json", json.dumps({"packages": TWO})),
        ("pnpm-lock.yaml", "importers:\n  apps/web:\n    dependencies:\n      react:\n        specifier: 19.2.0\n"),
        (
            "yarn.lock",
            '\n__metadata:\n\n"b":\n  resolution: "b@workspace:apps/web"\n  dependencies:\n    react: 19.2.0\n',
        ),
        (
            "bun.lock",
            '{\n  "workspaces": {\n    "apps/web": {"dependencies": {"react": "19.2.0"}},\n  },\n  "packages": {}\n}\n',
        ),
    ],
)
def test_a_package_of_a_workspace_is_compared_with_its_own_part(name: str, text: str, tmp_path: Path) -> None:
    assert differences(tmp_path, (name, text), **{".": BASE, "apps/web": WEB}) == []
    other = {"dependencies": {"react": "19.3.0"}}
    assert differences(tmp_path, (name, text), **{"apps/web": other}) == [("apps/web/package.json", ["react"])]


def test_the_version_below_a_package_of_a_workspace_counts_for_it(tmp_path: Path) -> None:
    wider = {"dependencies": {"react": "^19.0.0"}}
    assert differences(tmp_path, ("package-lock.json", json.dumps({"packages": TWO})), **{"apps/web": wider}) == []


def test_what_a_workspace_of_pnpm_overrides_is_left_out(tmp_path: Path) -> None:
    text = "overrides:\n  '@a/b@7': 7.0.1\n  a>ini: 4.1.3\n" + PNPM.format("\nimporters:\n\n  .:", "  ")
    changed = {"dependencies": {"ms": "^2.0.0", "@a/b": "^7.0.0"}, "devDependencies": {}}
    assert differences(tmp_path, ("pnpm-lock.yaml", text), **{".": changed}) == [("package.json", ["ms"])]


def test_a_package_whose_name_is_nowhere_in_a_binary_lock_file_is_told(tmp_path: Path) -> None:
    lock = "#!/usr/bin/env bun\nbun-lockfile-format-v0\n\x00\x02react@a/button"
    asked = {"dependencies": {"react": "19", "@a/button": "1", "own": "workspace:*"}}
    assert differences(tmp_path, ("bun.lockb", lock), **{".": asked}) == []
    newer = {**asked, "devDependencies": {"typescript": "5", "zod": "4"}}
    assert differences(tmp_path, ("bun.lockb", lock), **{".": newer}) == [("package.json", ["typescript", "zod"])]


@pytest.mark.parametrize("name", ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"])
@pytest.mark.parametrize("text", ["", "{}", "[1]", "a: b\n", "\x00"])
def test_nothing_is_said_of_a_lock_file_that_tells_nothing(name: str, text: str, tmp_path: Path) -> None:
    assert differences(tmp_path, (name, text), **{".": BASE}) == []


@pytest.mark.parametrize(
    ("asked", "locked", "allowed"),
    [
        ("^1.2.3", "1.9.0", True),
        ("^1.2.3", "1.2.2", False),
        ("^1.2.3", "2.0.0", False),
        ("^0.2.3", "0.2.9", True),
        ("^0.2.3", "0.3.0", False),
        ("^0.0.3", "0.0.4", False),
        ("^0", "0.9.0", True),
        ("~1.2.3", "1.2.9", True),
        ("~1.2.3", "1.3.0", False),
        ("~1", "1.9.0", True),
        ("20", "20.1.0", True),
        ("20", "21.0.0", False),
        ("16.2.3", "16.2.4", False),
        ("7.0.0", "7.0.0-rc.1", False),
        ("^7.0.0", "7.1.0-rc.1", True),
        (">=1 <3", "9.0.0", False),
        (">= 1.2 < 3", "2.9.9", True),
        (">1", "1.9.0", False),
        ("<=1", "1.9.0", True),
        ("^16.8 || ^17", "18.0.0", False),
        ("^16.8 || ^18", "18.0.0", True),
        ("1.x", "2.0.0", False),
        ("2.x - 3.x", "9.0.0", True),
        ("*", "9.0.0", True),
        ("npm:other@1", "9.0.0", True),
    ],
)
def test_a_range_allows_a_version(asked: str, locked: str, allowed: bool, tmp_path: Path) -> None:
    text = json.dumps({"packages": {"": {"dependencies": {"a": "0.1"}}, "node_modules/a": {"version": locked}}})
    found = differences(tmp_path, ("package-lock.json", text), **{".": {"dependencies": {"a": asked}}})
    assert (not found) == allowed


PEERS = {
    "one that is too old": ({"peerDependencies": {"react": "^17 || ^18"}}, {}, {}, True),
    "one that is not there": ({"peerDependencies": {"vue": "^3.0.0"}}, {}, {}, True),
    "one that fits": ({"peerDependencies": {"react": "^18 || ^19"}}, {}, {}, False),
    "one of its own": (
        {"peerDependencies": {"react": "^18"}},
        {"node_modules/ui/node_modules/react": {"version": "18.3.1"}},
        {},
        False,
    ),
    "one that may be missing": (
        {"peerDependencies": {"vue": "^3"}, "peerDependenciesMeta": {"vue": {"optional": True}}},
        {},
        {},
        False,
    ),
    "one that is overridden": (
        {"peerDependencies": {"react": "^18"}},
        {},
        {"overrides": {"ui": {"react": "19"}}},
        False,
    ),
    "one of a package of a package": (
        {},
        {"node_modules/b": {"version": "1.0.0", "peerDependencies": {"react": "1"}}},
        {},
        False,
    ),
}


@pytest.mark.parametrize("case", PEERS)
def test_packages_that_npm_finds_in_conflict_are_named(case: str, tmp_path: Path) -> None:
    own, more, package, told = PEERS[case]
    asked = {"dependencies": {"react": "19.2.0", "ui": "1.0.0"}}
    packages = {
        "": asked,
        "node_modules/react": {"version": "19.2.0"},
        "node_modules/ui": {"version": "1.0.0", **own},
        **more,
    }
    files = {"package.json": json.dumps(asked | package), "package-lock.json": json.dumps({"packages": packages})}
    target = Target(str(write(tmp_path, files)))
    assert [one.code for one in lockfiles.problems(target, "package-lock.json")] == ["peers-in-conflict"] * told
    write(tmp_path, {".npmrc": "legacy-peer-deps=true\n"})
    assert list(lockfiles.problems(Target(str(tmp_path)), "package-lock.json")) == []


STRANGE = [
    '{"packages": 1}',
    '{"packages": {"": []}}',
    '{"packages": {"": {"dependencies": {"ms": "^2.1.0"}}, "node_modules/ms": 1}}',
    '{"packages": {"": {"dependencies": {"ms": "^2.1.0"}}, "node_modules/ms": {"peerDependencies": {"a": "1"}, '
    f'"peerDependenciesMeta": null}}, "node_modules/a": {{"version": "{"9" * 5000}.0.0"}}}}}}',
    '[\n  "packages": {',
]


@pytest.mark.parametrize("name", ["package-lock.json", "bun.lock"])
@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_a_lock_file_of_a_strange_form_is_left_alone(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {"package.json": json.dumps({"dependencies": {"ms": "^2.1.0"}}), name: text})
    assert list(lockfiles.problems(Target(str(tmp_path)), name)) == []


PARTS = {
    "package-lock.json": '{"packages": {"": {}, "apps/web": {"dependencies": {"ms": "^2.1.0"}}}}',
    "pnpm-lock.yaml": "importers:\n  apps/web:\n    dependencies:\n      ms:\n        specifier: ^2.1.0\n",
    "yarn.lock": "__metadata:\n  version: 8\n"
    '"web@workspace:apps/web":\n  resolution: "web@workspace:apps/web"\n  dependencies:\n    ms: "npm:^2.1.0"\n',
    "bun.lock": '{"workspaces": {"": {}, "apps/web": {"dependencies": {"ms": "^2.1.0"}}},\n  "packages": {}}',
}


@pytest.mark.parametrize("name", PARTS)
def test_a_lock_file_that_a_part_of_a_workspace_kept_is_not_read(name: str, tmp_path: Path) -> None:
    below, above = f"apps/web/{name}", PARTS[name]
    target = Target(str(write(tmp_path / "part", {below: "{}", name: above})))
    assert lockfiles.in_use(target, [below, name], "apps/web") == name
    target = Target(str(write(tmp_path / "alone", {below: "{}", name: above.replace("apps/web", "apps/docs")})))
    assert lockfiles.in_use(target, [below, name], "apps/web") == below
    assert lockfiles.in_use(target, [], "apps/web") is None
