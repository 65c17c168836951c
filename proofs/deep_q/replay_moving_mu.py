r"""With a replay buffer mu is what the buffer holds: a mixture of past policies, and no policy's own.

.. math:: \mathbb E_i[w^+] = w + \alpha\,(\hat b - \hat A w), \qquad \hat A = X^\top \hat D\,(I - \gamma \hat P_\pi) X

for an experience i drawn uniformly from the buffer and linear q_hat: the expected semi-gradient step of
semi-gradient.key-matrix with the shares mu-hat of the buffer as weights and its relative frequencies as the model. And

.. math:: \hat\mu = \sum_j \tfrac{n_j}{n}\, \hat\mu_j, \qquad
          \textstyle\sum_x |\hat\mu_{t+1}(x) - \hat\mu_t(x)| \le \tfrac{2}{n}

for a buffer filled by policies j with n_j experiences each, and for a buffer of n of which the oldest is dropped for a
new one: mu-hat follows the policy, slowly, n steps behind.

Why: the first is a mean over the buffer, sorted by pairs and outcomes; the others are counting.

What does not carry over is what needs the policy's own weights, d P_pi = d. There w' A w >= (1 - gamma) ||Xw||_d^2
(semi-gradient.onpolicy-pd), and small steps converge. For mu-hat this may fail, and steps diverge: two states, stay or
switch; the policy now goes to the second state and stays there; the buffer holds two experiences of an older one that
always switched. One feature, 1 for switching in the first state, 2 for staying in the second, 0 else. By its own
weights A = 4 (1 - gamma), by the buffer's A = (1 - 2 gamma) / 2, which is negative for gamma > 1/2: a step over the
buffer multiplies w by 1 + alpha (2 gamma - 1) / 2. Both weights are stationary, each under its own policy. A larger
buffer does not help: it is older.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.examples import self_loop, stay_or_switch
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.replay import buffer_model, buffer_weights
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.strategies import mdps, paths, policies, step_sizes, tied_to

from ..assumptions import own_weights, uniform_batches
from ..claim import Claim, cite
from ..features import features, parameters
from ..mutants import deep_q as mutants
from ..mutants import gradient, kinks
from ..relation import Relation, all_of, at_most, equal
from ..runs import Path
from ..weighted import own_weights as stationary_weights
from ..weighted import weighted_square

replay_moving_mu = Claim(
    id="deep-q.replay-moving-mu",
    title="With a replay buffer mu is what the buffer holds, and guarantees for the policy's own data do not transfer",
    statement=r"\mathbb E_i[w^+] = w + \alpha (\hat b - \hat A w), \quad"
    r" \textstyle\sum_x |\hat\mu_{t+1}(x) - \hat\mu_t(x)| \le \tfrac{2}{n}",
    subject="semi-gradient-rule",
    needs=(uniform_batches, own_weights),
    uses=("q-learning.sample-batch-limit", "semi-gradient.key-matrix", "semi-gradient.onpolicy-pd"),
    sources=(cite("mnih2015"), cite("tsitsiklis1997")),
)


@tied_to("path")
def _buffers(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    """One to four experiences; their step sizes are not used."""
    possible = next(k for k in mdp.outcomes_of(0) if mdp.probability[k] > 0)
    return paths(mdp).map(lambda path: path[:4] or ((0, possible, fmpq(1)),))


def _members(buffer: Path) -> list[tuple[int, int]]:
    return [(pair, outcome) for pair, outcome, _ in buffer]


# -------------------------------------------------------------------- the mean step

_models = mdps(max_states=3, max_actions=2)


@replay_moving_mu.enumerated(
    mdp=_models,
    policy=policies,
    buffer=_buffers,
    features=features(2),
    w=parameters,
    step_size=step_sizes(),
    first_twice=False,
)
def mean_step_is_that_of_the_buffers_weights(
    update: Any,
    mdp: FiniteMDP,
    policy: Array,
    buffer: Path,
    features: Array,
    w: Array,
    step_size: Scalar,
    first_twice: bool,
) -> Relation:
    """Over all members of the buffer; `first_twice` draws the first of them twice as often as any other."""
    return _mean_step(
        update, mdp, policy, buffer, features, w, step_size, first_twice, buffer_weights(mdp, _members(buffer))
    )


def _mean_step(
    update: Any,
    mdp: FiniteMDP,
    policy: Array,
    buffer: Path,
    features: Array,
    w: Array,
    step_size: Scalar,
    first_twice: bool,
    mu: Array,
) -> Relation:
    members = _members(buffer)
    drawn = members[:1] + members if first_twice else members
    mean = sum((update(mdp, LinearQ(features), w, k, step_size, policy) for _, k in drawn), 0 * w) / len(drawn)
    A, b = key_matrix(buffer_model(mdp, members), policy, mu, features)
    return equal(mean, w + step_size * (b - A @ w))


replay_moving_mu.refutes(kinks.residual_for_semi, by=mean_step_is_that_of_the_buffers_weights)
replay_moving_mu.fails_without(uniform_batches, by=mean_step_is_that_of_the_buffers_weights, first_twice=True)


@replay_moving_mu.too_strong(beside=mean_step_is_that_of_the_buffers_weights)
def mean_step_is_that_of_the_policys_own_weights(
    update: Any,
    mdp: FiniteMDP,
    policy: Array,
    buffer: Path,
    features: Array,
    w: Array,
    step_size: Scalar,
    first_twice: bool,
) -> Relation:
    """The weights of the policy that is evaluated, in the place of those of the buffer."""
    return _mean_step(update, mdp, policy, buffer, features, w, step_size, first_twice, stationary_weights(mdp, policy))


# -------------------------------------------------------------------- the weights


@replay_moving_mu.exact(of="buffer-weights", mdp=mdps(), old=_buffers, new=_buffers)
def weights_are_a_mixture_and_move_slowly(weights: Any, mdp: FiniteMDP, old: Path, new: Path) -> Relation:
    """Two parts are mixed by their sizes; and with each experience of the new part that replaces an old one, 2/n."""
    first, second = _members(old), _members(new)
    mixture = len(first) * weights(mdp, first) + len(second) * weights(mdp, second)
    relations = [equal((len(first) + len(second)) * weights(mdp, first + second), mixture)]
    window, before = first, weights(mdp, first)
    for experience in second:
        window = [*window[1:], experience]
        after = weights(mdp, window)
        relations.append(at_most(len(window) * sum(abs(after - before)), fmpq(2)))
        before = after
    return all_of(relations)


replay_moving_mu.refutes(mutants.each_pair_counts_once, by=weights_are_a_mixture_and_move_slowly)
replay_moving_mu.refutes(mutants.newest_counts_half, by=weights_are_a_mixture_and_move_slowly)
replay_moving_mu.attained(
    "an experience of one action replaced by one of the other",
    by=weights_are_a_mixture_and_move_slowly,
    mdp=stay_or_switch(),
    old=((0, 0, fmpq(1)),),
    new=((1, 1, fmpq(1)),),
)


@replay_moving_mu.too_strong(beside=weights_are_a_mixture_and_move_slowly)
def weights_are_those_of_the_newest(weights: Any, mdp: FiniteMDP, old: Path, new: Path) -> Relation:
    """What came before counts as much as what came last."""
    return equal(weights(mdp, _members(old) + _members(new)), weights(mdp, _members(new)))


# -------------------------------------------------------------------- what does not transfer


@replay_moving_mu.exact(
    of="key-matrix", mdp=_models, policy=policies, buffer=_buffers, features=features(2), w=parameters, own=True
)
def own_weights_pull_to_the_solution(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, buffer: Path, features: Array, w: Array, own: bool
) -> Relation:
    """w' A w is at least (1 - gamma) ||Xw||^2 by the policy's own weights; if not `own`, by those of the buffer."""
    mu = stationary_weights(mdp, policy) if own else buffer_weights(mdp, _members(buffer))
    A, _ = A_and_b(mdp, policy, mu, features)
    return at_most((1 - mdp.discount) * weighted_square(mu, features @ w), w @ (A @ w))


replay_moving_mu.refutes(gradient.residual_key_matrix, by=own_weights_pull_to_the_solution)
replay_moving_mu.refutes(mutants.undiscounted_form, by=own_weights_pull_to_the_solution)
replay_moving_mu.fails_without(own_weights, by=own_weights_pull_to_the_solution, own=False)
replay_moving_mu.attained(
    "one loop",
    by=own_weights_pull_to_the_solution,
    mdp=self_loop(),
    policy=exact_array([1]),
    buffer=((0, 0, fmpq(1)),),
    features=exact_array([1]).reshape(1, 1),
    w=exact_array([1]),
)

_GO_AND_STAY = exact_array([0, 1, 1, 0])
_FEATURE = exact_array([0, 1, 2, 0]).reshape(4, 1)
_BUFFER = ((1, 1, fmpq(1)), (3, 3, fmpq(1)))
"""Switching in the first state, and switching back: what an earlier policy did."""


@replay_moving_mu.fixture(mdp=stay_or_switch, own="2/5", buffer="-2/5", growth="6/5")
@replay_moving_mu.fixture(mdp=lambda: stay_or_switch("1/2"), own="2", buffer="0", growth="1")
def old_experience_diverges_in_numbers(update: Any, mdp: FiniteMDP, own: str, buffer: str, growth: str) -> Relation:
    """A by the policy's own weights and by the buffer's, and what steps of size 1/2 on the whole buffer do to w."""
    weights = stationary_weights(mdp, _GO_AND_STAY), buffer_weights(mdp, _members(_BUFFER))
    forms = [key_matrix(mdp, _GO_AND_STAY, mu, _FEATURE)[0][0, 0] for mu in weights]
    w, reached = exact_array([1]), []
    for _ in range(4):
        steps = [update(mdp, LinearQ(_FEATURE), w, k, exact("1/2"), _GO_AND_STAY) for _, k in _members(_BUFFER)]
        w = sum(steps[1:], steps[0]) / len(steps)
        reached.append(w[0])
    return equal([*forms, *reached], [exact(own), exact(buffer), *(exact(growth) ** k for k in range(1, 5))])


replay_moving_mu.refutes(kinks.residual_for_semi, by=old_experience_diverges_in_numbers)
