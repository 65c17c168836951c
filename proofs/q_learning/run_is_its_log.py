r"""A run of Q-learning is the update rule along its own log, and acts on what it has learnt.

.. math:: Q_{t+1}(x_t) = (1 - a_t)\, Q_t(x_t) + a_t\, (r_t + \gamma\, V_{Q_t}(s'_t)), \qquad
          a_t = \alpha_{n_t(x_t)}, \qquad
          Q_{t+1}(x_{t+1}) = \max_{a \in A(s_{t+1})} Q_{t+1}(s_{t+1}, a) \ \text{if } \varepsilon = 0

where x_t, r_t, s'_t are the pair, the reward and the state that the log has for step t, and n_t(x) is the number of
earlier visits to x. A step begins where the one before led to, or, after an end, where episodes begin.

Why: this is what a run is said to be. It is worth checking because a program may have the right rule and call it with
the wrong things: with a reward or a state of the next episode, with a table that somebody forgot to initialise, with a
counter of something else. And because of the order: a learner that chooses its next action before it has learnt from
the last transition follows a policy that is one step old. That is still Q-learning, and still converges, but it is not
the greedy behaviour that it claims, and in a loop of one state it repeats each of its mistakes once more.

The numbers are dyadic, so that binary64 makes no error: rewards, first table and values are multiples of 1/16 below 8,
the discount has 4 bits behind the point and a step size at most 2. Each update adds at most 6, thus 40 bits after the 4
of the first table and 6 updates; no value reaches 2^7, and no difference of two 2^8: in all 48 bits of 53. Hence a
float run is compared with rationals, and for equality.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import Trajectory
from bellcheck.mdp.transitions import Recording

from ..claim import Claim
from ..definitions import state_value, target
from ..dyadic import NETWORK_BITS, dyadic_mdps, dyadic_tables
from ..mutants import simulators, trainings
from ..relation import Relation, all_of, equal

run_is_its_log = Claim(
    id="q-learning.run-is-its-log",
    title="A run is the update rule along its own log, and its greedy actions know the last transition",
    statement=r"Q_{t+1}(x_t) = (1 - a_t) Q_t(x_t) + a_t (r_t + \gamma V_{Q_t}(s'_t)),\quad a_t = \alpha_{n_t(x_t)},"
    r"\quad \varepsilon = 0 \implies Q_{t+1}(x_{t+1}) = V_{Q_{t+1}}(s_{t+1})",
    subject="trajectory-run",
    uses=("q-learning.update-rule",),
)

STEPS = np.array([0.5, 0.25, 1.0, 0.5, 0.25, 1.0])
"""The step sizes of the visits to a pair: those of visits and of steps are told apart at once."""

_models = dyadic_mdps(max_states=3)
_tables = dyadic_tables(NETWORK_BITS)
_entropy = st.integers(0, 99)


def _run(run: Any, mdp: FiniteMDP, q: Array, entropy: int, epsilon: float) -> Trajectory:
    """As many steps as there are step sizes; episodes begin in the first state that acts."""
    first = int(mdp.acting[0])
    model = replace(mdp, start=exact_array(int(state == first) for state in range(mdp.n_states)))
    times = np.arange(len(STEPS) + 1)
    path: Trajectory = run(
        model, q, STEPS, epsilon, np.random.default_rng(entropy), start_state=first, checkpoints=times
    )
    return path


@run_is_its_log.pathwise(mdp=_models, q=_tables, entropy=_entropy, epsilon=0.5)
def tables_are_the_rule_along_the_log(run: Any, mdp: FiniteMDP, q: Array, entropy: int, epsilon: float) -> Relation:
    """Each table is the one before, updated by what the log has for the step; and the log is a trajectory."""
    path = _run(run, mdp, q, entropy, epsilon)
    tables = [exact_array(table) for table in path.tables]
    source = np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))
    reached = mdp.next_state[path.outcomes]
    begun = np.where(np.isin(reached, mdp.terminal_states), mdp.acting[0], reached)
    relations = [
        equal(source[path.outcomes], path.pairs),
        equal(mdp.pair_state[path.pairs], [mdp.acting[0], *begun[:-1]]),
        equal(tables[0], q),
    ]
    for t, (pair, outcome, step) in enumerate(zip(path.pairs, path.outcomes, path.step_sizes, strict=True)):
        moved = tables[t].copy()
        moved[pair] = (1 - exact(step)) * moved[pair] + exact(step) * target(mdp, tables[t], int(outcome))
        relations.append(equal(tables[t + 1], moved))
    return all_of(relations)


for _mutant in (
    simulators.end_worth_the_next_reward,
    simulators.past_the_end,
    simulators.first_table_forgotten,
    simulators.undiscounted,
    simulators.sarsa,
):
    run_is_its_log.refutes(_mutant, by=tables_are_the_rule_along_the_log)


@run_is_its_log.pathwise(mdp=_models, q=_tables, entropy=_entropy)
def steps_go_by_visits_to_the_pair(run: Any, mdp: FiniteMDP, q: Array, entropy: int) -> Relation:
    """The m-th visit to a pair has the m-th step size, whatever was visited in between, and is counted."""
    path = _run(run, mdp, q, entropy, 0.5)
    earlier = [int((path.pairs[:t] == pair).sum()) for t, pair in enumerate(path.pairs)]
    counts = [int((path.pairs == pair).sum()) for pair in range(mdp.n_pairs)]
    return all_of([equal(path.step_sizes, STEPS[earlier]), equal(path.visits, counts)])


run_is_its_log.refutes(simulators.one_count_for_all_pairs, by=steps_go_by_visits_to_the_pair)


@run_is_its_log.pathwise(mdp=_models, q=_tables, entropy=_entropy)
def greedy_actions_know_the_last_transition(run: Any, mdp: FiniteMDP, q: Array, entropy: int) -> Relation:
    """Without exploration each action is a best one by the table that has learnt from all transitions before it."""
    return _greedy_actions(run, mdp, q, entropy, 0.0)


def _greedy_actions(run: Any, mdp: FiniteMDP, q: Array, entropy: int, epsilon: float) -> Relation:
    path = _run(run, mdp, q, entropy, epsilon)
    before = [exact_array(table) for table in path.tables[:-1]]
    taken = [table[pair] for table, pair in zip(before, path.pairs, strict=True)]
    states = mdp.pair_state[path.pairs]
    return equal(taken, [state_value(mdp, table, int(state)) for table, state in zip(before, states, strict=True)])


run_is_its_log.refutes(simulators.chosen_before_learning, by=greedy_actions_know_the_last_transition)


@run_is_its_log.too_strong(beside=greedy_actions_know_the_last_transition)
def exploring_actions_are_greedy(run: Any, mdp: FiniteMDP, q: Array, entropy: int) -> Relation:
    """With epsilon = 1/2 half of the actions are drawn, and some of them are not the best."""
    return _greedy_actions(run, mdp, q, entropy, 0.5)


# -------------------------------------------------------------------- a program's main loop

_step_sizes = st.sampled_from(exact_array(["1/2", 1, "1/4"]).tolist())


def _tables_along(mdp: FiniteMDP, steps: Recording, step_size: Scalar) -> list[Array]:
    """The tables from Q_0 = 0 on, by the rule; a step that was cut off bootstraps like any other."""
    tables = [mdp.table(0)]
    for pair, outcome, _ in steps:
        moved = tables[-1].copy()
        moved[pair] = (1 - step_size) * moved[pair] + step_size * target(mdp, tables[-1], outcome)
        tables.append(moved)
    return tables


@run_is_its_log.pathwise(of="training", mdp=_models, step_size=_step_sizes, epsilon=exact("1/2"), entropy=_entropy)
def what_was_learned_is_the_rule_along_the_log(
    train: Any, mdp: FiniteMDP, step_size: Scalar, epsilon: Scalar, entropy: int
) -> Relation:
    """Of a few episodes, some cut off by a time limit: the table in the end is what the rule makes of the recording."""
    steps, learned = train(mdp, step_size, epsilon, entropy)
    return equal(learned, _tables_along(mdp, steps, step_size)[-1])


for _mutant in (trainings.cut_off_is_end, trainings.successor_of_the_reset, trainings.forgotten_at_each_episode):
    run_is_its_log.refutes(_mutant, by=what_was_learned_is_the_rule_along_the_log)


@run_is_its_log.pathwise(of="training", mdp=_models, step_size=_step_sizes, entropy=_entropy)
def greedy_actions_know_what_was_learned(train: Any, mdp: FiniteMDP, step_size: Scalar, entropy: int) -> Relation:
    """Without exploration each action of the recording is a best one by what was learned before it."""
    return _learned_greedily(train, mdp, step_size, entropy, exact(0))


def _learned_greedily(train: Any, mdp: FiniteMDP, step_size: Scalar, entropy: int, epsilon: Scalar) -> Relation:
    steps, _ = train(mdp, step_size, epsilon, entropy)
    tables = _tables_along(mdp, steps, step_size)
    taken = [table[pair] for table, (pair, _, _) in zip(tables, steps, strict=False)]
    best = [
        state_value(mdp, table, int(mdp.pair_state[pair])) for table, (pair, _, _) in zip(tables, steps, strict=False)
    ]
    return equal(taken, best)


run_is_its_log.refutes(trainings.chosen_before_learning, by=greedy_actions_know_what_was_learned)


@run_is_its_log.too_strong(beside=greedy_actions_know_what_was_learned)
def exploring_training_is_greedy(train: Any, mdp: FiniteMDP, step_size: Scalar, entropy: int) -> Relation:
    """With epsilon = 1/2 it is not."""
    return _learned_greedily(train, mdp, step_size, entropy, exact("1/2"))
