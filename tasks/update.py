"""Names the files that an update dropped and those in conflict, of which copier says nothing.

    update.py [--before ANSWERS_FILE]

copier runs it at the end of every update, in the project's root; exit code 0. With `--before` it runs ahead of the
first write, and ends with 1 where git ignores a file that the template may write: an update overwrites it, and the
user's edits exist nowhere else. Of the answers nothing is known yet but what ANSWERS_FILE has.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path


def git(command: str, *options: str) -> list[str]:
    """Run a git command that lists names and return them, none where git says no."""
    done = subprocess.run(["git", command, "-z", *options], capture_output=True, text=True, check=False)
    return [name for name in done.stdout.split("\0") if name] if done.returncode == 0 else []


def ignored(answers: Path) -> list[str]:
    """The files in the project that the template has a file for and that git ignores, so that it has no copy."""
    import yaml  # noqa: PLC0415

    # copier runs this file by its path; the package is the one of the same version.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "extensions"))
    from copier_fly.template_files import possible  # noqa: PLC0415

    stored = yaml.safe_load(answers.read_text("utf-8"))
    # Which layers the answers put in is not known before the questions; a path that needs a derived value is left out.
    return git("ls-files", "--others", "--ignored", "--exclude-standard", "--", *possible({"app_dir": ".", **stored}))


def before(answers: Path) -> int:
    """Refuse an update that would overwrite what git does not have; return the exit code."""
    names = ignored(answers)
    if not names:
        return 0
    print("\nGit ignores these files, so an update would overwrite your edits in them for good. Nothing was changed.")
    print("Let git have them, commit, and update again:")
    print(f"  git add -f -- {shlex.join(names)}")
    return 1


def main() -> None:
    """Print what a person has to know; nothing when all went well."""
    if sys.argv[1:2] == ["--before"]:
        sys.exit(before(Path(sys.argv[2])))
    # The project may be a folder of a larger repository; names are relative to it, as the commands are.
    dropped = git("diff", "--name-only", "--diff-filter=D", "--relative", "HEAD")
    conflicts = sorted({line.split("\t", 1)[1] for line in git("ls-files", "-u")})
    if dropped:
        print("\nDropped, because these answers or this version no longer need them. To bring one back:")
        for name in dropped:
            print(f"  git checkout HEAD -- {shlex.quote(name)}")
    rejected = git("ls-files", "--others", "--", "*.rej")
    if rejected:
        print("\nNot merged: git could not place these edits of yours. Put them in by hand, then delete the file:")
        for name in rejected:
            print(f"  {name}")
    if conflicts:
        print("\nIn conflict: your edit and the new version touch the same lines. Choose, then `git add` the file:")
        for name in conflicts:
            print(f"  {name}")


if __name__ == "__main__":
    main()
