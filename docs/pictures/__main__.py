"""Draws the pictures of README anew, from real runs.

uv run python -m docs.pictures
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from docs.pictures import svg

HERE = Path(__file__).parent


def main() -> None:
    """Write every picture beside this file."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, picture in svg.all_pictures(Path(scratch)).items():
            (HERE / name).write_text(picture)
            print((HERE / name).relative_to(Path.cwd()))


if __name__ == "__main__":
    main()
