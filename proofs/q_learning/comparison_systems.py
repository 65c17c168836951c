r"""Q-learning stays between two simpler learners on every path: one with a fixed policy, one that switches.

.. math:: Q^L_k \le Q_k \le Q^U_k

All three begin at Q_0 and see the same experience. Write e = r + gamma v*(s') - q*(x) for the noise of a sample, pi*
for a policy that is greedy for q*, and pi_k for one that is greedy for Q_k, any of them where several tie. The
distances D = Q - q* of the other two follow, at the updated pair x,

    D^L(x) <- (1 - alpha) D^L(x) + alpha (e + gamma D^L(s', pi*(s'))),      linear: the policy never changes,
    D^U(x) <- (1 - alpha) D^U(x) + alpha (e + gamma D^U(s', pi_k(s'))),     switched: by the learner in the middle.

Proof, by induction: let the order hold before a step. (1) With v*(s') = q*(s', pi*(s')) the lower system is
Q^L(x) <- (1 - alpha) Q^L(x) + alpha (r + gamma Q^L(s', pi*(s'))), and Q^L(s', pi*(s')) <= Q(s', pi*(s')) <= V_Q(s').
(2) For the upper one, gamma V_Q(s') = gamma Q(s', pi_k(s')) <= gamma (v*(s') - q*(s', pi_k(s')) + Q(s', pi_k(s')))
because v* >= q*, and that is at most gamma v*(s') + gamma D^U(s', pi_k(s')). Both steps need 1 - alpha >= 0 and
alpha >= 0. At a terminal s' all of them see the reward alone. QED.

Step (1) used nothing of pi*: evaluating *any* policy by the same samples stays below Q-learning. And of q* the proof
used no Bellman equation, only v* = max q*: any table may stand in its place, and the checks draw some. It is the
equation that makes the noise e vanish on average, for which the two systems are made: the lower one is then linear
with mean zero input, and the upper one a linear system at each time, though not always the same one.

It is the upper system that must switch: with pi* in both, the learner escapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, maximum
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, policies, tables

from ..assumptions import steps_in_unit_interval
from ..claim import Claim, cite
from ..definitions import target
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import learners
from ..relation import Relation, all_of, at_most, given
from ..runs import Path, Update, optimal_or_any, overlong_paths

comparison_systems = Claim(
    id="q-learning.comparison-systems",
    title="Q-learning stays between a linear learner and a switched one, on every path",
    statement=r"Q^L_k \le Q_k \le Q^U_k",
    subject="q-learner",
    needs=(steps_in_unit_interval,),
    sources=(cite("lee2020"),),
)

# -------------------------------------------------------------------- on every path


def _greedy(mdp: FiniteMDP, q: Array, state: int) -> int | None:
    return max(mdp.pairs_of(state), key=lambda y: q[y], default=None)


def _moved(mdp: FiniteMDP, best: Array, distance: Array, step: tuple[int, int, Scalar], following: int | None) -> Array:
    """One step of a comparison system, which goes on from the pair `following`, or ends."""
    x, outcome, step_size = step
    noise = target(mdp, best, outcome) - best[x]
    carried = fmpq(0) if following is None else distance[following]
    moved = distance.copy()
    moved[x] = (1 - step_size) * distance[x] + step_size * (noise + mdp.discount * carried)
    return moved


def _triples(update: Update, mdp: FiniteMDP, q: Array, best: Array, path: Path) -> Iterator[tuple[Array, Array, Array]]:
    """Yield the tables of the lower system, the learner and the upper system after each step."""
    below = above = q - best
    for step in path:
        state = int(mdp.next_state[step[1]])
        below = _moved(mdp, best, below, step, _greedy(mdp, best, state))
        above = _moved(mdp, best, above, step, _greedy(mdp, q, state))
        q = update(mdp, q, *step)
        yield best + below, q, best + above


_models = mdps(max_states=3, discounts=["1/2", 0, "3/4", "9/10"])


@comparison_systems.pathwise(mdp=_models, q=tables, best=optimal_or_any, path=paths)
def learner_is_in_between(update: Update, mdp: FiniteMDP, q: Array, best: Array, path: Path) -> Relation:
    """After every step, at every pair; `best` is q* or any table in its place."""
    return all_of(
        [
            all_of([at_most(below, table), at_most(table, above)])
            for below, table, above in _triples(update, mdp, q, best, path)
        ]
    )


comparison_systems.attained(
    "a single action: the three learners are one",
    by=learner_is_in_between,
    mdp=lambda: self_loop(1, "1/2"),
    q=lambda: exact_array([0]),
    best=lambda: exact_array([2]),
    path=lambda: ((0, 0, exact("1/2")),) * 2,
)
for _mutant in (
    learners.minimum_in_place_of_maximum,
    learners.behaviour_average,
    learners.sum_over_actions,
    learners.undiscounted_target,
    learners.bootstrapped_end,
):
    comparison_systems.refutes(_mutant, by=learner_is_in_between)


@comparison_systems.too_strong(beside=learner_is_in_between)
def optimal_policy_bounds_both_sides(update: Update, mdp: FiniteMDP, q: Array, best: Array, path: Path) -> Relation:
    """With pi* in the upper system too, the learner exceeds it where it is optimistic about another action."""
    distance = q - best
    relations = []
    for step in path:
        distance = _moved(mdp, best, distance, step, _greedy(mdp, best, int(mdp.next_state[step[1]])))
        q = update(mdp, q, *step)
        relations.append(at_most(q, best + distance))
    return all_of(relations)


comparison_systems.fails_without(steps_in_unit_interval, by=learner_is_in_between, path=overlong_paths)


@comparison_systems.pathwise(mdp=_models, q=tables, policy=policies, path=paths)
def no_policy_is_valued_higher(update: Update, mdp: FiniteMDP, q: Array, policy: Array, path: Path) -> Relation:
    """Any policy, evaluated by the same samples from the same table, is never valued above the learner's table."""
    value = q
    relations = []
    for pair, outcome, step_size in path:
        following = mdp.pairs_of(int(mdp.next_state[outcome]))
        mean = sum((policy[y] * value[y] for y in following), fmpq(0))
        value = value.copy()
        value[pair] = (1 - step_size) * value[pair] + step_size * (mdp.reward[outcome] + mdp.discount * mean)
        q = update(mdp, q, pair, outcome, step_size)
        relations.append(at_most(value, q))
    return all_of(relations)


comparison_systems.attained(
    "a single action: there is only one policy",
    by=no_policy_is_valued_higher,
    mdp=lambda: self_loop(1, "1/2"),
    q=lambda: exact_array([0]),
    policy=lambda: exact_array([1]),
    path=lambda: ((0, 0, exact("1/2")),) * 2,
)
comparison_systems.refutes(learners.minimum_in_place_of_maximum, by=no_policy_is_valued_higher)
comparison_systems.refutes(learners.behaviour_average, by=no_policy_is_valued_higher)


# -------------------------------------------------------------------- one step, for all reals


def _symbolic(mdp: Any, successor: int) -> dict[str, Any]:
    return {
        "mdp": mdp,
        "below": symbolic_table,
        "q": symbolic_table,
        "above": symbolic_table,
        "best": symbolic_table,
        "step_size": symbolic_number("step_size", 0, 1),
        "successor": successor,
    }


@comparison_systems.all_reals(**_symbolic(symbolic_mdp(2, 2), -1))
@comparison_systems.all_reals(**_symbolic(symbolic_mdp(1, 3), 0))
def one_step_keeps_the_order(
    update: Update,
    mdp: FiniteMDP,
    below: Array,
    q: Array,
    above: Array,
    best: Array,
    step_size: Scalar,
    successor: int,
) -> Relation:
    """Tables that are in order before a step are so after it, whatever the policy below and the table `best`.

    The first pair stands for all: it is updated, its own state or another one is the successor.
    """
    outcome = mdp.outcomes_of(0)[successor]
    following = list(mdp.pairs_of(int(mdp.next_state[outcome])))
    after = update(mdp, q, 0, outcome, step_size)[0]
    kept, reward, value = 1 - step_size, mdp.reward[outcome], maximum(best[following])
    relations = []
    for y in following:
        lower = kept * below[0] + step_size * (reward + mdp.discount * below[y])
        upper = kept * above[0] + step_size * (reward + mdp.discount * (value + above[y] - best[y]))
        relations.append(at_most(lower, after))
        relations.append(given(at_most(q[following], q[y]), at_most(after, upper)))
    return given(all_of([at_most(below, q), at_most(q, above)]), all_of(relations))


comparison_systems.refutes(learners.minimum_in_place_of_maximum, by=one_step_keeps_the_order)
comparison_systems.refutes(learners.sum_over_actions, by=one_step_keeps_the_order)
comparison_systems.fails_without(
    steps_in_unit_interval, by=one_step_keeps_the_order, step_size=symbolic_number("step_size", 0, 2)
)
