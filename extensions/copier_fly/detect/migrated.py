"""What a project's migrations use of PostgreSQL and none of them makes: the database they were written for had it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..expressions import expression
from . import files, postgres
from .files import Target
from .project import Project, ProjectWarning
from .warnings import warning

_BROUGHT = {
    "citext": expression(r"\bcitext\b"),
    "hstore": expression(r"\bhstore\b"),
    "ltree": expression(r"\bltree\b"),
    "pg_trgm": expression(r"\bgi(?:n|st)_trgm_ops\b"),
    "pgcrypto": expression(r"\bgen_random_bytes(?=\()"),
    "postgis": expression(r"\b(?:geometry|geography)(?=\([a-z])|(?<=, :)geometry\b"),
    "unaccent": expression(r"\bunaccent(?=\()"),
    "uuid-ossp": expression(r"\buuid_generate_v(?:1|1mc|3|4|5)(?=\()"),
    "vector": expression(r"\bvector(?=\(\d)|(?<=, :)vector\b"),
}
"""Extension → what it brings, in small letters."""
_FUNCTION = expression(r"\bdefault\W+(?:fragment\W+)?(nanoid|gen_ulid|generate_ulid|uuid_generate_v7)(?=\()")
"""Functions that are the default of a column, and that a project makes itself."""
_OF_NEWER = expression(r"(?<![.\w])(uuidv7)(?=\(\))")
"""Functions that PostgreSQL has from 18 on, while Managed Postgres offers 16 and 17 (databases.yml)."""
_MAKES_FUNCTION = expression(r"\bfunction\s+(?:if\s+not\s+exists\s+)?(?:[\\\"]*\w+[\\\"]*\.)?[\\\"]*(\w+)")
_WAY_BACK = expression(r"^  def down\b.*?^  end$", re.MULTILINE | re.DOTALL)
_DROPS = expression(r"\bdrop\s+extension\b[^;)\n]*")
_MAKES_TABLE = expression(
    r"\b(?:create(?:_if_not_exists)?[ (]+|to:\s*)table(?:\([ :\"]*| :)(\w+)|\brename\s+to\s+[\\\"]*(\w+)"
    r"|\bcreate\s+(?:\w+\s+){0,2}(?:table|view)\s+(?:if\s+not\s+exists\s+)?(?:[\\\"]*\w+[\\\"]*\.)?[\\\"]*(\w+)"
)
_CHANGES_TABLE = expression(r"^\s*alter[ (]+table\(:(\w+)\s*[,)]|\breferences\(:(\w+)\s*[,)]", re.MULTILINE)
_MAKES_UNKNOWN = expression(
    r"\b(?:create\w*|to:)[ (]+table(?:\((?![ :\"])| @)|\bfile\.read|\bextension\s+[^;\n]{0,30}#\{"
)
"""A table or an extension by a name that the migration computes, or what a file has."""
_OF_LIBRARY = expression(r"\b(\w+)(?:\.\w+)*\.migrat\w+\b")


def not_made(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A migration uses an extension, a function or a table that none makes, so it fails in a new database."""
    files_of_it = sorted(postgres.migrations(target, project, ("fly_managed", "neon")))
    texts = {file: _DROPS.sub("", postgres.COMMENT.sub("", _forward(target, file))) for file in files_of_it}
    every = "\n".join(texts.values())
    if _MAKES_UNKNOWN.search(every):
        return
    extensions, functions = set(postgres.MAKES.findall(every)), set(_MAKES_FUNCTION.findall(every))
    for name, word in _BROUGHT.items():
        used = _first(texts, word, functions) if name not in extensions and word.search(every) else None
        if used:
            yield warning("extension-not-made", used[:2], name=name, word=used[2])
    if used := _first(texts, _FUNCTION, functions):
        yield warning("function-not-made", used[:2], name=used[2])
    here = set(postgres.migrations(target, project, ("fly_managed",))) if _OF_NEWER.search(every) else set()
    # In TypeScript it may well be a function of a package.
    plain = {file: text for file, text in texts.items() if file in here and file.endswith((".sql", ".exs"))}
    if used := _first(plain, _OF_NEWER, functions):
        yield warning("function-of-newer-postgres", used[:2], name=used[2])
    if project.stack != "nextjs":
        made = {name for names in _MAKES_TABLE.findall(every) for name in names}
        of_libraries = {f"{name}_" for name in _OF_LIBRARY.findall(every)}
        if used := _first(texts, _CHANGES_TABLE, made, tuple(of_libraries)):
            yield warning("table-not-made", used[:2], name=used[2])


def _forward(target: Target, file: str) -> str:
    """A migration in small letters, with empty lines for the function that takes it back."""
    return _WAY_BACK.sub(lambda found: "\n" * found[0].count("\n"), target.source(file).lower())


def _first(
    texts: dict[str, str], wanted: re.Pattern[str], made: set[str], of_others: tuple[str, ...] = ()
) -> tuple[str, int, str] | None:
    """The file, the line and the name of the first use of something that is not among what is made."""
    for file, text in texts.items():
        for found in wanted.finditer(text):
            name = next(filter(None, found.groups()), found[0])
            if name not in made and not name.startswith(of_others):
                return file, files.line_of(text, found.start(found.lastindex or 0)), name
    return None
