r"""Full gradient and semi-gradient agree exactly where gamma delta grad q_hat(s', a*) is 0.

.. math::
    \nabla_{\text{full}} = \nabla_{\text{semi}} \iff
    \gamma = 0 \ \text{or}\ \delta = 0 \ \text{or}\ s' \ \text{terminal or}\ \nabla \hat q(s', a^*) = 0

for delta^2 / 2 at one outcome, a* the only greedy action of s'.

Why: by semi-gradient.difference that product is what they differ by, and a product of a vector with numbers is 0
exactly if a factor is.

In a table each pair has a parameter of its own, and one might think that the two must then agree. They do not:

* if the greedy successor is another pair, the full gradient moves its entry too, by gamma delta, down where the
  semi-gradient moves the visited entry up: a lesson for s becomes one for s', which was not asked;
* if it is the visited pair itself, as on a loop, the full gradient is 1 - gamma times the semi-gradient, whatever q_hat
  is: the same direction, at gamma = 99/100 a hundred times slower.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, to_floats
from bellcheck.mdp.examples import self_loop, two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import full_gradient
from bellcheck.mdp.value_error import td_errors

from ..approximations import COLUMNS, N_PARAMETERS, table_and_slopes, torch_q, undefined_functions
from ..assumptions import differentiable, unique_greedy
from ..claim import Claim, cite
from ..definitions import state_value, target
from ..dyadic import LINEAR_BITS, NETWORK_BITS, dyadic_features, dyadic_mdps, dyadic_parameters, dyadic_tables
from ..in_symbols import in_symbols, object_array
from ..mutants import gradient as mutants
from ..relation import Relation, all_of, at_most, equal, given

coincide = Claim(
    id="semi-gradient.coincide",
    title="Full gradient and semi-gradient agree exactly where gamma delta grad q_hat(s', a*) is 0",
    statement=(
        r"\nabla_{\text{full}} = \nabla_{\text{semi}} \iff \gamma = 0 \ \text{or}\ \delta = 0"
        r"\ \text{or}\ s' \ \text{terminal or}\ \nabla \hat q(s', a^*) = 0"
    ),
    subject="semi-gradient",
    needs=(differentiable, unique_greedy),
    uses=("semi-gradient.difference",),
    sources=(cite("sutton2018", "(11.23)"),),
)


# -------------------------------------------------------------------- on a loop, for any q_hat


def _on_a_loop() -> tuple[list[Any], list[Any], Any]:
    """Return both gradients of delta^2 / 2 for an undefined q_hat of two parameters, and the discount."""
    import sympy

    w, u = sympy.symbols("w1 w2"), sympy.symbols("u1 u2")
    discount = sympy.Symbol("gamma")
    mdp = in_symbols(self_loop(), discount=discount)
    (q_hat,), naming = undefined_functions("q_hat", 1, w)
    here, there = (object_array([q_hat.subs(dict(zip(w, p, strict=True)))]) for p in (w, u))
    apart, together = (td_errors(mdp, here, table)[0] ** 2 / 2 for table in (there, here))
    semi = [naming(sympy.diff(apart, t).subs(dict(zip(u, w, strict=True)))) for t in w]
    full = [naming(sympy.diff(together, t)) for t in w]
    return semi, full, discount


@coincide.symbolic()
def loops_are_slowed_down(semi_gradient: Any) -> Relation:
    """On a loop the full gradient is 1 - gamma times the semi-gradient."""
    semi, full, discount = _on_a_loop()
    return equal(full, [(1 - discount) * slope for slope in semi])


@coincide.too_strong(beside=loops_are_slowed_down)
def loops_make_no_difference(semi_gradient: Any) -> Relation:
    """With nothing but the visited pair there is no other entry to move; but it moves itself."""
    semi, full, _ = _on_a_loop()
    return equal(full, semi)


# -------------------------------------------------------------------- torch, at every outcome


def _half_square(mdp: FiniteMDP, q_hat: Any, outcome: int) -> Any:
    def objective(w: Any, u: Any) -> Any:
        delta = td_errors(mdp, q_hat(w), q_hat(u))[outcome]
        return delta * delta / 2

    return objective


def _both(semi_gradient: Any, mdp: FiniteMDP, features: Array, w: Array) -> list[tuple[int, int, Array, Array]]:
    """Return (pair, outcome, semi-gradient, full gradient) of every outcome of a linear q_hat, by torch."""
    import torch

    q_hat, tensors, parameters = torch_q("linear", features), mdp.to_tensor(), torch.tensor(to_floats(w))
    found = []
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            objective = _half_square(tensors, q_hat, k)
            semi, full = (gradient(objective, parameters).tolist() for gradient in (semi_gradient, full_gradient))
            found.append((x, k, exact_array(semi), exact_array(full)))
    return found


def _greedy(mdp: FiniteMDP, q: Array, outcome: int) -> list[int]:
    """Return the greedy pairs of the outcome's next state, of which a terminal one has none."""
    state = int(mdp.next_state[outcome])
    return [y for y in mdp.pairs_of(state) if q[y] == state_value(mdp, q, state)]


@coincide.autograd(
    mdp=dyadic_mdps(max_states=2, max_actions=2, max_outcomes=2),
    features=dyadic_features(COLUMNS["linear"], NETWORK_BITS),
    w=dyadic_parameters(N_PARAMETERS["linear"], NETWORK_BITS),
    at_ties=False,
)
def equal_exactly_where_a_factor_vanishes(
    semi_gradient: Any, mdp: FiniteMDP, features: Array, w: Array, at_ties: bool
) -> Relation:
    """Whether the gradients agree, beside whether one of the four is the case; for linear q_hat, at every outcome."""
    q, slopes = table_and_slopes("linear", features, w)
    parts = []
    for x, k, semi, full in _both(semi_gradient, mdp, features, w):
        greedy = _greedy(mdp, q, k)
        delta = target(mdp, q, k) - q[x]
        vanishes = mdp.discount == 0 or delta == 0 or not greedy or all(slope == 0 for slope in slopes[greedy[0]])
        same = equal(int((semi == full).all()), int(vanishes))
        parts.append(same if at_ties else given(at_most(len(greedy), 1), same))
    return all_of(parts)


coincide.refutes(mutants.full_gradient_for_semi, by=equal_exactly_where_a_factor_vanishes)
# Both arms are worth 0, and the gradient of the first one's value is 0; torch gives the second half of the maximum's.
coincide.fails_without(
    unique_greedy,
    by=equal_exactly_where_a_factor_vanishes,
    at_ties=True,
    mdp=lambda: two_arms("1/2"),
    features=lambda: exact_array([0, 0, 1, 0]).reshape(2, 2),
    w=lambda: exact_array([0, 0]),
)
coincide.kept(
    differentiable,
    because="Without a derivative neither side is defined. At a kink of a ReLU network torch and SymPy take the slope"
    " 0, by a convention.",
)


def _moved(mdp: FiniteMDP, q: Array, outcome: int, delta: Scalar) -> Array:
    """Return by what the full gradient of a table differs from the semi-gradient: gamma delta at the successor."""
    moved = 0 * q
    for successor in _greedy(mdp, q, outcome):
        moved[successor] = mdp.discount * delta
    return moved


@coincide.autograd(mdp=dyadic_mdps(max_states=2, max_actions=2, max_outcomes=2), q=dyadic_tables(LINEAR_BITS))
def tables_move_the_successor_too(semi_gradient: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """Tabular: -delta at the visited pair; the full gradient has gamma delta at the greedy successor beside it."""
    identity = exact_array(np.eye(mdp.n_pairs, dtype=int).flat).reshape(mdp.n_pairs, mdp.n_pairs)
    parts = []
    for x, k, semi, full in _both(semi_gradient, mdp, identity, q):
        delta = target(mdp, q, k) - q[x]
        visited = exact_array(-delta if y == x else 0 for y in range(mdp.n_pairs))
        parts.append(equal(semi, visited))
        parts.append(given(at_most(len(_greedy(mdp, q, k)), 1), equal(full, visited + _moved(mdp, q, k, delta))))
    return all_of(parts)


coincide.refutes(mutants.full_gradient_for_semi, by=tables_move_the_successor_too)


@coincide.too_strong(beside=tables_move_the_successor_too)
def tables_make_no_difference(semi_gradient: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """In a table the target seems to be someone else's parameter."""
    identity = exact_array(np.eye(mdp.n_pairs, dtype=int).flat).reshape(mdp.n_pairs, mdp.n_pairs)
    return all_of([equal(semi, full) for _, _, semi, full in _both(semi_gradient, mdp, identity, q)])
