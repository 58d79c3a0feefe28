"""The pictures: what a terminal shows, in the window of one, as SVG without anything from elsewhere."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from docs.pictures import apps, session, trees

# Dark, as terminals are, so that one picture does on a page of any colour. Each colour has a contrast of 4.5 and more.
_THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (110, 118, 129),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (230, 237, 243),
    ],
    [
        (155, 164, 173),
        (255, 161, 152),
        (126, 231, 135),
        (242, 204, 96),
        (165, 214, 255),
        (226, 197, 255),
        (179, 240, 255),
        (255, 255, 255),
    ],
)
_FONTS = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'


def picture(page: Text, title: str, name: str) -> str:
    """A page of text in a window, as SVG; `name` makes the names inside it those of this picture alone."""
    console = Console(
        record=True,
        width=session.COLUMNS + 1,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        legacy_windows=False,
    )
    console.print(page, no_wrap=True, overflow="ignore", crop=False, highlight=False)
    console.print()  # the last line's underscores would be cut off
    drawn = console.export_svg(title=title, theme=_THEME, unique_id=name)
    # rich would have the reader's browser fetch the font.
    drawn = re.sub(r"@font-face \{.*?\}\n", "", drawn, flags=re.DOTALL)
    drawn = drawn.replace("Fira Code, monospace", _FONTS).replace("font-family: arial", "font-family: sans-serif")
    return "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip()) + "\n"


def all_pictures(scratch: Path) -> dict[str, str]:
    """Every picture by the name of its file, from runs in the empty folder `scratch`.

    Raises PhraseError when a phrase belongs to no file.
    """
    source = scratch / "template"
    env = apps.environment(scratch / "home", source)
    apps.released(source, env)
    shop = apps.make("shop", scratch, env)
    drawn = {"session.svg": picture(session.run(shop, env), "~/shop", "session")}
    used: set[str] = set()
    for stack, name in (("phoenix", "shop"), ("umbrella", "arena"), ("nextjs", "notes")):
        project = scratch / name if stack == "phoenix" else _copied(apps.make(name, scratch, env), env)
        page, patterns = trees.draw(project, env)
        drawn[f"tree-{stack}.svg"] = picture(page, f"~/{name}", f"tree-{stack}")
        used |= patterns
    if unused := trees.phrases().keys() - used:
        raise trees.PhraseError(f"docs/pictures/phrases.yml has phrases for no file: {', '.join(sorted(unused))}")
    return drawn


def _copied(project: Path, env: dict[str, str]) -> Path:
    subprocess.run(
        ["copier", "copy", "--trust", "--defaults", "--quiet", apps.url(), "."],
        cwd=project,
        env=env,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return project
