"""A rendered app, an account on a Fly of our own and the real flyctl: what a script said and did, side by side."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pexpect

from tests.flyplatform.environment import TOKEN, Login
from tests.flyplatform.server import Platform
from tests.flyplatform.world import App, World

# What is built in the place of the app: the smallest image that says which commit it is.
DOCKERFILE = """FROM scratch
ARG REVISION=unknown
LABEL org.opencontainers.image.revision=$REVISION
CMD ["/app"]
"""


@dataclass
class Ran:
    """How a script ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that a terminal would show."""
        return self.out + self.err

    @property
    def verdict(self) -> str:
        """The last line of its output, or of its complaint: what a tired person reads."""
        lines = [line for line in ((self.err if self.code else self.out) or self.out).splitlines() if line.strip()]
        return lines[-1] if lines else ""


@dataclass
class Account:
    """A project in a git repository, whoever works on it, and the platform."""

    folder: Path
    platform: Platform
    login: Login
    kept: World | None = None
    """A world to go back to."""
    process: subprocess.Popen[str] | None = None
    """What runs, or ran last; it leads a group of its own."""

    @property
    def app(self) -> App:
        """The production app as the platform knows it."""
        return self.platform.world.apps["shop"]

    def env(self, **more: str) -> dict[str, str]:
        """The environment of a script."""
        return self.login.env(**{"APP_URL": self.platform.app_url("shop"), **more})

    def run(self, script: str, *words: str, stdin: str = "", timeout: float = 120, **env: str) -> Ran:
        """Run a script of ops/ without a terminal."""
        return self.start([f"ops/{script}", *words], stdin, timeout, **env)

    def start(self, command: list[str], stdin: str = "", timeout: float = 120, **env: str) -> Ran:
        """Run a command; one that does not end in time is stopped with all that it started, and has the code 124."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env(**env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.process = process
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            return self.inspected(Ran(124, out, err))
        return self.inspected(Ran(process.returncode, out, err))

    def run_on_terminal(self, script: str, *words: str, timeout: float = 120, **env: str) -> Ran:
        """Run a script of ops/ on a terminal with colours; both streams are its output."""
        env = self.env(TERM="xterm-256color", **env)
        env.pop("NO_COLOR", None)
        text, code = pexpect.run(
            shlex.join([str(self.folder / "ops" / script), *words]),
            cwd=str(self.folder),
            env=env,
            timeout=timeout,
            withexitstatus=True,
            encoding="utf-8",
            dimensions=(50, 200),
        )
        return self.inspected(Ran(code, text.replace("\r\n", "\n"), ""))

    def type(self, command: str, timeout: float = 120, **env: str) -> Ran:
        """Run a command as a script printed it."""
        return self.start(["sh", "-c", command], timeout=timeout, **env)

    def inspected(self, ran: Ran) -> Ran:
        """Hold what is true of every run: no secret is shown or on a command line, no call was out of this world."""
        # A single letter is in every text, and so is the empty certificate that flyctl stores after a senseless answer.
        told = {value for value in self.platform.world.given_out | {TOKEN} if len(value) > 1}
        assert [value for value in told if value in ran.text] == [], f"a secret is shown:\n{ran.text}"
        lines = self.login.commands
        assert [line for line in lines if any(value in line for value in told)] == [], "a secret is on a command line"
        if not any(fault.odd for fault in self.platform.faults):
            # What follows from a senseless answer is senseless as well.
            assert self.platform.complaints == [], ran.text
        self.platform.unknown.clear()
        self.platform.queries.invalid.clear()
        return ran

    def git(self, *words: str) -> str:
        """Run git in the project."""
        done = subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, file: str, text: str) -> str:
        """Write a file and commit it; the first twelve letters of the revision."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", file)
        self.git("commit", "-qm", f"Write {file}")
        return self.revision

    @property
    def revision(self) -> str:
        """The first twelve letters of the commit that is checked out, as images are labelled."""
        return self.git("rev-parse", "HEAD")[:12]

    @property
    def image(self) -> str:
        """The image of that commit."""
        return f"registry.fly.io/shop:git-{self.revision}"
