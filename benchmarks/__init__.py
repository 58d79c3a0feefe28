"""Measurements of what users wait for. No test: a figure depends on the machine and on what else runs there."""
