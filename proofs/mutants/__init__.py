"""Planted bugs, each written after a real one: what the checks must refute."""
