"""Hypothesis profiles; `ci` is loaded unless ``--hypothesis-profile`` names another."""

from __future__ import annotations

from hypothesis import Phase, settings

pytest_plugins = ["pytester"]

_repeatable = settings.get_profile("ci")

# Hypothesis' own `ci` is derandomized, without deadline and without database: the same examples on every machine.
settings.register_profile("ci", _repeatable, max_examples=100)
# While one edits: few examples, and last run's failures first.
settings.register_profile("dev", max_examples=20, deadline=None)
# New examples every night, many of them; print_blob (inherited) prints what reproduces a failure.
settings.register_profile("nightly", _repeatable, derandomize=False, max_examples=2_000)
# The examples of `ci`; that a mutant fails is enough, nobody reads how (tests/mutation).
settings.register_profile(
    "mutation", _repeatable, max_examples=100, phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False
)

settings.load_profile("ci")
