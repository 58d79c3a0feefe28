"""Machines that are containers of the Docker engine, with their real processes, checks, restarts and logs."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.flyplatform import ssh
from tests.flyplatform.instant import SMOKE_SECONDS, ended, note, note_exit, results
from tests.flyplatform.registry import Registry
from tests.flyplatform.world import App, Machine, World

RESTARTS = 10
PAUSE = 0.3
"""Seconds between two rounds of checks, and before a restart."""


@dataclass
class Container:
    """The container of a machine, and what watches over it."""

    name: str
    address: str = ""
    stopping: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Containers:
    """Runs machines with the docker command; the engine shares this machine's network."""

    def __init__(self, world: World, registry: Registry) -> None:
        self.world = world
        self.registry = registry
        self.running: dict[str, Container] = {}
        self.left: set[tuple[str, ...]] = set()
        """The docker commands that take away what was left in the engine: images and volumes."""
        self.hosts: dict[str, str] = {}
        """Names and addresses for /etc/hosts, such as that of a database."""

    async def start(self, app: App, machine: Machine) -> None:
        """Start a container, and wait until its process is there."""
        container = Container(f"fly-{os.getpid()}-{machine.id}-{machine.starts}")
        machine.starts += 1
        self.running[machine.id] = container
        await docker("pull", "--quiet", self.registry.place(machine.image))
        self.left.add(("image", "rm", self.registry.place(machine.image)))
        started = asyncio.Event()
        container.tasks = [
            asyncio.create_task(self.keep_alive(app, machine, container, started)),
            asyncio.create_task(self.check(machine, container)),
        ]
        await started.wait()

    def command(self, app: App, machine: Machine, name: str) -> tuple[list[str], dict[str, str]]:
        """The docker command line, and the environment that the values of its variables are taken from."""
        config = machine.config
        env = {
            **(config.get("env") or {}),
            **{key: secret.value for key, secret in app.secrets.items()},
            "FLY_APP_NAME": app.name,
            "FLY_MACHINE_ID": machine.id,
            "FLY_REGION": machine.region,
            "FLY_IMAGE_REF": machine.image,
            "FLY_PRIVATE_IP": machine.private_ip,
        }
        # By name alone: a value on a command line would be there for everybody to see.
        words = ["docker", "run", "--rm", "--name", name, *(word for key in env for word in ("--env", key))]
        for host, address in self.hosts.items():
            words += ["--add-host", f"{host}:{address}"]
        for mount in config.get("mounts") or []:
            volume = f"fly-{os.getpid()}-{mount['volume']}"
            words += ["--volume", f"{volume}:{mount['path']}"]
            self.left.add(("volume", "rm", volume))
        init = config.get("init") or {}
        entrypoint, arguments = list(init.get("entrypoint") or []), list(init.get("cmd") or [])
        if init.get("exec"):
            entrypoint, arguments = list(init["exec"]), []
        if entrypoint:
            words += ["--entrypoint", entrypoint[0]]
        words += [self.registry.place(machine.image), *entrypoint[1:], *arguments]
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "DOCKER_HOST") if key in os.environ}
        return words, env | kept

    async def keep_alive(self, app: App, machine: Machine, container: Container, started: asyncio.Event) -> None:
        """Run it, take its log, and restart it as its config says."""
        policy = (machine.config.get("restart") or {}).get("policy", "always")
        for restarts in range(RESTARTS + 1):
            words, env = self.command(app, machine, container.name)
            process = await asyncio.create_subprocess_exec(
                *words,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            container.address = await self.address(container.name, process)
            machine.state = "started"
            note(machine, "start", "started")
            started.set()
            assert process.stdout is not None
            async for line in process.stdout:
                app.say(line.decode(errors="replace").rstrip("\n"), machine.id, machine.region)
            code = await process.wait()
            again = policy == "always" or (policy == "on-failure" and code != 0)
            again = again and not container.stopping and not machine.config.get("auto_destroy") and restarts < RESTARTS
            app.say(f" INFO Main child exited normally with code: {code}", machine.id, machine.region)
            note_exit(machine, code, requested=container.stopping, restarting=again, restarts=restarts + 1)
            if not again:
                break
            await asyncio.sleep(PAUSE)
        container.stopping = True
        ended(machine)

    async def address(self, name: str, process: asyncio.subprocess.Process) -> str:
        """The address of a container that has just been started; nothing for one that has ended already."""
        template = "{{.State.Running}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        while process.returncode is None:
            with suppress(RuntimeError):
                running, _, address = (await docker("inspect", "--format", template, name)).strip().partition(" ")
                if running == "true" and address:
                    return address
            await asyncio.sleep(0.05)
        return ""

    async def check(self, machine: Machine, container: Container) -> None:
        """Ask the health checks again and again."""
        passed = False
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while not container.stopping:
                await asyncio.sleep(PAUSE)
                if machine.state != "started" or not container.address:
                    continue
                complaint = await self.complaint(session, machine, container.address)
                machine.checks = results(machine.config, "critical" if complaint else "passing", complaint or "ok")
                if not complaint and not passed:
                    passed = True
                    # flyctl has seen it start well; only from now on may the ten seconds be saved.
                    start = next(event for event in machine.events if event["type"] == "start")
                    start["timestamp"] = int((time.time() - SMOKE_SECONDS) * 1000)

    async def complaint(self, session: aiohttp.ClientSession, machine: Machine, address: str) -> str:
        """What one of the checks complains about; nothing when all pass."""
        checks = [(check, check.get("port")) for check in (machine.config.get("checks") or {}).values()]
        for service in machine.config.get("services") or []:
            checks += [(check, service["internal_port"]) for check in service.get("checks") or []]
        for check, port in checks:
            try:
                if check.get("type") == "http":
                    headers = {header["name"]: header["values"][0] for header in check.get("headers") or []}
                    url = f"http://{address}:{port}{check.get('path', '/')}"
                    method = check.get("method") or "GET"
                    async with session.request(method, url, headers=headers, allow_redirects=False) as answer:
                        if answer.status // 100 != 2:
                            return f"HTTP {answer.status}"
                else:
                    _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 5)
                    writer.close()
            except (OSError, TimeoutError, aiohttp.ClientError) as problem:
                return str(problem) or "timeout"
        return ""

    async def stop(self, app: App, machine: Machine, state: str = "stopped") -> None:
        """Send the signal of the config, wait as long as it allows, and kill."""
        del app
        container = self.running.pop(machine.id, None)
        if container is None:
            return
        container.stopping = True
        options = machine.config.get("stop_config") or {}
        seconds = str(options.get("timeout") or "5s").rstrip("s")
        signal = str(options.get("signal") or "SIGINT")
        with suppress(RuntimeError):
            await docker("stop", "--signal", signal, "--time", seconds if seconds.isdigit() else "5", container.name)
        await asyncio.gather(*container.tasks, return_exceptions=True)
        if machine.alive:
            machine.state = state

    async def remove(self, app: App, machine: Machine) -> None:
        """Containers remove themselves."""

    async def close(self) -> None:
        """Stop everything at once."""
        for container in list(self.running.values()):
            container.stopping = True
            with suppress(RuntimeError):
                await docker("rm", "--force", "--volumes", container.name)
            await asyncio.gather(*container.tasks, return_exceptions=True)
        self.running.clear()
        for words in self.left:
            with suppress(RuntimeError):
                await docker(*words)
        self.left.clear()

    def shell(self, app: App, machine: Machine) -> ssh.Execute:
        """Run commands in the container."""
        del app

        async def execute(words: list[str], process: Any) -> int:
            container = self.running[machine.id]
            return await ssh.attach(process, ["docker", "exec", "--interactive", container.name, *words])

        return execute

    def place(self, machine: Machine) -> str:
        """Where its first service listens; nothing while it does not run."""
        container = self.running.get(machine.id)
        services = machine.config.get("services") or []
        if not container or not container.address or machine.state != "started" or not services:
            return ""
        return f"http://{container.address}:{services[0]['internal_port']}"


async def docker(*words: str) -> str:
    """Run one docker command; its output. RuntimeError with its complaint when it fails."""
    process = await asyncio.create_subprocess_exec(
        "docker",
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"docker {words[0]}: {err.decode()}")
    return out.decode()
