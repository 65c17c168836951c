"""Tabular Q-learning: one claim a file."""
