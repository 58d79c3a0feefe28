"""What `copier update` does not say by itself; runs before and after every update, in the project's root.

    update.py before APP_DIR ANSWERS_FILE    stops a move of the app that would lose edits
    update.py after  APP_DIR ANSWERS_FILE    names every file that was dropped or is in conflict

Standard library only. Exit code 1 stops the update before anything is changed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def git(command: str, *options: str) -> list[str]:
    """Run a git command that lists names and return them, none where git says no."""
    done = subprocess.run(["git", command, "-z", *options], capture_output=True, text=True, check=False)
    return [name for name in done.stdout.split("\0") if name] if done.returncode == 0 else []


def stored_app_dir(answers_file: Path) -> str | None:
    """Read the app's folder as the last run left it; a whole YAML parser is not worth its import for one line."""
    found = re.search(r"^app_dir: *(.+?) *$", answers_file.read_text("utf-8"), re.MULTILINE)
    return found[1].strip("'\"") if found else None


def before(app_dir: str, answers_file: Path) -> int:
    """Refuse to render into a new folder while the files are still in the old one: edits in them would be lost."""
    old = stored_app_dir(answers_file) if answers_file.is_file() else None
    if old is None or old == app_dir:
        return 0
    marker = Path("rel/releases.exs"), Path("package.json")
    if any((Path(app_dir) / file).is_file() for file in marker):
        return 0
    print(
        f"app_dir changes from {old} to {app_dir}, but the files are still in {old}, and your edits in them would"
        f" be lost. Move and commit them first:\n  git mv {old} {app_dir}\n  git commit -m 'Move the app'\n"
        "then update again.",
        file=sys.stderr,
    )
    return 1


def after() -> int:
    """Name what the update dropped and what it could not merge; copier itself ends with 0 and says nothing."""
    dropped = git("diff", "--name-only", "--diff-filter=D", "HEAD")
    conflicts = sorted({line.split("\t", 1)[1] for line in git("ls-files", "-u")})
    if dropped:
        print("\nDropped, because these answers or this version no longer need them. To bring one back:")
        for name in dropped:
            print(f"  git checkout HEAD -- '{name}'")
    if conflicts:
        print("\nIn conflict: your edit and the new version touch the same lines. Choose, then `git add` the file:")
        for name in conflicts:
            print(f"  {name}")
    return 0


def main(stage: str, app_dir: str, answers_file: str) -> int:
    """Run one stage; see the top of this file."""
    return before(app_dir, Path(answers_file)) if stage == "before" else after()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
