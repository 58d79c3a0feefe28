"""How much is read of a project that may hold anything."""

from __future__ import annotations

MAX_SOURCES = 4_000
"""Files. What is found in so many is all that is said of a project."""
SOURCE_LIMIT = 1_000_000
"""Bytes. A hand-written source or settings file is never larger."""
LOCK_LIMIT = 20_000_000
"""Bytes. Lock files of large monorepos reach several megabytes."""
INDEX_LIMIT = 50_000_000
"""Bytes. 100 for a file or so: half a million of them."""
