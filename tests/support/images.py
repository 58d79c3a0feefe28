"""Base images: the real ones where a registry answers, stand-ins for them where none does.

A stand-in is made from what such a machine does reach: a Debian mirror and the npm registry. It carries the
tag of the image it stands for, so a Dockerfile builds on it unchanged, and the test run's summary names it.

What a stand-in is not: the same bytes. Erlang and Elixir are Debian's builds of the nearest version, in
/usr/lib instead of /usr/local. `debian:*` is Debian testing whatever its tag says, because a release needs at
run time the glibc it was built against, and the Elixir of the current images is packaged in testing only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.support import needs
from tests.support.docker import NO_ENGINE, DockerError, build, docker, engine
from tests.support.needs import cache_folder

ROOT = Path(__file__).resolve().parents[2]
MACHINE = ROOT / "tests" / "machine"
CATALOG = ROOT / "extensions" / "copier_fly" / "fly" / "catalog"
RECIPES = MACHINE / "images"
LABEL = "copier-fly.stand-in"
LITESTREAM = yaml.safe_load((CATALOG / "databases.yml").read_text())["sqlite"]["litestream"]
FRONTEND = "docker/dockerfile:1"
"""What a `# syntax=` line names: BuildKit takes it from the engine's images, or pulls it."""
_TESTING = "forky"
_POSTGRES = {"15": "bookworm", "17": "trixie", "18": _TESTING}
"""The Debian that has a major version of PostgreSQL."""
_NEVER_PULLED = ("manifest unknown", "not found", "pull access denied", "repository does not exist")

_used: dict[str, tuple[str, str]] = {}
_silent_registries: dict[str, str] = {}


class NoStandInError(Exception):
    """No stand-in can be made for a tag on this machine; the message says why."""


def used() -> dict[str, str]:
    """The tags this process built or ran on stand-ins, each with what stood in."""
    return {tag: description for tag, (_, description) in _used.items()}


def ensure(tag: str, env: Mapping[str, str] | None = None) -> str:
    """Make sure that `tag` can be built on and run, and return the reference to use.

    Without `env` that is the tag itself. With it, it is an image derived from the tag with these variables
    set, such as `{"HEX_MIRROR": "http://127.0.0.1:4001"}`: give it to docker.build as `images={tag:
    reference}`, which puts it in the tag's place and touches neither the Dockerfile nor the tag, so that two
    tests with different values do not meet. The variables are part of the build cache's key: a server that
    is named in one wants the same port every time.

    The order: the image if it is there, a pull, a stand-in. Skips the test when all three fail.
    """
    if engine() is None:
        pytest.skip(NO_ENGINE)
    with _lock():
        base = _ensure(tag)
        return _with_env(base, env) if env else base


def debian(suite: str) -> str:
    """A slim image of this very release of Debian, pulled or bootstrapped; skips the test where neither works."""
    if engine() is None:
        pytest.skip(NO_ENGINE)
    tag = f"debian:{suite}-slim"
    with _lock():
        try:
            return tag if _pull(tag) is None else _rootfs(suite)
        except NoStandInError as reason:
            pytest.skip(f"{tag}: cannot be pulled, and {reason}")


def stand_in(tag: str) -> str | None:
    """What stands in for `tag` on this machine; None when it is the real image, or not there."""
    return _label(tag)


def _ensure(tag: str) -> str:
    if tag in _used:
        return _used[tag][0]
    present = _exists(tag)
    if present and _label(tag) is None:
        return tag
    refusal = _pull(tag)
    if refusal is None:
        return tag
    make = recipe(tag)
    if make is None:
        pytest.skip(f"{tag}: cannot be pulled ({refusal}), and there is no recipe for a stand-in")
    try:
        reference, description = make()
    except NoStandInError as reason:
        pytest.skip(f"{tag}: cannot be pulled ({refusal}), and {reason}")
    if "@" not in tag:
        docker("tag", reference, tag)
        reference = tag
    _used[tag] = reference, description
    return reference


def _exists(reference: str) -> bool:
    return bool(docker("image", "ls", "--quiet", reference).strip())


def _label(reference: str) -> str | None:
    if not _exists(reference):
        return None
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", reference)) or {}
    return labels.get(LABEL)


def _pull(tag: str) -> str | None:
    """Pull; None on success, else one line of why not.

    A registry that does not answer is asked once a run.
    """
    first, _, rest = tag.partition("/")
    registry = first if rest and "." in first else "docker.io"
    if registry in _silent_registries:
        return _silent_registries[registry]
    try:
        # The index first: a short wait shows whether anybody answers; the download may take its time.
        docker("buildx", "imagetools", "inspect", tag, timeout=30)
        docker("pull", "--quiet", tag, timeout=900)
    except (DockerError, subprocess.TimeoutExpired) as failure:
        line = str(failure).strip().splitlines()[-1]
        if not any(word in line.lower() for word in _NEVER_PULLED):
            _silent_registries[registry] = line
        return line
    return None


def recipe(tag: str) -> Callable[[], tuple[str, str]] | None:
    """How a stand-in for a tag is made, if that is known.

    Calling it makes the image and gives its own reference and a line that says what it is.
    """
    name = tag.removeprefix("docker.io/").removeprefix("library/").split("@")[0]
    if re.fullmatch(r"debian:[a-z]+(-\d{8})?-slim", name):
        return lambda: (_rootfs(_TESTING), f"Debian {_TESTING}, slimmed")
    if found := re.fullmatch(r"hexpm/elixir:(\d+)\.(\d+)\.\S*-erlang-\S+-debian-[a-z]+-\d{8}-slim", name):
        version = int(found[1]), int(found[2])
        return lambda: _elixir(version)
    if found := re.fullmatch(r"node:([\d.]+)(?:-([a-z]+))?-slim", name):
        node, suite = found.groups()
        return lambda: _node(node, suite)
    if found := re.fullmatch(r"gcr\.io/distroless/nodejs(\d+)-debian13:nonroot", name):
        line = found[1]
        return lambda: _distroless_node(line)
    if name == "gcr.io/distroless/cc-debian13:debug-nonroot":
        # As new as what stands in for the Debian that releases are built on, whose epmd loads libsystemd.
        return lambda: _distroless_cc("debug", _TESTING, "libcap2 libsystemd0")
    if found := re.fullmatch(r"gcr\.io/distroless/cc-debian13(:debug)?", name):
        target = "debug" if found[1] else "plain"
        return lambda: _distroless_cc(target)
    if (found := re.fullmatch(r"postgres:(\d+)[\w.-]*", name)) and found[1] in _POSTGRES and "alpine" not in name:
        major = found[1]
        return lambda: _postgres(major)
    # The real one is built on Alpine, but nobody builds on it: what counts is the program.
    if re.fullmatch(r"caddy:2(\.[\d.]+)?(-alpine)?", name):
        return _caddy
    if name == FRONTEND:
        return _frontend
    if re.fullmatch(r"litestream/litestream:[\d.]+-scratch", name):
        return _litestream
    return None


def in_catalog() -> set[str]:
    """Every base image that the template may put into a Dockerfile."""
    found: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)
        elif isinstance(value, str) and re.fullmatch(r"[a-z][\w./-]*:[\w.-]+(@sha256:[0-9a-f]{64})?", value):
            found.add(value)

    for name in ("elixir", "node"):
        catalog = yaml.safe_load((CATALOG / f"{name}.yml").read_text())
        collect([catalog["images"], catalog.get("distroless")])
    collect(LITESTREAM)
    return found


def _elixir(version: tuple[int, int]) -> tuple[str, str]:
    suite = _TESTING if version >= (1, 19) else "trixie"
    base = _rootfs(suite)

    def make(reference: str) -> None:
        _build(RECIPES / "elixir.Dockerfile", RECIPES, reference, BASE=base)

    reference = _keyed("elixir", suite, [base, (RECIPES / "elixir.Dockerfile").read_text()], make)
    return reference, f"Debian {suite} with its own {_elixir_version(reference)}"


def _elixir_version(reference: str) -> str:
    query = [
        "dpkg-query",
        "--show",
        "--showformat",
        "${Package} ${Version}, ",
        "elixir",
        "erlang-base",
        "erlang-hex",
    ]
    return _output(reference, *query).strip(", ")


def _node(version: str, suite: str | None) -> tuple[str, str]:
    major = int(version.partition(".")[0])
    # What the official image without a Debian in its tag is built on (docker-node versions.json).
    suite = suite or ("bookworm" if major <= 24 else "trixie")
    base = _rootfs(suite)
    packages = {
        "node": f"node-linux-{_node_architecture()}@{version}",
        "npm": f"npm@{10 if major <= 22 else 11}",
    }
    if major <= 24:
        packages |= {"corepack": "corepack@latest", "yarn": "yarn@1"}
    extra_ca = "/usr/local/share/machine-ca.crt" if _own_authorities() else ""

    def make(reference: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            context = Path(folder)
            shutil.copy(RECIPES / "node-entrypoint", context)
            (context / "opt").mkdir()
            for name, package in packages.items():
                place = {"node": context / "node", "yarn": context / "opt" / "yarn"}
                _unpack(_npm_pack(package), place.get(name, context / "modules" / name))
            _build(RECIPES / "node.Dockerfile", context, reference, BASE=base, EXTRA_CA=extra_ca)

    texts = [(RECIPES / name).read_text() for name in ("node.Dockerfile", "node-entrypoint")]
    reference = _keyed("node", f"{version}-{suite}", [base, extra_ca, *packages.values(), *texts], make)
    found = _output(reference, "node", "--version")
    return reference, f"Debian {suite} with Node.js {found} from npm"


def _distroless_node(line: str) -> tuple[str, str]:
    node, description = _node(line, "trixie")
    dockerfile = RECIPES / "distroless-node.Dockerfile"

    def make(reference: str) -> None:
        _build(dockerfile, RECIPES, reference, NODE=node)

    reference = _keyed("distroless-node", line, [node, dockerfile.read_text()], make)
    return reference, f"{description}, without all else"


def _distroless_cc(target: str, suite: str = "trixie", more: str = "") -> tuple[str, str]:
    dockerfile = RECIPES / "distroless-cc.Dockerfile"
    arguments = {"BASE": _rootfs(suite), "MORE": more}

    def make(reference: str) -> None:
        label = ["--label", f"{LABEL}={reference}"]
        build(RECIPES, reference, dockerfile=dockerfile, build_args=arguments, target=target, extra=label)

    reference = _keyed("distroless-cc", target, [*arguments.values(), dockerfile.read_text()], make)
    return reference, f"the same packages of Debian {suite}"


def _postgres(major: str) -> tuple[str, str]:
    suite = _POSTGRES[major]
    base = _rootfs(suite)
    # Where the real image keeps the data moved with version 18 (docker-library/postgres README, PGDATA).
    data = "/var/lib/postgresql/data" if int(major) < 18 else f"/var/lib/postgresql/{major}/docker"
    volume = data if int(major) < 18 else "/var/lib/postgresql"

    def make(reference: str) -> None:
        arguments = {"BASE": base, "MAJOR": major, "DATA": data, "VOLUME": volume}
        _build(RECIPES / "postgres.Dockerfile", RECIPES, reference, **arguments)

    texts = [(RECIPES / name).read_text() for name in ("postgres.Dockerfile", "postgres-entrypoint")]
    reference = _keyed("postgres", major, [base, *texts], make)
    version = _output(reference, "postgres", "--version")
    return reference, f"Debian {suite} with {version}"


def _caddy() -> tuple[str, str]:
    base = _rootfs(_TESTING)
    dockerfile = RECIPES / "caddy.Dockerfile"

    def make(reference: str) -> None:
        _build(dockerfile, RECIPES, reference, BASE=base)

    reference = _keyed("caddy", _TESTING, [base, dockerfile.read_text()], make)
    version = _output(reference, "caddy", "version")
    return reference, f"Debian {_TESTING} with its own Caddy {version}"


def _frontend() -> tuple[str, str]:
    reference, version = _of_go("frontend", "dockerfile-frontend")
    return reference, f"the frontend of BuildKit {version}, built from its module"


def _litestream() -> tuple[str, str]:
    reference, version = _of_go("litestream", "litestream")
    return reference, f"Litestream {version}, built from its module"


def _of_go(recipe: str, program: str) -> tuple[str, str]:
    """An image around a program that tests/machine/prepare builds, and the version of it."""
    built = cache_folder() / "bin" / program
    if not built.exists():
        raise NoStandInError(f"a stand-in needs {program} (tests/machine/prepare)")
    folder = built.resolve().parent
    dockerfile = RECIPES / f"{recipe}.Dockerfile"

    def make(reference: str) -> None:
        _build(dockerfile, folder, reference)

    return _keyed(recipe, folder.name, [dockerfile.read_text()], make), folder.name


def _node_architecture() -> str:
    return {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]


def _npm_pack(package: str) -> Path:
    """The tarball of an npm package, kept in the cache."""
    folder = cache_folder() / "npm" / package
    if not list(folder.glob("*.tgz")):
        npm = needs.find("npm")
        if npm is None:
            raise NoStandInError("a stand-in needs npm (tests/machine/prepare)")
        folder.mkdir(parents=True, exist_ok=True)
        command = [str(npm), "pack", "--silent", package, "--pack-destination", str(folder)]
        done = _run(command, timeout=300)
        if done.returncode != 0:
            raise NoStandInError(f"npm does not give {package}: {done.stderr.strip()[-300:]}")
    return max(folder.glob("*.tgz"))


def _run(command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a command with all the tools of the machine, whatever the test that asked for an image names."""
    environment = needs.machine_environment()
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)


def _unpack(tarball: Path, place: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
        # An npm tarball has one folder at its top, mostly called "package".
        (top,) = Path(folder).iterdir()
        shutil.copytree(top, place)


def _rootfs(suite: str) -> str:
    """The image of a slimmed Debian, from the cached tar or made anew."""
    script = MACHINE / "rootfs"
    authorities = [path.read_text() for path in _own_authorities()]
    folder = cache_folder() / "images"

    def make(reference: str) -> None:
        if os.getuid() != 0 or needs.find("debootstrap") is None:
            raise NoStandInError("a stand-in needs root and debootstrap (tests/machine/prepare)")
        tar = folder / f"{reference.replace('/', '-').replace(':', '-')}.tar"
        if not tar.exists():
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob(f"copier-fly-rootfs-{suite}-*.tar"):
                old.unlink()
            command = [str(script), suite, str(tar)]
            done = _run(command, timeout=900)
            if done.returncode != 0:
                raise NoStandInError(f"debootstrap failed: {done.stderr.strip()[-2000:]}")
        label = f"LABEL {LABEL}={suite}"
        docker("import", "--change", 'CMD ["bash"]', "--change", label, str(tar), reference, timeout=300)

    return _keyed("rootfs", suite, [script.read_text(), *authorities], make)


def _own_authorities() -> list[Path]:
    """Certificate authorities that this machine trusts beside the usual ones."""
    return [path for path in sorted(Path("/usr/local/share/ca-certificates").glob("*.crt")) if path.stat().st_size]


def _keyed(family: str, variant: str, recipe: list[str], make: Callable[[str], None]) -> str:
    """The reference of an image that is named by the content of its recipe; made unless it is there."""
    digest = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
    reference = f"copier-fly/{family}:{variant}-{digest}"
    if not _exists(reference):
        make(reference)
    return reference


def _build(dockerfile: Path, context: Path, reference: str, **arguments: str) -> None:
    build(
        context,
        reference,
        dockerfile=dockerfile,
        build_args=arguments,
        extra=["--label", f"{LABEL}={reference}"],
    )


def _with_env(base: str, env: Mapping[str, str]) -> str:
    lines = [f"FROM {base}", *(f"ENV {name}={_quoted(value)}" for name, value in sorted(env.items()))]
    identity = docker("image", "inspect", "--format", "{{.Id}}", base)

    def make(reference: str) -> None:
        docker("buildx", "build", "--load", "--quiet", "--tag", reference, "-", stdin="\n".join(lines))

    return _keyed("with-env", "latest", [identity, *lines], make)


def _quoted(value: str) -> str:
    return json.dumps(value).replace("$", "\\$")


def _output(reference: str, *command: str) -> str:
    """What a program of an image prints."""
    program = ["--entrypoint", command[0], reference, *command[1:]]
    return docker("run", "--rm", "--pull", "never", *program).strip()


@contextmanager
def _lock() -> Iterator[None]:
    """Several test processes may ask for one image at once; the first makes it, the others find it."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "images.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
