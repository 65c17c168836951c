"""Policy improvement: one claim a file."""
