r"""A step at one pair moves the estimate of every pair whose gradient is not at right angles to its own.

.. math::
    \hat q_{w'}(y) - \hat q_w(y) = \alpha \, \delta \, \nabla \hat q(x) \cdot \nabla \hat q(y), \qquad
    w' = w + \alpha \, \delta \, \nabla \hat q(x), \quad \delta = U - \hat q_w(x)

Why: for a linear q_hat the gradients are the features, and the change of X w is X (w' - w). For others the equation
holds to first order in alpha.

So what was learned at y is forgotten by learning at x, without a visit to y. Two pairs with the features 1 and 2 and
q = (1, 2): theta = 1 is perfect. One step of size 1/8 at the second pair, with 10 as label, makes q_hat (3, 6); the
first pair is off by 2, and was not visited. In a table the features are the identity, their products 0, and no other
pair moves: there is no interference, and no generalisation, which is the same thing when it helps.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables

from ..assumptions import linear_estimate
from ..claim import Claim, cite
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..exact_slopes import polynomial_q
from ..mutants import updates as mutants
from ..relation import Relation, all_of, equal
from ..sums import Entries, named, normal_form

interference = Claim(
    id="value-error.interference",
    title="A step at x moves the estimate of y by alpha delta grad q_hat(x) . grad q_hat(y)",
    statement=r"\hat q_{w'}(y) - \hat q_w(y) = \alpha\, \delta_x\, \nabla \hat q(x) \cdot \nabla \hat q(y)",
    subject="update-towards",
    needs=(linear_estimate,),
    sources=(cite("mccloskey1989"),),
)


class _AnyLinear:
    """q_hat_w(y) = sum over j of f_j(y) w_j for d features, d a symbol; the pairs are x and y.

    Where the parameters are themselves made of sums over k, its own run over j, and else over k.
    """

    def gradient(self, parameters: Any, pair: str) -> Entries:
        import sympy

        return Entries(sympy.IndexedBase(f"f_{pair}")[_index("j")], _limits("j"))

    def __call__(self, parameters: Entries) -> dict[str, Any]:
        import sympy

        products = {pair: self.gradient(parameters, pair) * parameters for pair in ("x", "y")}
        if parameters.entry.has(sympy.Sum):
            return {pair: product.sum() for pair, product in products.items()}
        return {pair: product.sum().xreplace({_index("j"): _index("k")}) for pair, product in products.items()}


def _index(name: str) -> Any:
    import sympy

    return sympy.Symbol(name, integer=True, positive=True)


def _limits(name: str) -> tuple[Any, Any, Any]:
    return _index(name), 1, _index("d")


@interference.symbolic()
def estimates_move_by_the_product(update: Any) -> Relation:
    """For any number of features, at x itself and at another pair y."""
    import sympy

    alpha, label = sympy.symbols("alpha U")
    q_hat, w = _AnyLinear(), Entries(sympy.IndexedBase("w")[_index("j")], _limits("j"))
    after, delta = q_hat(update(q_hat, w, "x", label, alpha)), label - q_hat(w)["x"]
    expected = {}
    for y in ("x", "y"):
        features = q_hat.gradient(w, y)
        expected[y] = (features * w).sum() + alpha * delta * (features * q_hat.gradient(w, "x")).sum()
    return equal(*([named(normal_form(table[y])) for y in ("x", "y")] for table in (after, expected)))


_DRAWS: dict[str, Any] = {
    "mdp": mdps(max_states=2, max_outcomes=1),
    "labels": tables,
    "coefficients": dyadic_features(3, NETWORK_BITS),
    "w": dyadic_parameters(2, NETWORK_BITS),
    "step_size": st.sampled_from([exact(a) for a in ("1/2", "1", "1/10")]),
}


@interference.exact(**_DRAWS, degree=1)
def every_pair_moves_by_the_product(
    update: Any, mdp: FiniteMDP, labels: Array, coefficients: Array, w: Array, step_size: fmpq, degree: int
) -> Relation:
    """After a step at any pair the whole table has moved so; q_hat has a `degree`, which is 1."""
    q_hat, pairs = polynomial_q(degree, coefficients), range(mdp.n_pairs)
    before, gradients = q_hat(w), [q_hat.gradient(w, x) for x in range(mdp.n_pairs)]
    return all_of(
        equal(
            q_hat(update(q_hat, w, x, labels[x], step_size)) - before,
            [step_size * (labels[x] - before[x]) * (gradients[x] @ gradients[y]) for y in pairs],
        )
        for x in pairs
    )


@interference.exact(mdp=_DRAWS["mdp"], labels=tables, q=tables, step_size=_DRAWS["step_size"])
def nothing_interferes_in_a_table(update: Any, mdp: FiniteMDP, labels: Array, q: Array, step_size: fmpq) -> Relation:
    """With the identity as features the step at a pair moves that entry, a share alpha of the way, and no other."""
    identity = [[int(x == y) for y in range(mdp.n_pairs)] for x in range(mdp.n_pairs)]
    parts = []
    for x in range(mdp.n_pairs):
        expected = q.copy()
        expected[x] = (1 - step_size) * q[x] + step_size * labels[x]
        parts.append(equal(update(LinearQ(identity), q, x, labels[x], step_size), expected))
    return all_of(parts)


@interference.fixture()
def learning_at_one_pair_forgets_the_other(update: Any) -> Relation:
    """Features 1 and 2, a perfect fit, and one step of size 1/8 at the second pair: (1, 2) becomes (3, 6)."""
    q_hat = LinearQ([[1], [2]])
    return equal(q_hat(update(q_hat, exact_array([1]), 1, fmpq(10), fmpq(1, 8))), [3, 6])


# -------------------------------------------------------------------- what must fail


@interference.too_strong(beside=every_pair_moves_by_the_product)
def other_pairs_stay(
    update: Any, mdp: FiniteMDP, labels: Array, coefficients: Array, w: Array, step_size: fmpq, degree: int
) -> Relation:
    """A step at one pair leaves all others as they are, with any features."""
    q_hat, pairs = polynomial_q(degree, coefficients), range(mdp.n_pairs)
    return all_of(
        equal(q_hat(update(q_hat, w, x, labels[x], step_size))[y], q_hat(w)[y]) for x in pairs for y in pairs if x != y
    )


for _check in (
    estimates_move_by_the_product,
    every_pair_moves_by_the_product,
    nothing_interferes_in_a_table,
    learning_at_one_pair_forgets_the_other,
):
    interference.refutes(mutants.unhalved_step, by=_check)
    interference.refutes(mutants.uphill_step, by=_check)
interference.refutes(mutants.normalised_step, by=every_pair_moves_by_the_product)
interference.fails_without(linear_estimate, by=every_pair_moves_by_the_product, degree=2)
