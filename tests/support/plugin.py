"""A pytest plugin: what the marker `system` asks of the machine, and what stood in for base images in a run.

Loaded by `pytest_plugins` in tests/conftest.py, so that it is there in every process of pytest-xdist.
"""

from __future__ import annotations

import pytest

from tests.support import docker, images

_from_workers: dict[str, str] = {}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test of the system where there is no engine to run one on."""
    if item.get_closest_marker("system") and docker.engine() is None:
        pytest.skip(docker.NO_ENGINE)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's findings to the process that prints the summary."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["stand_ins"] = images.used()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take what a worker of pytest-xdist hands over."""
    _from_workers.update(getattr(node, "workeroutput", {}).get("stand_ins", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what stood in; nothing when all was real."""
    used = {**_from_workers, **images.used()}
    if not used:
        return
    terminalreporter.section("stand-ins for base images")
    terminalreporter.line(f"Docker engine {docker.engine()}; these could not be pulled and were stood in for:")
    for tag, description in sorted(used.items()):
        terminalreporter.line(f"{tag}: {description}")
