"""The table of all sentences that end a command says what the code says."""

from __future__ import annotations

from docs import errors


def test_the_page_is_of_today() -> None:
    """After a change: uv run python -m docs.errors."""
    assert errors.PAGE.read_text() == errors.page()


def test_each_kind_of_sentence_is_found() -> None:
    rows = {title: list(rows()) for title, (_, rows) in errors.SECTIONS.items()}
    places = {title: {where for where, _ in found} for title, found in rows.items()}
    assert "`hostname`" in places["Answers"]
    assert any("belongs to another template" in words for _, words in rows["Copies and updates"])
    assert {"`ops/rollback` 2", "`ops/lib.sh` 3"} <= places["Scripts"]
    said = dict.fromkeys(words for _, words in rows["Scripts"])
    assert any(words.startswith("the deploy failed. See what runs now: fly status") for words in said)
    assert any(words.startswith("Fly shows no app … to this login") for words in said)
    assert {"`fly/plan.mjs`", "`Dockerfile`"} <= places["Image builds"]
