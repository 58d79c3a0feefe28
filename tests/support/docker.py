"""The Docker engine, through its own command line: building, running, looking."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class DockerError(RuntimeError):
    """A docker command failed; the message ends with what it printed."""


def docker(*args: str, timeout: float = 120, stdin: str | None = None) -> str:
    """Run one docker command and return its standard output.

    Raises DockerError with the command and the end of its output when it fails.
    """
    command = ["docker", *args]
    # Without a standard input of its own, a command would eat that of pytest.
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **source)
    if done.returncode != 0:
        raise DockerError(_complaint(command, done.returncode, done.stdout + done.stderr))
    return done.stdout


def _complaint(command: Sequence[str], code: int, output: str) -> str:
    return f"{' '.join(command)}\nexit {code}:\n{output[-6000:]}"


@functools.cache
def engine() -> str | None:
    """What answers as Docker engine, such as `28.5.2 (overlay2)`; None when nothing does. Asked once a run."""
    if shutil.which("docker") is None:
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

    `dockerfile` is taken relative to `context`, as `docker build --file` with a path from there.
    `images` maps a reference in a FROM line to the image that takes its place (see images.ensure); the Dockerfile
    itself stays as it is. `network` is the host's, so that a build finds the servers that a test started on loopback.
    Raises DockerError with the end of the log when the build fails.
    """
    command = [
        "docker",
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
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode != 0:
        raise DockerError(_complaint(command, done.returncode, done.stdout))
    return Image(tag=tag, log=done.stdout)


@dataclass
class Container:
    """A container that was started in the background."""

    id: str

    def logs(self) -> str:
        """Everything the container printed so far, both streams."""
        done = subprocess.run(
            ["docker", "logs", self.id],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
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
        docker("stop", "--signal", signal, "--timeout", str(timeout), self.id, timeout=timeout + 30)
        return int(self.inspect("{{.State.ExitCode}}"))

    def wait_for(self, ready: Callable[[], bool], timeout: float = 60, what: str = "readiness") -> None:
        """Ask `ready` until it says yes; DockerError with the logs when the time is up or the container has ended."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise DockerError(f"ended while waiting for {what}:\n{self.logs()[-6000:]}")
            if time.monotonic() > deadline:
                raise DockerError(f"no {what} within {timeout} s:\n{self.logs()[-6000:]}")
            time.sleep(0.1)


def _run_options(
    network: str,
    env: Mapping[str, str] | None,
    hosts: Mapping[str, str] | None,
    volumes: Mapping[Path | str, str] | None,
    user: str | None,
    workdir: str | None,
    memory: str | None,
    extra: Sequence[str],
) -> list[str]:
    options = ["--network", network, "--pull", "never"]
    for name, value in (env or {}).items():
        options += ["--env", f"{name}={value}"]
    for name, address in (hosts or {}).items():
        options += ["--add-host", f"{name}:{address}"]
    for source, place in (volumes or {}).items():
        options += ["--volume", f"{source}:{place}"]
    if user:
        options += ["--user", user]
    if workdir:
        options += ["--workdir", workdir]
    if memory:
        options += ["--memory", memory]
    return [*options, *extra]


@contextmanager
def run(
    image: str,
    *command: str,
    network: str = "host",
    env: Mapping[str, str] | None = None,
    hosts: Mapping[str, str] | None = None,
    volumes: Mapping[Path | str, str] | None = None,
    user: str | None = None,
    workdir: str | None = None,
    memory: str | None = None,
    extra: Sequence[str] = (),
) -> Iterator[Container]:
    """Start a container in the background; it is removed, with its anonymous volumes, when the block ends.

    On the host's network by default: the servers of postgres.py listen on loopback only, and a port the container
    opens is reached at 127.0.0.1 without a mapping. Choose the port by `PORT` or the like from ports.free_port.
    `hosts` are names for /etc/hosts; `volumes` are `{source: "place"}` or `{source: "place:ro"}`.
    """
    options = _run_options(network, env, hosts, volumes, user, workdir, memory, extra)
    container = Container(docker("run", "--detach", *options, image, *command).strip())
    try:
        yield container
    finally:
        docker("rm", "--force", "--volumes", container.id)


def once(
    image: str,
    *command: str,
    network: str = "host",
    env: Mapping[str, str] | None = None,
    hosts: Mapping[str, str] | None = None,
    volumes: Mapping[Path | str, str] | None = None,
    user: str | None = None,
    workdir: str | None = None,
    memory: str | None = None,
    extra: Sequence[str] = (),
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a container to its end: exit code in `returncode`, both streams in `stdout`. The container is removed."""
    options = _run_options(network, env, hosts, volumes, user, workdir, memory, extra)
    with _removed(docker("create", *options, image, *command).strip()) as container:
        return subprocess.run(
            ["docker", "start", "--attach", container],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )


@contextmanager
def _removed(container: str) -> Iterator[str]:
    try:
        yield container
    finally:
        docker("rm", "--force", "--volumes", container)


def in_folder(image: str, *command: str, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command in an image with `cwd` mounted at the same path and as the working directory.

    Files it writes belong to whoever runs the tests. Takes the options of `once`.
    """
    place = cwd.resolve()
    volumes = {place: str(place), **(options.pop("volumes", None) or {})}
    owner = f"{os.getuid()}:{os.getgid()}"
    return once(image, *command, volumes=volumes, workdir=str(place), **{"user": owner, **options})
