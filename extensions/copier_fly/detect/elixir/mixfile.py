"""Reads Elixir source as text: mix.exs, config, endpoints. Nothing is executed.

Elixir source is turned into tokens with offsets (so that a caller can insert text), tokens into nested
groups: brackets and `do … end` blocks. What words mean inside comments, strings, heredocs, sigils and
charlists never matters. What does not fit raises `UnparsableError`; nothing is guessed.

Standard library only: the wiring task imports this module too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ...expressions import expression

MAX_DEPTH = 100
"""Nesting beyond this is no project file; the limit keeps the recursive walks below Python's own."""


class UnparsableError(Exception):
    """The text is not Elixir source that this scanner understands; the message says where and why.

    `line` counts from 1, `what` is the message without it.
    """

    def __init__(self, text: str, offset: int, what: str):
        self.line, self.what = text.count("\n", 0, offset) + 1, what
        super().__init__(f"line {self.line}: {what}")


class Token(NamedTuple):
    """One token: `kind` is atom, key, ident, alias, number, string, charlist, sigil, char, op or eol.

    `value` is the text without its marks (`:shop` → "shop", `app:` → "app"), an int for whole numbers, and
    None for quoted text that is computed (interpolation) or not needed (heredocs, sigils). A string that is computed
    is followed by a group "#{" with the expressions inside of it.
    """

    kind: str
    value: str | int | None
    start: int
    end: int


class Group(NamedTuple):
    """Brackets or a block: `kind` is what opens it: "[", "(", "{", "%{", "<<", "#{", "do", "fn", "" (the file)."""

    kind: str
    items: list[Node]
    start: int
    end: int


Node = Token | Group


class Dep(NamedTuple):
    """A dependency tuple: its name, its options (option name → nodes of the value), and the versions it may have."""

    name: str
    options: dict[str, list[Node]]
    requirement: str | None = None


_TOKEN = expression(
    r"""
    (?P<skip>[ \t\f\ufeff]+|\\\r?\n|\#[^\n]*)
    |(?P<eol>\r?\n|;)
    |(?P<char>\?(?:\\.|[^\\]))
    |(?P<key>(?:[^\W\d][\w@]*[?!]?|<<>>|%?\{\}|[-+*/<>=!&|^~.@]+):(?=\s|\Z))
    |(?P<alias>[A-Z]\w*(?:\.[A-Z]\w*)*)
    |(?P<ident>[^\W\d]\w*(?:[?!](?!=))?)
    |(?P<number>0[xob][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*(?:[eE][-+]?\d+)?)?)
    |(?P<sigil>~(?:[a-z]|[A-Z][A-Z\d]*)(?=[/|"'(\[{<]))
    |(?P<quoted>:?(?:\"\"\"|'''|["']))
    |(?P<atom>:(?:[^\W\d][\w@]*[?!]?|<<>>|%?\{\}|%|\\\\|[-+*/<>=!&|^~.@]+|:(?=[\],)])))
    |(?P<op>>>>|<<<|~>>|<<~|<~>|\|\|\||&&&|\^\^\^|~~~|===|!==|\.\.\.|\+\+\+|---|<\|>
        |\+\+|--|<>|\|>|<-|->|=>|=~|==|!=|<=|>=|&&|\|\||::|\.\.|//|\\\\|~>|<~|[-+*/=!&|^.,@%~](?!\{))
    |(?P<open><<|%\{|[\[({])
    |(?P<close>>>|[\])}])
    |(?P<less>[<>%&@!.,=*/+^|-])
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSERS = {"[": "]", "(": ")", "{": "}", "%{": "}", "#{": "}", "<<": ">>", "do": "end", "fn": "end"}
_SIGIL_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_WORD_OPERATORS = {"and", "or", "in", "not", "when"}
_UNARY = {"@", "-", "+", "!", "&", "^", "%", "~~~", "...", "not"}


def _quoted_end(text: str, start: int, close: str, interpolates: bool, depth: int) -> tuple[int, bool, list[Token]]:
    """End of quoted text that starts at `start` (behind its opening mark), whether it is plain, and its expressions."""
    own_line = r"(?<=\n)[ \t]*" if len(close) == 3 else ""
    mark = re.compile(rf"\\|\#\{{|{own_line}{re.escape(close)}")
    plain, position = True, start
    computed: list[Token] = []
    while found := mark.search(text, position):
        if found[0] == "\\":
            # In an upper-case sigil a backslash guards the closing mark only: skipping one does that too.
            position, plain = found.end() + 1, False
        elif found[0] == "#{":
            position = found.end()
            if interpolates:
                inside, position = _scan(text, position, depth + 1)
                computed += [*inside, Token("eol", ";", position, position)]
                plain = False
        else:
            return found.end(), plain, computed
    raise UnparsableError(text, start, f"{close} is never closed")


def _scan(text: str, start: int, depth: int) -> tuple[list[Token], int]:
    """Tokens from `start` to the end, or (depth > 0) to the brace that closes an interpolation."""
    if depth > MAX_DEPTH:
        raise UnparsableError(text, start, "nested too deeply")
    tokens: list[Token] = []
    position, braces = start, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise UnparsableError(text, position, f"unexpected {text[position]!r}")
        kind, raw, begin, position = match.lastgroup, match[0], match.start(), match.end()
        value: str | int | None = raw
        computed: list[Token] = []
        if kind == "skip":
            continue
        if kind == "sigil":
            mark = text[position : position + 3]
            mark = mark if mark in ('"""', "'''") else mark[0]
            close = _SIGIL_CLOSERS.get(mark, mark)
            position, _, _ = _quoted_end(text, position + len(mark), close, raw[1].islower(), depth)
            while position < len(text) and text[position].isalnum():
                position += 1
            value = None
        elif kind == "quoted":
            mark = raw.lstrip(":")
            position, plain, inside = _quoted_end(text, position, mark, True, depth)
            value = text[match.end() : position - len(mark)] if plain and len(mark) == 1 else None
            kind = "atom" if raw[0] == ":" else "string" if mark[0] == '"' else "charlist"
            if kind != "atom" and len(mark) == 1 and re.match(r":\s", text[position : position + 2]):
                kind, position = "key", position + 1
            if kind == "string" and inside:
                computed = [Token("open", "#{", begin, begin), *inside, Token("close", "}", position, position)]
        elif kind == "key":
            value = raw[:-1]
        elif kind == "atom":
            value = raw[1:]
        elif kind == "number" and raw.replace("_", "").isdecimal():
            value = int(raw.replace("_", "")) if len(raw) < 20 else None
        elif kind == "less":
            kind = "op"
        elif kind == "open" and raw.endswith("{"):
            braces += 1
        elif raw == "}":
            braces -= 1
            if braces < 0 and depth:
                return tokens, position
        tokens += [Token(kind, value, begin, position), *computed]
    if depth:
        raise UnparsableError(text, start, "an interpolation is never closed")
    return tokens, position


@cache  # several rules look at the same file
def parse(text: str) -> Group:
    """The nested groups of an Elixir source text, as one group of kind "". Raises `UnparsableError`."""
    stack = [Group("", [], 0, len(text))]
    previous: Token | None = None
    for token in _scan(text, 0, 0)[0]:
        called = previous is not None and previous[:2] == ("op", ".")
        word = token.value if token.kind == "ident" and not called else None
        if token.kind == "open" or word in ("do", "fn"):
            if len(stack) > MAX_DEPTH:
                raise UnparsableError(text, token.start, "nested too deeply")
            stack.append(Group(str(token.value), [], token.start, token.end))
        elif token.kind == "close" or word == "end":
            group = stack.pop()
            if not stack or _CLOSERS[group.kind] != token.value:
                raise UnparsableError(text, token.start, f"{token.value} closes nothing")
            stack[-1].items.append(group._replace(end=token.end))
        else:
            stack[-1].items.append(token)
        previous = token
    if len(stack) > 1:
        raise UnparsableError(text, stack[-1].start, f"{stack[-1].kind} is never closed")
    return stack[0]


def is_word(node: Node, *values: str) -> bool:
    """Whether the node is one of these bare words or operators."""
    return isinstance(node, Token) and node.kind in ("ident", "op") and node.value in values


def statements(items: list[Node]) -> list[list[Node]]:
    """The expressions of a block's items: one per line, or more where an operator or comma joins lines."""
    found: list[list[Node]] = [[]]
    pending = False
    for node in items:
        if isinstance(node, Token) and node.kind == "eol":
            pending = True
            continue
        last = found[-1][-1] if found[-1] else None
        if pending and last is not None:
            goes_on = isinstance(last, Token) and (last.kind == "key" or _joins(last))
            if not goes_on and (is_word(node, *_UNARY) or not _joins(node)):
                found.append([])
        pending = False
        found[-1].append(node)
    return [statement for statement in found if statement]


def _joins(node: Node) -> bool:
    return isinstance(node, Token) and (node.kind == "op" or is_word(node, *_WORD_OPERATORS))


def elements(items: list[Node]) -> list[list[Node]]:
    """The comma-separated elements of a group's items, without line ends; a trailing comma adds none."""
    found: list[list[Node]] = [[]]
    for node in items:
        if is_word(node, ","):
            found.append([])
        elif not (isinstance(node, Token) and node.kind == "eol"):
            found[-1].append(node)
    return [element for element in found if element]


def pairs(items: list[Node]) -> dict[str, list[Node]]:
    """`key: value` elements of a list or call: key → nodes of the value. The first of equal keys counts."""
    found: dict[str, list[Node]] = {}
    for element in elements(items):
        head = element[0]
        if isinstance(head, Token) and head.kind == "key" and isinstance(head.value, str):
            found.setdefault(head.value, element[1:])
    return found


def literal(nodes: list[Node] | None, kind: str) -> str | int | None:
    """The value when the nodes are one plain token of that kind ("string", "atom", "alias", "number")."""
    if nodes and len(nodes) == 1 and isinstance(nodes[0], Token) and nodes[0].kind == kind:
        return nodes[0].value
    return None


def is_call(node: Node) -> bool:
    """Whether the node is the empty parentheses of a call."""
    return isinstance(node, Group) and node.kind == "(" and not node.items


def arguments(nodes: list[Node]) -> list[Node]:
    """The items of a call's arguments, whether or not they stand in parentheses."""
    only = nodes[0] if len(nodes) == 1 else None
    return only.items if isinstance(only, Group) and only.kind == "(" else nodes


def flat(nodes: list[Node]) -> Iterator[Token]:
    """Every token of the nodes, those of nested groups too."""
    for node in nodes:
        if isinstance(node, Group):
            yield from flat(node.items)
        else:
            yield node


def modules(group: Group, outer: str = "") -> Iterator[tuple[str, Group]]:
    """Every `defmodule` with its full name and its block, outer ones first."""
    for statement in statements(group.items):
        name, block = literal(statement[1:2], "alias"), statement[-1]
        if is_word(statement[0], "defmodule") and name and isinstance(block, Group) and block.kind == "do":
            full = f"{outer}.{name}" if outer else str(name)
            yield full, block
            yield from modules(block, full)


def functions(block: Group, name: str) -> list[list[list[Node]]]:
    """The bodies (each a list of expressions) of every clause of a function that a module's block defines."""
    bodies: list[list[list[Node]]] = []
    for statement in statements(block.items):
        if len(statement) < 3 or not is_word(statement[0], "def", "defp") or not is_word(statement[1], name):
            continue
        last = statement[-1]
        keys = [at for at, node in enumerate(statement) if isinstance(node, Token) and node[:2] == ("key", "do")]
        if isinstance(last, Group) and last.kind == "do":
            bodies.append(statements(last.items))
        elif keys:
            bodies.append([statement[keys[0] + 1 :]])
    return bodies


def uses(block: Group, module: str) -> list[list[Node]]:
    """The `use MODULE …` expressions of a module's block, each with all its nodes."""
    return [
        statement
        for statement in statements(block.items)
        if is_word(statement[0], "use") and _first_alias(statement[1:]) == module
    ]


def _first_alias(nodes: list[Node]) -> str | int | None:
    parts = elements(arguments(nodes))
    return literal(parts[0], "alias") if parts else None


class Release(NamedTuple):
    """A release: its name, the list that it is in (`releases:`), and the list of its options."""

    name: str
    all: Group
    options: Group


class MixProject:
    """What a mix.exs says about its project.

    `module` is the name of the module that uses `Mix.Project`; `project` the list that `project/0` returns
    when it is written out there (its brackets are the place for wiring), else None.
    Raises `UnparsableError`, also when the file defines no project or more than one.
    """

    def __init__(self, text: str):
        found = [(name, block) for name, block in modules(parse(text)) if uses(block, "Mix.Project")]
        if len(found) != 1:
            raise UnparsableError(text, 0, f"{len(found)} modules use Mix.Project")
        self.module, self.block = found[0]
        self._text = text
        self.project = self._list("project")
        self.application = self._list("application")
        self._keys = pairs(self.project.items) if self.project else {}

    def _list(self, name: str) -> Group | None:
        bodies = functions(self.block, name)
        last = bodies[0][-1] if len(bodies) == 1 and bodies[0] else []
        only = last[0] if len(last) == 1 else None
        return only if isinstance(only, Group) and only.kind == "[" else None

    def get(self, key: str) -> list[Node] | None:
        """The nodes of a key of `project/0`; `@name` is followed when the module sets it exactly once."""
        nodes = self._keys.get(key)
        if nodes and len(nodes) == 2 and is_word(nodes[0], "@"):
            set_here = [
                statement[2:]
                for statement in statements(self.block.items)
                if is_word(statement[0], "@") and statement[1:2] and statement[1][:2] == nodes[1][:2]
            ]
            return set_here[0] if len(set_here) == 1 else None
        return nodes

    def line(self, key: str) -> int | None:
        """The line, from 1, that the value of a key of `project/0` begins in."""
        nodes = self._keys.get(key)
        return self._text.count("\n", 0, nodes[0].start) + 1 if nodes else None

    def string(self, key: str) -> str | None:
        """A key of `project/0` that is a plain string."""
        value = literal(self.get(key), "string")
        return str(value) if value else None

    def atom(self, key: str) -> str | None:
        """A key of `project/0` that is a plain atom."""
        value = literal(self.get(key), "atom")
        return str(value) if value else None

    def atoms(self, key: str) -> list[str] | None:
        """A key of `project/0` that is a plain list of atoms."""
        items = self.items(key)
        return None if items is None else [str(literal(element, "atom")) for element in elements(items)]

    def items(self, key: str) -> list[Node] | None:
        """The items of a key of `project/0` that is a list written out there."""
        nodes = self.get(key)
        only = nodes[0] if nodes else None
        return only.items if isinstance(only, Group) and only.kind == "[" else None

    def releases(self) -> dict[str, set[str]]:
        """The releases that `releases:` has, as far as it is written out: name → the `applications:` of each."""
        found = self._listed_releases()
        return {
            name: set(pairs(_inside(pairs(_inside(options)).get("applications", []))))
            for name, options in (pairs(found.items) if found else {}).items()
        }

    def own_release(self) -> Release | None:
        """The only release that `releases:` has, None unless its name and its options are written out.

        `releases:` may be the list itself, `@name`, or a call of a function of the module that ends in the list.
        """
        only = self._listed_releases()
        if only is None:
            return None
        releases = pairs(only.items)
        options = next(iter(releases.values()), [])
        group = options[0] if len(options) == 1 else None
        if len(elements(only.items)) != 1 or not (isinstance(group, Group) and group.kind == "["):
            return None
        return Release(next(iter(releases)), only, group)

    def _listed_releases(self) -> Group | None:
        nodes = self.get("releases") or []
        call = nodes[0] if nodes else None
        if isinstance(call, Token) and call.kind == "ident" and all(is_call(node) for node in nodes[1:]):
            bodies = functions(self.block, str(call.value))
            nodes = bodies[0][-1] if len(bodies) == 1 and bodies[0] else []
        only = nodes[0] if len(nodes) == 1 else None
        return only if isinstance(only, Group) and only.kind == "[" else None

    def callback(self) -> str | None:
        """The module in `mod: {Module, arguments}` of `application/0`."""
        value = pairs(self.application.items).get("mod") if self.application else None
        if value and len(value) == 1 and isinstance(value[0], Group) and value[0].kind == "{":
            first = elements(value[0].items)[:1]
            name = literal(first[0], "alias") if first else None
            return str(name) if name else None
        return None

    def aliases(self) -> dict[str, list[Node]]:
        """The aliases that `aliases:` reaches: name → what it does. Functions that build the list are followed."""
        found: dict[str, list[Node]] = {}
        for token in flat(self.get("aliases") or []):
            bodies = functions(self.block, str(token.value)) if token.kind == "ident" else []
            for body in filter(None, bodies):  # an empty function has no expression
                for group in (node for node in body[-1] if isinstance(node, Group) and node.kind == "["):
                    found |= pairs(group.items)
        inline = self.items("aliases")
        return found | (pairs(inline) if inline else {})

    def has_alias(self, name: str) -> bool:
        """Whether the project defines this Mix alias, as a key anywhere in the module."""
        return any(token[:2] == ("key", name) for token in flat(self.block.items))

    def has_string(self, text: str) -> bool:
        """Whether a string of the project is this text."""
        return any(token[:2] == ("string", text) for token in flat(self.block.items))

    def deps(self) -> list[Dep]:
        """Every dependency tuple that `deps:` reaches, through local functions too, in order of the text."""
        return list(self._deps(self.get("deps") or [], set()))

    def _deps(self, nodes: list[Node], seen: set[str]) -> Iterator[Dep]:
        for node in nodes:
            if isinstance(node, Group):
                dep = _dep(node)
                if dep:
                    yield dep
                else:
                    yield from self._deps(node.items, seen)
            elif node.kind == "ident" and isinstance(node.value, str) and node.value not in seen:
                seen.add(node.value)
                for body in functions(self.block, node.value):
                    for expression in body:
                        yield from self._deps(expression, seen)


def _inside(nodes: list[Node]) -> list[Node]:
    return nodes[0].items if len(nodes) == 1 and isinstance(nodes[0], Group) and nodes[0].kind == "[" else []


def _dep(group: Group) -> Dep | None:
    parts = elements(group.items) if group.kind == "{" else []
    name = literal(parts[0], "atom") if len(parts) > 1 else None
    if not name:
        return None
    if not (isinstance(parts[1][0], Token) and parts[1][0].kind in ("string", "key", "sigil")):
        return None
    options = pairs(group.items)
    last = parts[-1][0]
    if isinstance(last, Group) and last.kind == "[":
        options = pairs(last.items)
    wanted = literal(parts[1], "string")
    return Dep(str(name), options, None if wanted is None else str(wanted))
