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

For b = 0 it is 0 alone, or a half-line of fixed points where a slope is 1 (the whole line, where both are). If both
slopes are below 1, which says that the linear evaluation of either greedy policy is stable, there is exactly one. With
one policy in place of the maximum g is affine, and has exactly one fixed point unless its slope is 1.

*The smallest instances* have one state and two actions that lead back and pay r, with features 1 and 2, weighed alike:
g(w) = (3/5) r + (6/5) gamma w for w >= 0 and (3/5) r + (3/5) gamma w for w <= 0. At gamma = 9/10 and r = 1 there is no
fixed point: the update drives w up for ever, from everywhere. With r = -1 there are two, -30/23, which attracts, and
15/2, which repels: from above it w grows without end. At gamma = 1/2 there is one.

*A census*: of 1,000 models with two states of two actions, gamma = 9/10, and rewards, features, weights and
probabilities from a seeded family of small integers, 30 have no fixed point, 939 one and 31 two.

*With two weights* an unstable policy does not make Q-learning unstable. One state has three loops without rewards, with
features (1, 0), (0, 0) and (2, 2) and weights 1/2, 1/4 and 1/4, at gamma = 9/10. Evaluating the third action alone
spirals away from 0 at every step size; but the spiral leaves the cone in which that action is greedy, and elsewhere all
is drawn to 0. The proof is a hexagon around 0: the field is linear in the cone of each edge and points inwards at its
ends, hence along the edge, hence on every multiple of the hexagon. So all paths of the flow end at 0, and those of
steps that are small enough. Whether conversely stable policies together can be unstable, as no single weight allows, is
not settled here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.examples import loops_of_one_weight
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.strategies import mdps, positive_distributions, tables

from ..claim import Claim, cite
from ..draws import symbolic_number
from ..in_symbols import object_array
from ..mutants import deep_q as mutants
from ..mutants.kinks import first_action_for_greedy, residual_for_semi, unmasked_sweep
from ..one_weight import HALF_LINE, census, fit, fixed_points, number, number_by_the_signs, pieces, projection
from ..relation import Relation, all_of, at_most, equal, given, less_than
from ..stability import small_steps_converge

qlearning_nonlinear_field = Claim(
    id="semi-gradient.qlearning-nonlinear-field",
    title="With one weight Pi T has no, one or two fixed points, or a half-line of them",
    statement=r"\#\{w : \Pi T(X w) = X w\} = [\, b (1 - c_{+}) > 0 \,] + [\, b (1 - c_{-}) < 0 \,] \quad (b \ne 0)",
    subject="fitted-operator",
    uses=("semi-gradient.td-fixed-point",),
    sources=(cite("defarias2000"), cite("bertsekas1996")),
)

ZERO, ONE = fmpq(0), fmpq(1)


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
    offset, right, left = pieces(mdp, features, mu)
    table = fitted(mdp, projection(features, mu), features * w)
    return equal(table, features * (offset + (right if w > 0 else left) * w))


@qlearning_nonlinear_field.exact(**_MODELS)
def signs_tell_the_number(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Relation:
    """What is found is fixed, and there are as many as the signs of b (1 - c) on both sides say."""
    g = fit(fitted, mdp, features, mu)
    found = fixed_points(g)
    fixed = [] if isinstance(found, str) else [equal(g(w), w) for w in found]
    return all_of([*fixed, equal(number(found), number_by_the_signs(*pieces(mdp, features, mu)))])


for _check in (field_is_affine_on_each_side, signs_tell_the_number):
    for _mutant in (mutants.undiscounted_sweep, first_action_for_greedy, unmasked_sweep):
        qlearning_nonlinear_field.refutes(_mutant, by=_check)


@qlearning_nonlinear_field.too_strong(beside=field_is_affine_on_each_side)
def field_is_affine(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array, w: fmpq) -> Relation:
    """The slope of the right side on both."""
    offset, right, _ = pieces(mdp, features, mu)
    return equal(fit(fitted, mdp, features, mu)(w), offset + right * w)


@qlearning_nonlinear_field.too_strong(beside=signs_tell_the_number)
def there_is_exactly_one(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Relation:
    """As if Pi T were a contraction."""
    return equal(number(fixed_points(fit(fitted, mdp, features, mu))), "1")


@qlearning_nonlinear_field.too_strong(beside=signs_tell_the_number)
def there_are_two_at_most(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Relation:
    """Without a word of the half-line, on which every w is fixed."""
    return equal(isinstance(fixed_points(fit(fitted, mdp, features, mu)), str), False)


@qlearning_nonlinear_field.enumerated(
    of="semi-gradient-rule", **_MODELS, w=st.sampled_from(exact_array([1, -1, 0, "1/2", "-7/3", 10, -100]))
)
def mean_update_is_towards_the_fit(rule: Any, mdp: FiniteMDP, features: Array, mu: Array, w: fmpq) -> Relation:
    """The mean of the update over all pairs and outcomes, at step 1, is (sum of mu phi^2) (g(w) - w)."""
    offset, right, left = pieces(mdp, features, mu)
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
    found = fixed_points(fit(fitted, loops_of_one_weight(reward, discount), _FEATURES, _ALIKE))
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
    matrix = object_array([one * int(x.p) / int(x.q) for x in projection(_FEATURES, _ALIKE).flat]).reshape(2, 2)
    return fitted(model, matrix, object_array([w, 2 * w]))[0]


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


# -------------------------------------------------------------------- an unstable policy does no harm

_THREE_LOOPS = FiniteMDP.from_pairs(1, [(0, action, [(1, 0, 0)]) for action in range(3)], "9/10")
_IN_THE_PLANE = exact_array([1, 0, 0, 0, 2, 2]).reshape(3, 2)
_HALF_AND_QUARTERS = exact_array(["1/2", "1/4", "1/4"])
_THIRD = exact_array([0, 0, 1])
_HEXAGON = [exact_array(vertex) for vertex in ((0, -400), (384, -192), (176, -44), (42, 0), (0, 5), (-4, 4))]
"""Around 0, anticlockwise; where the greedy action changes there is a vertex."""


def _cross(v: Array, w: Array) -> fmpq:
    """Return how far w points to the left of v."""
    return v[0] * w[1] - v[1] * w[0]


def _inwards(rule: Any, policy: Array | None = None) -> list[fmpq]:
    """Return how far the mean update at either end of each edge of the hexagon points inwards."""
    q_hat = LinearQ(_IN_THE_PLANE)

    def mean(w: Array) -> Array:
        return sum(_HALF_AND_QUARTERS[x] * (rule(_THREE_LOOPS, q_hat, w, x, ONE, policy) - w) for x in range(3))

    return [_cross(end - start, mean(v)) for start, end in _edges() for v in (start, end)]


def _edges() -> list[tuple[Array, Array]]:
    return list(zip(_HEXAGON, [*_HEXAGON[1:], _HEXAGON[0]], strict=True))


def _greedy(w: Array) -> set[int]:
    return {int(x) for x in np.flatnonzero(greedy_pairs(_THREE_LOOPS, _IN_THE_PLANE @ w))}


@qlearning_nonlinear_field.fixture(of="semi-gradient-rule")
def paths_end_although_a_policy_is_unstable(rule: Any) -> Relation:
    """The third action's key matrix is unstable, and greedy somewhere; the mean update points into the hexagon."""
    A, b = key_matrix(_THREE_LOOPS, _THIRD, _HALF_AND_QUARTERS, _IN_THE_PLANE)
    return all_of(
        [
            less_than(ZERO, exact_array(_inwards(rule))),
            less_than(ZERO, exact_array(_cross(start, end) for start, end in _edges())),
            equal([bool(_greedy(start) & _greedy(end)) for start, end in _edges()], [True] * len(_HEXAGON)),
            equal([2 in _greedy(v) for v in _HEXAGON], [False, True, True, True, True, True]),
            equal(small_steps_converge(A, b), False),
        ]
    )


@qlearning_nonlinear_field.too_strong(beside=paths_end_although_a_policy_is_unstable)
def paths_end_under_the_unstable_policy(rule: Any) -> Relation:
    """Evaluating the third action at all w, inside its cone and outside."""
    return less_than(ZERO, exact_array(_inwards(rule, _THIRD)))


# -------------------------------------------------------------------- a census


@qlearning_nonlinear_field.fixture()
def none_one_and_two_occur(fitted: Any) -> Relation:
    """In the family of the census, by two routes."""
    found, by_the_signs = census(fitted, 1_000)
    counts = [30, 939, 31, 0]
    return all_of([equal(list(found.values()), counts), equal(list(by_the_signs.values()), counts)])


for _mutant in (mutants.undiscounted_sweep, first_action_for_greedy):
    qlearning_nonlinear_field.refutes(_mutant, by=none_one_and_two_occur)
