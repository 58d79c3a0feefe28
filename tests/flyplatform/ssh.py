"""The SSH server in every machine, and the certificates that flyctl asks for before it goes there."""

from __future__ import annotations

import asyncio
import functools
import io
import shlex
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import asyncssh

from tests.flyplatform.pipes import join

Execute = Callable[[list[str], asyncssh.SSHServerProcess[bytes]], Awaitable[int]]
"""Runs a command in a machine, with the streams of the session; its exit code."""


@functools.cache
def _key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def sign(public_key: str) -> str:
    """A user certificate for a public key."""
    key = asyncssh.import_public_key(public_key)
    made = _key().generate_user_certificate(key, "dev", principals=["root", "fly"])
    return made.export_certificate().decode().strip()


class _Open(asyncssh.SSHServer):
    """Lets everybody in: the real one checks the certificate, which no script has a part in."""

    def begin_auth(self, username: str) -> bool:
        del username
        return False


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, execute: Execute, folder: Path | None = None
) -> None:
    """Be the SSH server at the end of a connection; files come from the folder, where there is one."""

    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        # Split as words and not given to a shell: some images have none.
        process.exit(await execute(shlex.split(process.command or "/bin/sh"), process))

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Open,
        server_host_keys=[_key()],
        process_factory=run,
        encoding=None,
        sftp_factory=functools.partial(asyncssh.SFTPServer, chroot=str(folder)) if folder else None,
    )
    async with server:
        await join((reader, writer), await asyncio.open_connection("127.0.0.1", server.get_port()))


class _Kept(io.BytesIO):
    """A stream that nothing comes out of, and that keeps what goes in."""

    async def read(self, _: int = -1) -> bytes:  # type: ignore[override]
        return b""


async def collect(execute: Execute, words: list[str]) -> tuple[int, str, str]:
    """Run a command without a session; its exit code and what it printed on both streams."""
    streams = SimpleNamespace(stdin=_Kept(), stdout=_Kept(), stderr=_Kept())
    code = await execute(words, cast("asyncssh.SSHServerProcess[bytes]", streams))
    return code, streams.stdout.getvalue().decode(), streams.stderr.getvalue().decode()


async def attach(session: asyncssh.SSHServerProcess[bytes], command: list[str]) -> int:
    """Run a program of this machine with the streams of a session; its exit code."""
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    assert program.stdin and program.stdout and program.stderr
    typing = asyncio.create_task(_feed(session.stdin, program.stdin))
    await asyncio.gather(_show(program.stdout, session.stdout), _show(program.stderr, session.stderr))
    typing.cancel()
    return await program.wait()


async def _feed(source: asyncssh.SSHReader[bytes], target: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncssh.Error):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
    target.close()


async def _show(source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
    while data := await source.read(1 << 16):
        target.write(data)
