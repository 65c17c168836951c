"""A model as a Gymnasium environment and as its table: both say what the model says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.chain import MissingStart, restart_distribution
from bellcheck.mdp.interop.gymnasium import from_gymnasium
from bellcheck.mdp.interop.p_dict import to_p_dict
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps

gymnasium = pytest.importorskip("gymnasium")
env_checker = pytest.importorskip("gymnasium.utils.env_checker")
environment = pytest.importorskip("bellcheck.mdp.interop.environment")
FiniteMDPEnv, InvalidOption = environment.FiniteMDPEnv, environment.InvalidOption

RAGGED = FiniteMDP.from_pairs(
    3,
    [
        (0, 0, [("1/2", 1, 0), ("1/4", 3, 2), ("1/4", -1, 2)]),
        (0, 2, [(1, 5, 1)]),
        (1, 2, [("1/8", 0, 0), (0, 99, 2), ("7/8", "1/2", 1)]),
    ],
    "1/2",
    start=["1/4", "3/4", 0],
)
CLOCK = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), (1, 0, [(1, 2, 0)])], "1/2")
COIN = FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 1, 0), ("1/2", 3, 1)]), (0, 1, [(1, 0, 0)])], "1/2", start=[1, 0])


@st.composite
def dyadic_models(draw: st.DrawFn) -> FiniteMDP:
    """Models whose numbers binary64 holds, in most of which episodes can end; the start may lie on ends too."""
    mdp = draw(mdps(discounts=["1/2", "3/4"], start=True))
    sixteenths = st.integers(0, 16)
    probability, rewards = [], []
    for x in range(mdp.n_pairs):
        left = 16
        for _ in mdp.outcomes_of(x)[:-1]:
            share = min(left, draw(sixteenths))
            probability.append(fmpq(share, 16))
            left -= share
        probability.append(fmpq(left, 16))
        rewards += [fmpq(draw(st.integers(-32, 32)), 8) for _ in mdp.outcomes_of(x)]
    # An episode begins somewhere: half of the weight is on a state that acts.
    start = mdp.start / 2
    start[mdp.acting[0]] += fmpq(1, 2)
    return replace(mdp, probability=exact_array(probability), reward=exact_array(rewards), start=start)


def _with_one_end(mdp: FiniteMDP) -> FiniteMDP:
    """What is read of a table: every ending leads to one more state, equal outcomes add up, and an episode acts."""
    terminal = set(mdp.terminal_states)
    pairs = []
    for x in range(mdp.n_pairs):
        total: dict[tuple[fmpq, int], fmpq] = {}
        for k in mdp.outcomes_of(x):
            following = int(mdp.next_state[k])
            key = mdp.reward[k], mdp.n_states if following in terminal else following
            total[key] = total.get(key, fmpq(0)) + mdp.probability[k]
        pairs.append((mdp.pair_state[x], mdp.pair_action[x], [(p, r, t) for (r, t), p in total.items()]))
    start = [*restart_distribution(mdp), *([0] if terminal else [])]
    return FiniteMDP.from_pairs(mdp.n_states + bool(terminal), pairs, mdp.discount, start=start)


# -------------------------------------------------------------------- there and back


@given(dyadic_models())
def test_model_is_read_back(mdp: FiniteMDP) -> None:
    """The environment's table is the model, but for the ends, which are one; nothing else is lost."""
    read = from_gymnasium(FiniteMDPEnv(mdp), mdp.discount)

    assert read.mdp == _with_one_end(mdp)
    assert read.changes == ()
    assert list(policy_iteration(read.mdp).q) == list(policy_iteration(mdp).q)


@given(mdps(terminal=False, start=True, discounts=["9/10"]))
def test_model_without_ends_is_read_back_as_it_is(mdp: FiniteMDP) -> None:
    """Floats are read as the rationals that were meant; outcomes that are equal are one."""
    read = from_gymnasium(FiniteMDPEnv(mdp), mdp.discount)

    assert read.mdp == _with_one_end(mdp)
    assert read.mdp.n_states == mdp.n_states
    assert np.array_equal(read.mdp.start, mdp.start)


def test_table_has_a_row_for_each_action() -> None:
    """Outcomes stay apart though they lead to the same state; an end has the row that toy-text tables give it."""
    assert to_p_dict(RAGGED) == {
        0: {0: [(0.5, 0, 1.0, False), (0.25, 2, 3.0, True), (0.25, 2, -1.0, True)], 2: [(1.0, 1, 5.0, False)]},
        1: {2: [(0.125, 0, 0.0, False), (0.0, 2, 99.0, True), (0.875, 1, 0.5, False)]},
        2: {action: [(1.0, 2, 0.0, True)] for action in range(3)},
    }


# -------------------------------------------------------------------- one step after another


@given(mdps(), st.integers(0, 99))
def test_every_step_is_one_of_the_model(mdp: FiniteMDP, seed: int) -> None:
    """A step is a possible outcome of its pair, terminates in terminal states and nowhere else, and shows the mask."""
    env = FiniteMDPEnv(mdp)
    rounded = mdp.to_float()
    state, info = env.reset(seed=seed)
    for _ in range(20):
        env.action_space.seed(seed)
        action = env.action_space.sample(info["action_mask"])
        pair = mdp.pair(state, action)
        following, reward, terminated, truncated, info = env.step(action)

        possible = {
            (int(mdp.next_state[k]), rounded.reward[k]) for k in mdp.outcomes_of(pair) if mdp.probability[k] > 0
        }
        assert (following, reward) in possible
        assert terminated == (following in mdp.terminal_states)
        assert not truncated
        assert np.flatnonzero(info["action_mask"]).tolist() == [mdp.pair_action[x] for x in mdp.pairs_of(following)]
        if terminated:
            break
        state = following


class Stub:
    """A generator that draws what it is told."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        """Return the number."""
        return self.number


@pytest.mark.parametrize(
    ("drawn", "following"),
    [(0.0, 0), (0.125 - 2**-53, 0), (0.125, 1), (1 - 2**-53, 1)],
)
def test_outcomes_have_their_shares_of_the_unit_interval(drawn: float, following: int) -> None:
    """The generator's number picks an outcome by the sums of probabilities; an impossible one has no share."""
    env = FiniteMDPEnv(RAGGED)
    env.reset(options={"state": 1})
    env.np_random = Stub(drawn)

    assert env.step(2)[0] == following


@pytest.mark.parametrize(("drawn", "state"), [(0.0, 0), (0.25 - 2**-54, 0), (0.25, 1), (1 - 2**-53, 1)])
def test_episodes_begin_as_the_model_says(drawn: float, state: int) -> None:
    """The first state is drawn from the start distribution."""
    env = FiniteMDPEnv(RAGGED)
    env.np_random = Stub(drawn)

    assert env.reset()[0] == state


def test_without_a_start_distribution_any_state_that_acts() -> None:
    """A model that does not say where it starts may start wherever there is something to do."""
    env = FiniteMDPEnv(replace(RAGGED, start=None))

    assert env.initial_state_distrib.tolist() == [0.5, 0.5, 0.0]


def test_episode_may_begin_in_a_chosen_state() -> None:
    """``options`` name the state; the mask is that of the state."""
    state, info = FiniteMDPEnv(RAGGED).reset(options={"state": 1})

    assert state == 1
    assert info["action_mask"].tolist() == [0, 0, 1]


def test_seeds_repeat_and_streams_are_its_own() -> None:
    """The same seed gives the same episode; without one the generator goes on."""
    flip = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 1, 0)])], "1/2")
    env, other = FiniteMDPEnv(flip), FiniteMDPEnv(flip)

    def rewards(env: Any, **seed: int) -> list[float]:
        env.reset(**seed)
        return [env.step(0)[1] for _ in range(60)]

    first = rewards(env, seed=1)

    assert rewards(other, seed=1) == first
    assert rewards(env) == rewards(other) != first


@pytest.mark.parametrize(("limit", "steps"), [(None, 50), (7, 7)])
def test_episode_is_truncated_at_its_limit(limit: int | None, steps: int) -> None:
    """An episode that goes on for ever is cut off where one says, and counted afresh after a reset."""
    env = FiniteMDPEnv(CLOCK, max_episode_steps=limit)
    for _ in range(2):
        env.reset(seed=0)
        taken = [env.step(0)[2:4] for _ in range(steps)]

        assert taken[:-1] == [(False, False)] * (steps - 1)
        assert taken[-1] == (False, limit is not None)


def test_episode_that_ends_at_its_limit_is_not_truncated() -> None:
    """What has terminated would not have gone on."""
    one_step = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2")
    env = FiniteMDPEnv(one_step, max_episode_steps=1)
    env.reset()

    assert env.step(0)[2:4] == (True, False)


# -------------------------------------------------------------------- Gymnasium's own rules


@pytest.mark.parametrize("mdp", [CLOCK, COIN])
@pytest.mark.parametrize("limit", [None, 5])
def test_gymnasium_finds_nothing_wrong(mdp: FiniteMDP, limit: int | None) -> None:
    """``check_env`` passes, without a warning, on models whose states have the same actions."""
    env_checker.check_env(FiniteMDPEnv(mdp, max_episode_steps=limit), skip_render_check=True)


@pytest.mark.parametrize("action", [1, 3, -1])
def test_action_that_a_state_lacks_is_refused(action: int) -> None:
    """The error names state and action and what there is; the episode can go on."""
    env = FiniteMDPEnv(replace(RAGGED, state_names=("a", "b", "end")))
    env.reset(options={"state": 0})

    with pytest.raises(gymnasium.error.InvalidAction, match=rf"^state a has no action {action}; it has 0, 2, as info"):
        env.step(action)
    assert env.step(2)[0] == 1


@pytest.mark.parametrize("ended", [False, True])
def test_step_needs_an_episode(ended: bool) -> None:
    """Before the first reset and after an end there is nothing to step in."""
    env = FiniteMDPEnv(COIN, max_episode_steps=1)
    if ended:
        env.reset()
        env.step(1)

    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        env.step(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state": 2}, "an episode cannot begin in state 2; give one that has actions"),
        ({"state": 7}, "cannot begin in state 7"),
        ({"sate": 1}, "reset knows no option 'sate'; it knows 'state'"),
    ],
)
def test_option_that_means_nothing_is_refused(options: dict[str, Any], message: str) -> None:
    """A misspelt option would otherwise be a start that nobody chose."""
    with pytest.raises(InvalidOption, match=message):
        FiniteMDPEnv(RAGGED).reset(options=options)


def test_model_that_cannot_be_stepped_is_refused() -> None:
    """Without a step to take, or with probabilities that need not sum to 1, there is no environment."""
    with pytest.raises(InvalidMDP, match="has been rounded already; give the exact one"):
        FiniteMDPEnv(RAGGED.to_float())
    with pytest.raises(InvalidMDP, match="no state has an action"):
        FiniteMDPEnv(FiniteMDP.from_pairs(1, [], "1/2"))
    with pytest.raises(MissingStart, match="lies on terminal states alone"):
        FiniteMDPEnv(replace(RAGGED, start=exact_array([0, 0, 1])))
    with pytest.raises(InvalidOption, match="max_episode_steps is 0"):
        FiniteMDPEnv(RAGGED, max_episode_steps=0)


def test_missing_library_names_its_extra() -> None:
    """Without gymnasium the module says what to install."""
    code = "import sys; sys.modules['gymnasium'] = None\nimport bellcheck.mdp.interop.environment"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "pip install 'bellcheck[gymnasium]'" in run.stderr
