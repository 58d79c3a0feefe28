"""`copier copy` in a real terminal, with the questions answered, as text with colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pexpect
import pyte
from rich.style import Style
from rich.text import Text

from docs.pictures import apps

COLUMNS = 100
"""Of the terminal: as many as are readable at the width of README."""
ROWS = 200
"""More than a session writes, so that nothing scrolls away."""

_ENTER, _UP = "\r", "\x1b[A"
# What the cursor's line, or the chosen line of a menu, shows when a question waits, and what is typed then.
STEPS: Sequence[tuple[str, str]] = (
    ("(y/N)", _ENTER),
    ("» Phoenix app", _ENTER),
    ("8080", _ENTER),
    ("shop", _ENTER),
    ("» iad Ashburn VA", _UP),
    ("» gru São Paulo", _UP),
    ("» fra Frankfurt", _ENTER),
    ("» 512mb", _ENTER),
    ("» Fly Managed Postgres", _ENTER),
    ("» Yes, all of them", _ENTER),
    ("» A push to the deploy branch", _ENTER),
)

# The lines about single files stand in the order of the file system; a tree shows them better.
_FOLD_FROM, _FOLD_TO = "Copying from template version", "mix.exs: "


class SessionError(RuntimeError):
    """The session did not show what it should; the message ends with the screen."""


class _Screen(pyte.Screen):
    """A screen that answers, as every terminal does, when a program asks where its cursor is."""

    def __init__(self, child: pexpect.spawn) -> None:
        super().__init__(COLUMNS, ROWS)
        self._child = child

    def write_process_input(self, data: str) -> None:
        self._child.send(data)

    def waits_with(self, shown: str) -> bool:
        """Whether a line below the last question begins with `shown`."""
        lines = [line.strip() for line in self.display]
        last = max((number for number, line in enumerate(lines) if line.startswith("🎤")), default=len(lines))
        return any(line.startswith(shown) for line in lines[last + 1 :])


def run(project: Path, env: Mapping[str, str]) -> Text:
    """Copy the template into a committed project by answering the questions; what the terminal shows at the end.

    The lines that name single files are folded into one. Raises SessionError when a question does not come, or
    when copier fails.
    """
    command = ["copier", "copy", "--trust", apps.url(), "."]
    child = pexpect.spawn(
        command[0], command[1:], cwd=project, env=dict(env), dimensions=(ROWS, COLUMNS), encoding="utf-8"
    )
    screen = _Screen(child)
    stream = pyte.Stream(screen)
    try:
        for asked, (shown, typed) in enumerate(STEPS):
            _feed(child, stream, lambda shown=shown: screen.waits_with(shown), f"step {asked + 1}, {shown!r}")
            child.send(typed)
        _feed(child, stream, lambda: False, "the end", ended=True)
    except SessionError as error:
        raise SessionError(f"{error}:\n" + "\n".join(filter(str.strip, screen.display))) from None
    finally:
        child.close(force=True)
    if child.exitstatus != 0:
        raise SessionError(f"copier ended with {child.exitstatus}:\n" + "\n".join(filter(str.strip, screen.display)))
    return _page(f"$ {' '.join(command)}", screen)


def _feed(
    child: pexpect.spawn, stream: pyte.Stream, ready: Callable[[], bool], what: str, *, ended: bool = False
) -> None:
    """Hand over what the program writes until `ready` says yes, or it has ended."""
    while not ready():
        try:
            stream.feed(child.read_nonblocking(65536, timeout=30))
        except pexpect.TIMEOUT:
            raise SessionError(
                f"nothing came for 30 s while {what} was waited for; STEPS in session.py answer the questions"
            ) from None
        except pexpect.EOF:
            if ended:
                return
            raise SessionError(
                f"copier ended while {what} was waited for; STEPS in session.py answer the questions"
            ) from None


def _page(command: str, screen: _Screen) -> Text:
    """The lines of a screen under the command, without the folded ones and the empty ones at its end."""
    lines = [_line(screen, number) for number in range(screen.cursor.y + 1)]
    starts = [line.plain.startswith((_FOLD_FROM, _FOLD_TO)) for line in lines]
    first, last = starts.index(True), starts.index(True, starts.index(True) + 1)
    fold = Text("⋮ a line for each file that is written", style="bright_black")
    page = [Text(command, style="bold"), Text(), *lines[:first], fold, *lines[last:]]
    while not page[-1].plain:
        page.pop()
    return Text("\n").join(page)


def _line(screen: _Screen, number: int) -> Text:
    line = Text()
    for style, cells in groupby((screen.buffer[number][column] for column in range(COLUMNS)), key=_style):
        line.append("".join(cell.data for cell in cells), style)
    line.rstrip()
    return line


def _style(cell: pyte.screens.Char) -> Style:
    return Style(color=_colour(cell.fg), bold=cell.bold, italic=cell.italics, underline=cell.underscore)


def _colour(name: str) -> str | None:
    """The name that rich has for a colour of pyte, None for that of plain text."""
    if name == "default":
        return None
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    # pyte names the sixteen colours as the Linux console does.
    return name.replace("brown", "yellow").replace("bright", "bright_")
