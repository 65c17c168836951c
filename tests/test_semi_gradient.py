"""Semi- and full gradients, the update rule and the key matrix, on cases worked out by hand."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bellcheck.mdp.approximation import LinearQ, NetworkQ, WrongShape
from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import (
    full_gradient,
    gradient,
    key_matrix,
    semi_gradient,
    semi_gradient_update,
    td_loss,
    update_towards,
)
from bellcheck.mdp.value_error import squared_td_error

torch = pytest.importorskip("torch")

LOOP = FiniteMDP.from_pairs(1, [(0, 0, [(1, 3, 0)])], discount="1/2")
"""One state that pays 3 for ever: delta = 3 + w/2 - w, so TDE = (3 - w/2)^2."""
BRANCH = FiniteMDP.from_pairs(
    3, [(0, 0, [("1/4", 1, 1), ("3/4", 0, 2)]), (1, 0, [(1, 2, 0)]), (1, 1, [(1, -1, 1)])], discount="1/2"
)


def squared_td_error_of_loop(w: Any, u: Any) -> Any:
    """TDE of the tabular q_hat on the loop."""
    return squared_td_error(LOOP.to_tensor(), torch.ones(1).double(), w, u)


def test_semi_gradient_holds_the_target() -> None:
    """At w = 2, delta = 2: the semi-gradient is -2 delta, the full gradient -2 delta (1 - gamma)."""
    w = torch.tensor([2.0]).double()

    assert semi_gradient(squared_td_error_of_loop, w).tolist() == [-4]
    assert full_gradient(squared_td_error_of_loop, w).tolist() == [-2]


def test_gradient_leaves_its_argument_alone() -> None:
    """The parameters that came in still require no gradient."""
    w = torch.tensor([3.0]).double()

    assert gradient(lambda v: (v * v).sum(), w).tolist() == [6]
    assert not w.requires_grad


def test_update_rule_is_exact_for_linear_q_hat() -> None:
    """From w = (4, 1, 2), outcome 0 has delta = 1 + 2/2 - 4 = -2, and only the visited features move."""
    q_hat = LinearQ([[1, 0, 0], [0, 1, 0], [0, 0, 1]])

    after = semi_gradient_update(BRANCH, q_hat, exact_array([4, 1, 2]), 0, exact("1/3"))

    assert list(after) == list(exact_array(["10/3", 1, 2]))


def test_update_towards_a_label_is_exact() -> None:
    """Features (1, 2) and w = (1, 1) give 3; towards the label 5 each parameter moves by 2 / 4 of its feature."""
    after = update_towards(LinearQ([[1, 2]]), exact_array([1, 1]), 0, exact(5), exact("1/4"))

    assert list(after) == list(exact_array(["3/2", 2]))


def test_update_rule_of_a_network() -> None:
    """The same step through back-propagation: a linear module with features as its input."""
    q_hat = NetworkQ(torch.nn.Linear(3, 1, bias=False).double(), [[1, 0, 0], [0, 1, 0], [0, 0, 1]])

    after = semi_gradient_update(BRANCH.to_tensor(), q_hat, torch.tensor([4.0, 1, 2]).double(), 0, 0.25)

    assert after.tolist() == [3.5, 1, 2]


def test_update_rule_follows_a_policy() -> None:
    """With the policy that takes the second-best action the target is 1 + 1/2, so delta = -5/2."""
    q_hat = LinearQ([[1, 0, 0], [0, 1, 0], [0, 0, 1]])

    after = semi_gradient_update(BRANCH, q_hat, exact_array([4, 1, 2]), 0, exact(1), exact_array([1, 1, 0]))

    assert list(after) == list(exact_array(["3/2", 1, 2]))


def test_key_matrix_by_hand() -> None:
    """For features 1 and 2, both states moving to the second, A = 4(1 - gamma) - m(3 - 2 gamma)."""
    chain = FiniteMDP.from_pairs(2, [(0, 0, [(1, 5, 1)]), (1, 0, [(1, 0, 1)])], discount="9/10")

    A, b = key_matrix(chain, exact_array([1, 1]), exact_array(["1/2", "1/2"]), LinearQ([[1], [2]]).features)

    assert (A[0, 0], b[0]) == (exact("-1/5"), exact("5/2"))


def test_key_matrix_is_the_expected_update() -> None:
    """Averaging the sampled update over mu and the outcomes gives alpha (b - A w)."""
    q_hat = LinearQ([[1, 2], [0, 1], ["1/2", -1]])
    w, mu, policy = exact_array([3, -1]), exact_array(["1/2", "1/3", "1/6"]), exact_array([1, "1/4", "3/4"])
    pairs = [0, 0, 1, 2]

    A, b = key_matrix(BRANCH, policy, mu, q_hat.features)
    mean = sum(
        mu[pairs[k]] * BRANCH.probability[k] * (semi_gradient_update(BRANCH, q_hat, w, k, exact(1), policy) - w)
        for k in range(4)
    )

    assert list(mean) == list(b - A @ w)


def test_expected_semi_gradient_of_the_objective() -> None:
    """The semi-gradient of TDE for a policy is 2 (A w - b)."""
    q_hat = LinearQ([[1, 2], [0, 1], ["1/2", -1]])
    w, mu, policy = exact_array([3, -1]), exact_array(["1/2", "1/4", "1/4"]), exact_array([1, "1/4", "3/4"])
    tensors, features = BRANCH.to_tensor(), q_hat.to_tensor()
    weights, fixed = torch.tensor(to_floats(mu)), torch.tensor(to_floats(policy))

    A, b = key_matrix(BRANCH, policy, mu, q_hat.features)
    semi = semi_gradient(
        lambda v, u: squared_td_error(tensors, weights, features(v), features(u), fixed), torch.tensor(to_floats(w))
    )

    assert list(exact_array(semi.tolist())) == list(2 * (A @ w - b))


def test_td_loss_steps_by_the_update_rule() -> None:
    """Minus the gradient of the half-sum loss of outcomes 0 and 2 is the sum of their two updates."""
    q_hat = LinearQ([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    w = torch.tensor([4.0, 1, 2]).double()

    step = -gradient(lambda v: td_loss(BRANCH.to_tensor(), q_hat.to_tensor(), v, [0, 2]), w)

    assert step.tolist() == [-2, 3, 0]


@pytest.mark.parametrize(("reduction", "loss"), [("half-sum", 13), ("sum", 26), ("mean", 6.5)])
def test_td_loss_reduces_as_it_is_told(reduction: Any, loss: float) -> None:
    """Outcomes 0 and 2, each twice, have the errors 1 + 2/2 - 4 and 2 + 4/2 - 1."""
    q_hat = LinearQ([[1, 0, 0], [0, 1, 0], [0, 0, 1]]).to_tensor()

    assert (
        td_loss(BRANCH.to_tensor(), q_hat, torch.tensor([4.0, 1, 2]).double(), [0, 2, 2, 0], reduction).item() == loss
    )


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_q_hat_over_other_pairs_is_refused(rows: int) -> None:
    """The message says how many values there are for how many pairs, be they too few or too many."""
    with pytest.raises(WrongShape, match=f"{rows} values for the 3 pairs"):
        semi_gradient_update(BRANCH, LinearQ([[1]] * rows), exact_array([1]), 0, exact(1))


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("wrong", ["policy", "mu", "features", "mu and features", "policy, mu and features"])
def test_a_key_matrix_of_other_pairs_is_refused(wrong: str, n: int) -> None:
    """The message says what has how many entries, be they too few or too many, and even if they agree."""
    policy, mu, features = (n if name in wrong else 3 for name in ("policy", "mu", "features"))
    message = f"3 pairs, but {policy} entries of the policy, {mu} of mu, {features} rows of features"

    with pytest.raises(WrongShape, match=message):
        key_matrix(BRANCH, exact_array([1] * policy), exact_array([1] * mu), LinearQ([[1]] * features).features)


def test_three_hundred_pairs_fit() -> None:
    """Lengths are compared as numbers, however large: the mean of 0, 1, ..., 299 is 299/2."""
    many = FiniteMDP.from_pairs(1, [(0, a, [(1, a, 0)]) for a in range(300)], discount=0)
    q_hat, evenly = LinearQ([[1]] * 300), exact_array(["1/300"] * 300)

    A, b = key_matrix(many, evenly, evenly, q_hat.features)

    assert (A[0, 0], b[0]) == (1, exact("299/2"))
    assert list(semi_gradient_update(many, q_hat, exact_array([0]), 299, exact(1))) == [299]


def test_importing_the_module_loads_no_torch() -> None:
    """Update rules in rationals are there without the extra."""
    code = "import sys, bellcheck.mdp.semi_gradient; print('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
