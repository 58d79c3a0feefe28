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
_RARE = [word for word in WORDS if word[0] == ":" or word[0].isupper()]
_PATTERN = expression("|".join(map(re.escape, _RARE)).encode())
_COMMON = tuple(word for word in WORDS if word not in _RARE)
"""Words that begin as much of any source does. A pattern that has them looks closely at every other letter."""


def of(target: Target, file: str) -> frozenset[str]:
    """Which of `WORDS` a source has. To look for all at once takes as long as to look for four of them."""
    return target.words(file, _PATTERN, _COMMON)
