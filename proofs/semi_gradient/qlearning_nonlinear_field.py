r"""With one weight, Q-learning's fixed points number none, one or two, or fill a half-line: one state shows it.

.. math:: g(w) = \Pi\, T(X w) = b + c_{+} w \ (w \ge 0), \quad b + c_{-} w \ (w \le 0)

    c_{\pm} = \frac{\gamma \sum_x \mu(x)\, \phi(x) \sum_{s'} p(s' \mid x)\, \phi_{\pm}(s')}
        {\sum_x \mu(x)\, \phi(x)^2}

with a feature phi(x) a pair, phi_+(s) the largest of the actions of s and phi_-(s) the smallest (0 where there are
none), Pi the least-squares projection in the weights mu, and b the projection of the mean rewards. The expected
semi-gradient update is alpha (sum of mu phi^2) times g(w) - w, so that it rests exactly at the fixed points of Pi T.

Why: where w > 0 the action of the largest feature is greedy, where w < 0 that of the smallest; the policy changes at 0
alone, so that g is affine on both sides. For b != 0 a fixed point on the right is b / (1 - c_+) if that is positive,
one on the left b / (1 - c_-) if that is negative:

.. math:: \#\{w : g(w) = w\} = [\, b\,(1 - c_{+}) > 0 \,] + [\, b\,(1 - c_{-}) < 0 \,] \qquad (b \ne 0)

For b = 0 it is 0 alone, or a half-line of fixed points where a slope is 1. If both slopes are below 1, which says that
the linear evaluation of either greedy policy is stable, there is exactly one. With one policy in place of the maximum
g is affine, and has exactly one fixed point unless its slope is 1.

*The smallest instances* have one state and two actions that lead back and pay r, with features 1 and 2, weighed alike:
g(w) = (3/5) r + (6/5) gamma w for w >= 0 and (3/5) r + (3/5) gamma w for w <= 0. At gamma = 9/10 and r = 1 there is no
fixed point: the update drives w up for ever, from everywhere. With r = -1 there are two, -30/23, which attracts, and
15/2, which repels: from above it w grows without end. At gamma = 1/2 there is one.

*A census*: of 1,000 models with two states of two actions, gamma = 9/10, and rewards, features, weights and
probabilities from a seeded family of small integers, 30 have no fixed point, 939 one and 31 two.

With more weights there are more policies and more pieces; what is said of stability here (each piece stable, therefore
one fixed point) is a statement about one weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import loops_of_one_weight
from bellcheck.mdp.linear_algebra import weighted_projection
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, positive_distributions, tables

from ..claim import Claim, cite
from ..draws import symbolic_number
from ..in_symbols import object_array
from ..mutants import deep_q as mutants
from ..mutants.kinks import first_action_for_greedy, residual_for_semi, unmasked_sweep
from ..relation import Relation, all_of, at_most, equal, given, less_than

qlearning_nonlinear_field = Claim(
    id="semi-gradient.qlearning-nonlinear-field",
    title="With one weight Pi T has no, one or two fixed points, or a half-line of them",
    statement=r"\#\{w : \Pi T(X w) = X w\} = [\, b (1 - c_{+}) > 0 \,] + [\, b (1 - c_{-}) < 0 \,] \quad (b \ne 0)",
    subject="fitted-operator",
    uses=("semi-gradient.td-fixed-point",),
    sources=(cite("defarias2000"), cite("bertsekas1996")),
)

ZERO, ONE = fmpq(0), fmpq(1)
HALF_LINE = "a half-line"


def _projection(features: Array, mu: Array) -> Array:
    return weighted_projection(features.reshape(-1, 1), mu)


def _fit(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Callable[[fmpq], fmpq]:
    """Return g, read where a feature is not 0."""
    matrix, x = _projection(features, mu), int(np.flatnonzero(features != 0)[0])
    return lambda w: fitted(mdp, matrix, features * w)[x] / features[x]


def _pieces(mdp: FiniteMDP, features: Array, mu: Array) -> tuple[fmpq, fmpq, fmpq]:
    """Return b, c_+ and c_- by their formulas, from outcomes one at a time."""
    total = sum((mu[x] * features[x] ** 2 for x in range(mdp.n_pairs)), ZERO)
    offset = right = left = ZERO
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            following = [features[y] for y in mdp.pairs_of(int(mdp.next_state[k]))]
            share = mu[x] * features[x] * mdp.probability[k] / total
            offset += share * mdp.reward[k]
            right += share * mdp.discount * max(following, default=ZERO)
            left += share * mdp.discount * min(following, default=ZERO)
    return offset, right, left


def fixed_points(g: Callable[[fmpq], fmpq]) -> list[fmpq] | str:
    """Return the fixed points of a function that is affine on each side of 0, or that they fill a half-line."""
    offset = g(ZERO)
    right, left = g(ONE) - offset, offset - g(-ONE)
    if offset == 0:
        return HALF_LINE if 1 in (right, left) else [ZERO]
    roots = [(offset / (1 - slope), side) for slope, side in ((left, -1), (right, 1)) if slope != 1]
    return [root for root, side in roots if root * side > 0]


def _number(found: list[fmpq] | str) -> str:
    return found if isinstance(found, str) else str(len(found))


def _number_by_the_signs(offset: fmpq, right: fmpq, left: fmpq) -> str:
    if offset == 0:
        return HALF_LINE if 1 in (right, left) else "1"
    return str(int(offset * (1 - right) > 0) + int(offset * (1 - left) < 0))


# -------------------------------------------------------------------- any model, one weight


def _one_feature(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Features of shape (N,), not all 0."""
    return tables(mdp).map(lambda features: features if any(features != 0) else features + 1)


_MODELS: dict[str, Any] = {
    "mdp": mdps(max_states=2, max_actions=2, discounts=["9/10", "1/2", "0", "99/100", "1"]),
    "features": _one_feature,
    "mu": positive_distributions,
}


@qlearning_nonlinear_field.exact(**_MODELS, w=st.sampled_from(exact_array([1, -1, 0, "1/2", "-7/3", 10, -100])))
def field_is_affine_on_each_side(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array, w: fmpq) -> Relation:
    """g(w) by the formula, as whole tables."""
    offset, right, left = _pieces(mdp, features, mu)
    table = fitted(mdp, _projection(features, mu), features * w)
    return equal(table, features * (offset + (right if w > 0 else left) * w))


@qlearning_nonlinear_field.exact(**_MODELS)
def signs_tell_the_number(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Relation:
    """What is found is fixed, and there are as many as the signs of b (1 - c) on both sides say."""
    g = _fit(fitted, mdp, features, mu)
    found = fixed_points(g)
    fixed = [] if isinstance(found, str) else [equal(g(w), w) for w in found]
    return all_of([*fixed, equal(_number(found), _number_by_the_signs(*_pieces(mdp, features, mu)))])


for _check in (field_is_affine_on_each_side, signs_tell_the_number):
    for _mutant in (mutants.undiscounted_sweep, first_action_for_greedy, unmasked_sweep):
        qlearning_nonlinear_field.refutes(_mutant, by=_check)


@qlearning_nonlinear_field.too_strong(beside=field_is_affine_on_each_side)
def field_is_affine(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array, w: fmpq) -> Relation:
    """The slope of the right side on both."""
    offset, right, _ = _pieces(mdp, features, mu)
    return equal(_fit(fitted, mdp, features, mu)(w), offset + right * w)


@qlearning_nonlinear_field.too_strong(beside=signs_tell_the_number)
def there_is_exactly_one(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Relation:
    """As if Pi T were a contraction."""
    return equal(_number(fixed_points(_fit(fitted, mdp, features, mu))), "1")


@qlearning_nonlinear_field.too_strong(beside=signs_tell_the_number)
def there_are_two_at_most(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Relation:
    """Without a word of the half-line, on which every w is fixed."""
    return equal(isinstance(fixed_points(_fit(fitted, mdp, features, mu)), str), False)


@qlearning_nonlinear_field.enumerated(
    of="semi-gradient-rule", **_MODELS, w=st.sampled_from(exact_array([1, -1, 0, "1/2", "-7/3", 10, -100]))
)
def mean_update_is_towards_the_fit(rule: Any, mdp: FiniteMDP, features: Array, mu: Array, w: fmpq) -> Relation:
    """The mean of the update over all pairs and outcomes, at step 1, is (sum of mu phi^2) (g(w) - w)."""
    offset, right, left = _pieces(mdp, features, mu)
    q_hat, start = LinearQ(features.reshape(-1, 1)), exact_array([w])
    mean = sum(
        (
            mu[x] * mdp.probability[k] * (rule(mdp, q_hat, start, k, ONE)[0] - w)
            for x in range(mdp.n_pairs)
            for k in mdp.outcomes_of(x)
        ),
        ZERO,
    )
    return equal(mean, (mu * features**2).sum() * (offset + (right if w > 0 else left) * w - w))


qlearning_nonlinear_field.refutes(residual_for_semi, by=mean_update_is_towards_the_fit)


# -------------------------------------------------------------------- the smallest instances

_FEATURES, _ALIKE = exact_array([1, 2]), exact_array(["1/2", "1/2"])
_SMALLEST: dict[tuple[str, str], list[str] | str] = {
    ("1", "9/10"): [],
    ("1", "1/2"): ["3/2"],
    ("-1", "9/10"): ["-30/23", "15/2"],
    ("0", "5/6"): HALF_LINE,
}
"""Reward and discount of `loops_of_one_weight`, and the fixed points."""


def _found_on_loops(fitted: Any, reward: str, discount: str) -> list[str] | str:
    found = fixed_points(_fit(fitted, loops_of_one_weight(reward, discount), _FEATURES, _ALIKE))
    return found if isinstance(found, str) else [str(w) for w in found]


@qlearning_nonlinear_field.fixture()
def one_state_has_none_one_two_and_a_half_line(fitted: Any) -> Relation:
    """Two actions that lead back to one state, with features 1 and 2."""
    return equal(
        [str(_found_on_loops(fitted, *instance)) for instance in _SMALLEST],
        [str(expected) for expected in _SMALLEST.values()],
    )


for _mutant in (mutants.undiscounted_sweep, first_action_for_greedy):
    qlearning_nonlinear_field.refutes(_mutant, by=one_state_has_none_one_two_and_a_half_line)


def _fit_of_loops(fitted: Any, reward: Any, discount: Any, w: Any) -> Any:
    """Return g(w), in the arithmetic of the numbers."""
    one = 0 * discount + 1
    loops = loops_of_one_weight(0, 0)
    model = replace(
        loops, probability=object_array([one, one]), reward=object_array([reward, reward]), discount=discount
    )
    fit = object_array([one * int(x.p) / int(x.q) for x in _projection(_FEATURES, _ALIKE).flat]).reshape(2, 2)
    return fitted(model, fit, object_array([w, 2 * w]))[0]


@qlearning_nonlinear_field.all_reals(
    reward=symbolic_number("reward"), discount=symbolic_number("discount", 0, 1), w=symbolic_number("w")
)
@qlearning_nonlinear_field.exact(
    reward=st.sampled_from(exact_array([1, "1/2", 10])),
    discount=st.sampled_from(exact_array(["9/10", "21/25", "99/100", "5/6", "1/2"])),
    w=st.sampled_from(exact_array([0, 1, -1, 100, "-15/2", -1000, "1/3"])),
)
def nothing_is_fixed_beyond_five_sixths(fitted: Any, reward: Any, discount: Any, w: Any) -> Relation:
    """With rewards above 0 and gamma >= 5/6 the fit of both loops is above w, whatever w is."""
    paid = less_than(0 * reward, reward)
    return given(
        all_of([paid, at_most(0 * discount + 5, 6 * discount)]),
        less_than(w, _fit_of_loops(fitted, reward, discount, w)),
    )


qlearning_nonlinear_field.refutes(first_action_for_greedy, by=nothing_is_fixed_beyond_five_sixths)
qlearning_nonlinear_field.attained(
    "gamma = 21/25 and a large w",
    by=nothing_is_fixed_beyond_five_sixths,
    share="9/10",
    reward=fmpq(1),
    discount=fmpq(21, 25),
    w=fmpq(100),
)


@qlearning_nonlinear_field.too_strong(beside=nothing_is_fixed_beyond_five_sixths)
def nothing_is_fixed_beyond_one_half(fitted: Any, reward: Any, discount: Any, w: Any) -> Relation:
    """The threshold of a single semi-gradient update."""
    paid = less_than(0 * reward, reward)
    return given(
        all_of([paid, at_most(0 * discount + 1, 2 * discount)]),
        less_than(w, _fit_of_loops(fitted, reward, discount, w)),
    )


# -------------------------------------------------------------------- a census


def _census_model(numbers: Callable[[int], int]) -> tuple[FiniteMDP, Array, Array]:
    """Return a model of two states with two actions at gamma = 9/10, features and weights, from small integers."""
    pairs = []
    for state in range(2):
        for action in range(2):
            there = fmpq(1 + numbers(9), 10)
            reward = numbers(7) - 3
            pairs.append((state, action, [(1 - there, reward, 0), (there, reward, 1)]))
    features = exact_array([1 + numbers(3), *(numbers(7) - 3 for _ in range(3))])
    visits = [1 + numbers(9) for _ in range(4)]
    return FiniteMDP.from_pairs(2, pairs, "9/10"), features, exact_array(fmpq(n, sum(visits)) for n in visits)


def census(fitted: Any, models: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many models of a seeded family have each number of fixed points: as found, and by the signs."""
    # Raw output of PCG64, the same for every release of NumPy; the remainder's bias is of no matter here.
    stream = np.random.PCG64(np.random.SeedSequence(2000))
    found, by_the_signs = {"0": 0, "1": 0, "2": 0, HALF_LINE: 0}, {"0": 0, "1": 0, "2": 0, HALF_LINE: 0}
    for _ in range(models):
        model = _census_model(lambda size: int(stream.random_raw() % size))
        found[_number(fixed_points(_fit(fitted, *model)))] += 1
        by_the_signs[_number_by_the_signs(*_pieces(*model))] += 1
    return found, by_the_signs


@qlearning_nonlinear_field.fixture()
def none_one_and_two_occur(fitted: Any) -> Relation:
    """In the family of the census, by two routes."""
    found, by_the_signs = census(fitted, 1_000)
    counts = [30, 939, 31, 0]
    return all_of([equal(list(found.values()), counts), equal(list(by_the_signs.values()), counts)])


for _mutant in (mutants.undiscounted_sweep, first_action_for_greedy):
    qlearning_nonlinear_field.refutes(_mutant, by=none_one_and_two_occur)
