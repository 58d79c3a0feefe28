"""The Docker engine, through its own command line: building, running, looking."""

from __future__ import annotations

import functools
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from tests.support import needs


@functools.cache
def client() -> str:
    """The docker command, by its path: a test sees only the tools that it names."""
    return str(needs.find("docker") or "docker")


class DockerError(RuntimeError):
    """A docker command failed; the message ends with what it printed."""


def docker(*args: str, timeout: float = 120, stdin: str | None = None) -> str:
    """Run one docker command and return its standard output.

    Raises DockerError with the command and the end of its output when it fails.
    """
    command = [client(), *args]
    # Without a standard input of its own, a command would eat that of pytest.
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **source)
    if done.returncode != 0:
        raise DockerError(_complaint(command, done.returncode, done.stdout + done.stderr))
    return done.stdout


def _run(command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, both streams in `stdout`."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def _complaint(command: Sequence[str], code: int, output: str) -> str:
    return f"{' '.join(command)}\nexit {code}:\n{output[-6000:]}"


NO_ENGINE = needs.reason("docker", "no engine answers `docker info`")


@functools.cache
def engine() -> str | None:
    """What answers as Docker engine, such as `28.5.2 (overlay2)`; None when nothing does.

    Asked once a run: the tests start and stop no engine.
    """
    if needs.find("docker") is None:
        return None
    try:
        return docker("info", "--format", "{{.ServerVersion}} ({{.Driver}})", timeout=20).strip() or None
    except (DockerError, subprocess.TimeoutExpired):
        return None


@dataclass(frozen=True)
class Image:
    """A built image: its tag, and everything the build printed (plain progress)."""

    tag: str
    log: str

    @property
    def size(self) -> int:
        """Unpacked size in bytes."""
        return int(docker("image", "inspect", "--format", "{{.Size}}", self.tag))

    @property
    def layers(self) -> list[str]:
        """The digests of the layers, lowest first."""
        template = "{{range .RootFS.Layers}}{{println .}}{{end}}"
        return docker("image", "inspect", "--format", template, self.tag).split()

    @property
    def labels(self) -> dict[str, str]:
        """The image's labels."""
        template = '{{range $key, $value := .Config.Labels}}{{printf "%s=%s\\n" $key $value}}{{end}}'
        lines = docker("image", "inspect", "--format", template, self.tag).splitlines()
        return dict(line.split("=", 1) for line in lines if line)


def build(
    context: Path,
    tag: str,
    *,
    dockerfile: Path | str | None = None,
    network: str = "host",
    build_args: Mapping[str, str] | None = None,
    target: str | None = None,
    images: Mapping[str, str] | None = None,
    secrets: Mapping[str, Path] | None = None,
    extra: Sequence[str] = (),
    timeout: float = 1200,
) -> Image:
    """Build an image and return it with the whole log.

    `dockerfile` is taken relative to `context`. `images` maps a reference in a FROM line to the image that
    takes its place (see images.ensure); the Dockerfile itself stays as it is. `network` is the host's, so
    that a build finds the servers that a test started on loopback.
    Raises DockerError with the end of the log when the build fails.
    """
    command = [
        client(),
        "buildx",
        "build",
        "--load",
        "--progress",
        "plain",
        "--network",
        network,
        "--tag",
        tag,
    ]
    if network == "host":
        # A builder of its own (not the engine's default one) grants this only when asked.
        command += ["--allow", "network.host"]
    if dockerfile is not None:
        command += ["--file", str(context / dockerfile)]
    for name, value in (build_args or {}).items():
        command += ["--build-arg", f"{name}={value}"]
    for name, image in (images or {}).items():
        if name != image:
            command += ["--build-context", f"{name}=docker-image://{image}"]
    for name, path in (secrets or {}).items():
        command += ["--secret", f"id={name},src={path}"]
    if target is not None:
        command += ["--target", target]
    command += [*extra, str(context)]
    done = _run(command, timeout)
    if done.returncode != 0:
        raise DockerError(_complaint(command, done.returncode, done.stdout))
    return Image(tag=tag, log=done.stdout)


@dataclass
class Container:
    """A container that was started in the background."""

    id: str

    def logs(self) -> str:
        """Everything the container printed so far, both streams."""
        done = _run([client(), "logs", self.id], 60)
        return done.stdout

    def inspect(self, template: str) -> str:
        """One value of `docker inspect`, by its Go template."""
        return docker("inspect", "--format", template, self.id).strip()

    @property
    def running(self) -> bool:
        """Whether the main process is still there."""
        return self.inspect("{{.State.Running}}") == "true"

    @property
    def pid(self) -> int:
        """The main process as the host sees it; 0 when it has ended."""
        return int(self.inspect("{{.State.Pid}}"))

    def exec(self, *command: str, user: str | None = None, timeout: float = 60) -> str:
        """Run a command inside and return what it printed; DockerError when it fails."""
        chosen = ["--user", user] if user else []
        return docker("exec", *chosen, self.id, *command, timeout=timeout)

    def wait(self, timeout: float = 60) -> int:
        """Wait until the main process ends; its exit code. DockerError when it goes on for longer."""
        try:
            return int(docker("wait", self.id, timeout=timeout))
        except subprocess.TimeoutExpired as late:
            raise DockerError(f"still running after {timeout} s:\n{self.logs()[-6000:]}") from late

    def stop(self, signal: str = "SIGTERM", timeout: int = 30) -> int:
        """Send a signal as Fly does, kill after `timeout` seconds; the exit code of the main process."""
        docker("stop", "--signal", signal, "--time", str(timeout), self.id, timeout=timeout + 30)
        return int(self.inspect("{{.State.ExitCode}}"))

    def wait_for(self, ready: Callable[[], bool], timeout: float = 60, what: str = "readiness") -> None:
        """Ask `ready` until it says yes.

        Raises DockerError with the container's logs when `timeout` seconds are over or it has ended.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise DockerError(f"ended while waiting for {what}:\n{self.logs()[-6000:]}")
            if time.monotonic() > deadline:
                raise DockerError(f"no {what} within {timeout} s:\n{self.logs()[-6000:]}")
            time.sleep(0.1)


class RunOptions(TypedDict, total=False):
    """How a container is started."""

    network: str
    """The host's by default: the servers of postgres.py listen on loopback only, and a port that the
    container opens is reached at 127.0.0.1 without a mapping (net.free_port finds one)."""
    env: Mapping[str, str]
    hosts: Mapping[str, str]
    """Names and addresses for /etc/hosts."""
    volumes: Mapping[Path, str]
    """`{source: "place"}` or `{source: "place:ro"}`."""
    user: str
    workdir: str
    memory: str
    extra: Sequence[str]
    """Further options of `docker run`, as they are."""


def _flags(options: RunOptions) -> list[str]:
    # The engine asks no registry: an image that is not there is the test's mistake.
    flags = ["--pull", "never", "--network", options.get("network", "host")]
    for name, value in options.get("env", {}).items():
        flags += ["--env", f"{name}={value}"]
    for name, address in options.get("hosts", {}).items():
        flags += ["--add-host", f"{name}:{address}"]
    for source, place in options.get("volumes", {}).items():
        flags += ["--volume", f"{source}:{place}"]
    for flag in ("user", "workdir", "memory"):
        if value := options.get(flag):
            flags += [f"--{flag}", value]
    return [*flags, *options.get("extra", ())]


@contextmanager
def run(image: str, *command: str, **options: Unpack[RunOptions]) -> Iterator[Container]:
    """Start a container in the background; it is removed, by its id, when the block ends."""
    container = Container(docker("run", "--detach", *_flags(options), image, *command).strip())
    try:
        yield container
    finally:
        docker("rm", "--force", "--volumes", container.id)


def once(
    image: str, *command: str, timeout: float = 120, **options: Unpack[RunOptions]
) -> subprocess.CompletedProcess[str]:
    """Run a container to its end and remove it: exit code in `returncode`, both streams in `stdout`."""
    container = docker("create", *_flags(options), image, *command).strip()
    try:
        return _run([client(), "start", "--attach", container], timeout)
    finally:
        docker("rm", "--force", "--volumes", container)
