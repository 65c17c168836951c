"""Wrong key matrices, projections and tests of stability: slips in the linear algebra of the expected update."""

from __future__ import annotations

from bellcheck.mdp.arithmetic import Array, segment_sum
from bellcheck.mdp.linear_algebra import oblique_projection
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix

from ..subject import Subject

__all__ = [
    "behaviour_for_target_policy",
    "negated_key_matrix",
    "orthogonal_projection",
    "sign_of_the_step",
    "transposed_key_matrix",
    "unweighted_projection",
]

# -------------------------------------------------------------------- A and b


def _behaviour_for_target_policy(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    """The next action is the uniformly random behaviour's, not the policy's."""
    return key_matrix(mdp, _uniform(mdp, policy), mu, features)


def _uniform(mdp: FiniteMDP, policy: Array) -> Array:
    one = policy * 0 + 1
    counts = segment_sum(one, mdp.acting_start)
    return one / counts.repeat([len(mdp.pairs_of(int(state))) for state in mdp.acting])


def _transposed_key_matrix(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    A, b = key_matrix(mdp, policy, mu, features)
    return A.T, b


def _negated_key_matrix(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    A, b = key_matrix(mdp, policy, mu, features)
    return -A, b


def _sign_of_the_step(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    A, b = key_matrix(mdp, policy, mu, features)
    return -A, -b


behaviour_for_target_policy = Subject(
    "key-matrix", "the behaviour's next action for the policy's", _behaviour_for_target_policy
)
transposed_key_matrix = Subject("key-matrix", "A transposed", _transposed_key_matrix)
sign_of_the_step = Subject("key-matrix", "step with the wrong sign", _sign_of_the_step)
negated_key_matrix = Subject("key-matrix", "A negated, as some define it", _negated_key_matrix)


# -------------------------------------------------------------------- projections


def _unweighted_projection(features: Array, mu: Array) -> Array:
    return oblique_projection(features, features)


def _orthogonal_projection(features: Array, psi: Array) -> Array:
    return oblique_projection(features, features)


unweighted_projection = Subject("projection", "projection without weights", _unweighted_projection)
orthogonal_projection = Subject("oblique-projection", "orthogonal projection for the oblique", _orthogonal_projection)
