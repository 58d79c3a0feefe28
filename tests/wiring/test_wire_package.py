"""The script for package.json: added as text, so that everything else stays as its owner wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import wire
from tests.detection.projects import NEXT, package_json

DEPLOY = "ops/deploy production"
LINE = f'"deploy:fly": "{DEPLOY}"'


def package(text: str) -> str:
    return wire.wire_package(text, DEPLOY)


@pytest.mark.parametrize("major", NEXT)
@pytest.mark.parametrize("step", ["  ", "    ", "\t"], ids=["two", "four", "tab"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", [True, False], ids=["final-newline", "none"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
def test_generated(major: str, step: str, ends: str, last: bool, mark: str) -> None:
    def written(text: str) -> str:
        text = text if last else text.rstrip("\n")
        return mark + text.replace("  ", step).replace("\n", ends)

    text = package_json(major=major)
    line = '    "start": "next start"'
    assert package(written(text)) == written(text.replace(line, f"{line},\n    {LINE}"))


CASES = {
    "dense": ('{"scripts":{"a":"b"}}', f'{{"scripts":{{"a":"b",{LINE.replace(": ", ":")}}}}}'),
    "scripts-on-one-line": (
        '{\n  "scripts": { "a": "b", "c": "d" }\n}\n',
        f'{{\n  "scripts": {{ "a": "b", "c": "d", {LINE} }}\n}}\n',
    ),
    "empty-scripts": ('{\n  "scripts": {}\n}\n', f'{{\n  "scripts": {{\n    {LINE}\n  }}\n}}\n'),
    "no-scripts": (
        '{\n  "name": "x",\n  "a": []\n}\n',
        f'{{\n  "name": "x",\n  "a": [],\n  "scripts": {{\n    {LINE}\n  }}\n}}\n',
    ),
    "no-scripts-on-one-line": ('{"name": "x"}', f'{{"name": "x", "scripts": {{{LINE}}}}}'),
    "empty": ("{}\n", f'{{"scripts": {{{LINE}}}}}\n'),
    "braces-in-values": (
        '{\n  "scripts": {\n    "a": "\\"}\\" }, \\u007d"\n  },\n  "x": {"scripts": {}}\n}',
        f'{{\n  "scripts": {{\n    "a": "\\"}}\\" }}, \\u007d",\n    {LINE}\n  }},\n  "x": {{"scripts": {{}}}}\n}}',
    ),
    "comma-first": ('{ "scripts":\n  { "a": "b"\n  , "c": "d"\n  }\n}', None),
}


@pytest.mark.parametrize("case", CASES)
def test_shapes(case: str) -> None:
    before, after = CASES[case]
    wired = package(before)
    assert after is None or wired == after
    assert package(wired) == wired
    scripts = json.loads(before).get("scripts", {})
    assert json.loads(wired) == {**json.loads(before), "scripts": {**scripts, "deploy:fly": DEPLOY}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"scripts": {"deploy:fly": "fly deploy"}}', "a script deploy:fly of its own"),
        ('{"scripts": []}', "not an object"),
        ('{"scripts": {"a": "b"}, "scripts": {}}', "more than once"),
        ("[]", "not an object"),
        ("", "not valid JSON"),
        ('{"a": 1,}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_left_alone(text: str, reason: str) -> None:
    with pytest.raises(wire.NotWiredError, match=reason):
        package(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
INDENTS: dict[str, Callable[[object], str]] = {
    "none": json.dumps,
    "dense": lambda value: json.dumps(value, separators=(",", ":")),
    "two": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    "tab": lambda value: json.dumps(value, indent="\t"),
}


@settings(max_examples=100, deadline=None)
@given(
    value=st.dictionaries(st.text(max_size=5), VALUES, max_size=4),
    scripts=st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=3),
    style=st.sampled_from(sorted(INDENTS)),
)
def test_nothing_but_the_script_is_added(value: dict, scripts: dict | None, style: str) -> None:
    before = value if scripts is None else {**value, "scripts": scripts}
    text = INDENTS[style](before)
    wired = package(text)
    after = json.loads(wired)
    assert after.pop("scripts") == {**(scripts or {}), "deploy:fly": DEPLOY}
    assert after == {key: item for key, item in before.items() if key != "scripts"}
    assert list(json.loads(wired))[: len(before)] == list(before)
    assert len(wired) - len(text) < 80
