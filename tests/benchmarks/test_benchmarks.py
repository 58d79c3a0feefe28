"""What the benchmarks do with their samples: medians, ratios, tables, JSON, the picture. Not the samples."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from benchmarks import __main__ as command
from benchmarks import building, nextjs, table
from benchmarks.measuring import Figure, Result, Target, unit
from tests.support.template import REPO

SAMPLES = {
    "ours": {"image unpacked": [176.0], "line cpu": [4.0, 9.0, 5.0], "boot": [0.5, 0.4]},
    "with-docker": {"image unpacked": [325.0], "line cpu": [15.0, 16.0], "boot": [0.5]},
    "dockerfile-node": {"image unpacked": [800.0], "line cpu": [12.0]},
}
TARGETS = [
    Target("ours", "image unpacked", 0.8, nextjs.PEERS),
    Target("ours", "line cpu", 0.5, nextjs.PEERS),
    Target("ours", "boot", 0.8, nextjs.PEERS),
    Target("ours", "stop", 1.0, nextjs.PEERS),
    Target("ours", "boot", 0.6),
]
SUBJECT = {
    "type": "object",
    "required": ["date", "rounds", "load", "cpus", "notes", "figures", "targets"],
    "properties": {
        "date": {"pattern": r"^\d{4}-\d\d-\d\d$"},
        "rounds": {"type": "integer", "minimum": 1},
        "load": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "notes": {"type": "array", "items": {"type": "string"}},
        "figures": {
            "minProperties": 2,
            "additionalProperties": {
                "minProperties": 1,
                "additionalProperties": {
                    "type": "object",
                    "required": ["unit", "median", "samples"],
                    "properties": {
                        "unit": {"enum": ["s", "ms", "MB", "MiB", "lines"]},
                        "median": {"type": "number", "minimum": 0},
                        "samples": {"type": "array", "items": {"type": "number"}, "minItems": 1},
                    },
                },
            },
        },
        "targets": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["figure", "what", "limit", "times", "value", "met"],
                "properties": {"value": {"type": ["number", "null"]}, "met": {"type": "boolean"}},
            },
        },
    },
}


@pytest.fixture
def subject() -> dict[str, Any]:
    """A subject as it is written down."""
    figures = {name: Figure(name, {what: list(values) for what, values in of.items()}) for name, of in SAMPLES.items()}
    result = Result(figures, TARGETS, ["A note."])
    return table.as_json(result, date="2026-11-21", load=[0.5, 1.25], cpus=2)


@pytest.mark.parametrize(
    ("what", "expected"), [("image compressed", "MB"), ("memory after boot", "MiB"), ("boot", "s"), ("line cpu", "s")]
)
def test_unit_follows_from_the_measure(what: str, expected: str) -> None:
    assert unit(what) == expected


def test_median_is_no_mean() -> None:
    figure = Figure("ours", {"line cpu": [4.0, 90.0, 5.0]})
    assert figure.median("line cpu") == 5.0
    assert figure.median("boot") is None


def test_ratio_is_to_the_better_of_the_others(subject: dict[str, Any]) -> None:
    found = [(target["what"], target["value"], target["met"]) for target in subject["targets"]]
    assert found == [
        ("image unpacked", round(176 / 325, 3), True),
        ("line cpu", round(5 / 12, 3), True),
        ("boot", 0.9, False),
        ("stop", None, False),
        ("boot", 0.45, True),
    ]


def test_table_has_every_measure_once_and_a_dash_for_what_is_missing(subject: dict[str, Any]) -> None:
    head, rule, *rows = table.markdown(subject).splitlines()
    assert head == "| | ours | with-docker | dockerfile-node |"
    assert {line.count("|") for line in (head, rule, *rows)} == {5}
    assert rows == [
        "| image, unpacked | 176 MB (0.54, at most 0.8) | 325 MB | 800 MB |",
        "| one line of source, CPU | 5.00 s (0.42, at most 0.5) | 15.5 s | 12.0 s |",
        "| boot to first 200 | 0.45 s (0.90, at most 0.8) | 0.50 s | - |",
    ]


def test_picture_is_svg_with_every_label(subject: dict[str, Any]) -> None:
    root = ET.fromstring(command.picture({"nextjs": subject}))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for wanted in ("A Next.js app", *SAMPLES, "image, unpacked", "176 MB", "325 MB", "800 MB", "5.00 s", "0.45 s"):
        assert words.count(wanted) == 1, wanted
    bars = [element for element in root.iter("{http://www.w3.org/2000/svg}rect") if element.get("height") == "13"]
    longest = {float(bar.get("y", "")): float(bar.get("width", "")) for bar in bars}
    widths = [longest[y] for y in sorted(longest)]
    # The longest bar is the largest figure; the others are as long as they are beside it.
    assert widths[0] / widths[2] == pytest.approx(176 / 800, abs=0.01)
    width = float(root.get("width", ""))
    assert all(float(bar.get("x", "")) + float(bar.get("width", "")) < width for bar in bars)


def test_what_is_not_measured_keeps_its_figures(subject: dict[str, Any], tmp_path: Path) -> None:
    command.write(tmp_path, {"phoenix": {**subject, "date": "2026-01-01"}, "nextjs": subject})
    command.write(tmp_path, command.read(tmp_path / "benchmarks.json") | {"nextjs": {**subject, "date": "2026-12-24"}})
    assert {name: kept["date"] for name, kept in command.read(tmp_path / "benchmarks.json").items()} == {
        "phoenix": "2026-01-01",
        "nextjs": "2026-12-24",
    }


def test_recorded_figures_are_called_so(subject: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    command.show("nextjs", subject, fresh=False)
    said = capsys.readouterr().out
    assert "RECORDED on 2026-11-21, not measured now" in said
    assert "NOT MET  ours, boot: at most 0.8 times with-docker or dockerfile-node (0.90)" in said


def test_cpu_is_read_from_either_kind_of_cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "cpu.stat", tmp_path / "cpuacct.usage"
    monkeypatch.setattr(building, "_USAGE", ((str(first), 1e6), (str(second), 1e9)))
    assert building._cpu() is None
    second.write_text("2500000000\n")
    assert building._cpu() == 2.5
    first.write_text("usage_usec 1500000\nuser_usec 1\n")
    assert building._cpu() == 1.5


def test_base_images_of_others_are_replaced() -> None:
    dockerfile = (
        "ARG NODE_VERSION=24-slim\nFROM node:${NODE_VERSION} AS a\nFROM --platform=x docker.io/node:22\nFROM a AS b\n"
    )
    assert nextjs._bases(dockerfile, "base:1") == [
        "--build-context",
        "node:22=docker-image://base:1",
        "--build-context",
        "node:24-slim=docker-image://base:1",
    ]


# --- What is written down ------------------------------------------------------------------------------------


def test_recorded_figures_have_their_form(subject: dict[str, Any]) -> None:
    validator = Draft202012Validator({"type": "object", "additionalProperties": SUBJECT})
    validator.validate({"nextjs": subject})
    recorded = command.read(REPO / "docs/benchmarks.json")
    validator.validate(recorded)
    assert set(recorded) >= {"phoenix", "nextjs"}


def test_picture_shows_the_recorded_figures() -> None:
    recorded = command.read(REPO / "docs/benchmarks.json")
    assert (REPO / "docs/pictures/benchmarks.svg").read_text() == command.picture(recorded)


@pytest.mark.parametrize("name", ["phoenix", "nextjs"])
def test_the_page_has_the_recorded_figures(name: str) -> None:
    recorded = command.read(REPO / "docs/benchmarks.json")[name]
    page = (REPO / "docs/benchmarks.md").read_text()
    assert table.markdown(recorded) in page
    assert recorded["date"] in page
