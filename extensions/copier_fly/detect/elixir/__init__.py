"""Reads Elixir projects."""
