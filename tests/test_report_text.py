"""What the report says in words: the answer's sentences, docstrings as HTML, references, gradients."""

from __future__ import annotations

import pytest

from bellcheck.proofs.claim import GROUPS
from bellcheck.proofs.registry import all_claims, explanation
from bellcheck.reports.bibliography import reference
from bellcheck.reports.gradients import baird_paths, gradient_table, objective_paths
from bellcheck.reports.prose import formula, prose
from bellcheck.reports.source_answer import ANSWER


def test_the_answer_has_sixteen_sentences() -> None:
    """Each has a condition, claims that carry it and a caveat, every id in a known group, folklore apart."""
    assert len(ANSWER) == 16
    for sentence in ANSWER:
        assert sentence.says.endswith((".", "?"))
        assert sentence.needs.endswith(".")
        assert sentence.claims
        assert all(name.partition(".")[0] in GROUPS.keys() - {"folklore"} for name in sentence.claims)
        assert all(name.partition(".")[0] == "folklore" for name in sentence.folklore)


def test_every_claim_is_on_the_page_of_a_sentence() -> None:
    """No claim stands beside the answer without carrying a part of it."""
    named = {name for sentence in ANSWER for name in (*sentence.claims, *sentence.folklore)}

    assert {claim.id for claim in all_claims()} <= named | {"q-learning.float-budget"}


@pytest.mark.parametrize("claim", all_claims(), ids=lambda claim: claim.id)
def test_every_claim_can_be_set(claim) -> None:  # type: ignore[no-untyped-def]
    """Statement and explanation become HTML without a formula left as LaTeX, and every source has an entry."""
    page = formula(claim.statement) + prose(explanation(claim))

    assert "\\" not in page
    assert ".. math" not in page
    assert all(reference(source.key) for source in claim.sources)


def test_prose_escapes() -> None:
    """What is not markup of ours is text."""
    assert prose("a <b> & ``x < y`` *really*") == "<p>a &lt;b&gt; &amp; <code>x &lt; y</code> <em>really</em></p>"


def test_prose_sets_lists_and_formulas() -> None:
    """A list becomes a list, a directive a formula, products of names no emphasis."""
    page = prose("Why:\n\n* one\n  more\n* two\n\n.. math:: x^2\n\nNot 2 * 3 * 4.")

    assert "<ul><li>one more</li><li>two</li></ul>" in page
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in page
    assert "Not 2 * 3 * 4." in page


def test_gradients_are_equal() -> None:
    """SymPy's and torch's components are the same numbers, for each of the three forms."""
    table = gradient_table()

    assert {row.q_hat for row in table} == {"linear", "polynomial", "two-layer network"}
    assert all(row.holds and row.difference == 0 for row in table)


def test_baird_paths() -> None:
    """Above the threshold the values blow up, below it they vanish, and the full gradient only shrinks them."""
    points = baird_paths(updates=1_000)
    last = {point["method"]: point["largest_value"] for point in points}

    assert last["semi-gradient, γ = 99/100"] > 1e8
    assert last["semi-gradient, γ = 4/5"] < 0.1
    assert last["full gradient of BE, γ = 99/100"] < points[0]["largest_value"]


def test_descents_end_where_theory_says() -> None:
    """Left: (0, 0) but for TDE. Right: BE ends with TDE at (-gamma, gamma / 2) / (1 + gamma + gamma^2)."""
    ends = {(p["process"], p["method"]): (p["w1"], p["w2"]) for p in objective_paths()}
    elsewhere = pytest.approx((-2 / 7, 1 / 7), abs=1e-6)

    for side in ("left", "right"):
        assert ends[side, "semi-gradient"] == pytest.approx((0, 0), abs=1e-6)
        assert ends[side, "gradient of VE"] == pytest.approx((0, 0), abs=1e-6)
        assert ends[side, "full gradient of TDE"] == elsewhere
    assert ends["left", "full gradient of BE"] == pytest.approx((0, 0), abs=1e-6)
    assert ends["right", "full gradient of BE"] == elsewhere
