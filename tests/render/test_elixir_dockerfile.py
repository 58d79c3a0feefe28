"""The Dockerfile of an Elixir app is one that a reviewer reads in one sitting."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import template


@pytest.mark.parametrize("base", ["debian", "alpine", "minimal"])
@pytest.mark.parametrize("example", ["phoenix_managed", "umbrella_two_repos"])
@pytest.mark.parametrize("more", [{}, {"assets": "pnpm", "elixir_image": "1.18-otp27"}], ids=["default", "longest"])
def test_it_is_short_and_holds_no_program(
    render: Callable[..., Path], base: str, example: str, more: dict[str, Any]
) -> None:
    text = (render(template.example(example) | {"runtime_base": base} | more) / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) <= 45
    assert "<<" not in text
    steps = re.findall(r"^RUN (?:.*\\\n)*.*$", text, re.MULTILINE)
    assert max(step.count("\n") for step in steps) < 12
    assert text.startswith("# syntax=docker/dockerfile:1\n") == (base == "minimal")


@pytest.mark.parametrize("image", ["1.20-otp29", "1.18-otp27"], ids=["bare Debian", "Debian with packages"])
def test_programs_of_the_app_are_on_its_machine(render: Callable[..., Path], image: str) -> None:
    answers = template.example("phoenix_managed") | {"elixir_image": image, "apt_packages": ["imagemagick", "ffmpeg"]}
    runner = (render(answers) / "Dockerfile").read_text().split("AS runner")[1]
    [installed] = re.findall(r"apt-get install -y --no-install-recommends (.*?) &&", runner)
    assert {"imagemagick", "ffmpeg"} <= set(installed.split())


def test_what_a_dependency_is_compiled_against_is_in_the_build_too(render: Callable[..., Path]) -> None:
    answers = template.example("phoenix_managed") | {"apt_packages": ["libmagic-dev", "ffmpeg"]}
    builder, runner = (render(answers) / "Dockerfile").read_text().split("AS runner")
    assert " git libmagic-dev $(cat /compilers)" in builder
    assert "ffmpeg" not in builder
    assert "libmagic-dev ffmpeg" in runner
