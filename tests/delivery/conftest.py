"""The workflows are run on the same projects and accounts as the scripts that they call."""

from tests.ops.conftest import make_project, make_tree

__all__ = ["make_project", "make_tree"]
