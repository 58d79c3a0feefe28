"""The environment variables that an Elixir project's configuration cannot do without, always or under a condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from ...expressions import expression
from .. import files
from ..files import Target
from ..project import DATABASE_NAME, Variable
from . import config, mixfile
from .mixfile import Group, Node, Token

_HELPER = expression(r"(^|\.)(env!|fetch_env!|get_env!|require_env!?|required_env!?|fetch_var!)$")
_REFUSES_NIL = frozenset(
    """
    String.to_integer String.to_float String.to_atom String.to_existing_atom String.to_charlist String.split String.trim
    String.downcase String.upcase String.replace Base.decode64! Base.decode16! Base.url_decode64! Jason.decode!
    JSON.decode! Poison.decode! URI.parse URI.new! Integer.parse
    """.split()  # noqa: SIM905
)
"""Functions that raise where a variable is not set."""
_SAME = {"downcase", "trim", "to_atom", "to_existing_atom", "to_string"}
"""Functions that leave it the value that a word has."""
_NAME = expression(r"[A-Z][A-Z0-9_]*")
_WORDS: dict[str, Any] = {"true": True, "false": False, "nil": None}
_AT_BUILD = frozenset({"HOME", "PATH", "HOSTNAME", "LANG", "MIX_ENV"})
"""Variables that the image build has."""


class Read(NamedTuple):
    """What the configuration cannot do without: when it is compiled, when it boots, and there on a condition."""

    at_build: tuple[Variable, ...]
    at_run_time: tuple[Variable, ...]
    on_condition: tuple[Variable, ...]


def read(target: Target, folder: str, *, postgres: bool, env: Mapping[str, str]) -> Read:
    """The environment variables that the configuration in a folder cannot do without.

    Without `postgres` nothing of the template sets the address of the database. `env` are those that a fly.toml sets.
    """
    ours = config.SET_BY_US if postgres else config.SET_BY_US - {"DATABASE_URL"}
    found: dict[str, dict[str, Variable]] = {"build": {}, "run": {}, "condition": {}}
    for file, nodes in config.production_files(target, folder):
        text = target.text(file) or ""
        kind = "run" if file.endswith(("/runtime.exs", "/releases.exs")) else "build"
        # A file of secrets stays out of the image build, which another rule tells.
        known = _AT_BUILD if kind == "build" and not file.endswith(".secret.exs") else ours
        set_there: _Variables = {}
        if kind == "run":
            set_there = {f"${name}": [Token("string", value, 0, 0)] for name, value in env.items()}
        anyway, sometimes = _parted(nodes, set_there)
        helpers = _helpers(nodes)
        if kind == "build":
            anyway = _without_functions(anyway)  # what they read is read when they are called
        for into, switches, some in [(kind, (), anyway), *(("condition", *one) for one in sometimes if kind == "run")]:
            for token in (*required(some), *_by_helpers(some, helpers), *refused(some, text)):
                name = str(token.value)
                # The address of the database has an answer of its own.
                given = f"${name}" in set_there and not DATABASE_NAME.fullmatch(name)
                if name not in known and not config.set_by_fly(name) and name not in switches and not given:
                    place = Variable(name, file, files.line_of(text, token.start), switches=switches)
                    found[into].setdefault(name, place)
    on_condition = (one for name, one in found["condition"].items() if name not in found["run"])
    return Read(tuple(found["build"].values()), tuple(found["run"].values()), tuple(on_condition))


def required(nodes: list[Node]) -> Iterator[Token]:
    """The names that are read so that a missing one stops what reads them.

    Those are `System.fetch_env!("X")`, `System.get_env("X") || raise …`, `String.to_integer(System.get_env("X"))` and
    others that refuse nil, each also with `|>`, `Map.fetch!(System.get_env(), "X")`, and calls of helpers: `env!("X",
    :type)` of Dotenvy, which has a default as its third argument, and functions of the project's own of such names.
    """
    for function, arguments in config.calls(nodes):
        first = arguments[0] if arguments else []
        if _HELPER.search(function) and len(arguments) < 3 and mixfile.literal(first, "string"):
            yield from mixfile.flat(first)
        whole = [token.value for token in mixfile.flat(first)] == ["System", ".", "get_env"]
        if function == "Map.fetch!" and whole and mixfile.literal(arguments[-1], "string"):
            yield from mixfile.flat(arguments[-1])
        if function in _REFUSES_NIL and (only := _plain_read(first)) and not _asked_for(only, nodes):
            yield only
    tokens = [token for token in mixfile.flat(nodes) if token.kind != "eol"]
    for at, token in enumerate(tokens[:-2]):
        call = tokens[at + 2]
        if token[:2] != ("alias", "System") or call.value not in ("fetch_env!", "get_env"):
            continue
        name, after = tokens[at + 3 : at + 4], tokens[at + 4 :]
        piped = at > 1 and tokens[at - 1].value == "|>" and tokens[at - 2].kind == "string"
        if piped:
            name, after = [tokens[at - 2]], tokens[at + 3 :]
        if not name or name[0].kind != "string" or not name[0].value:
            continue
        words = [one.value for one in after[:4]]
        refused = words[:1] == ["|>"] and f"{words[1]}.{words[-1]}" in _REFUSES_NIL if len(words) == 4 else False
        refused = refused and not _asked_for(name[0], nodes)
        # Of `case System.get_env("X") do nil -> raise "…"` the clause for nil is what is left here.
        refused = refused or words[:1] == ["raise"]
        if call.value == "fetch_env!" or words[:2] == ["||", "raise"] or refused:
            yield name[0]


def _asked_for(name: Token, nodes: list[Node]) -> bool:
    """Whether the statement of a name reads it before as well, as in `if(get_env("X"), do: f(get_env("X")))`."""
    for statement in mixfile.statements(nodes):
        tokens = list(mixfile.flat(statement))
        if name in tokens:
            return any(one[:2] == name[:2] and one.start < name.start for one in tokens)
    return False


def plain_reads(nodes: list[Node]) -> Iterator[tuple[int, Token]]:
    """Each `System.get_env("X")` that has no other value and decides nothing: the place of `System` and the name."""
    tokens = list(mixfile.flat(nodes))
    defaulted = {
        argument[0].start
        for call, arguments in config.calls(nodes)
        for argument in arguments[:1]
        if call == "System.get_env" and len(arguments) > 1
    }
    for at, token in enumerate(tokens[:-3]):
        name, after = tokens[at + 3], tokens[at + 4 : at + 6]
        if token[:2] == ("alias", "System") and tokens[at + 2].value == "get_env" and name.kind == "string":
            decides = bool(after) and after[0].value in ("||", "&&", "==", "!=", "in", "|>", "do")
            decides = decides or [one[:2] for one in after] == [("op", ","), ("key", "do")]
            if name.value and name.start not in defaulted and not decides:
                yield at, name


def refused(nodes: list[Node], text: str) -> Iterator[Token]:
    """The names that a `raise` has in its message, also in a heredoc, and that are read without another value.

    `raise "APP_ENV must be production or staging"` below a condition that is not plain is such a one. `text` is the
    file that the nodes are of.
    """
    tokens = list(mixfile.flat(nodes))
    has_other = {one.value for one, after in pairwise(tokens) if one.kind == "string" and after.value == "||"}
    read = {
        mixfile.literal(arguments[0], "string")
        for call, arguments in config.calls(nodes)
        if call == "System.get_env"
        and arguments
        and (len(arguments) == 1 or mixfile.literal(arguments[1], "string") == "")
    } - has_other
    for statement in _plain_statements(nodes):
        words = mixfile.arguments(statement[1:]) if mixfile.is_word(statement[0], "raise") else []
        for token in mixfile.flat(words):
            for name in re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9]\b", text[token.start : token.end]):
                if token.kind == "string" and name in read:
                    yield token._replace(value=name)


def _plain_statements(nodes: list[Node]) -> Iterator[list[Node]]:
    for statement in mixfile.statements(nodes):
        last = statement[-1]
        words = [node for node in statement if mixfile.is_word(node, "case", "cond", "fn", "for", "with")]
        if isinstance(last, Group) and last.kind == "do" and not words:
            yield from _plain_statements(last.items)
        yield statement


def _without_functions(nodes: list[Node]) -> list[Node]:
    """The nodes without the functions that are values of a setting."""
    kept: list[Node] = []
    for node in nodes:
        before = kept[-1] if kept else None
        value = isinstance(before, Token) and (before.kind == "key" or mixfile.is_word(before, ","))
        if not isinstance(node, Group):
            kept.append(node)
        elif not (node.kind == "fn" and value):
            # In parentheses it is given to another function, which runs it.
            kept.append(node if node.kind == "(" else node._replace(items=_without_functions(node.items)))
    return kept


def _helpers(nodes: list[Node]) -> set[str]:
    """The names of functions that a file binds and that refuse a variable that is not set."""
    found = set()
    for statement in mixfile.statements(nodes):
        last = statement[-1]
        if len(statement) == 3 and mixfile.is_word(statement[1], "=") and isinstance(last, Group) and last.kind == "fn":
            words = {token.value for token in mixfile.flat(last.items)}
            arrow = next((at for at, node in enumerate(last.items) if mixfile.is_word(node, "->")), 0)
            given = {token.value for token in mixfile.flat(last.items[:arrow])}
            has_default = given & {"default", "fallback", "otherwise"}
            if "fetch_env!" in words or ({"get_env", "raise"} <= words and not has_default):
                found.add(str(mixfile.literal(statement[:1], "ident")))
        elif isinstance(last, Group) and last.kind == "do":
            found |= _helpers(last.items)
    return found


def _by_helpers(nodes: list[Node], helpers: set[str]) -> Iterator[Token]:
    """The names with which such functions are called, as `env.("NAME")`."""
    for at, node in enumerate(nodes):
        if not isinstance(node, Group):
            continue
        if (
            node.kind == "("
            and at > 1
            and mixfile.is_word(nodes[at - 1], ".")
            and mixfile.is_word(nodes[at - 2], *helpers)
        ):
            first = mixfile.elements(node.items)[:1]
            yield from (one for one in mixfile.flat(first[0] if first else []) if one.kind == "string" and one.value)
        yield from _by_helpers(node.items, helpers)


def _plain_read(nodes: list[Node]) -> Token | None:
    """The name in `System.get_env("X")`, None where it is more than that."""
    tokens = list(mixfile.flat(nodes))
    plain = [token.value for token in tokens[:3]] == ["System", ".", "get_env"] and len(tokens) == 4
    return tokens[3] if plain and tokens[3].kind == "string" and tokens[3].value else None


# --- What runs only where a variable says so --------------------------------------------------------------


class _Value(NamedTuple):
    """What an expression has where only the template's variables are set, and the variables that it reads."""

    known: bool
    value: Any = None
    names: tuple[str, ...] = ()


_UNKNOWN = _Value(known=False)
_Variables = dict[str, list[Node]]
_Sometimes = list[tuple[tuple[str, ...], list[Node]]]


def always(items: list[Node]) -> list[Node]:
    """What of these items runs where only the template's variables are set."""
    return _parted(items, {})[0]


def regex_compiled(target: Target, folder: str) -> tuple[str, int] | None:
    """The place of the first regex that is a value of a setting that is compiled, None where there is none.

    From OTP 28 on a regex is a reference, which a release cannot keep; one with the modifier E is kept as its source.
    """
    for file, nodes in config.production_files(target, folder):
        text = target.text(file) or ""
        if "~r" in text and not file.endswith(("/runtime.exs", "/releases.exs")):
            start = _regex(always(nodes), text)
            if start is not None:
                return file, files.line_of(text, start)
    return None


def _regex(nodes: list[Node], text: str) -> int | None:
    """The place of the first regex among the values of these settings, or of lists, tuples and maps in them."""
    for statement in mixfile.statements(nodes):
        is_setting = mixfile.is_word(statement[0], "config")
        last = statement[-1]
        if isinstance(last, Group) and last.kind == "do":
            start = _regex(last.items, text)
        else:
            start = _regex_value(mixfile.arguments(statement[1:]), text) if is_setting else None
        if start is not None:
            return start
    return None


def _regex_value(nodes: list[Node], text: str) -> int | None:
    for element in mixfile.elements(nodes):
        # What stands behind a key is the value; more than one node is an expression.
        value = element[1:] if isinstance(element[0], Token) and element[0].kind == "key" else element
        only = value[0] if len(value) == 1 else None
        if isinstance(only, Group) and only.kind in ("[", "{", "%{"):
            start = _regex_value(only.items, text)
            if start is not None:
                return start
        elif isinstance(only, Token) and re.match(r"~r(?s:.)*[^\w\s](?!\w*E)\w*$", text[only.start : only.end]):
            return only.start
    return None


def _parted(items: list[Node], variables: _Variables) -> tuple[list[Node], _Sometimes]:
    """What always runs of these items, and what runs only where variables are set: these, and the nodes."""
    kept: list[Node] = []
    sometimes: _Sometimes = []
    for statement in mixfile.statements(items):
        for at, node in enumerate(statement):
            if not (isinstance(node, Group) and _has_block(node)):
                kept.append(node)
                continue
            blocks = _branches(statement[:at], node, variables) if node.kind == "do" else [((), node.items)]
            inside: list[Node] = []
            for switches, block in blocks:
                there, more = _parted(block, dict(variables))
                sometimes += more
                if switches:
                    sometimes.append((switches, there))
                else:
                    inside += there
            kept.append(node._replace(items=inside))
        kept.append(Token("eol", "\n", 0, 0))
        if len(statement) > 2 and mixfile.is_word(statement[1], "="):
            variables[str(mixfile.literal(statement[:1], "ident"))] = statement[2:]
    return kept, sometimes


def _has_block(group: Group) -> bool:
    return group.kind == "do" or any(isinstance(node, Group) and _has_block(node) for node in group.items)


def _branches(before: list[Node], block: Group, variables: _Variables) -> list[tuple[tuple[str, ...], list[Node]]]:
    """The parts of a block, each with the variables that it hangs on; none where it runs anyway, or may."""
    starts = [at for at, node in enumerate(before) if mixfile.is_word(node, "if", "unless", "case", "cond")]
    if not starts:
        return [((), block.items)]
    word, head = str(before[starts[-1]].value), before[starts[-1] + 1 :]  # type: ignore[union-attr]
    if word in ("if", "unless"):
        at = next((at for at, node in enumerate(block.items) if mixfile.is_word(node, "else")), len(block.items))
        asked = _value(head, variables)
        runs = bool(asked.value) != (word == "unless")
        then, other = ((), asked.names) if runs else (asked.names, ())
        parts = [(then, block.items[:at]), (other, block.items[at + 1 :])]
        return parts if asked.known and asked.names else [((), block.items)]
    asked = _value(head, variables) if word == "case" else _Value(known=True, value=True)
    return _clauses(block, asked, variables) if asked.known else [((), block.items)]


def _clauses(block: Group, asked: _Value, variables: _Variables) -> list[tuple[tuple[str, ...], list[Node]]]:
    parts: list[tuple[tuple[str, ...], list[Node]]] = []
    taken = False
    for statement in mixfile.statements(block.items):
        arrow = next((at for at, node in enumerate(statement) if mixfile.is_word(node, "->")), None)
        if arrow is None:
            if parts:
                parts[-1][1].extend([Token("eol", "\n", 0, 0), *statement])
            continue
        pattern = _value(statement[:arrow], variables)
        fits = pattern.value == asked.value or asked.value is True is bool(pattern.value)
        names = asked.names or pattern.names
        runs = not taken and (fits or not pattern.known)
        taken = taken or (pattern.known and fits) or bool(asked.names and not pattern.known)
        parts.append((() if runs else names, list(statement[arrow + 1 :])))
    return parts


def _value(nodes: list[Node], variables: _Variables) -> _Value:
    """What an expression has on Fly, as far as it is plain: a variable that nothing sets has its default, or nil."""
    nodes = [node for node in nodes if not (isinstance(node, Token) and node.kind == "eol")]
    if len(nodes) == 1:
        return _of_one(nodes[0], variables)
    if nodes and mixfile.is_word(nodes[0], "if", "unless"):
        parts, ways = mixfile.elements(mixfile.arguments(nodes[1:])), mixfile.pairs(mixfile.arguments(nodes[1:]))
        asked = _value(parts[0], variables)
        way = "do" if bool(asked.value) != mixfile.is_word(nodes[0], "unless") else "else"
        chosen = _value(ways[way], variables) if way in ways else _Value(known=True)
        return _Value(asked.known and chosen.known, chosen.value, asked.names + chosen.names)
    for operators in (("=",), ("||", "or"), ("&&", "and"), ("==", "!=", "===", "!=="), ("in",), ("|>",)):
        at = next((at for at, node in enumerate(nodes) if at and mixfile.is_word(node, *operators)), None)
        if at is not None:
            operator = str(nodes[at].value)  # type: ignore[union-attr]
            return _of_two(nodes[:at], operator, nodes[at + 1 :], variables)
    if nodes and mixfile.is_word(nodes[0], "not", "!"):
        inner = _value(nodes[1:], variables)
        return inner._replace(value=not inner.value)
    return _of_call(nodes, variables)


def _of_one(node: Node, variables: _Variables) -> _Value:
    if isinstance(node, Group):
        return _value(node.items, variables) if node.kind == "(" else _UNKNOWN
    if node.kind == "ident" and node.value in _WORDS:
        return _Value(known=True, value=_WORDS[str(node.value)])
    if node.kind == "ident" and node.value in variables:
        rest = {name: value for name, value in variables.items() if name != node.value}
        return _value(variables[str(node.value)], rest)
    plain = node.kind in ("string", "atom", "number") and node.value is not None
    return _Value(known=True, value=_WORDS.get(str(node.value), node.value)) if plain else _UNKNOWN


def _of_two(left: list[Node], operator: str, right: list[Node], variables: _Variables) -> _Value:
    if operator == "=":
        return _value(right, variables)
    negated = operator == "in" and mixfile.is_word(left[-1], "not")
    one = _value(left[:-1] if negated else left, variables)
    if operator == "|>":
        same = one.known and str(_last_word(right)) in _SAME
        return one._replace(value=_WORDS.get(str(one.value), one.value)) if same else _UNKNOWN
    if operator == "in":
        only = right[0] if len(right) == 1 else None
        listed = isinstance(only, Group) and only.kind == "["
        others = [_value(part, variables) for part in mixfile.elements(only.items)] if listed else []  # type: ignore[union-attr]
        # A list of words in another form holds no nil.
        known = one.known and all(other.known for other in others) and (listed or one.value is None)
        return _Value(known, (one.value in [other.value for other in others]) != negated, one.names)
    other = _value(right, variables)
    names = one.names + tuple(name for name in other.names if name not in one.names)
    if operator in ("||", "or", "&&", "and"):
        ends = bool(one.value) == (operator in ("||", "or"))
        return _Value(one.known and (ends or other.known), one.value if ends else other.value, names)
    equal = one.value == other.value
    return _Value(one.known and other.known, equal == (operator[0] == "="), names)


def _last_word(nodes: Iterable[Node]) -> object:
    return next((node.value for node in reversed(list(nodes)) if isinstance(node, Token) and node.kind == "ident"), "")


def _of_call(nodes: list[Node], variables: _Variables) -> _Value:
    """The value of a variable of the environment, by whichever function it is read: its default, or nil."""
    last = nodes[-1] if nodes else None
    parts = mixfile.elements(last.items) if isinstance(last, Group) and last.kind == "(" else []
    name = str(mixfile.literal(parts[0], "string") or "") if parts else ""
    call = _last_word(nodes)
    if call == "is_nil" and len(parts) == 1:
        inner = _value(parts[0], variables)
        return inner._replace(value=inner.value is None)
    required_or_set = str(call).endswith("!") and len(parts) < 3
    if (
        not _NAME.fullmatch(name)
        or name in config.SET_BY_US
        or name.startswith(("FLY_", "RELEASE_"))
        or required_or_set
    ):
        return _UNKNOWN
    default = _value(parts[-1], variables) if len(parts) > 1 else _Value(known=True)
    set_there = variables.get(f"${name}")
    return (_value(set_there, {}) if set_there else default)._replace(names=(name,))
