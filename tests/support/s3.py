"""A server on loopback that speaks S3 and checks signatures: versitygw, which keeps a bucket as a folder."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import needs
from tests.support.net import free_port


@dataclass
class S3:
    """Where it listens, who may, and the folder whose folders are the buckets."""

    endpoint: str
    key_id: str
    key: str
    folder: Path

    def bucket(self) -> Path:
        """A new, empty bucket; its name is the folder's, and its objects are the files in it."""
        made = self.folder / f"dumps-{secrets.token_hex(4)}"
        made.mkdir()
        return made


@contextmanager
def server() -> Iterator[S3]:
    """Start one. Skips where it is not installed."""
    gateway = str(needs.require("versitygw"))
    port = free_port()
    key_id, key = secrets.token_hex(10).upper(), secrets.token_hex(20)
    folder, notes = Path(tempfile.mkdtemp(prefix="s3-")), Path(tempfile.mkdtemp(prefix="s3-notes-"))
    # Its notes, such as what a client says of an object, in files: not every file system has extended attributes.
    command = [gateway, "--access", key_id, "--secret", key, "--port", f"127.0.0.1:{port}", "--quiet"]
    command += ["posix", "--sidecar", str(notes), str(folder)]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, running)
        yield S3(f"http://127.0.0.1:{port}", key_id, key, folder)
    finally:
        running.terminate()
        running.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(notes, ignore_errors=True)


def _wait_for(port: int, running: subprocess.Popen[bytes], timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert running.poll() is None, "the S3 server does not start"
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(0.05)
