"""Semi-gradient versus full gradient: one claim a file."""
