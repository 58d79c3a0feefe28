"""The pictures of README are what real runs of the template look like today, and need nothing from elsewhere."""

from __future__ import annotations

import re

import pytest

from docs.pictures import apps, svg, trees
from tests.support.template import REPO

# The plot is drawn from figures; tests/benchmarks looks at it.
COMMITTED = {file.name: file for file in (REPO / "docs/pictures").glob("*.svg") if file.name != "benchmarks.svg"}
REDRAW = "run `uv run python -m docs.pictures`, look at what changed, and commit it"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return svg.all_pictures(tmp_path_factory.mktemp("pictures"))


def test_there_are_as_many_as_are_drawn(drawn: dict[str, str]) -> None:
    assert COMMITTED.keys() == drawn.keys(), REDRAW


@pytest.mark.parametrize("name", sorted(COMMITTED))
def test_picture_is_of_today(drawn: dict[str, str], name: str) -> None:
    before, now = words(COMMITTED[name].read_text()), words(drawn[name])
    assert before == now, f"{name} is of another day: {REDRAW}"
    assert COMMITTED[name].read_text() == drawn[name], f"{name} is drawn otherwise today: {REDRAW}"


def words(picture: str) -> list[str]:
    """The lines of text in a picture, which say more than its coordinates when it is not as it was."""
    rows: dict[float, str] = {}
    for height, text in re.findall(r'<text [^>]*\by="([\d.]+)"[^>]*>(.*?)</text>', picture):
        rows[float(height)] = f"{rows.get(float(height), '')} {text.replace('&#160;', ' ')}".strip()
    return [row for _, row in sorted(rows.items())]


@pytest.mark.parametrize("name", sorted(COMMITTED))
def test_nothing_is_fetched_and_no_machine_shows(name: str) -> None:
    text = re.sub(r"<!--.*?-->", "", COMMITTED[name].read_text(), flags=re.DOTALL)
    addresses = set(re.findall(r"https?://[^\s\"'<&]+", text)) - {"http://www.w3.org/2000/svg", apps.url()}
    assert addresses == set()
    assert re.findall(r"@import|@font-face|xlink:href|/tmp/|/home/|/Users/", text) == []
    assert str(REPO) not in text


@pytest.mark.parametrize("name", sorted(COMMITTED))
def test_a_page_shows_it(name: str) -> None:
    pages = {"docs/pictures": "README.md", "pictures": "docs/what-you-get.md"}
    assert any(f"]({folder}/{name})" in (REPO / page).read_text() for folder, page in pages.items())


def test_file_without_a_phrase_is_named() -> None:
    with pytest.raises(trees.PhraseError, match=r"no pattern for ops/new"):
        trees.phrase("ops/new", trees.phrases())


def test_file_with_two_phrases_is_named() -> None:
    with pytest.raises(trees.PhraseError, match=r"ops/new and \*/new for ops/new"):
        trees.phrase("ops/new", {"ops/new": "one", "*/new": "two"})


def test_folders_come_first_and_a_lone_one_shares_its_row() -> None:
    paths = ["a.txt", "lib/shop/release.ex", "ops/deploy", "ops/bin/x"]
    assert [(indent + name, path) for indent, name, path in trees.rows(paths)] == [
        ("├── lib/shop", None),
        ("│   └── release.ex", "lib/shop/release.ex"),
        ("├── ops", None),
        ("│   ├── bin", None),
        ("│   │   └── x", "ops/bin/x"),
        ("│   └── deploy", "ops/deploy"),
        ("└── a.txt", "a.txt"),
    ]


def test_address_is_the_one_of_readme() -> None:
    assert f"copier copy --trust {apps.url()} ." in (REPO / "README.md").read_text()


def test_no_other_file_names_the_address() -> None:
    """Who moves the repository has one line to change, and pictures to draw."""
    named = [file for file in REPO.glob("*.md") if apps.url() in file.read_text() and file.name != "README.md"]
    named += [file for file in (REPO / "template").rglob("*") if file.is_file() and apps.url() in file.read_text()]
    assert named == []
    assert (REPO / "README.md").read_text().count(apps.url()) == 1
