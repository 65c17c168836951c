"""Bellman operators and fixed points: one claim a file."""
