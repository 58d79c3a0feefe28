"""Keeps the user's own git settings out of what copier does with git.

An update merges by `git apply --reject` and finds rejected hunks by `git status`. Both obey `~/.gitconfig`: with
`status.showUntrackedFiles = no` copier sees no rejected hunk, and with `apply.whitespace = error` git applies none of
the user's edits; copier says nothing of either. Git takes settings from the environment first (GIT_CONFIG_COUNT, git
2.31 and newer), so that is where the safe values go, for the git commands of this process alone.
"""

from __future__ import annotations

from plumbum import local

SETTINGS = {
    # Git's defaults, which copier counts on.
    "status.showUntrackedFiles": "normal",
    "apply.whitespace": "nowarn",
    "apply.ignoreWhitespace": "no",
    # Conflict markers without a third section, as the message after an update describes them.
    "merge.conflictStyle": "merge",
}


def neutralise() -> None:
    """Give the git commands that copier runs from here on the settings above; a second call changes nothing."""
    count = int(local.env.get("GIT_CONFIG_COUNT", "0"))
    given = {local.env.get(f"GIT_CONFIG_KEY_{number}") for number in range(count)}
    for key, value in SETTINGS.items():
        if key not in given:
            local.env[f"GIT_CONFIG_KEY_{count}"] = key
            local.env[f"GIT_CONFIG_VALUE_{count}"] = value
            count += 1
    local.env["GIT_CONFIG_COUNT"] = str(count)
