r"""Where the policy follows the parameters, the derivative of the value error has terms that the textbook's omits.

.. math::
    \nabla_\theta \sum_x d_\theta(x) (q_\theta(x) - \hat q_\theta(x))^2 =
        \underbrace{2 \sum_x d\, (\hat q - q)\, \nabla \hat q}_{\text{as printed}}
        + \underbrace{\sum_x \nabla d\, (q - \hat q)^2}_{\text{the weights move}}
        + \underbrace{2 \sum_x d\, (q - \hat q)\, \nabla q}_{\text{the truth moves}}

d is the share of time of the behaviour pi_theta, and q stays (q*) or is q_pi of that policy.

Why: the product and chain rules. How d moves is seen by differentiating d P = d:

.. math::
    \nabla d\, (I - P) = d\, \nabla P, \quad \sum_x \nabla d(x) = 0, \qquad
    \nabla \pi(a \mid s) = \pi(a \mid s) \Bigl(\nabla \hat q(s, a) - \sum_b \pi(b \mid s) \nabla \hat q(s, b)\Bigr)

the last for pi proportional to exp(q_hat). If the chain has one closed class, that system has one solution, and it is
not 0 in general. For a softmax behaviour and linear q_hat the second term is analytic in theta for fixed q: it is 0
everywhere, as where each state has one action, or almost nowhere. For an epsilon-greedy behaviour it is 0 almost
everywhere, and at the jumps there is no derivative (value-error.mu-nonstationary).

**How torch is compared.** It differentiates VE through the softmax, the chain and the solution of the linear system;
the exact derivative is the coefficient of a power series in balls of 128 bits. The difference is at most a bound
derived step by step for back-propagation and for elimination with pivoting (`moving_gradient`, `running_error`):
nothing is tuned, and no quotient of differences is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, to_floats
from bellcheck.mdp.chain import recurrent_classes
from bellcheck.mdp.examples import stay_or_switch, two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps

from ..approximations import torch_q, undefined_functions
from ..assumptions import differentiable, finite, unichain
from ..claim import Claim, cite
from ..definitions import closed_classes
from ..dyadic import dyadic_features, dyadic_parameters, dyadic_tables
from ..moving_gradient import error_bounds, gradient
from ..mutants import chain as chain_mutants
from ..mutants import gradient as mutants
from ..mutants import shares
from ..relation import Relation, all_of, at_most, equal, given
from ..running_error import BITS
from .mu_stationary import beginning_where_it_acts, transition_matrix

total_derivative = Claim(
    id="value-error.total-derivative",
    title="If the behaviour follows the parameters, the derivative of VE has terms for the motion of mu and of q",
    statement=(
        r"\nabla \mathrm{VE} = 2 \textstyle\sum d (\hat q - q) \nabla \hat q + \sum \nabla d\, (q - \hat q)^2"
        r" + 2 \sum d (q - \hat q) \nabla q, \quad \nabla d (I - P) = d \nabla P"
    ),
    subject="moving-value-error",
    needs=(finite, differentiable, unichain),
    uses=("value-error.ve-gradient", "value-error.mu-stationary"),
    sources=(cite("crossvalidated365618"),),
)


# -------------------------------------------------------------------- three terms, for any differentiable functions


def _terms(VE: Any, kept: tuple[str, ...]) -> Relation:
    import sympy

    theta = sympy.symbols("theta1 theta2")
    named = {name: undefined_functions(name, 2, theta) for name in ("d", "q", "q_hat")}
    d, q, table = (np.array(functions, dtype=object) for functions, _ in named.values())

    def naming(expression: Any) -> Any:
        for _, by_symbols in named.values():
            expression = by_symbols(expression)
        return expression

    def slopes(functions: Array, t: Any) -> Array:
        return np.array([sympy.diff(f, t) for f in functions], dtype=object)

    def term(name: str, t: Any) -> Any:
        error = q - table
        summands = {
            "estimate": -2 * d * error * slopes(table, t),
            "weights": slopes(d, t) * error**2,
            "truth": 2 * d * error * slopes(q, t),
        }
        return sum(summands[name])

    derived = [naming(sympy.diff(VE(d, q, table), t)) for t in theta]
    return equal(derived, [naming(sum(term(name, t) for name in kept)) for t in theta])


@total_derivative.symbolic(of="value-error")
def derivative_has_three_terms(VE: Any) -> Relation:
    """For undefined functions of two parameters as d, q and q_hat at two pairs."""
    return _terms(VE, ("estimate", "weights", "truth"))


total_derivative.refutes(mutants.squared_weights, by=derivative_has_three_terms)


@total_derivative.too_strong(beside=derivative_has_three_terms)
def weights_do_not_move(VE: Any) -> Relation:
    """Without the gradient of d."""
    return _terms(VE, ("estimate", "truth"))


@total_derivative.too_strong(beside=derivative_has_three_terms)
def truth_does_not_move(VE: Any) -> Relation:
    """Without the gradient of q, as if q were not q_pi."""
    return _terms(VE, ("estimate", "weights"))


# -------------------------------------------------------------------- how the weights of a softmax policy move


@total_derivative.symbolic(of="stationary-weights")
def weights_of_a_softmax_policy_move(stationary: Any) -> Relation:
    """Two states, stay and switch, any features x and one parameter: SymPy's derivative of d solves the equations."""
    import sympy

    theta, *x = sympy.symbols("theta x:4", real=True)
    e = sympy.symbols("e:4", positive=True)
    exponentials = {e[z]: sympy.exp(theta * x[z]) for z in range(4)}
    named = {value: name for name, value in exponentials.items()}

    def slope(expression: Any) -> Any:
        return sympy.diff(expression.xreplace(exponentials), theta).xreplace(named)

    policy = [e[z] / (e[z] + e[z ^ 1]) for z in range(4)]
    score = [policy[z] * (x[z] - policy[z] * x[z] - policy[z ^ 1] * x[z ^ 1]) for z in range(4)]
    model = stay_or_switch()
    follows = np.array([[int(model.next_state[y] == model.pair_state[z]) for z in range(4)] for y in range(4)])
    # Brought to one fraction each, the shares and their slopes stay small.
    d = [sympy.cancel(share) for share in stationary(follows * _symbols(policy))]
    moved = [sympy.cancel(slope(share)) for share in d]
    balance = [moved[z] - policy[z] * sum(moved[y] * follows[y, z] for y in range(4)) for z in range(4)]
    pushed = [score[z] * sum(d[y] * follows[y, z] for y in range(4)) for z in range(4)]
    return all_of(
        [
            equal([slope(share) for share in policy], score),
            equal([sympy.cancel(side) for side in balance], [sympy.cancel(side) for side in pushed]),
            equal(sympy.cancel(sum(moved)), sympy.Integer(0)),
        ]
    )


def _symbols(entries: list[Any]) -> Array:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


total_derivative.refutes(chain_mutants.right_eigenvector, by=weights_of_a_softmax_policy_move)


# -------------------------------------------------------------------- torch, through the stationary distribution


@total_derivative.autograd(
    mdp=mdps(max_states=2, max_actions=2, start=True).map(beginning_where_it_acts),
    q=dyadic_tables(5),
    features=dyadic_features(2, 5),
    w=dyadic_parameters(2, 5),
)
def autograd_follows_the_weights(moving: Any, mdp: FiniteMDP, q: Array, features: Array, w: Array) -> Relation:
    """Torch's gradient of VE for linear q_hat is the exact one, within the bound of a running error analysis."""
    import torch

    law = transition_matrix(mdp, exact_array([1] * mdp.n_pairs))
    even = exact_array(fmpq(1, len(mdp.pairs_of(int(s)))) for s in mdp.pair_state)
    unique = equal(closed_classes(law * even), 1)
    if not unique.holds:
        return given(unique, unique)
    members = list(recurrent_classes(law)[0])
    leaf = torch.tensor(to_floats(w), requires_grad=True)
    value = moving(mdp.to_tensor(), torch.tensor(to_floats(q)), torch_q("linear", features), leaf)
    computed = exact_array(torch.autograd.grad(value, leaf)[0].tolist())
    derived = gradient(mdp, law, members, q, features, w)
    bounds = error_bounds(mdp, law, members, q, features, w)
    with ctx.workprec(BITS):
        # Floats on both sides read better, and what is at most the bound stays so: rounding to nearest is monotone.
        distances = [float((arb(a) - b).abs_upper()) for a, b in zip(computed, derived, strict=True)]
        return at_most(distances, [float(arb(e).lower()) for e in bounds])


total_derivative.refutes(shares.detached_weights, by=autograd_follows_the_weights)
total_derivative.refutes(shares.costs_for_rewards, by=autograd_follows_the_weights)
# Pivots do not grow on one state, though the bound allows it; and torch's exponential errs by less than 4 units.
total_derivative.attained(
    "one state with two loops",
    by=autograd_follows_the_weights,
    share="1/1000",
    mdp=two_arms,
    q=lambda: exact_array(["1/16", "1/4"]),
    features=lambda: exact_array(["5/16", 0, "1/8", "-3/16"]).reshape(2, 2),
    w=lambda: exact_array(["1/4", "-5/16"]),
)
total_derivative.kept(
    unichain,
    because="With several closed classes there is no one mu to differentiate: the share of time depends on where the"
    " path begins (folklore.share-of-time-steps), and the code under test refuses.",
)
total_derivative.kept(differentiable, because="Without a derivative neither side is defined.")
total_derivative.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many states mu need not exist, and where it"
    " does it need not be differentiable term by term.",
)
