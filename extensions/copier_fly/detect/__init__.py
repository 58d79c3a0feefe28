"""Reads a project, without running anything in it."""
