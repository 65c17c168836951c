"""The weighted value error: one claim a file."""
