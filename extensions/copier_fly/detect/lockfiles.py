"""Whether a lock file fits package.json, as an installation that must not change it asks.

Each manager was run with packages added, removed, changed and moved: npm 11, pnpm 8 and 10, Yarn 1 and 4, Bun 1.4.
"""

from __future__ import annotations

import json
import operator
import re
from collections import ChainMap, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ..expressions import expression
from . import files
from .files import Target
from .limits import LOCK_LIMIT
from .project import ProjectWarning
from .warnings import warning

_SECTIONS = ("devDependencies", "dependencies", "optionalDependencies")
LENIENT = expression(r"^\s*(?:legacy-peer-deps|force)\s*=\s*true", re.MULTILINE)
"""A line of .npmrc with which npm installs packages that do not fit together."""
_ELSEWHERE = ("link:", "file:", "portal:", "workspace:", "runtime:")
"""How a range begins that names no package of a registry."""


@dataclass(frozen=True)
class _Locked:
    """What a lock file has of one package.json: ranges by name, as they were asked for when it was written."""

    ranges: Mapping[str, set[str]]
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of a manager that takes another range, too, where the locked version is in it."""
    exact: bool = False
    """Whether it may have no range that package.json has not."""
    overridden: str = ""
    """Text with the names whose ranges a workspace overrides."""

    def differing(self, package: Mapping[str, Any]) -> list[str]:
        """The names whose ranges it lacks, or has in excess; none where it tells of no range and no version."""
        if not self.ranges and not self.versions:
            return []
        asked = {name: spec for key in _SECTIONS for name, spec in _strings(package.get(key)).items()}
        left_out = _strings(package.get("peerDependencies"))
        excess = {name for name in self.ranges if name not in asked and name not in left_out} if self.exact else set()
        lacking = {name for name, spec in asked.items() if not self._fits(name, spec)}
        overridden = json.dumps([package.get(key) for key in ("overrides", "resolutions", "pnpm")]) + self.overridden
        return sorted(name for name in lacking | excess if name not in overridden)

    def _fits(self, name: str, spec: str) -> bool:
        if spec.startswith(_ELSEWHERE) or spec in self.ranges.get(name, ()):
            return True
        return name in self.versions and _allows(spec, self.versions[name])


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> dict[str, str]:
    return {name: text for name, text in _table(value).items() if isinstance(text, str)}


_RANGE = expression(r"(>=|<=|>|<|=|\^|~|)v?(\d{1,9})(?:\.(\d{1,9}|[xX*]))?(?:\.(\d{1,9}|[xX*]))?")


def _allows(spec: str, version: str) -> bool:
    """Whether a range of npm allows a version; where either is of a form that is not known here, it is taken for it."""
    have = re.match(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?!\d)", version)
    number = [int(part) for part in have.groups()] if have else []
    alternatives = [re.sub(r"([<>=^~])\s+", r"\1", one).split() for one in spec.split("||")]
    return not number or any("-" in one or all(_meets(part, number, version) for part in one) for one in alternatives)


def _meets(part: str, number: list[int], version: str) -> bool:
    found = _RANGE.fullmatch(part)
    if not found:
        return True
    asked = [int(one) for one in found.groups()[1:] if one and one.isdigit()]
    fixed = {"^": next((place for place, one in enumerate(asked, 1) if one), len(asked)), "~": min(len(asked), 2)}
    compare = {">=": operator.ge, "<": operator.lt, ">": operator.gt, "<=": operator.le}
    if test := compare.get(found[1]):
        return bool(test(number if found[1] in (">=", "<") else number[: len(asked)], asked))
    same = fixed.get(found[1], len(asked))
    return number[:same] == asked[:same] and number >= asked and (found[1] in fixed or "-" not in version)


def _npm(text: str) -> dict[str, _Locked]:
    lock = json.loads(text)
    packages = lock.get("packages")
    if not packages:
        old = {name: str(one.get("version")) for name, one in lock.get("dependencies", {}).items()}
        return {".": _Locked({}, old)}
    below: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path, one in packages.items():
        folder, there, name = f"/{path}".partition("/node_modules/")
        if there:
            below[folder.removeprefix("/")][name] = str(one.get("version"))
    return {
        path or ".": _Locked(_ranges(one), ChainMap(below[path], below[""]))
        for path, one in packages.items()
        if "node_modules" not in path and _ranges(one)
    }


def _ranges(package: Mapping[str, Any]) -> dict[str, set[str]]:
    return {name: {spec} for key in _SECTIONS for name, spec in _strings(package.get(key)).items()}


def _pnpm(text: str) -> dict[str, _Locked]:
    found: defaultdict[str, dict[str, set[str]]] = defaultdict(dict)
    overridden: list[str] = []
    path: list[tuple[int, str]] = []
    # The last document, as pnpm 11 writes one about itself before it, down to where the packages begin.
    document = text.rpartition("\n---\n")[2]
    beginning = re.split(r"^(?:packages|snapshots):", document, maxsplit=1, flags=re.MULTILINE)[0]
    for line in filter(str.strip, beginning.splitlines()):
        indent = len(line) - len(line.lstrip())
        key, _, value = line.strip().partition(": ")
        path = [part for part in path if part[0] < indent] + [(indent, key.removesuffix(":").strip("'\""))]
        names = [name for _, name in path]
        importer, names = (names[1], names[2:]) if names[0] == "importers" and len(names) > 1 else (".", names)
        match names:
            case [section, name, "specifier"] if section in _SECTIONS:
                found[importer][name] = {value.strip("'\"")}
            case ["specifiers", name]:
                found[importer][name] = {value.strip("'\"")}
            case ["overrides", name]:
                overridden.append(name)
    names_of = " ".join(overridden)
    return {importer: _Locked(_of_registry(one), exact=True, overridden=names_of) for importer, one in found.items()}


def _of_registry(ranges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {name: specs for name, specs in ranges.items() if not any(spec.startswith(_ELSEWHERE) for spec in specs)}


_WORKSPACE = expression(r'^  resolution: "[^"\n]*@workspace:([^"\n]+)"\n((?:  .*\n)*)', re.MULTILINE)
_DEPENDENCIES = expression(r"^  dependencies:\n((?:    .*\n)*)", re.MULTILINE)


def _yarn(text: str) -> dict[str, _Locked]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    if not re.search(r"^__metadata:", text, re.MULTILINE):
        for key in (key for line in re.findall(r'^([\w"@].*):$', text, re.MULTILINE) for key in line.split(", ")):
            name, _, spec = key.strip('"')[1:].partition("@")
            found[key.strip('"')[0] + name].add(spec)
        return {".": _Locked(found)}
    workspaces: dict[str, _Locked] = {}
    for folder, block in _WORKSPACE.findall(text):
        pairs = [line.strip().partition(": ") for line in "".join(_DEPENDENCIES.findall(block)).splitlines()]
        ranges = {name.strip('"'): {spec.strip('"'), spec.strip('"').removeprefix("npm:")} for name, _, spec in pairs}
        workspaces[folder] = _Locked(_of_registry(ranges), exact=True)
    return workspaces


def _bun(text: str) -> dict[str, _Locked]:
    head, _, packages = text.partition('\n  "packages": {')
    workspaces = json.loads(re.sub(r",(\s*[}\]])", r"\1", head.rstrip().rstrip(",") + "}"))["workspaces"]
    versions = dict(re.findall(r'^    "([^"]+)": \["(?:@[^"@]+|[^"@]+)@([^"]+)"', packages, re.MULTILINE))
    return {
        folder or ".": _Locked(_of_registry(_ranges(one)), versions, exact=True) for folder, one in workspaces.items()
    }


_BINARY = b"#!/usr/bin/env bun\nbun-lockfile-format-"
"""How bun.lockb begins. It has the name of each package as it is written, and ranges in a form of its own."""


def _not_in_binary(target: Target, lock: str) -> Iterator[tuple[str, list[str]]]:
    """The package.json beside bun.lockb, with the names that are nowhere in that file."""
    file, text = files.join(files.folder_of(lock), "package.json"), target.read(lock, LOCK_LIMIT) or b""
    if text.startswith(_BINARY) and target.is_file(file):
        asked = _of_registry(_ranges(target.parsed(file, json.loads, "JSON")))
        if names := sorted(name for name in asked if name.encode() not in text):
            yield file, names


_READERS: dict[str, Callable[[str], dict[str, _Locked]]] = {
    "package-lock.json": _npm,
    "npm-shrinkwrap.json": _npm,
    "pnpm-lock.yaml": _pnpm,
    "yarn.lock": _yarn,
    "bun.lock": _bun,
}


def _importers(target: Target, lock: str) -> dict[str, _Locked]:
    """What a lock file has of each package.json, by its folder as seen from the lock file."""
    read = _READERS.get(lock.rpartition("/")[2])
    try:
        return read(target.text(lock, LOCK_LIMIT) or "") if read else {}
    except (ValueError, LookupError, AttributeError, TypeError):
        return {}


def in_use(target: Target, locks: list[str], folder: str) -> str | None:
    """Of lock files from an app's folder upwards the one that its packages are installed by.

    That is the nearest, save where one above has the app as a part of its workspace: a manager reads no lock file in a
    part.
    """
    above = (one for one in locks[:0:-1] if files.relative(folder, files.folder_of(one)) in _importers(target, one))
    return next(above, next(iter(locks), None))


def differences(target: Target, lock: str) -> Iterator[tuple[str, list[str]]]:
    """Each package.json that a lock file does not fit: its path in the project, and the names in which they differ.

    Nothing is said of a lock file that cannot be read, or is of another kind, nor of packages that package.json
    overrides.
    """
    if lock.rpartition("/")[2] == "bun.lockb":
        yield from _not_in_binary(target, lock)
    for importer, locked in _importers(target, lock).items():
        file = files.join(files.folder_of(lock), importer, "package.json")
        if target.is_file(file) and (names := locked.differing(target.parsed(file, json.loads, "JSON"))):
            yield file, names


def problems(target: Target, lock: str) -> Iterator[ProjectWarning]:
    """Why an installation by this lock file stops."""
    yield from islice(_behind(target, lock), 1)
    if lock.rpartition("/")[2] in ("package-lock.json", "npm-shrinkwrap.json"):
        yield from islice(_peers_in_conflict(target, lock), 1)


def incomplete(target: Target, lock: str, stops: str) -> Iterator[ProjectWarning]:
    """A lock file of npm lacks optional packages, such as those for other systems, where `npm ci` stops.

    npm before 11.6.2 wrote such files and installs by them. `stops` says what comes of that here.
    """
    names = []
    packages = _npm_packages(target, lock)
    for path, one in packages.items():
        parts = path.split("/")
        folders = ["", *("/".join(parts[:size]) + "/" for size in range(1, len(parts) + 1))]
        for name in _strings(_table(one).get("optionalDependencies")):
            if not any(f"{folder}node_modules/{name}" in packages for folder in folders):
                names.append(name)
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield warning("lock-incomplete", (lock, None), lock=lock, names=", ".join(names[:3]) + more, stops=stops)


def _npm_packages(target: Target, lock: str) -> dict[str, Any]:
    """The packages of a lock file of npm by their paths; none of one that is not npm's, or cannot be read."""
    try:
        text = (target.text(lock, LOCK_LIMIT) or "") if lock.endswith(".json") else ""
        return _table(_table(json.loads(text)).get("packages"))
    except ValueError:
        return {}


def _behind(target: Target, lock: str) -> Iterator[ProjectWarning]:
    """package.json asks for other packages than the lock file has, where the installation stops."""
    for file, names in differences(target, lock):
        install = f"{files.LOCKFILES[lock.rpartition('/')[2]]} install"
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        text = ", ".join(names[:6]) + more
        place = target.where([file], f'"{names[0]}"')
        yield warning("lock-behind", place, manifest="package.json", names=text, lock=lock, install=install)


def _peers_in_conflict(target: Target, lock: str) -> Iterator[ProjectWarning]:
    """A package of the app wants another version of a second one than package-lock.json has: `npm ci` stops."""
    folder = files.folder_of(lock)
    settings = target.text(files.join(folder, ".npmrc")) or ""
    manifest = files.join(folder, "package.json")
    overridden = json.dumps(target.parsed(manifest, json.loads, "JSON").get("overrides"))
    packages = _npm_packages(target, lock)
    for name in _ranges(_table(packages.get(""))) if not LENIENT.search(settings) else ():
        one = _table(packages.get(f"node_modules/{name}"))
        for peer, wanted in _strings(one.get("peerDependencies")).items():
            places = (f"node_modules/{name}/node_modules/{peer}", f"node_modules/{peer}")
            has = next((str(_table(packages[place]).get("version")) for place in places if place in packages), "none")
            fits = peer in _table(one.get("peerDependenciesMeta")) if has == "none" else _allows(wanted, has)
            if not fits and not any(f'"{word}"' in overridden for word in (name, peer)):
                place = target.where([manifest], f'"{name}"')
                yield warning("peers-in-conflict", place, name=name, peer=peer, wanted=wanted, has=has, lock=lock)
