r"""Four roads to the gradient of the value error meet: SymPy, torch in reverse, torch forward, and differences.

.. math::
    \texttt{sympy.diff}(\mathrm{VE}) = \texttt{torch.autograd}(\mathrm{VE}) = \texttt{jacfwd}(\mathrm{VE}) =
    \text{differences of } \mathrm{VE}

SymPy differentiates the expression of VE. Torch differentiates the loss as it is computed, back from the loss, as
back-propagation does, or forward from each parameter. The differences take values of the loss, and no derivative. None
of the four knows the formula 2 sum mu (q_hat - q) grad q_hat (value-error.ve-gradient).

**To the last bit**, where no number rounds: linear, quadratic, two-layer ReLU and looked-up q_hat on dyadic numbers of
b = 7 bits with unit 1/16 (`dyadic`). With at most 6 pairs no intermediate numerator of a derivative exceeds

* linear and lookup: 2 mu (x.w - q) x summed over pairs, 6 * 2 * 3 * 2^(4b) < 2^(4b + 6), 34 bits;
* quadratic, 3 monomials: 6 * 2 * 4 * 3 * 2^(6b) < 2^(6b + 8), 50 bits;
* ReLU, 2 hidden units: 6 * 2 * 8 * 3 * 2^(6b) < 2^(6b + 9), 51 bits (in v; fewer in U, a and b).

A term with fewer factors than others is brought to their unit by 2^4 <= 2^b for each factor that it lacks. Along one
parameter VE is a polynomial, whose slope symmetric differences give exactly; near a point where no hidden unit of a
ReLU network is at its kink it is one for steps of 2^-12, which no unit, a multiple of 2^-8, crosses. *At* a kink there
is no derivative: torch, both ways, and SymPy take the slope 0 of max(z, 0) by the same convention, and differences find
another number.

**Within a bound that is derived**, where the activation rounds: tanh and softplus networks with one and two hidden
layers, with a layer used twice, and with an embedding (`networks`; the bound: `gradient_bound`, one for both of torch's
modes). There the difference is a complex step, in ball arithmetic of 256 bits:

.. math::
    \frac{\operatorname{Im} f(w + i h)}{h} = f'(w) + R, \qquad
    |R| \le \frac{M h^2}{r^3 - r h^2}, \quad M = \max_{|t| \le r} |f(w + t)|, \quad h = 2^{-128}

for f is analytic near the real line, so that its Taylor coefficients are at most M / r^k (Cauchy).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import flint
import numpy as np
from flint import acb, arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array, exact_array, to_floats
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP

from ..approximations import COLUMNS, N_PARAMETERS, Family, evaluator, named_rows, symbolic_q, torch_q
from ..assumptions import differentiable, frozen_weights
from ..claim import Claim, cite
from ..dyadic import (
    NETWORK_BITS,
    SMOOTH_BITS,
    dyadic_features,
    dyadic_mdps,
    dyadic_parameters,
    dyadic_tables,
    dyadic_weights,
)
from ..exact_slopes import slopes_along
from ..gradient_bound import gradient_error_bounds
from ..mutants import gradient as mutants
from ..networks import NETWORKS, WIDTH, Network, network_error_term, network_table
from ..relation import Relation, all_of, at_most, equal

autograd_agrees = Claim(
    id="value-error.autograd-agrees",
    title="SymPy, torch in reverse and forward mode, and differences agree on the gradient of VE",
    statement=(
        r"\nabla_{\text{SymPy}} \mathrm{VE} = \nabla_{\text{reverse}} \mathrm{VE} = \nabla_{\text{forward}} \mathrm{VE}"
        r" = \Delta \mathrm{VE} \text{: to the last bit, or within a derived bound}"
    ),
    subject="value-error",
    needs=(frozen_weights, differentiable),
    uses=("value-error.ve-gradient",),
    sources=(cite("crossvalidated365618"), cite("higham2002", "section 3.1")),
)


def torch_gradients(VE: Any, q_hat: QHat, mu: Array, q: Array, w: Array) -> tuple[list[float], list[float]]:
    """Return torch's gradient of a value error in reverse and in forward mode."""
    import torch

    weights, values = torch.tensor(to_floats(mu)), torch.tensor(to_floats(q))
    leaf = torch.tensor(to_floats(w), requires_grad=True)
    (reverse,) = torch.autograd.grad(VE(weights, values, q_hat(leaf)), leaf)
    with warnings.catch_warnings():
        # On its first use forward mode loads rules that torch compiles in a way which it has itself deprecated.
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
        forward = torch.func.jacfwd(lambda parameters: VE(weights, values, q_hat(parameters)))(leaf.detach())
    return reverse.tolist(), forward.tolist()


# -------------------------------------------------------------------- where nothing rounds


FAMILIES: tuple[Family, ...] = ("linear", "relu", "polynomial", "lookup")


def symbolic_gradient(family: Family, mu: Array, q: Array, features: Array, w: Array) -> Array:
    """Return SymPy's derivatives of VE, in rationals: of one pair's term, added up over the pairs."""
    derivatives = _error_term(family)
    terms = [exact_array(derivatives([m], [v], x, w)) for m, v, x in zip(mu, q, features, strict=True)]
    return np.sum(terms, axis=0)


@cache
def _error_term(family: Family) -> Any:
    import sympy

    q_hat = symbolic_q(family, 1)
    mu, q = sympy.symbols("mu q")
    term = mu * (q - q_hat.table[0]) ** 2
    return evaluator([[mu], [q], q_hat.features, q_hat.parameters], [sympy.diff(term, w) for w in q_hat.parameters])


@cache
def _table(family: Family) -> Any:
    q_hat = symbolic_q(family, 1)
    return evaluator([q_hat.features, q_hat.parameters], q_hat.table)


_STEP = fmpq(1, 2**12)


def _differences(VE: Any, family: Family, mu: Array, q: Array, features: Array, w: Array) -> Array:
    table = _table(family)

    def value(parameters: Array) -> fmpq:
        return VE(mu, q, exact_array(table(x, parameters)[0] for x in features))

    return slopes_along(value, w, 4 if family == "polynomial" else 2, step=_STEP)


def _kinks(family: Family, features: Array, w: Array) -> bool:
    """Whether a hidden unit of a ReLU network is at its kink."""
    if family != "relu":
        return False
    sums = features @ w[:4].reshape(2, 2).T + w[4:6]
    return any(z == 0 for z in sums.flat)


def _read_by(family: Family, features: Array, w: Array) -> tuple[Array, Array]:
    """Return what a family takes of three features and nine parameters."""
    columns = named_rows(features) if family == "lookup" else features[:, : COLUMNS[family]]
    return columns, w[: N_PARAMETERS[family]]


@autograd_agrees.autograd(
    mdp=dyadic_mdps(max_states=2, max_actions=2, max_outcomes=1),
    family=st.sampled_from(FAMILIES),
    mu=dyadic_weights(NETWORK_BITS),
    q=dyadic_tables(NETWORK_BITS),
    features=dyadic_features(max(COLUMNS.values()), NETWORK_BITS),
    w=dyadic_parameters(max(N_PARAMETERS.values()), NETWORK_BITS),
    at_kinks=False,
)
def roads_meet_to_the_last_bit(
    VE: Any, mdp: FiniteMDP, family: Family, mu: Array, q: Array, features: Array, w: Array, at_kinks: bool
) -> Relation:
    """Reverse mode, forward mode and differences equal SymPy's derivative; `at_kinks` no differences, unless told."""
    features, w = _read_by(family, features, w)
    derived = symbolic_gradient(family, mu, q, features, w)
    computed: list[Any] = [exact_array(road) for road in torch_gradients(VE, torch_q(family, features), mu, q, w)]
    if at_kinks or not _kinks(family, features, w):
        computed.append(_differences(VE, family, mu, q, features, w))
    return all_of(equal(road, derived) for road in computed)


# -------------------------------------------------------------------- where activations round

PRECISION = 256
_COMPLEX_STEP, _RADIUS = fmpq(1, 2**128), fmpq(1, 2**10)


def network_gradient(network: Network, mu: Array, q: Array, features: Array, w: Array) -> list[arb]:
    """Return enclosures of SymPy's derivatives of VE: of one pair's term, added up over the pairs."""
    derivatives = network_error_term(network)
    with flint.ctx.workprec(PRECISION):
        parameters = [arb(value) for value in w]
        terms = [
            derivatives([arb(m)], [arb(value)], [arb(x) for x in row], parameters)
            for m, value, row in zip(mu, q, features, strict=True)
        ]
        return [sum(column, arb(0)) for column in zip(*terms, strict=True)]


def complex_steps(VE: Any, network: Network, mu: Array, q: Array, features: Array, w: Array) -> list[arb]:
    """Return enclosures of the derivative of a value error by each parameter, from its complex values alone."""
    table = network_table(network)

    def at(parameters: list[acb]) -> acb:
        estimate = [table([acb(arb(x)) for x in row], parameters)[0] for row in features]
        return VE(*(_objects(values) for values in (map(_complex, mu), map(_complex, q), estimate)))

    steps = []
    with flint.ctx.workprec(PRECISION):
        real, disc = [_complex(value) for value in w], arb(0, arb(_RADIUS))
        remainder = arb(_COMPLEX_STEP**2 / (_RADIUS**3 - _RADIUS * _COMPLEX_STEP**2))
        for j in range(len(w)):
            moved, around = real.copy(), real.copy()
            moved[j] = acb(arb(w[j]), arb(_COMPLEX_STEP))
            around[j] = acb(arb(w[j]) + disc, disc)
            largest = abs(at(around)).abs_upper()
            steps.append(at(moved).imag / arb(_COMPLEX_STEP) + arb(0, largest * remainder))
    return steps


def _complex(value: fmpq) -> acb:
    return acb(arb(value))


def _objects(values: Any) -> Array:
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def distances(computed: Sequence[Any], derived: list[arb]) -> list[float]:
    """Return how far the midpoints are from each other."""
    with flint.ctx.workprec(PRECISION):
        return [float(abs((arb(a) - b).mid())) for a, b in zip(computed, derived, strict=True)]


@autograd_agrees.autograd(
    mdp=dyadic_mdps(max_states=2, max_actions=2, max_outcomes=1),
    network=st.sampled_from(NETWORKS),
    mu=dyadic_weights(NETWORK_BITS),
    q=dyadic_tables(NETWORK_BITS),
    features=dyadic_features(WIDTH, SMOOTH_BITS),
    w=dyadic_parameters(max(network.n_parameters for network in NETWORKS), SMOOTH_BITS),
)
def roads_meet_within_the_bound(
    VE: Any, mdp: FiniteMDP, network: Network, mu: Array, q: Array, features: Array, w: Array
) -> Relation:
    """Reverse and forward mode are within the bound of rounding; the enclosures of SymPy and complex steps overlap."""
    features, w = named_rows(features) if network.embedding else features, w[: network.n_parameters]
    instance = mu, q, features, w
    derived = network_gradient(network, *instance)
    stepped = complex_steps(VE, network, *instance)
    rounding = gradient_error_bounds(network, *instance)
    roads = torch_gradients(VE, network.to_torch(features), mu, q, w)
    # Floats read better, and what is at most the bound stays so: rounding to nearest is monotone.
    overlap = [float(a.rad() + b.rad()) for a, b in zip(stepped, derived, strict=True)]
    return all_of(
        [*(at_most(distances(r, derived), rounding) for r in roads), at_most(distances(stepped, derived), overlap)]
    )


# The two binary64 numbers nearest to tanh(9/16) are about as far from it: no library can do better than this.
autograd_agrees.attained(
    "one hidden unit, where tanh(9/16) must round by nearly half a unit in the last place",
    by=roads_meet_within_the_bound,
    share="1/100",
    mdp=self_loop,
    network=lambda: Network("one layer", "tanh"),
    mu=lambda: exact_array([1]),
    q=lambda: exact_array([0]),
    features=lambda: exact_array([0, 0]).reshape(1, 2),
    w=lambda: exact_array([0, 0, 0, 0, "9/16", 0, 0, 0, 1]),
)


# -------------------------------------------------------------------- what must fail

for _check in (roads_meet_to_the_last_bit, roads_meet_within_the_bound):
    for _mutant in (
        mutants.negated_value_error,
        mutants.forgotten_weights,
        mutants.halved_value_error,
        mutants.squared_weights,
        mutants.single_precision,
    ):
        autograd_agrees.refutes(_mutant, by=_check)
autograd_agrees.kept(
    frozen_weights,
    because="Here mu and q are numbers, which no road differentiates. If they move with the parameters, each road that"
    " is told so finds two more terms (value-error.ve-gradient, where they are dropped).",
)
# One hidden unit at its kink: along its bias VE is 1 on the left, and falls on the right.
autograd_agrees.fails_without(
    differentiable,
    by=roads_meet_to_the_last_bit,
    at_kinks=True,
    mdp=self_loop,
    family="relu",
    mu=lambda: exact_array([1]),
    q=lambda: exact_array([1]),
    features=lambda: exact_array([0, 0, 0]).reshape(1, 3),
    w=lambda: exact_array([0, 0, 0, 0, 0, 0, 1, 0, 0]),
)
