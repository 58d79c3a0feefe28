"""Builds images in turn and keeps what each build took.

Wall seconds are those of the whole command, CPU seconds those of the build's RUN steps: BuildKit runs them below a
cgroup that only these builds use, so what else the engine builds at the time is not in them. What the engine does
itself (copies between stages, writing layers) is in the wall seconds alone.
"""

from __future__ import annotations

import gzip
import os
import re
import secrets
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Figure, in_turn
from tests.support import docker

# An engine whose cgroups are systemd's wants a slice, and takes a dash for a slash. One for each run: there may be two.
CGROUP = f"copierflybenchmark{os.getpid()}.slice"
_USAGE = (
    # The file, and how many of what it counts make a second.
    (f"/sys/fs/cgroup/{CGROUP}/cpu.stat", 1e6),
    (f"/sys/fs/cgroup/cpuacct/{CGROUP}/cpuacct.usage", 1e9),
    (f"/sys/fs/cgroup/cpu,cpuacct/{CGROUP}/cpuacct.usage", 1e9),
)

Edit = Callable[[Path, str], None]
"""Changes an app in a folder; the word is another one each time, as a layer that was built once is there for good."""


class BuildError(RuntimeError):
    """A build failed; the message ends with what it printed."""


@dataclass
class Variant:
    """One way to make an image of the app."""

    app: str
    """The subject: its images have names of their own."""
    name: str
    source: Path
    """The app with the Dockerfile and all that belongs to it; never changed."""
    command: Sequence[str] = ("docker", "buildx", "build", "--load", "--network", "host", "--allow", "network.host")
    """What builds; its further words are options of `docker buildx build`, the last one the folder."""
    arguments: Sequence[str] = ()
    positional: bool = False
    """Whether the command wants folder, Dockerfile and tag first instead."""
    measured: bool = True
    """Whether its builds are compared, or its image alone."""

    @property
    def tag(self) -> str:
        """The image."""
        return f"copier-fly-benchmark/{self.app}:{re.sub(r'[^a-z0-9.]+', '-', self.name.lower())}"

    def words(self, folder: Path, options: Sequence[str]) -> list[str]:
        """The command line that builds what is in `folder`."""
        if self.positional:
            return [*self.command, str(folder), str(folder / "Dockerfile"), self.tag, *self.arguments, *options]
        return [*self.command, "--tag", self.tag, *self.arguments, *options, str(folder)]


def one_round(
    number: int, variants: Sequence[Variant], edits: Mapping[str, Edit], scratch: Path, figures: Mapping[str, Figure]
) -> None:
    """Build each variant without any cache, then again after each edit, all in turn.

    Adds "cold wall", "cold cpu" and the like for each of `edits` to `figures`, by the variants' names, and "line
    shipped" and "dependency shipped" in MB: what a registry lacks of the new image, compressed. Raises BuildError.
    """
    order = in_turn(number, variants)
    # No build finds layers or mounts of another round, or of another variant, which may have the same steps.
    run = secrets.token_hex(4)
    layers: dict[str, list[str]] = {}
    folders = {variant.name: scratch / variant.tag.rpartition(":")[2] for variant in order}
    for variant in order:
        shutil.rmtree(folders[variant.name], ignore_errors=True)
        shutil.copytree(variant.source, folders[variant.name], symlinks=True)
        _stamp(folders[variant.name] / "Dockerfile", f"{run}-{folders[variant.name].name}")
    for kind in ("cold", *edits):
        for variant in order:
            if not variant.measured and (number or kind != "cold"):
                continue
            folder = folders[variant.name]
            if kind != "cold":
                edits[kind](folder, f"{run}{kind}")
            wall, cpu = _build(variant, folder, f"{run}-{folder.name}")
            print(f"round {number + 1}: {variant.name}, {kind}: {wall:.1f} s, CPU {cpu or 0:.1f} s", flush=True)
            if variant.measured:
                figures[variant.name].add(f"{kind} wall", wall)
                if cpu is not None:
                    figures[variant.name].add(f"{kind} cpu", cpu)
                before, layers[variant.name] = layers.get(variant.name, []), docker.Image(variant.tag, "").layers
                if kind in ("line", "dependency"):
                    figures[variant.name].add(f"{kind} shipped", _shipped(variant.tag, before))


def dockerfile_lines(dockerfile: str) -> int:
    """How many lines of a Dockerfile are neither blank nor comment, with those of programs in it."""
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in dockerfile.splitlines())


def _shipped(image: str, known: Sequence[str]) -> float:
    """MB of the layers of an image that are not among the known ones, each by gzip, as a registry keeps it."""
    new = {digest.removeprefix("sha256:") for digest in docker.Image(image, "").layers if digest not in known}
    size = 0
    with (
        subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved,
        tarfile.open(fileobj=saved.stdout, mode="r|") as archive,
    ):
        for entry in archive:
            if entry.name.rpartition("/")[2] in new and (content := archive.extractfile(entry)):
                size += len(gzip.compress(content.read(), 6))
    return size / 1e6


def _stamp(dockerfile: Path, run: str) -> None:
    """Make every step one that was never built.

    After --no-cache the engine has two results of each step, and the next build takes either.
    """
    text = re.sub(r"^FROM .*$", rf"\g<0>\nENV BENCHMARK={run}", dockerfile.read_text(), flags=re.M)
    dockerfile.write_text(text)


def _build(variant: Variant, folder: Path, run: str) -> tuple[float, float | None]:
    # The namespace gives cache mounts a name of their own, so that a cold build finds them empty.
    options = ["--progress", "plain", "--cgroup-parent", CGROUP, "--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={run}"]
    before, started = _cpu(), time.perf_counter()
    done = subprocess.run(
        variant.words(folder, options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wall, after = time.perf_counter() - started, _cpu()
    if done.returncode != 0:
        raise BuildError(f"{variant.name} does not build:\n{done.stdout[-3000:]}")
    return wall, None if after is None else after - (before or 0)


def _cpu() -> float | None:
    """CPU seconds of all RUN steps so far; None where the engine's cgroups are elsewhere, or none has run."""
    for name, per_second in _USAGE:
        file = Path(name)
        if file.exists():
            text = file.read_text()
            return int(text.split()[1] if text.startswith("usage_usec") else text) / per_second
    return None
