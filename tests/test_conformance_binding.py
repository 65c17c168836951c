"""Parameters are recognised by the names of the field, and so are numbers that a program keeps in its module."""

from __future__ import annotations

import functools

import pytest

from bellcheck.proofs.conformance.child.binding import bind
from bellcheck.proofs.conformance.child.loading import CannotLoad

REQUIRED = ("table", "state", "action", "reward", "next_state")
OPTIONAL = ("terminated", "truncated", "step_size", "discount", "legal")

ALPHA = 0.1
gamma = 0.9
EPSILON = True
DEBUG = 1


def _bound(function, **declared):
    return bind(function, REQUIRED, OPTIONAL, declared)


@pytest.mark.parametrize(
    "names",
    [
        "Q, s, a, r, s2, done, alpha, gamma",
        "q_table, state, action, reward, next_state, terminated, learning_rate, discount_factor",
        "Q, obs, act, rew, next_obs, terminal, lr, discount",
        "table, current_state, action, reward, new_state, is_terminal, stepSize, gamma",
    ],
)
def test_the_names_of_the_field(names):
    """Case and underscores do not matter."""
    function = eval(f"lambda {names}: None")

    bound = _bound(function)

    assert list(bound.roles) == [*REQUIRED, "terminated", "step_size", "discount"]
    assert bound.constants == {}


def test_names_that_say_nothing_are_declared_in_order():
    """The roles of the leading parameters."""
    bound = _bound(lambda t, i, j, x, k: None, arguments=REQUIRED)

    assert bound.roles == dict(zip(REQUIRED, "tijxk", strict=True))


@pytest.mark.parametrize(
    ("function", "declared", "message"),
    [
        (lambda Q, s, a, r: None, {}, "no parameter is recognised as next_state"),
        (lambda Q, s, a, r, s2, zeal: None, {}, "what parameter 'zeal' is given is not clear"),
        (lambda Q, s, a, r, s2: None, {"arguments": ("table", "place")}, "'place' is no role here"),
        (lambda Q: None, {"arguments": REQUIRED}, "names 5 roles for 1 parameters"),
    ],
)
def test_what_is_not_clear_is_refused(function, declared, message):
    """The message names the parameter, and what to declare."""
    with pytest.raises(CannotLoad, match=message):
        _bound(function, **declared)


def test_a_parameter_with_a_default_may_have_no_role():
    """It keeps its default."""
    bound = _bound(lambda Q, s, a, r, s2, zeal=3: zeal)

    assert bound(dict.fromkeys(REQUIRED, 0)) == 3


# -------------------------------------------------------------------- numbers of the module


def _target(r, best):
    return r + gamma * best


def _update(Q, s, a, r, s2):
    return (ALPHA, _target(r, 1), DEBUG)


def test_numbers_of_the_module_are_set_before_each_call(monkeypatch):
    """Those that the function names, itself or through another function of its module."""
    for name in ("ALPHA", "gamma"):
        monkeypatch.setitem(globals(), name, globals()[name])

    bound = _bound(_update)
    answers = [bound({**dict.fromkeys(REQUIRED, 0), "step_size": 0.5, "discount": d}) for d in (0.25, 0.75)]

    assert bound.constants == {"step_size": "ALPHA", "discount": "gamma"}
    assert bound.told == {*REQUIRED, "step_size", "discount"}
    assert answers == [(0.5, 0.25, 1), (0.5, 0.75, 1)]


def test_what_is_declared_to_be_built_in_is_left_as_it_is():
    """And only that."""
    bound = _bound(_update, step_size="1/10")

    assert bound.constants == {"discount": "gamma"}


def test_a_parameter_comes_before_a_number_of_the_module():
    """The function may name both; what it is given is what is asked."""

    def update(Q, s, a, r, s2, alpha):
        return alpha * ALPHA

    assert _bound(update).constants == {}


def test_what_is_no_number_or_not_clear_is_left_alone():
    """A flag is no number, and of two step sizes none is the step size."""

    def flagged(Q, s, a, r, s2):
        return EPSILON

    def twofold(Q, s, a, r, s2):
        return ALPHA + lr

    lr = 0.5
    namespace = {"ALPHA": 0.1, "lr": 0.2}
    exec("def update(Q, s, a, r, s2):\n    return ALPHA + lr", namespace)

    assert bind(flagged, REQUIRED, (*OPTIONAL, "epsilon"), {}).constants == {}
    assert _bound(namespace["update"]).constants == {}
    assert _bound(twofold).constants == {"step_size": "ALPHA"}  # the other is a variable of this test


@pytest.mark.parametrize("wrap", [functools.partial, lambda f: functools.wraps(f)(lambda *args: f(*args))])
def test_wrapped_functions_are_looked_into(wrap):
    """A partial, and what functools.wraps made."""
    assert _bound(wrap(_update)).constants == {"step_size": "ALPHA", "discount": "gamma"}


def test_functions_without_source_are_taken_as_they_are():
    """A builtin names no numbers."""
    assert bind(max, (), (), {}).constants == {}
