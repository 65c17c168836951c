r"""Where greedy actions tie, the full gradient is what the tie rule makes it; the semi-gradient is not affected.

.. math::
    \partial_e^{+} \tfrac12 \delta^2
        = \delta \, \bigl(\gamma \max_{a} e \cdot \nabla \hat q(s', a) - e \cdot \nabla \hat q(s, a)\bigr), \qquad
    \partial_e^{-} \tfrac12 \delta^2
        = \delta \, \bigl(\gamma \min_{a} e \cdot \nabla \hat q(s', a) - e \cdot \nabla \hat q(s, a)\bigr)

with a over the tied greedy actions of s', and the slopes along e on the two sides of w.

Why: a step along e raises each tied value at its own rate, and the maximum follows the fastest; backwards it follows
the slowest. So delta^2 has a derivative at a tie only if gamma delta = 0 or all tied actions have the same gradient.
The smallest case: the values x and -x of two actions, reward -1 and gamma = 1/2 make

.. math:: f(x) = \tfrac12 \bigl(\tfrac12 \lvert x \rvert - x - 1\bigr)^2, \qquad f'(0^-) = 3/2, \quad f'(0^+) = 1/2

*In torch* ``max(dim)`` passes the gradient to the first of the tied actions, ``amax`` passes an equal share to each.
Either answer lies between the slopes, and they differ. The semi-gradient is -delta grad q_hat(s, a) under both, since
no maximum is differentiated in it.

*Testing by difference quotients*: the semi-gradient is the quotient with the target held fixed, at ties and elsewhere.
The full gradient is the quotient of the whole only where the greedy action stays the same throughout the step; a test
has to leave out near-ties, and should make exact ties, for the semi-gradient must survive them. Along e, with two tied
actions, the symmetric quotient tends to the answer of ``amax``, the mean of the two slopes: it does not see the kink.

Torch is compared exactly (`dyadic`): with numbers of b = 7 bits the largest numerator is that of delta gamma grad
q_hat(s', a), below 4 * 3 * 2^(2b + 4) * 2^(b + 4) < 2^(3b + 12), 33 bits; its mean over two or four actions is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, to_floats
from bellcheck.mdp.examples import kinked_features, kinked_maximum
from bellcheck.mdp.semi_gradient import full_gradient

from ..claim import Claim, cite
from ..dyadic import DISCOUNTS, NETWORK_BITS, dyadic_features, dyadic_numbers, dyadic_parameters
from ..mutants import gradient as mutants
from ..mutants import operators
from ..relation import Relation, all_of, equal, given, less_than

max_kink = Claim(
    id="semi-gradient.max-kink",
    title="Where greedy actions tie, delta^2 has two slopes: the full gradient depends on the tie rule, not the semi",
    statement=(
        r"(\partial_e^{+} - \partial_e^{-}) \tfrac12 \delta^2"
        r" = \gamma \delta \, (\max_a - \min_a) \, e \cdot \nabla \hat q(s', a)"
    ),
    subject="semi-gradient",
    uses=("semi-gradient.difference",),
    sources=(cite("baird1995"),),
)

RULES: dict[str, Callable[[Any], Any]] = {
    "max(dim): to the first": lambda values: values.max(dim=0).values,
    "amax: shared evenly": lambda values: values.amax(),
}
"""How torch passes the gradient of a maximum on where entries tie."""


def slopes_along(f: Callable[[fmpq], fmpq]) -> tuple[fmpq, fmpq]:
    """Return the slopes of f at 0 on the left and on the right, for f that is a parabola on each side of 0."""

    def slope(step: fmpq) -> fmpq:
        far, near = ((f(h) - f(fmpq(0))) / h for h in (step, step / 2))
        return 2 * near - far

    return slope(fmpq(-1)), slope(fmpq(1))


# -------------------------------------------------------------------- the smallest case


@max_kink.fixture(of="operator")
def smallest_case_has_two_slopes(T: Any) -> Relation:
    """The slopes of half the squared error of the first pair of `kinked_maximum` at 0; there the error is -1."""
    mdp, features = kinked_maximum(), kinked_features()

    def half_square(w: fmpq) -> fmpq:
        q = features @ exact_array([w])
        return (T(mdp, q)[0] - q[0]) ** 2 / 2

    return equal(list(slopes_along(half_square)), [fmpq(3, 2), fmpq(1, 2)])


max_kink.refutes(operators.undiscounted_backup, by=smallest_case_has_two_slopes)


# -------------------------------------------------------------------- ties of one, two or four actions

_number = dyadic_numbers(NETWORK_BITS)
TIES: dict[str, Any] = {
    "reward": _number,
    "discount": st.sampled_from(DISCOUNTS),
    "estimate": dyadic_parameters(2, NETWORK_BITS),
    "level": _number,
    "slopes": st.one_of(*(dyadic_parameters(tied, NETWORK_BITS) for tied in (2, 4, 1))),
    "w": _number,
}
"""At the parameters (w, 0) the features (level, slope) give all actions of s' one value, whatever the slopes are."""


def td_error(reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, w: fmpq) -> fmpq:
    """Return delta at a tie."""
    return reward + discount * level * w - estimate[0] * w


@max_kink.exact(of="maximum", **TIES)
def slopes_are_the_formula(
    maximum: Any, reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, slopes: Array, w: fmpq
) -> Relation:
    """Along the second parameter, from (w, 0)."""

    def half_square(h: fmpq) -> fmpq:
        target = reward + discount * maximum(level * w + slopes * h)
        return (target - estimate[0] * w - estimate[1] * h) ** 2 / 2

    delta = td_error(reward, discount, estimate, level, w)
    return equal(
        list(slopes_along(half_square)),
        [delta * (discount * slope - estimate[1]) for slope in (min(slopes), max(slopes))],
    )


max_kink.refutes(operators.total, by=slopes_are_the_formula)


@max_kink.too_strong(beside=slopes_are_the_formula)
def there_is_one_slope(
    maximum: Any, reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, slopes: Array, w: fmpq
) -> Relation:
    """As if the squared error had a derivative at ties."""
    delta = td_error(reward, discount, estimate, level, w)
    return equal(delta * discount * min(slopes), delta * discount * max(slopes))


def torch_gradients(
    gradient: Any, rule: str, reward: fmpq, discount: fmpq, features: Array, parameters: Array
) -> Array:
    """Return torch's gradient of half the squared error; the first row of features is (s, a), the others are of s'."""
    import torch

    X = torch.from_numpy(to_floats(features.flat).reshape(features.shape))
    r, gamma = to_floats([reward, discount])

    def half_square(v: Any, u: Any) -> Any:
        delta = r + gamma * RULES[rule](X[1:] @ u) - X[0] @ v
        return delta * delta / 2

    return exact_array(gradient(half_square, torch.tensor(to_floats(parameters))).tolist())


def tied_features(estimate: Array, level: fmpq, slopes: Array) -> Array:
    """Return the rows (s, a), then those of s', which all have the same value where the second parameter is 0."""
    rows = [estimate, *([level, slope] for slope in slopes)]
    return exact_array(entry for row in rows for entry in row).reshape(len(rows), 2)


@max_kink.autograd(**TIES)
def tie_rule_moves_the_full_gradient_alone(
    semi_gradient: Any, reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, slopes: Array, w: fmpq
) -> Relation:
    """Both gradients under both rules, at ties of one, two or four actions."""
    features, parameters = tied_features(estimate, level, slopes), exact_array([w, 0])
    delta = td_error(reward, discount, estimate, level, w)
    passed_on = dict(zip(RULES, (slopes[0], sum(slopes, fmpq(0)) / len(slopes)), strict=True))
    parts = []
    for rule, slope in passed_on.items():
        semi, full = (
            torch_gradients(kind, rule, reward, discount, features, parameters)
            for kind in (semi_gradient, full_gradient)
        )
        moved = delta * discount * exact_array([level, slope])
        parts += [equal(semi, -delta * estimate), equal(full, moved - delta * estimate)]
    return all_of(parts)


max_kink.refutes(mutants.full_gradient_for_semi, by=tie_rule_moves_the_full_gradient_alone)


@max_kink.too_strong(beside=tie_rule_moves_the_full_gradient_alone)
def rules_agree_on_the_full_gradient(
    semi_gradient: Any, reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, slopes: Array, w: fmpq
) -> Relation:
    """As if there were one full gradient."""
    features, parameters = tied_features(estimate, level, slopes), exact_array([w, 0])
    return equal(*(torch_gradients(full_gradient, rule, reward, discount, features, parameters) for rule in RULES))


# -------------------------------------------------------------------- testing by difference quotients

STEP = fmpq(1, 16)


def _quotients(f: Callable[[Array], fmpq], w: Array) -> Array:
    """Return the symmetric difference quotients of f at w along each parameter: slopes, if f is a parabola there."""
    steps = [exact_array([STEP if i == j else 0 for i in range(len(w))]) for j in range(len(w))]
    return exact_array((f(w + step) - f(w - step)) / (2 * STEP) for step in steps)


_THREE_PAIRS: dict[str, Any] = {
    "reward": _number,
    "discount": st.sampled_from(DISCOUNTS),
    "features": dyadic_features(2, NETWORK_BITS)(kinked_maximum()),
    "parameters": dyadic_parameters(2, NETWORK_BITS),
}


def _compared(
    semi_gradient: Any, reward: fmpq, discount: fmpq, features: Array, parameters: Array
) -> tuple[Relation, Relation]:
    """Compare both gradients with difference quotients, the target held fixed in the first."""

    def half_square(v: Array, u: Array) -> fmpq:
        delta = reward + discount * max(features[1:] @ u) - features[0] @ v
        return delta * delta / 2

    semi, full = (
        torch_gradients(kind, "amax: shared evenly", reward, discount, features, parameters)
        for kind in (semi_gradient, full_gradient)
    )
    return (
        equal(semi, _quotients(lambda v: half_square(v, parameters), parameters)),
        equal(full, _quotients(lambda v: half_square(v, v), parameters)),
    )


@max_kink.autograd(**_THREE_PAIRS)
def quotients_are_the_gradients_away_from_ties(
    semi_gradient: Any, reward: fmpq, discount: fmpq, features: Array, parameters: Array
) -> Relation:
    """The semi-gradient everywhere; the full gradient where no step along a parameter changes the greedy action."""
    semi, full = _compared(semi_gradient, reward, discount, features, parameters)
    apart = features[1] - features[2]
    return all_of([semi, given(less_than(STEP * abs(apart), abs(apart @ parameters)), full)])


max_kink.refutes(mutants.full_gradient_for_semi, by=quotients_are_the_gradients_away_from_ties)


@max_kink.too_strong(beside=quotients_are_the_gradients_away_from_ties)
def quotients_are_the_gradients_near_ties(
    semi_gradient: Any, reward: fmpq, discount: fmpq, features: Array, parameters: Array
) -> Relation:
    """A step of a difference quotient that reaches over a tie mixes two parabolas."""
    return _compared(semi_gradient, reward, discount, features, parameters)[1]
