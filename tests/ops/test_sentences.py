"""What the scripts say after a command of flyctl that failed."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATE = Path(__file__).parents[2] / "template"
SENTENCE = re.compile(r'\bexplain [13] "((?:[^"\\]|\\.|\$\([^()]*\))*)"')
LEADS_ON = re.compile(r"\$again|\$\*|\bops/\w|\b(fly|copier|gh|neonctl) [a-z]")


def test_each_names_a_command_that_leads_on() -> None:
    files = [file for file in TEMPLATE.glob("**/*ops(*/*") if file.is_file()]
    said = {words: file.name for file in files for words in SENTENCE.findall(file.read_text())}
    assert len(said) > 40
    assert {words: file for words, file in said.items() if not LEADS_ON.search(words)} == {}
