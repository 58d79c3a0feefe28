"""Starts containers of images in turn: how large, how soon there, how much memory, how long to stop."""

from __future__ import annotations

import http.client
import re
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from benchmarks.measuring import Figure, in_turn
from tests.support import docker
from tests.support.net import free_port

REQUESTS = 1000
STARTS = 5


@dataclass(frozen=True)
class Machine:
    """How an image is run."""

    image: str
    paths: Sequence[str]
    """The routes of the app; the first is the one that tells that it is there."""
    env: Mapping[str, str] = field(default_factory=dict)
    memory: str = "512m"


class StartError(RuntimeError):
    """A container does not answer; the message has its log."""


def sizes(figure: Figure, image: str) -> None:
    """Add "image unpacked" and "image compressed" (each layer by gzip, as a registry keeps it), in MB."""
    figure.add("image unpacked", docker.Image(image, "").size / 1e6)
    with (
        subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved,
        subprocess.Popen(["gzip", "-6"], stdin=saved.stdout, stdout=subprocess.PIPE) as packed,
    ):
        assert packed.stdout
        figure.add("image compressed", sum(map(len, iter(lambda: packed.stdout.read(1 << 20), b""))) / 1e6)


def one_round(
    number: int, machines: Mapping[str, Machine], figures: Mapping[str, Figure], wait: float = 120
) -> dict[str, StartError]:
    """Start each machine several times, then ask and stop each, all in turn; return those that do not answer, and why.

    Adds "boot" and "stop" in s, "memory after boot" and "memory after requests" in MiB to `figures`, by the machines'
    names. A boot is the median of five starts. One ahead of them is not counted: it reads what no other program here
    has read yet, such as an image's own copy of Node.js, while the base image's is in memory since the builds.

    Memory is that of all the container's processes, three seconds after the first answer and after a thousand requests
    over every route: what each has for itself, and once the files that the largest has mapped. (Proportional shares
    would depend on who else runs the same program at the time.)
    """
    seconds: dict[str, list[float]] = {name: [] for name in machines}
    dead: dict[str, StartError] = {}
    for start in range(STARTS + 1):
        for name in in_turn(number + start, list(machines)):
            if name in dead:
                continue
            try:
                with _started(machines[name], wait) as (_, _, taken):
                    seconds[name].append(taken)
            except StartError as error:
                dead[name] = error
    for name in in_turn(number, [name for name in machines if name not in dead]):
        figures[name].add("boot", statistics.median(seconds[name][1:]))
        try:
            _live(figures[name], machines[name], wait)
        except StartError as error:
            dead[name] = error
    return dead


def _live(figure: Figure, machine: Machine, wait: float) -> None:
    with _started(machine, wait) as (container, port, _):
        time.sleep(3)
        figure.add("memory after boot", _memory(container.id))
        _ask(port, machine.paths)
        figure.add("memory after requests", _memory(container.id))
        begun = time.perf_counter()
        container.stop()
        figure.add("stop", time.perf_counter() - begun)


@contextmanager
def _started(machine: Machine, wait: float) -> Iterator[tuple[docker.Container, int, float]]:
    """A container that answers, its port, and the seconds from its start to that answer."""
    port = free_port()
    options: docker.RunOptions = {"env": {**machine.env, "PORT": str(port)}, "memory": machine.memory}
    with docker.run(machine.image, **options) as container:
        started = datetime.fromisoformat(container.inspect("{{.State.StartedAt}}"))
        deadline = time.monotonic() + wait
        while _status(port, machine.paths[0]) != 200:
            if time.monotonic() > deadline or not container.running:
                raise StartError(f"{machine.image} does not answer:\n{container.logs()[-1500:]}")
            time.sleep(0.01)
        yield container, port, time.time() - started.timestamp()


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except OSError:
        return 0
    finally:
        connection.close()


def _ask(port: int, paths: Sequence[str]) -> None:
    for number in range(REQUESTS):
        path = paths[number % len(paths)]
        status = _status(port, path)
        if status != 200:
            raise StartError(f"{path} answers {status}")


def _memory(container: str) -> float:
    own, mapped = 0, [0]
    for line in docker.docker("top", container, "-eo", "pid").splitlines()[1:]:
        rollup = Path(f"/proc/{line.strip()}/smaps_rollup").read_text()
        kilobytes = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", rollup, re.M)}
        own += kilobytes["Anonymous"]
        mapped.append(kilobytes["Rss"] - kilobytes["Anonymous"])
    return (own + max(mapped)) / 1024
