"""Names the files that an update dropped and those in conflict, of which copier says nothing.

    update.py

copier runs it at the end of every update, in the project's root; exit code 0.
"""

from __future__ import annotations

import shlex
import subprocess


def git(command: str, *options: str) -> list[str]:
    """Run a git command that lists names and return them, none where git says no."""
    done = subprocess.run(["git", command, "-z", *options], capture_output=True, text=True, check=False)
    return [name for name in done.stdout.split("\0") if name] if done.returncode == 0 else []


def main() -> None:
    """Print what a person has to know; nothing when all went well."""
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
