"""Mix, in the image that users build with.

Not from the machine: an Erlang/OTP as new as the template's default needs a newer glibc than Debian 12's,
and what formats and compiles a rendered file should be what a deployment compiles it with.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Unpack

import yaml

from tests.support import docker, images

_CATALOG = yaml.safe_load((images.CATALOG / "elixir.yml").read_text())
IMAGE: str = _CATALOG["images"][_CATALOG["default"]]["builder"]["debian"]


def mix(
    args: list[str],
    cwd: Path,
    *,
    image: str = IMAGE,
    timeout: float = 300,
    **options: Unpack[docker.RunOptions],
) -> subprocess.CompletedProcess[str]:
    """Run `mix ARGS` in `cwd`: exit code in `returncode`, both streams in `stdout`.

    `cwd` is mounted at its own path, so what mix prints are paths of this machine; for files outside it add
    `volumes`. What it writes belongs to whoever runs the tests. Skips where the image is not to be had.
    """
    return run(["mix", *args], cwd, image=image, timeout=timeout, **options)


def run(
    command: list[str],
    cwd: Path,
    *,
    image: str = IMAGE,
    timeout: float = 300,
    **options: Unpack[docker.RunOptions],
) -> subprocess.CompletedProcess[str]:
    """Run any command of the Elixir image as `mix` does, such as `["elixir", "-e", "IO.puts(1)"]`."""
    place = cwd.resolve()
    settings: docker.RunOptions = {"workdir": str(place), **options}
    settings["volumes"] = {place: str(place), **options.get("volumes", {})}
    if os.getuid() != 0:
        # A user without an entry in the image's passwd has no home, and mix wants to write there.
        settings["user"] = f"{os.getuid()}:{os.getgid()}"
        settings["env"] = {"HOME": "/tmp", **options.get("env", {})}
    return docker.once(images.ensure(image), *command, timeout=timeout, **settings)
