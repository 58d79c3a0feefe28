"""The pages that are written, and the guides: flyctl takes each of their commands as it stands there.

What a command does is the business of other tests. Here one fails that flyctl refuses for how it is called: a flag that
is not there, an argument or an option that is missing, a size that it cannot read.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform.account import Account
from tests.support import markdown
from tests.support.template import REPO

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")

REFUSED = re.compile(
    r"unknown (?:shorthand )?flag|unknown command|accepts .* arg|requires (?:at least|exactly)|invalid argument"
    r"|invalid CPU kind|(?<!yes flag )must be (?:provided|specified)"
)
LISTENS_FOR_SECONDS = 2
"""How long a command may go on that does not end by itself (`fly logs`, `fly proxy`)."""
ACCOUNTS: dict[str, dict[str, Any]] = {
    "managed": {"log_shipper": "axiom", "workers": [{"name": "jobs", "command": "/app/bin/shop start"}]},
    "unmanaged": {"database": "fly_postgres", "tcp_services": [{"name": "game", "port": 6600}]},
    "elsewhere": {"database": "external", "scripts": "none"},
    "sqlite": {"database": "sqlite", "environments": []},
}


def commands(page: str) -> Iterator[str]:
    """Every command of flyctl in a page that is more than a name, without what it is piped to."""
    blocks = "\n".join(markdown.code_blocks(page)).replace("\\\n", " ")
    for line in [*blocks.splitlines(), *markdown.code_spans(page)]:
        for part in re.split(r"\s\|(?:\s|$)|&&|\s#", line):
            words = part.strip()
            if words.startswith("fly ") and re.search(r"\s-|[A-Z]", words):
                yield words


@pytest.mark.parametrize("answers", ACCOUNTS.values(), ids=ACCOUNTS)
def test_flyctl_takes_each_command_of_the_pages(answers: dict[str, Any], make_account: Callable[..., Account]) -> None:
    account = make_account(**answers)
    for app in ("shop", "shop-db", "shop-logs", "shop-autoscaler"):
        account.type(f"fly apps create {app} --org personal")
    guides = (REPO / "docs/guides").glob("*.md") if answers is ACCOUNTS["managed"] else ()
    pages = [*Path(account.folder, "docs/fly").glob("*.md"), *guides]
    found = sorted({command for page in pages for command in commands(page.read_text())})
    assert len(found) > 15
    refused = []
    for command in found:
        try:
            ran = subprocess.run(
                ["sh", "-c", command],
                cwd=account.folder,
                env=account.env(),
                input="NAME=value\n",
                capture_output=True,
                text=True,
                check=False,
                timeout=LISTENS_FOR_SECONDS,
            )
        except subprocess.TimeoutExpired:
            continue
        refused += [f"{command}: {line}" for line in ran.stderr.splitlines() if REFUSED.search(line)]
    assert refused == []
