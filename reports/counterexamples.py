r"""The textbook's counterexamples as paths: every number is computed in rationals, and rounded only to be drawn.

*Two states of values w and 2w* (semi-gradient.tvr-two-state, semi-gradient.tvr-ls): |w| under the expected
semi-gradient update and under value iteration with an exact least-squares fit, for discounts around 5/6.

*One weight, two loops* (semi-gradient.qlearning-nonlinear-field): g(w) - w, by how much a sweep with a fit moves w.
Q-learning rests where that is 0: nowhere, at one place or at two.

*A that leads to B or C* (semi-gradient.a-split, semi-gradient.a-presplit): the three weights under the expected updates
of TD, of descent on TDE, on BE and on VE. By chance, descent on TDE alone misses the truth; where A is two states that
look alike, descent on BE does too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from flint import fmpq

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact, exact_array, fraction
from bellcheck.mdp.examples import loops_of_one_weight, presplit, presplit_features, split, w_to_2w
from bellcheck.mdp.fitted import fitted_backup
from bellcheck.mdp.linear_algebra import identity, weighted_projection
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.residual_gradient import residual_gradient_update
from bellcheck.mdp.semi_gradient import key_matrix, semi_gradient_update
from bellcheck.mdp.solve import evaluate
from bellcheck.mdp.value_error import value_error_gradient

from .figures import BLUE, GREEN, GREY, ORANGE, VERMILLION, by_colour, by_dash, finished, powers_of_ten

__all__ = [
    "divergence_figure",
    "divergence_paths",
    "drift_curves",
    "drift_figure",
    "split_figure",
    "split_paths",
]

# -------------------------------------------------------------------- w and 2w

_STEP = fmpq(1, 4)
_UPDATE, _FIT = "expected semi-gradient update", "exact least-squares fit"
_FEATURES, _ALIKE, _SURE = exact_array([1, 2]).reshape(2, 1), exact_array(["1/2", "1/2"]), exact_array([1, 1])
_DIVERGENCES = {
    "γ = 99/100": ("99/100", _ALIKE, "0"),
    "γ = 5/6": ("5/6", _ALIKE, "0"),
    "γ = 3/4": ("3/4", _ALIKE, "0"),
    "γ = 99/100, weights of its own path": ("99/100", exact_array([0, 1]), "0"),
    "γ = 99/100, end after half of the steps": ("99/100", _ALIKE, "1/2"),
}
"""Discount, weights of the two states, and the probability with which a step from the second state ends."""


def divergence_paths(updates: int = 60) -> list[dict[str, Any]]:
    """Return |w| after each of the updates from w = 1, under both forms, for five settings; the true value is 0."""
    points = []
    for name, (discount, mu, end) in _DIVERGENCES.items():
        mdp = w_to_2w(discount, end)
        A, _ = key_matrix(mdp, _SURE, mu, _FEATURES)
        fit = weighted_projection(_FEATURES, mu)
        forms: dict[str, Callable[[fmpq], fmpq]] = {
            _UPDATE: lambda w, A=A: w - _STEP * A[0, 0] * w,  # type: ignore[misc]
            _FIT: lambda w, mdp=mdp, fit=fit: fitted_backup(mdp, fit, _FEATURES[:, 0] * w)[0],  # type: ignore[misc]
        }
        for form, step in forms.items():
            for k, w in enumerate(_iterates(step, fmpq(1), updates)):
                points.append({"form": form, "setting": name, "update": k, "size": _rounded(abs(w))})
    return points


def divergence_figure(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the specification of |w| against the number of updates, a panel for each form."""
    import altair as alt

    names, low, high = list(_DIVERGENCES), 1e-4, 1e4
    chart = (
        alt.Chart(alt.Data(values=list(points)))
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(
            x=alt.X("update:Q", title="updates"),
            y=alt.Y(
                "size:Q", title="|w|", axis=powers_of_ten(low, high), scale=alt.Scale(type="log", domain=[low, high])
            ),
            color=by_colour("setting", names, [VERMILLION, ORANGE, BLUE, GREEN, GREY]),
            strokeDash=by_dash("setting", names, [[1, 0], [8, 3], [1, 0], [3, 2], [2, 3]]),
        )
        .properties(width=410, height=280)
        .facet(facet=alt.Facet("form:N", title=None, sort=[_UPDATE, _FIT], header=alt.Header(labelFontSize=13)))
    )
    return finished(chart)


# -------------------------------------------------------------------- no, one or two fixed points

_LOOPS = {
    "none: reward 1, γ = 9/10": ("1", "9/10"),
    "one: reward 1, γ = 1/2": ("1", "1/2"),
    "two: reward −1, γ = 9/10": ("-1", "9/10"),
}
_REACH = range(-6, 13)


def drift_curves() -> list[dict[str, Any]]:
    """Return g(w) - w of `loops_of_one_weight` at integers w and where it is 0, at the fixed points of g."""
    points = []
    fit = weighted_projection(_FEATURES, _ALIKE)
    for name, (reward, discount) in _LOOPS.items():
        mdp = loops_of_one_weight(reward, discount)
        drift = [(w, fitted_backup(mdp, fit, _FEATURES[:, 0] * w)[0] - w) for w in exact_array(_REACH)]
        points += [
            {"instance": name, "w": _rounded(w), "drift": _rounded(d), "fixed": d == 0}
            for w, d in sorted({*drift, *_zeros(drift)})
        ]
    return points


def _zeros(values: Sequence[tuple[fmpq, fmpq]]) -> Iterator[tuple[fmpq, fmpq]]:
    """Yield where a function is 0 that is affine between neighbouring places and at none of them 0."""
    for (w, d), (v, e) in pairwise(values):
        if d * e < 0:
            yield w + (v - w) * d / (d - e), fmpq(0)


def drift_figure(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the specification of g(w) - w against w, a panel for each instance; dots are fixed points."""
    import altair as alt

    x = alt.X("w:Q", title="w", scale=alt.Scale(domain=[_REACH[0], _REACH[-1]], nice=False))
    y = alt.Y("drift:Q", title="g(w) − w", scale=alt.Scale(domain=[-1.5, 3.5], nice=False))
    level = alt.Chart().mark_rule(color=GREY, strokeWidth=1.5).encode(y=alt.datum(0))
    curve = alt.Chart().mark_line(color=VERMILLION, strokeWidth=2.5, clip=True).encode(x=x, y=y)
    rests = (
        alt.Chart()
        .mark_point(size=110, filled=True, opacity=1, color=BLUE)
        .encode(x=x, y=y)
        .transform_filter(alt.datum.fixed)
    )
    chart = (
        alt.layer(level, curve, rests, data=alt.Data(values=list(points)))
        .properties(width=260, height=220)
        .facet(
            facet=alt.Facet("instance:N", title=None, sort=list(_LOOPS), header=alt.Header(labelFontSize=13)), columns=3
        )
    )
    return finished(chart)


# -------------------------------------------------------------------- A leads to B or C

_METHODS = ("TD (semi-gradient)", "descent on TDE", "descent on BE", "descent on VE")
_PROCESSES = {
    "A leads to B or C": (split(), identity(3), exact_array(["1/2", "1/4", "1/4"])),
    "two states look like A": (presplit(), presplit_features(), exact_array(["1/4"] * 4)),
}
"""The process, its features, and the share of steps at each state."""


def split_paths(updates: int = 120, step_size: fmpq = _STEP) -> list[dict[str, Any]]:
    """Return the weights of A, B and C after each expected update from 0, by process and method."""
    points = []
    for process, (mdp, features, mu) in _PROCESSES.items():
        for method in _METHODS:
            step = _mean_update(method, mdp, features, mu, step_size)
            for k, w in enumerate(_iterates(step, exact_array([0] * 3), updates)):
                points += [
                    {"process": process, "method": method, "update": k, "state": state, "value": _rounded(value)}
                    for state, value in zip("ABC", w, strict=True)
                ]
    return points


def _mean_update(method: str, mdp: FiniteMDP, features: Array, mu: Array, step_size: fmpq) -> Callable[[Array], Array]:
    """Return the expected update: the mean over states drawn from mu and over their outcomes."""
    q_hat, policy = LinearQ(features), exact_array([1] * mdp.n_pairs)
    if method == "descent on VE":
        q = evaluate(mdp, policy)
        return lambda w: w - step_size * value_error_gradient(mu, q, q_hat, w) / 2

    def mean(w: Array) -> Array:
        after = 0 * w
        for x in range(mdp.n_pairs):
            for k in mdp.outcomes_of(x):
                # Descent on BE has two successors, drawn independently; on TDE the same one twice.
                others = mdp.outcomes_of(x) if method == "descent on BE" else [k]
                for other in others:
                    weight = mu[x] * mdp.probability[k] * (mdp.probability[other] if len(others) > 1 else 1)
                    after = after + weight * (
                        semi_gradient_update(mdp, q_hat, w, k, step_size, policy)
                        if method == "TD (semi-gradient)"
                        else residual_gradient_update(mdp, q_hat, w, (k, other), step_size, policy)
                    )
        return after

    return mean


def split_figure(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the specification of the three weights against the updates: a row a process, a column a method."""
    import altair as alt

    chart = (
        alt.Chart(alt.Data(values=list(points)))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("update:Q", title="expected updates"),
            y=alt.Y(
                "value:Q", title="value", scale=alt.Scale(domain=[-0.1, 1.05], nice=False), axis=alt.Axis(tickCount=5)
            ),
            color=by_colour("state", ["A", "B", "C"], [GREEN, VERMILLION, BLUE]),
            strokeDash=by_dash("state", ["A", "B", "C"], [[8, 3], [1, 0], [3, 2]]),
        )
        .properties(width=190, height=170)
        .facet(
            row=alt.Row("process:N", title=None, sort=list(_PROCESSES), header=alt.Header(labelFontSize=13)),
            column=alt.Column("method:N", title=None, sort=list(_METHODS), header=alt.Header(labelFontSize=13)),
        )
    )
    return finished(chart)


# -------------------------------------------------------------------- what they share


def _iterates(step: Callable[[Any], Any], start: Any, updates: int) -> Iterator[Any]:
    yield start
    for _ in range(updates):
        start = step(start)
        yield start


def _rounded(number: fmpq) -> float:
    return float(fraction(exact(number)))
