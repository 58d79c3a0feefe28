"""Python loads this first in every process of a copy under test: it kills them all at a moment that is counted.

A moment is before, within and after each step that writes into the target. Every one is a line in the file
`MOMENTS`; at the `KILL_AT`th the whole process group gets SIGKILL. The content of a file is written in two halves,
as a kernel may do when a process is killed.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

TARGET, MOMENTS, KILL_AT = os.environ["TARGET"], os.environ["MOMENTS"], int(os.environ["KILL_AT"])


def moment(step: str, path: object) -> None:
    if not os.path.realpath(str(path)).startswith(TARGET):
        return
    with open(MOMENTS, "a+") as file:  # noqa: PTH123
        file.write(f"{step} {os.path.relpath(str(path), TARGET)}\n")
        file.flush()
        file.seek(0)
        count = len(file.readlines())
    if count == KILL_AT:
        os.killpg(0, signal.SIGKILL)


def write_bytes(path: Path, data: bytes) -> int:
    half = len(data) // 2
    moment("open", path)
    with path.open("wb") as file:
        moment("empty", path)
        file.write(data[:half])
        file.flush()
        moment("half", path)
        file.write(data[half:])
    moment("whole", path)
    return len(data)


def write_text(path: Path, data: str, *_: Any, **__: Any) -> int:
    return write_bytes(path, data.encode())


def around(real: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The same function with a moment before and one after it."""

    def call(*arguments: Any, **options: Any) -> Any:
        moment(f"before {name}", arguments[-1] if name == "replace" else arguments[0])
        result = real(*arguments, **options)
        moment(f"after {name}", arguments[-1] if name == "replace" else arguments[0])
        return result

    return call


Path.write_bytes = write_bytes
Path.write_text = write_text
os.replace = around(os.replace, "replace")
os.chmod = around(os.chmod, "chmod")
os.unlink = around(os.unlink, "unlink")
