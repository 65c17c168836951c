r"""What the samples' noise adds up to carries the error of Q-learning; what remains shrinks, up to that noise.

.. math::
    \lvert Q^+ - q^* - W^+ \rvert(x) \le (1 - \alpha)\, \lvert Q - q^* - W \rvert(x)
        + \alpha \gamma \bigl(\lVert Q - q^* - W \rVert_\infty + \lVert W \rVert_\infty\bigr)

at the updated pair x. W is the noise alone, carried through the same steps as the table:

    W_0 = 0,   W+(x) = (1 - alpha) W(x) + alpha e,   e = r + gamma v*(s') - q*(x),

so it is a weighted sum of samples of mean 0, and it contains no maximum of anything learned.

Proof. Subtract: Q+(x) - q*(x) - W+(x) = (1 - alpha)(Q - q* - W)(x) + alpha gamma (V_Q(s') - v*(s')), for reward and
q*(x) cancel against those in e. The maximum is nonexpansive (bellman.max-nonexpansive), so the last difference is at
most ||Q - q*||, and Q - q* = (Q - q* - W) + W. With alpha in [0, 1] both weights are non-negative. QED.

This is all that happens on a path. Laws enter where ||W|| is bounded: with fixed weights by Hoeffding's inequality
(q-learning.finite-time-synchronous, q-learning.trajectory-certificate). As the proof shows, no Bellman equation is
used: any table may stand for q*, and the checks draw some; only with q* is the mean of e zero. The term ||W|| cannot be
dropped, for noise is bootstrapped from as if it were value. A loop whose noise points the way of its error attains the
bound.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm, maximum
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths

from ..assumptions import steps_in_unit_interval
from ..claim import Claim, cite
from ..definitions import target
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import learners
from ..relation import Relation, all_of, at_most, given
from ..runs import Path, Update, optimal_or_any, overlong_paths

noise_sandwich = Claim(
    id="q-learning.noise-sandwich",
    title="The noise of the samples carries the error; the rest shrinks, up to that noise",
    statement=r"\lvert Q^+ - q^* - W^+ \rvert(x) \le (1-\alpha)\,\lvert Q - q^* - W \rvert(x)"
    r" + \alpha\gamma\bigl(\lVert Q - q^* - W \rVert_\infty + \lVert W \rVert_\infty\bigr)",
    subject="q-learner",
    needs=(steps_in_unit_interval,),
    uses=("bellman.max-nonexpansive",),
    sources=(cite("wainwright2019"),),
)


_models = mdps(max_states=3, discounts=["1/2", 0, "3/4", "9/10"])


def _steps(update: Update, mdp: FiniteMDP, q: Array, best: Array, path: Path, share_of_noise: int) -> Relation:
    """Compare both sides at every step of a path, the term ||W|| taken `share_of_noise` times."""
    noise = mdp.table(0)
    relations = []
    for x, outcome, step_size in path:
        rest = q - best - noise
        spread = max_norm(rest) + share_of_noise * max_norm(noise)
        bound = (1 - step_size) * abs(rest[x]) + step_size * mdp.discount * spread
        noise = noise.copy()
        noise[x] = (1 - step_size) * noise[x] + step_size * (target(mdp, best, outcome) - best[x])
        q = update(mdp, q, x, outcome, step_size)
        relations.append(at_most(abs(q[x] - best[x] - noise[x]), bound))
    return all_of(relations)


@noise_sandwich.pathwise(mdp=_models, q=optimal_or_any, best=optimal_or_any, path=paths)
def rest_shrinks_up_to_the_noise(update: Update, mdp: FiniteMDP, q: Array, best: Array, path: Path) -> Relation:
    """At every step of any path; `best` is q* or any table in its place."""
    return _steps(update, mdp, q, best, path, 1)


def _noisy_loop() -> FiniteMDP:
    return FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 2, 0)])], "1/2")


noise_sandwich.attained(
    "a loop that pays 0 or 2, begun above q* = 2 and paid 2 twice",
    by=rest_shrinks_up_to_the_noise,
    mdp=_noisy_loop,
    q=lambda: exact_array([3]),
    best=lambda: exact_array([2]),
    path=lambda: ((0, 1, exact("1/2")),) * 2,
)
for _mutant in (
    learners.sum_over_actions,
    learners.undiscounted_target,
    learners.bootstrapped_end,
    learners.doubled_step,
):
    noise_sandwich.refutes(_mutant, by=rest_shrinks_up_to_the_noise)


@noise_sandwich.too_strong(beside=rest_shrinks_up_to_the_noise)
def noise_is_not_bootstrapped_from(update: Update, mdp: FiniteMDP, q: Array, best: Array, path: Path) -> Relation:
    """Without ||W||: the noise of one step is in the target of the next."""
    return _steps(update, mdp, q, best, path, 0)


noise_sandwich.fails_without(steps_in_unit_interval, by=rest_shrinks_up_to_the_noise, path=overlong_paths)


# -------------------------------------------------------------------- one step, for all reals


def _within(table: Array, distance: Scalar) -> Relation:
    return all_of([at_most(table, distance), at_most(-table, distance)])


def _symbolic(mdp: Any, successor: int) -> dict[str, Any]:
    return {
        "mdp": mdp,
        "q": symbolic_table,
        "best": symbolic_table,
        "noise": symbolic_table,
        "rest_norm": symbolic_number("rest_norm"),
        "noise_norm": symbolic_number("noise_norm"),
        "rest_here": symbolic_number("rest_here"),
        "step_size": symbolic_number("step_size", 0, 1),
        "successor": successor,
    }


@noise_sandwich.all_reals(**_symbolic(symbolic_mdp(2, 2), -1))
@noise_sandwich.all_reals(**_symbolic(symbolic_mdp(1, 3), 0))
def one_step_for_all_reals(
    update: Update,
    mdp: FiniteMDP,
    q: Array,
    best: Array,
    noise: Array,
    rest_norm: Scalar,
    noise_norm: Scalar,
    rest_here: Scalar,
    step_size: Scalar,
    successor: int,
) -> Relation:
    """For any noise W and any bounds on ||Q - q* - W||, ||W|| and, at x, |Q - q* - W|.

    The first pair stands for all: it is updated, its own state or another one is the successor.
    """
    outcome = mdp.outcomes_of(0)[successor]
    following = list(mdp.pairs_of(int(mdp.next_state[outcome])))
    rest = q - best - noise
    sample = mdp.reward[outcome] + mdp.discount * maximum(best[following]) - best[0]
    after = update(mdp, q, 0, outcome, step_size)[0] - best[0] - ((1 - step_size) * noise[0] + step_size * sample)
    bound = (1 - step_size) * rest_here + step_size * mdp.discount * (rest_norm + noise_norm)
    return given(
        all_of([_within(rest, rest_norm), _within(noise, noise_norm), _within(rest[:1], rest_here)]),
        all_of([at_most(after, bound), at_most(-after, bound)]),
    )


noise_sandwich.refutes(learners.sum_over_actions, by=one_step_for_all_reals)
noise_sandwich.refutes(learners.undiscounted_target, by=one_step_for_all_reals)
noise_sandwich.fails_without(
    steps_in_unit_interval, by=one_step_for_all_reals, step_size=symbolic_number("step_size", 0, 2)
)
