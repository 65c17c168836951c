"""What the report says in words: the answer's sentences, docstrings as HTML, references, gradients."""

from __future__ import annotations

import re

import pytest

from bellcheck.proofs.claim import GROUPS
from bellcheck.proofs.registry import all_claims, explanation
from bellcheck.reports.bibliography import reference
from bellcheck.reports.gradients import baird_paths, gradient_table, objective_paths
from bellcheck.reports.prose import formula, inline, prose
from bellcheck.reports.source_answer import ANSWER
from bellcheck.reports.typography import scientific, typeset


def test_the_answer_has_sixteen_sentences() -> None:
    """Each has a condition, claims that carry it and a caveat, every id in a known group, folklore apart."""
    assert len(ANSWER) == 16
    for sentence in ANSWER:
        assert sentence.says.endswith((".", "?"))
        assert sentence.needs.endswith(".")
        assert sentence.claims
        assert all(name.partition(".")[0] in GROUPS.keys() - {"folklore"} for name in sentence.claims)
        assert all(name.partition(".")[0] == "folklore" for name in sentence.folklore)


def test_sentences_name_claims_that_exist() -> None:
    """None of the sixteen is left open: an id that no claim has is a slip."""
    named = {name for sentence in ANSWER for name in (*sentence.claims, *sentence.folklore)}

    assert named <= {claim.id for claim in all_claims()}


def test_pages_point_to_claims_that_exist() -> None:
    """A claim that another's explanation names is there."""
    ids = {claim.id for claim in all_claims()}
    groups = "|".join(GROUPS)

    for claim in all_claims():
        assert set(re.findall(rf"\b(?:{groups})\.[a-z0-9-]*[a-z0-9]", explanation(claim))) <= ids


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


@pytest.mark.parametrize(
    ("written", "set"),
    [
        ("v_pi' <= alpha (T q_hat - q)^2", "v<sub>π\u2032</sub> ≤ \u03b1 (T q̂ \u2212 q)<sup>2</sup>"),
        ("within 2^-40 of alpha_{k-1}", "within 2<sup>\u221240</sup> of \u03b1<sub>k\u22121</sub>"),
        ("2 sum mu (q_hat - q) grad q_hat", "2 Σ μ (q̂ \u2212 q) ∇q̂"),
        ("an epsilon-greedy p(s', r | s, a)", "an ε-greedy p(s\u2032, r | s, a)"),
        (
            "value-error.mu-stationary: Torch's sum over the actions",
            "value-error.mu-stationary: Torch&#39;s sum over the actions",
        ),
        ("a < b & step_size", "a &lt; b &amp; step_size"),
    ],
)
def test_plain_formulas_are_set(written: str, set: str) -> None:
    """Greek names, relations, indices, exponents and primes become symbols; ids, names and prose stay."""
    assert typeset(written) == set


def test_sentences_are_set() -> None:
    """No sentence of the answer keeps LaTeX, a dollar sign or the name of a Greek letter."""
    written = " ".join(text for sentence in ANSWER for text in (sentence.says, sentence.needs))
    page = inline(written)

    assert page.count("<math") == written.count("$") / 2
    assert not re.search(r"\\|\$|q_hat|\b(gamma|theta|mu|epsilon)\b", page.striptags())


def test_small_probabilities_are_powers_of_ten() -> None:
    """Two digits and the exponent, raised; no factor 1."""
    assert scientific(1.5e-10) == "1.5 · 10⁻¹⁰"
    assert scientific(1e-9) == "10⁻⁹"


def test_gradients_are_equal() -> None:
    """SymPy's and torch's components are the same numbers, but for tanh, where a small bound that is not 0 holds."""
    *equal, rounded = gradient_table()

    assert [len(row.components) for row in (*equal, rounded)] == [2, 2, 9, 9]
    assert all(row.holds and row.furthest.difference == row.furthest.bound == 0 for row in equal)
    assert rounded.q_hat.endswith("tanh")
    assert rounded.holds
    assert 0 < rounded.furthest.difference < rounded.furthest.bound < 1e-13


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
