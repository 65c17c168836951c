r"""Full gradient and semi-gradient of the squared TD error differ by the motion of the target.

.. math::
    \tfrac12 \nabla \delta^2 = -\delta \, \nabla \hat q(s, a) + \gamma \, \delta \, \nabla \hat q(s', a^*), \qquad
    \delta = r + \gamma \, \hat q(s', a^*) - \hat q(s, a)

    -\tfrac12 \nabla \delta^2 = \underbrace{\delta \, \nabla \hat q(s, a)}_{\text{semi-gradient step}}
        - \gamma \, \delta \, \nabla \hat q(s', a^*)

with a* the only greedy action of s'; where s' is terminal the two agree.

Why: in J(w, u) = delta^2 / 2 the estimate has the parameters w and the target u. The semi-gradient is the partial
derivative in w at u = w. Differentiating w -> J(w, w) adds the one in u, which is delta gamma times the gradient of the
maximum, and near a table with one greedy action the maximum *is* that entry.

A program takes the first where the target is detached and the second where that was forgotten. Full-gradient steps
follow a different field, with other fixed points where transitions are random: they move the successor's value to suit
the estimate. At ties the maximum has no derivative, and the full gradient of a program depends on its tie rule; the
semi-gradient does not, since no maximum is differentiated.

Torch is compared with SymPy exactly, on dyadic numbers (`dyadic`): the largest numerator is that of gamma delta grad
q_hat, below 15 * 2^(3b + 4) * 3 * 2^(2b + 4) < 2^(5b + 14) for a two-layer ReLU network, 49 bits at b = 7, and less
for linear q_hat.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, exact_array, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import full_gradient
from bellcheck.mdp.value_error import td_errors

from ..approximations import (
    COLUMNS,
    N_PARAMETERS,
    Family,
    table_and_slopes,
    torch_q,
    undefined_functions,
)
from ..assumptions import differentiable, unique_greedy
from ..claim import Claim, cite
from ..definitions import state_value
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_mdps, dyadic_parameters
from ..mutants import gradient as mutants
from ..relation import Relation, all_of, at_most, equal, given

difference = Claim(
    id="semi-gradient.difference",
    title="The full gradient of delta^2 / 2 is the semi-gradient plus gamma delta grad q_hat(s', a*)",
    statement=r"\tfrac12 \nabla \delta^2 = -\delta \nabla \hat q(s, a) + \gamma \delta \nabla \hat q(s', a^*)",
    subject="semi-gradient",
    needs=(differentiable, unique_greedy),
    sources=(cite("sutton2018", "(11.23)"), cite("baird1995")),
)


# -------------------------------------------------------------------- for any differentiable q_hat


def _expressions(sign: int) -> Relation:
    """Compare half the derivative of delta^2, estimate and target apart and together, with the formula."""
    import sympy

    w, u = sympy.symbols("w1 w2"), sympy.symbols("u1 u2")
    reward, discount = sympy.symbols("r gamma")
    # From the pair 0 the outcome leads to the state of the pair 1; each state has one action, its greedy one.
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 1)]), (1, 0, [(1, 0, 1)])], 0)
    mdp = replace(mdp, reward=_array([reward, sympy.Integer(0)]), discount=discount)
    (here, there), naming = undefined_functions("q_hat", 2, w)
    tables = {
        p: _array([here.subs(dict(zip(w, p, strict=True))), there.subs(dict(zip(w, p, strict=True)))]) for p in (w, u)
    }
    apart = td_errors(mdp, tables[w], tables[u])[0] ** 2 / 2
    together = td_errors(mdp, tables[w], tables[w])[0] ** 2 / 2
    semi = [naming(sympy.diff(apart, t).subs(dict(zip(u, w, strict=True)))) for t in w]
    full = [naming(sympy.diff(together, t)) for t in w]
    delta = naming(reward + discount * there - here)
    return all_of(
        [
            equal(semi, [-delta * naming(sympy.diff(here, t)) for t in w]),
            equal(
                [f - s for f, s in zip(full, semi, strict=True)],
                [sign * discount * delta * naming(sympy.diff(there, t)) for t in w],
            ),
        ]
    )


def _array(entries: list[Any]) -> Array:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


@difference.symbolic()
def derivatives_are_the_formulas(semi_gradient: Any) -> Relation:
    """For undefined functions of two parameters as q_hat(s, a) and q_hat(s', a*)."""
    return _expressions(sign=1)


@difference.too_strong(beside=derivatives_are_the_formulas)
def target_moves_the_other_way(semi_gradient: Any) -> Relation:
    """The difference with the opposite sign."""
    return _expressions(sign=-1)


# -------------------------------------------------------------------- torch, with and without the target held


def _gradients_of_every_outcome(
    semi_gradient: Any,
    family: Family,
    mdp: FiniteMDP,
    features: Array,
    w: Array,
    at_ties: bool,
    *,
    sign: int = 1,
    successor: Any = lambda mdp, q, state: max(mdp.pairs_of(state), key=lambda x: q[x]),
) -> Relation:
    import torch

    q, slopes = table_and_slopes(family, features, w)
    tensors, q_hat, parameters = mdp.to_tensor(), torch_q(family, features), torch.tensor(to_floats(w))
    parts = []
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):

            def half_square(v: Any, u: Any, k: int = k) -> Any:
                delta = td_errors(tensors, q_hat(v), q_hat(u))[k]
                return delta * delta / 2

            state = int(mdp.next_state[k])
            delta = mdp.reward[k] + mdp.discount * state_value(mdp, q, state) - q[x]
            semi = exact_array(semi_gradient(half_square, parameters).tolist())
            full = exact_array(full_gradient(half_square, parameters).tolist())
            pairs = mdp.pairs_of(state)
            moved = sign * mdp.discount * delta * slopes[successor(mdp, q, state)] if pairs else 0 * slopes[x]
            greedy = sum(q[y] == state_value(mdp, q, state) for y in pairs)
            parts += [
                equal(semi, -delta * slopes[x]),
                equal(full - semi, moved) if at_ties else given(at_most(greedy, 1), equal(full - semi, moved)),
            ]
    return all_of(parts)


def _draws(family: Family) -> dict[str, Any]:
    return {
        "mdp": dyadic_mdps(max_states=3, max_actions=2),
        "features": dyadic_features(COLUMNS[family], NETWORK_BITS),
        "w": dyadic_parameters(N_PARAMETERS[family], NETWORK_BITS),
        "at_ties": False,
    }


@difference.autograd(**_draws("linear"))
def autograd_of_linear(semi_gradient: Any, mdp: FiniteMDP, features: Array, w: Array, at_ties: bool) -> Relation:
    """Both gradients of every outcome's delta^2 / 2, to the last bit, for linear q_hat."""
    return _gradients_of_every_outcome(semi_gradient, "linear", mdp, features, w, at_ties)


@difference.autograd(**_draws("relu"))
def autograd_of_relu_network(semi_gradient: Any, mdp: FiniteMDP, features: Array, w: Array, at_ties: bool) -> Relation:
    """Both gradients of every outcome's delta^2 / 2, to the last bit, for a two-layer ReLU network."""
    return _gradients_of_every_outcome(semi_gradient, "relu", mdp, features, w, at_ties)


difference.refutes(mutants.full_gradient_for_semi, by=autograd_of_linear)
difference.refutes(mutants.full_gradient_for_semi, by=autograd_of_relu_network)
difference.fails_without(unique_greedy, by=autograd_of_linear, at_ties=True)
difference.kept(
    differentiable,
    because="Without a derivative neither side is defined. At a kink of a ReLU network torch and SymPy take the slope"
    " 0, by a convention.",
)


@difference.too_strong(beside=autograd_of_linear)
def autograd_moves_the_other_way(
    semi_gradient: Any, mdp: FiniteMDP, features: Array, w: Array, at_ties: bool
) -> Relation:
    """The difference with the opposite sign."""
    return _gradients_of_every_outcome(semi_gradient, "linear", mdp, features, w, at_ties, sign=-1)


@difference.too_strong(beside=autograd_of_linear)
def successor_takes_the_behaviours_action(
    semi_gradient: Any, mdp: FiniteMDP, features: Array, w: Array, at_ties: bool
) -> Relation:
    """The gradient at the action that the behaviour took next, here the first, in place of the greedy one."""
    return _gradients_of_every_outcome(
        semi_gradient, "linear", mdp, features, w, at_ties, successor=lambda mdp, q, state: mdp.pairs_of(state)[0]
    )
