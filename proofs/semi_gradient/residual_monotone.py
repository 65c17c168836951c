r"""Mean residual-gradient steps never increase the Bellman error; mean semi-gradient steps may.

.. math::
    \tfrac12 \mathrm{BE}(w - \alpha g) = \tfrac12 \mathrm{BE}(w) - \alpha \lVert g \rVert^2
        + \tfrac{\alpha^2}{2} \, g^\top K g

    g = \tfrac12 \nabla \mathrm{BE}(w), \quad K = \sum_x \mu(x) e_x e_x^\top, \quad
        e_x = \mathbb E[\nabla \delta \mid x]

for linear q_hat and a fixed policy. So BE does not increase if alpha is at most 2 over the largest eigenvalue of K, and
decreases if alpha is less and g is not 0.

Why: BE/2 is the weighted sum of half the squares of m_x, the mean TD errors, and a step moves each by -alpha e_x . g.
Expand the square. The mixed term is alpha times the sum of mu m_x e_x . g, which is alpha g . g, since g is the sum of
mu m_x e_x. And g'Kg is at most the largest eigenvalue times g . g. In rationals: alpha is at most 2 over that
eigenvalue exactly if 2 I - alpha K has no negative one, which for two parameters its trace and its determinant tell.

The mean is over two independent successors (semi-gradient.double-sampling), or the model is known. It is a statement of
the mean step: a single sample may go up. Semi-gradient steps have no such objective: on Baird's star they increase BE.
Nor does a lower BE make for better values (semi-gradient.a-presplit).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.examples import baird_features, self_loop
from bellcheck.mdp.linear_algebra import determinant, identity
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, positive_distributions, tied_to
from bellcheck.mdp.value_error import bellman_error

from ..assumptions import linear_estimate, small_steps
from ..claim import Claim, cite
from ..mutants import objectives as mutants
from ..quadratics import curvature
from ..relation import Relation, all_of, at_most, equal, given, less_than
from ..sums import named, normal_form

residual_monotone = Claim(
    id="semi-gradient.residual-monotone",
    title="Mean residual-gradient steps never increase the Bellman error; mean semi-gradient steps may",
    statement=(
        r"\alpha \, \lambda_{\max}(K) \le 2 \implies"
        r" \mathrm{BE}\bigl(w - \tfrac{\alpha}{2} \nabla \mathrm{BE}(w)\bigr) \le \mathrm{BE}(w)"
    ),
    subject="residual-gradient-rule",
    needs=(linear_estimate, small_steps),
    uses=("semi-gradient.double-sampling",),
    sources=(cite("baird1995"),),
)


# -------------------------------------------------------------------- any number of pairs and parameters


def _after_a_step(slope: str) -> Relation:
    """Compare half of BE after a step along g, the sum of mu m times the slopes of that name, with the formula."""
    import sympy

    n, d, x, y, z, i, j = sympy.symbols("n d x y z i j", integer=True, positive=True)
    alpha = sympy.Symbol("alpha")
    mu, m, e = (sympy.IndexedBase(name) for name in ("mu", "m", "e"))
    along = sympy.IndexedBase(slope)

    def g(parameter: Any, pair: Any) -> Any:
        return sympy.Sum(mu[pair] * m[pair] * along[pair, parameter], (pair, 1, n))

    moved = sympy.Sum(e[x, i] * g(i, y), (i, 1, d))
    squared = moved * sympy.Sum(e[x, j] * g(j, z), (j, 1, d))  # the same sum, by other names of its indices
    after = sympy.Sum(mu[x] * (m[x] ** 2 - 2 * alpha * m[x] * moved + alpha**2 * squared), (x, 1, n)) / 2
    before = sympy.Sum(mu[x] * m[x] ** 2, (x, 1, n)) / 2
    length = sympy.Sum(g(i, x) * g(i, y), (i, 1, d))
    curved = sympy.Sum(mu[x] * squared, (x, 1, n))
    return equal(named(normal_form(after - before + alpha * length - alpha**2 / 2 * curved)), 0)


@residual_monotone.symbolic()
def step_shortens_by_its_square(rule: Any) -> Relation:
    """The expansion for n pairs and d parameters: m_x is moved by -alpha e_x . g, g the sum of mu m e."""
    return _after_a_step("e")


@residual_monotone.too_strong(beside=step_shortens_by_its_square)
def semi_gradient_step_shortens_by_its_square(rule: Any) -> Relation:
    """The same with other slopes f in g, such as those of q_hat(x) alone."""
    return _after_a_step("f")


# -------------------------------------------------------------------- mean steps, in rationals


def _mean_step(
    rule: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array, step_size: fmpq
) -> Array:
    """Return w after the mean update over x from mu and two independent successors."""
    q_hat, mean = LinearQ(features), w
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            for j in mdp.outcomes_of(x):
                weight = mu[x] * mdp.probability[k] * mdp.probability[j]
                mean = mean + weight * (rule(mdp, q_hat, w, (k, j), step_size, policy) - w)
    return mean


@tied_to("pair")
def _features(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Draw two features a pair, of small integers."""
    numbers = st.lists(st.integers(-2, 2), min_size=2 * mdp.n_pairs, max_size=2 * mdp.n_pairs)
    return numbers.map(lambda flat: exact_array(flat).reshape(-1, 2))


@residual_monotone.exact(
    mdp=mdps(max_states=2, max_actions=2, max_outcomes=2),
    policy=policies,
    mu=positive_distributions,
    features=_features,
    w=st.lists(st.integers(-3, 3), min_size=2, max_size=2).map(exact_array),
    fraction=st.integers(1, 8).map(lambda n: fmpq(n, 4)),
    however_long=False,
)
def bellman_error_does_not_increase(
    rule: Any,
    mdp: FiniteMDP,
    policy: Array,
    mu: Array,
    features: Array,
    w: Array,
    fraction: fmpq,
    however_long: bool,
) -> Relation:
    """One mean step, of a `fraction` of 2 over the trace of K; K is half of BE's curvature. Where K is 0, so is g.

    Steps above 2 over the largest eigenvalue, for which 2 I - alpha K has a negative one, count only if told so.
    """

    def error(parameters: Array) -> fmpq:
        table = features @ parameters
        return bellman_error(mdp, mu, table, table, policy)

    K = curvature(error, len(w)) / 2
    trace = sum(K.diagonal())
    step_size = 2 * fraction / trace if trace else fraction
    room = 2 * identity(len(w)) - step_size * K
    short = at_most(fmpq(0), exact_array([sum(room.diagonal()), determinant(room)]))
    lower = at_most(error(_mean_step(rule, mdp, policy, mu, features, w, step_size)), error(w))
    return lower if however_long else given(short, lower)


for _mutant in (mutants.bootstrapping_not_differentiated, mutants.same_successor_twice, mutants.slope_not_discounted):
    residual_monotone.refutes(_mutant, by=bellman_error_does_not_increase)
residual_monotone.fails_without(
    small_steps, by=bellman_error_does_not_increase, fraction=st.integers(3, 5).map(fmpq), however_long=True
)
residual_monotone.attained(
    "one parameter, where a step of 2 over the curvature leads to the other side of the valley",
    by=bellman_error_does_not_increase,
    mdp=self_loop,
    policy=lambda: exact_array([1]),
    mu=lambda: exact_array([1]),
    features=lambda: exact_array([1, 0]).reshape(1, 2),
    w=lambda: exact_array([3, 0]),
    fraction=fmpq(1),
)
residual_monotone.kept(
    linear_estimate,
    because="With a curved q_hat there is no one K: the step must be small against the curvature along the way, and how"
    " small depends on the network. For small enough steps BE decreases there too, as any function does.",
)


# -------------------------------------------------------------------- on Baird's star

_STEP_SIZE, _STEPS = exact("1/10"), 8


def _along_the_star(rule: Any) -> list[fmpq]:
    """Return BE along mean steps at discount 99/100 from the textbook's weights, the solid action evaluated."""
    mdp = FiniteMDP.from_pairs(7, [(state, 0, [(1, 0, 6)]) for state in range(7)], "99/100")
    policy, mu, features = exact_array([1] * 7), exact_array(["1/7"] * 7), baird_features()
    w, errors = exact_array([1, 1, 1, 1, 1, 1, 10, 1]), []
    for _ in range(_STEPS + 1):
        errors.append(bellman_error(mdp, mu, features @ w, features @ w, policy))
        w = _mean_step(rule, mdp, policy, mu, features, w, _STEP_SIZE)
    return errors


@residual_monotone.fixture()
def bellman_error_decreases_on_the_star(rule: Any) -> Relation:
    """At every one of eight steps of size 1/10."""
    errors = _along_the_star(rule)
    return all_of([less_than(after, before) for before, after in pairwise(errors)])


residual_monotone.refutes(mutants.bootstrapping_not_differentiated, by=bellman_error_decreases_on_the_star)
