"""Generated answers to every question: those that fit are taken, one that is wrong is refused with its reason."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from copier.errors import UserMessageError
from hypothesis import given
from hypothesis import strategies as st

from tests.questions import answers as strategies
from tests.support import corpus, questions
from tests.support.profiles import examples
from tests.support.questions import ASKED
from tests.support.template import EXCLUSIVE_LAYERS, pretend

# The first three are decided by more than one test can; the last is set by nobody.
NOT_GENERATED = {"app_name", "offsite_backups", "scaffolded_on"}


def test_every_question_has_a_wrong_answer() -> None:
    assert ASKED.keys() - NOT_GENERATED == strategies.WRONG.keys()


def test_every_question_is_rendered_with_more_than_one_answer() -> None:
    """By choices of its own, or by `SAMPLES`; `ONE_ANSWER` names those of which one is enough."""
    sampled = {name for name, values in corpus.SAMPLES.items() if len(values) > 1}
    choosing = {name for name in ASKED if len(questions.choices(name)) > 1}
    assert ASKED.keys() - sampled - choosing - corpus.ONE_ANSWER == {"preflight"} & ASKED.keys()
    assert (sampled | corpus.ONE_ANSWER) - ASKED.keys() == set()
    # Of choices that differ in names alone, some are enough.
    assert all(set(corpus.SAMPLES[name]) < set(questions.choices(name)) for name in sampled & choosing)


@examples(60, 2000)
@given(answers=strategies.fitting())
def test_answers_that_fit_are_taken(template: Path, tmp_path_factory: Any, answers: dict[str, Any]) -> None:
    given_back = pretend(template, tmp_path_factory.getbasetemp() / "fitting" / "app", answers)
    assert {name: given_back[name] for name in answers} == answers
    for group in EXCLUSIVE_LAYERS:
        assert [name for name in group if given_back["layers"][name]][1:] == []


@examples(20, 500)
@given(answers=strategies.fitting(), data=st.data())
@pytest.mark.parametrize("part", range(2))  # half of the questions each, for two processes
def test_a_wrong_one_among_them_is_refused(
    template: Path, tmp_path_factory: Any, part: int, answers: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(strategies.WRONG)[part::2]))
    values, says = strategies.WRONG[name]
    wrong = data.draw(values)
    target = tmp_path_factory.getbasetemp() / "wrong" / "app"
    with pytest.raises(UserMessageError) as refused:
        pretend(template, target, {**answers, name: wrong})
    message = str(refused.value)
    assert message.startswith(f"{name}: {wrong!r} ")
    assert says in message
    assert re.fullmatch(r"\w+: .+ is not possible: .{10,}\.", message, re.DOTALL)
    assert not target.exists()


NAME = st.text(st.characters(exclude_categories=["Cs"]), max_size=70)


def _identifier(word: str) -> bool:
    return word.isascii() and word.isidentifier()


def _possible(question: str, name: str) -> bool:
    """Whether a name may be an answer, said in other words than the checks say it."""
    if question == "fly_app":
        inner = set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        return inner and 0 < len(name) <= 63 and name == name.strip("-")
    if question in ("app_module", "web_module"):
        return all(_identifier(word) and word[0].isupper() for word in name.split("."))
    if question == "app_name":
        return _identifier(name) and not name[0].isupper() and name.strip("_")[:1].isalpha()
    if question == "release_name":
        return _identifier(name) and name == name.lower() and name[0] != "_"
    path = PurePosixPath(name)
    odd = {char for char in name if not (char.isalnum() or char in "_./@+-")}
    return bool(name) and not odd and not path.is_absolute() and ".." not in path.parts and str(path) == name


LIKELY = {
    "fly_app": strategies.FLY_NAME | st.text("abz09-", max_size=66),
    "app_module": strategies.MODULE | st.text("ABab1._", max_size=9),
    "web_module": strategies.MODULE,
    "app_name": strategies.ATOM | st.text("abA1_-", max_size=9),
    "release_name": strategies.ATOM,
    "app_dir": strategies.FOLDER | st.text("ab./ -_é", max_size=9),
}


@examples(10, 100)
@given(data=st.data())
@pytest.mark.parametrize("question", sorted(LIKELY))
def test_any_name_is_taken_or_refused_by_name(
    template: Path, tmp_path_factory: Any, question: str, data: st.DataObject
) -> None:
    name = data.draw(LIKELY[question] | NAME)
    target = tmp_path_factory.getbasetemp() / "names" / "app"
    try:
        answers = pretend(template, target, {"stack": "phoenix", question: name})
    except UserMessageError as error:
        assert str(error).startswith(f"{question}: {name!r} is not possible: ")
        assert not _possible(question, name)
    else:
        assert answers[question] == name
        assert _possible(question, name)
