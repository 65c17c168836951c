"""The catalogue as data: what ``bellcheck claims --json`` lists and the report draws."""

from __future__ import annotations

from typing import Any

from .claim import Claim

__all__ = ["claim_to_data"]


def claim_to_data(claim: Claim) -> dict[str, Any]:
    """Return a claim as JSON data; its verdict is not part of it."""
    return {
        "id": claim.id,
        "title": claim.title,
        "group": claim.group,
        "statement": claim.statement,
        "needs": [assumption.name for assumption in claim.needs],
        "uses": list(claim.uses),
        "kinds": list(claim.kinds),
        "controls": [control.name for control in claim.controls],
        "sources": [
            {"key": source.key, "locator": source.locator, "verified": source.verified} for source in claim.sources
        ],
    }
