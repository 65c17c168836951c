"""Wrong n-step targets: another exponent, another episode, another buffer.

Each has the signature of `bellcheck.mdp.n_step.targets`.
"""

from __future__ import annotations

from bellcheck.mdp.arithmetic import Array, Scalar, zeros
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.transitions import Recording

from ..subject import Subject

__all__ = [
    "always_the_nth_power",
    "discounted_once",
    "episodes_joined",
    "indices_wrapped",
    "values_before_ends_zeroed",
]


def _ends(mdp: FiniteMDP, outcome: int) -> bool:
    return not mdp.pairs_of(int(mdp.next_state[outcome]))


def _window(mdp: FiniteMDP, steps: Recording, t: int, n: int) -> Recording:
    """The steps from t on that a target sums, at most n and of one episode."""
    for i, (_, outcome, cut) in enumerate(steps[t : t + n]):
        if cut or _ends(mdp, outcome):
            return steps[t : t + i + 1]
    return steps[t : t + n]


def _target(mdp: FiniteMDP, values: Array, window: Recording, exponent: int) -> Scalar:
    """The discounted rewards of a window, and the value of where it led at this power of gamma."""
    total = zeros(values, 1)[0]
    for i, (_, outcome, _) in enumerate(window):
        total = total + mdp.discount**i * mdp.reward[outcome]
    last = window[-1][1]
    return total if _ends(mdp, last) else total + mdp.discount**exponent * values[mdp.next_state[last]]


def _array(like: Array, numbers: list[Scalar]) -> Array:
    found = zeros(like, len(numbers))
    found[:] = numbers
    return found


def _discounted_once(mdp: FiniteMDP, values: Array, steps: Recording, n: int) -> Array:
    return _array(values, [_target(mdp, values, _window(mdp, steps, t, n), 1) for t in range(len(steps))])


def _always_the_nth_power(mdp: FiniteMDP, values: Array, steps: Recording, n: int) -> Array:
    return _array(values, [_target(mdp, values, _window(mdp, steps, t, n), n) for t in range(len(steps))])


def _episodes_joined(mdp: FiniteMDP, values: Array, steps: Recording, n: int) -> Array:
    """A queue of the last n steps that nobody empties where an episode begins."""
    windows = [steps[t : t + n] for t in range(len(steps))]
    return _array(values, [_target(mdp, values, window, len(window)) for window in windows])


def _indices_wrapped(mdp: FiniteMDP, values: Array, steps: Recording, n: int) -> Array:
    """``(index + 1) % size`` in a buffer that is not full yet: after the newest step comes the oldest."""
    windows = [_window(mdp, steps[t:] + steps[:t], 0, n) for t in range(len(steps))]
    return _array(values, [_target(mdp, values, window, len(window)) for window in windows])


def _values_before_ends_zeroed(mdp: FiniteMDP, values: Array, steps: Recording, n: int) -> Array:
    """``values[terminated] = 0`` at the state that the last step leaves, not the one that it leads to."""
    found = []
    for t in range(len(steps)):
        window = _window(mdp, steps, t, n)
        following = steps[t + len(window) : t + len(window) + 1]
        goes_on = not window[-1][2] and bool(following)
        zeroed = values * 0 if goes_on and _ends(mdp, following[0][1]) else values
        found.append(_target(mdp, zeroed, window, len(window)))
    return _array(values, found)


discounted_once = Subject("n-step-target", "gamma in place of its nth power", _discounted_once, bug="E1")
always_the_nth_power = Subject(
    "n-step-target", "the nth power of gamma where fewer rewards were left", _always_the_nth_power, bug="E2"
)
indices_wrapped = Subject("n-step-target", "after the newest step comes the oldest", _indices_wrapped, bug="E3")
episodes_joined = Subject("n-step-target", "two episodes joined", _episodes_joined, bug="A11")
values_before_ends_zeroed = Subject(
    "n-step-target", "values zeroed where the next step terminates", _values_before_ends_zeroed, bug="A12"
)
