"""Markdown as GitHub reads it, by markdown-it-py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")


def blocks(text: str) -> list[Token]:
    """Every block; `map` has its lines, the first of them being 0, where it has a text in `content`."""
    return _PARSER.parse(text)


def inline(text: str) -> Iterator[Token]:
    """What stands in the paragraphs, headings and cells: texts, code spans, links, pictures."""
    for token in blocks(text):
        yield from token.children or []


def code_spans(text: str) -> list[str]:
    """What stands in backticks in the prose of a Markdown text."""
    return [token.content for token in inline(text) if token.type == "code_inline"]


def code_blocks(text: str) -> list[str]:
    """What stands in the blocks of code, fenced or indented."""
    return [token.content for token in blocks(text) if token.type in ("fence", "code_block")]


def links(text: str) -> list[str]:
    """The targets of links and pictures."""
    return [
        str(token.attrs[name])
        for token in inline(text)
        for name in ("href", "src")
        if token.type in ("link_open", "image") and name in token.attrs
    ]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings."""
    tokens = blocks(text)
    headings = [inner.content for outer, inner in pairwise(tokens) if outer.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
