"""The pictures of README: drawn from real runs of the template, compared with the committed ones by tests/pictures."""
