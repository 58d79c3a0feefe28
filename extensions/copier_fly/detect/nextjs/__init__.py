"""Reads Next.js projects."""
