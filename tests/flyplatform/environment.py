"""What a person has who uses this Fly: flyctl on PATH, a login, and an environment that leads nowhere else."""

from __future__ import annotations

import base64
import os
import shutil
import stat
from pathlib import Path

from tests.flyplatform import schema
from tests.support import docker, needs

VERSION = "0.4.83"
CLOSED = "http://127.0.0.1:9"

# A macaroon with one caveat, for organization 1, signed with a key of zeros by superfly/macaroon v0.3.0. flyctl
# demands the form of it and checks no signature.
MACAROON = (
    "9493c40474657374c41078d1bc668a4452cebee57632501a6491c2b568747470733a2f2f6170692e666c792e696f2f7631"
    "920092011fc420064151249dd457f81f492e7cf9e3ce11c607b901cfdb0f6448c7837867ec8cc0"
)
TOKEN = f"FlyV1 fm2_{base64.b64encode(bytes.fromhex(MACAROON)).decode()}"

# Passes everything on. A build is made by the local engine, as Depot cannot be stood in for, and no name is asked of a
# public DNS server for a minute. Each call is written down, without its input.
WRAPPER = """#!/bin/sh
printf '%s\\n' "$*" >>'{calls}'
image=
for word in "$@"; do
  case $word in --image | --image=*) image=1 ;; esac
done
case "$1 ${{2:-}}" in
  "deploy "*)
    if [ -z "$image" ]; then set -- "$@" --local-only; fi
    set -- "$@" --dns-checks=false
    ;;
  "secrets set" | "secrets import" | "secrets unset" | "secrets deploy") set -- "$@" --dns-checks=false ;;
esac
exec '{flyctl}' "$@"
"""


def missing() -> str | None:
    """Why flyctl cannot be held against its schema here; None where it can."""
    if not schema.path().exists():
        return f"the Go module cache has no {schema.FLY_GO} (tests/machine/prepare fills it)"
    return None


class Login:
    """One person's folder and environment."""

    def __init__(self, folder: Path, api: str) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.config = folder / "c"
        self.home = folder / "home"
        self.socket = self.config / "fly-agent.sock"
        self.record = folder / "calls"
        self.api = api
        for path in (self.bin, self.config, self.home):
            path.mkdir(parents=True, exist_ok=True)
        real = needs.require("flyctl")
        for name in ("flyctl", "fly"):
            wrapper = self.bin / name
            wrapper.write_text(WRAPPER.format(calls=self.record, flyctl=real))
            wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        # A test that does not name jq sees none.
        if shutil.which("jq") and (newer := needs.find("jq-1.8")):
            (self.bin / "jq").symlink_to(newer)

    @property
    def commands(self) -> list[str]:
        """What flyctl was called with so far."""
        return self.record.read_text().splitlines() if self.record.exists() else []

    def env(self, **more: str) -> dict[str, str]:
        """The whole environment of a script."""
        kept = {name: os.environ[name] for name in ("LANG", "TERM", "DOCKER_HOST") if name in os.environ}
        if "DOCKER_HOST" not in kept and docker.engine():
            kept["DOCKER_HOST"] = "unix:///var/run/docker.sock"
        return {
            **kept,
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "FLY_CONFIG_DIR": str(self.config),
            "FLY_API_TOKEN": TOKEN,
            "FLY_API_BASE_URL": self.api,
            "FLY_FLAPS_BASE_URL": self.api,
            "FLY_UIEX_BASE_URL": self.api,
            "FLY_METRICS_BASE_URL": self.api,
            "FLY_SYNTHETICS_BASE_URL": self.api,
            "FLY_REGISTRY_HOST": self.api.removeprefix("http://"),
            "FLY_SEND_METRICS": "0",
            "FLY_SYNTHETICS_AGENT": "0",
            "FLY_NO_UPDATE_CHECK": "1",
            "FLY_NO_INCIDENTS_CHECK": "1",
            "FLY_TRACE_COLLECTOR_URL": "127.0.0.1",
            # A flyctl that lives for a second need not tidy its memory, which is a fifth of what it does.
            "GOGC": "off",
            # What has no switch of its own ends here at once; Go sends nothing for 127.0.0.1 to a proxy.
            "HTTPS_PROXY": CLOSED,
            **more,
        }
