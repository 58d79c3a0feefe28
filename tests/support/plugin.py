"""A pytest plugin: the markers `needs` and `system`, and what a run says at its end about the machine.

Loaded by `pytest_plugins` in tests/conftest.py, so that it is there in every process of pytest-xdist.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support import docker, images, needs

_from_workers: dict[str, str] = {}
_BOX = pytest.StashKey[needs.Box | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and hide the tools that tests have to name."""
    config.addinivalue_line("markers", "needs(*tools): runs these tools of tests/machine/tools; skipped without them")
    config.addinivalue_line("markers", "system: builds images and starts servers; needs a Docker engine")
    config.addinivalue_line("markers", "bare: the whole suite on a bare machine; only run by name, -m bare")
    if hasattr(config, "workerinput"):
        folder = config.workerinput["tools"]
        box = needs.Box(Path(folder)) if folder else None
    else:
        box = needs.Box.make()
    config.stash[_BOX] = box
    if box:
        box.show([])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    box = config.stash.get(_BOX, None)
    if box and not hasattr(config, "workerinput"):
        box.remove()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A process more than there are cores: half of the time a test waits, for a container or a program."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let the workers of pytest-xdist use the same links."""
    box = node.config.stash[_BOX]
    node.workerinput["tools"] = str(box.folder) if box else None


_LONGEST = ("system", "platform", "update", "data")
"""The layers whose files take minutes, not seconds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the layers that take longest: all processes but one wait for the file that ends last."""
    items.sort(key=lambda item: item.path.parent.name not in _LONGEST)


def _tools(item: pytest.Item | pytest.Collector) -> list[str]:
    """The tools that a test, or all tests of a file or class, name."""
    named = [str(name) for marker in item.iter_markers("needs") for name in marker.args]
    return list(dict.fromkeys([*named, *(["docker"] if item.get_closest_marker("system") else [])]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show a test, with its fixtures, the tools that it names and no other."""
    if box := item.config.stash[_BOX]:
        box.show(_tools(item))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None]:
    """Show a fixture that tests share no more than what all of them name: another test may be the first next time."""
    box = request.config.stash[_BOX]
    if box is None or fixturedef.scope == "function":
        return (yield)
    before = os.environ["PATH"]
    shared = request.node if fixturedef.scope in ("module", "class") else None
    box.show(_tools(shared) if shared else [])
    try:
        return (yield)
    finally:
        os.environ["PATH"] = before


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test where a tool that it names is missing."""
    known = needs.table()
    for name in _tools(item):
        if name not in known:
            pytest.fail(f"no tool {name!r} in tests/machine/tools, which has: {', '.join(known)}", pytrace=False)
        if name == "docker":
            if docker.engine() is None:
                pytest.skip(docker.NO_ENGINE)
        elif not known[name].found():
            pytest.skip(needs.reason(name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a test that failed for want of a command why it may not have found it."""
    report = yield
    if report.failed and item.config.stash[_BOX] and _NOT_FOUND.search(report.longreprtext):
        named = ", ".join(_tools(item)) or "none"
        report.sections.append(
            (
                "tools",
                f"This test names these tools: {named}. The others of tests/machine/tools, and what is in no essential "
                f'package of Debian, are hidden from it: name what it runs, @pytest.mark.needs("…").',
            )
        )
    return report


_NOT_FOUND = re.compile(r"not found|not installed|No such file or directory|\b127\b")


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
    """Name what stood in, and what was not tested for want of a tool; nothing when all was real and there."""
    _say_stand_ins(terminalreporter)
    _say_points(terminalreporter)
    _say_missing(terminalreporter)


def _say_points(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    counts = [value for report in reports for name, value in report.user_properties if name == "points"]
    if counts:
        tried, there_are = (sum(each) for each in zip(*counts, strict=True))
        terminalreporter.section("points of failure")
        terminalreporter.line(f"{tried} of {there_are} were tried: a call of a script to Fly, and a kind of failure")


def _say_stand_ins(terminalreporter: pytest.TerminalReporter) -> None:
    used = {**_from_workers, **images.used()}
    if not used:
        return
    terminalreporter.section("stand-ins for base images")
    terminalreporter.line(f"Docker engine {docker.engine()}; these could not be pulled and were stood in for:")
    for tag, description in sorted(used.items()):
        terminalreporter.line(f"{tag}: {description}")


def _say_missing(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", [])]
    reasons = [entry[2] for entry in skipped if isinstance(entry, tuple)]
    missing = Counter(filter(None, map(needs.missing_tool, reasons)))
    if not missing:
        return
    terminalreporter.section("not tested on this machine")
    counts = [f"{name} ({number})" for name, number in missing.most_common()]
    terminalreporter.line(f"{missing.total()} tests were skipped for want of: {', '.join(counts)}")
    terminalreporter.line(f"On Debian and Ubuntu, {needs.PREPARE} installs it all, as root or with sudo.")
    if "docker" in missing:
        terminalreporter.line("It starts no Docker engine: that is tests/machine/engine start.")
