"""The template through pytest-copie, as another template's tests would use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from tests.support.template import EXAMPLES, example


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_keeps_its_answers(copie: Copie, template: Path, name: str) -> None:
    result = copie.copy(extra_answers=example(name), template_dir=template)
    assert result.exception is None
    assert result.exit_code == 0
    assert {key: result.answers[key] for key in example(name)} == example(name)
