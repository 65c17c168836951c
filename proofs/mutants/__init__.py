"""Planted bugs, many written after real ones: what the checks must refute."""
