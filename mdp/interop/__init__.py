"""Models out of other libraries."""
