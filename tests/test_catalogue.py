"""The catalogue only grows: no claim, no check and no kind of its evidence vanishes unnoticed.

``tests/catalogue.txt`` records them, a line for each check. After a change on purpose, write it again::

    python tests/test_catalogue.py
"""

from __future__ import annotations

from pathlib import Path

from bellcheck.proofs.registry import all_claims

RECORD = Path(__file__).with_name("catalogue.txt")


def _lines() -> list[str]:
    lines = []
    for claim in all_claims():
        names = list(dict.fromkeys(check.name for check in claim.checks)) or ["(cited)"]
        for name in names:
            kinds = sorted({check.kind for check in claim.checks if check.name == name})
            lines.append(" ".join([claim.id, name, *kinds]))
    return lines


def test_recorded_checks_are_those_that_exist():
    """A check that is renamed, removed or loses its strongest evidence is seen in review."""
    assert _lines() == RECORD.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    RECORD.write_text("\n".join(_lines()) + "\n", encoding="utf-8")
