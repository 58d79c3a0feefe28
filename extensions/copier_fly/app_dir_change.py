"""What to say when an answer puts the app into another folder than the one it was in.

copier knows files by their paths. To it a moved file is one that went and one that came, and the edits in it are lost;
so the files are moved first, by git, and the answer is corrected where it is stored.
"""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

# What is made, and ignored by git: `git mv` refuses it.
_MADE = {".elixir_ls", ".git", ".next", ".turbo", "_build", "cover", "deps", "doc", "node_modules"}
# What belongs to an app at the root of a repository, where much else is.
_AT_ROOT = """
.credo.exs .formatter.exs apps assets config lib mix.exs mix.lock priv rel test
app bun.lock components drizzle drizzle.config.* eslint.config.* next.config.* package-lock.json package.json pages
pnpm-lock.yaml postcss.config.* prisma prisma.config.* public src tailwind.config.* tsconfig.json yarn.lock
""".split()  # noqa: SIM905


def refusal(target: Path, old: str, new: str, answers_file: str) -> str:
    """Say that the app is still in `old`, and the commands that move it to `new`, all relative to `target`."""
    source = target / old
    if old == ".":
        found = sorted(path.name for pattern in _AT_ROOT for path in source.glob(pattern))
    else:
        # What holds the new folder, or is it, cannot go into it.
        inner = PurePosixPath(new).relative_to(old).parts[:1] if PurePosixPath(new).is_relative_to(old) else ()
        found = sorted(path.name for path in source.glob("*") if path.name not in {*_MADE, *inner})
    files = [shlex.quote(name if old == "." else f"{old}/{name}") for name in found]
    folder, answers = shlex.quote(new), shlex.quote(answers_file)
    commands = [
        *([] if new == "." else [f"mkdir -p {folder}"]),
        f"git mv {' '.join(files)} {folder}/",
        f"sed -i.old {shlex.quote(f's|^app_dir: .*|app_dir: {new}|')} {answers} && rm {answers}.old",
        f"git commit -am 'Move the app to {folder}'",
    ]
    listed = "\n".join(f"  {command}" for command in commands)
    return (
        f"app_dir: the files are still in {old}, and an update to {new} would lose your edits in them. Nothing was "
        f"changed. Move them first, and what else belongs to the app:\n{listed}\nThen update again."
    )
