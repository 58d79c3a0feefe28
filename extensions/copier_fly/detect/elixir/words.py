"""The words by which rules choose the sources that they search."""

from __future__ import annotations

import re

from ...expressions import expression
from ..files import Target

WORDS = (
    *("AshPostgres.Repo", "AshSqlite.Repo", "Bandit", "Cainophile", "Cluster.Strategy.", "Code.", "Cowboy", "CubDB"),
    *("Ecto.Repo", "File.", "GRPC.Server", "HealthPlug", "Listener", "Mix.", "MuonTrap", "Path."),
    *("Phoenix.Endpoint", "Plug.SSL", "Porcelain", "Provider", "Rambo", "ReplicationConnection", "Skogsra", "System."),
    *("ThousandIsland", "Vapor", "WalEx", ":cowboy", ":dets.", ":gen_smtp_server", ":gen_tcp", ":gen_udp", ":mnesia"),
    *(":os.cmd", ":ranch", "Port.open", ":ssh.daemon", ":ssl.listen", "Application.compile_env"),
    *(
        ".deliver",
        "Arc.Definition",
        "EEx.",
        "ExCmd",
        "Exile",
        "Waffle.Definition",
        "external_resource",
        "__DIR__",
        "send_",
        "Plug.Static",
        "localhost",
    ),
)
"""No word may begin inside of another one: such a one would be overlooked."""
_PATTERN = expression("|".join(map(re.escape, WORDS)).encode())


def of(target: Target, file: str) -> frozenset[str]:
    """Which of `WORDS` a source has. To look for all at once takes as long as to look for four of them."""
    return target.words(file, _PATTERN)
