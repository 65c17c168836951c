r"""One step of regression on the TD target is the update rule, up to a factor that the loss decides.

.. math::
    w - \alpha \, \nabla_w L = w + c \, \alpha \sum_{b} \delta_b \, \nabla \hat q_w(x_b), \qquad
    y_b = r_b + \gamma V_{\hat q_w}(s'_b) \ \text{detached}

===========================================================  ==========
loss L of a batch of B transitions                           factor c
===========================================================  ==========
half the sum of squares                                      1
the sum of squares                                           2
their mean (the MSE of software libraries); at B = 1         2/B; 2
the mean over all heads of a network with \|A\| outputs,
the targets of the other actions being its own outputs       2/(B\|A\|)
===========================================================  ==========

Why: the derivative of (y - q_hat)^2 in w, with y held fixed, is -2 delta grad q_hat; a head whose target is its own
output adds nothing to the gradient and counts in the mean.

It is *one* step of *plain* gradient descent, with the target computed from the current parameters, detached, and 0
beyond a terminal state. An undetached target adds the motion of the target (semi-gradient.difference). Momentum agrees
at the first step and not at the second. Adam takes the sign of the step, Huber's loss that of a large TD error, and
weight decay shrinks w besides. Many steps on one frozen target are another algorithm, on the way to fitted Q-iteration
(value-error.frozen-target-path).

Torch's own optimiser takes the step, and is compared exactly on dyadic numbers (`dyadic`): the largest numerator is
that of alpha c sum delta grad q_hat, below 2^4 * 2 * 4 * 15 * 2^(3b + 4) * 3 * 2^(2b) < 2^(5b + 17) for a two-layer
ReLU network, 52 bits at b = 7, and less for linear q_hat.
"""

from __future__ import annotations

from typing import Any, Literal

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.value_error import td_targets

from ..approximations import COLUMNS, N_PARAMETERS, Family, table_and_slopes, torch_q
from ..assumptions import detached_target, differentiable, plain_sgd
from ..claim import Claim, cite
from ..definitions import state_value
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_mdps, dyadic_parameters
from ..mutants import gradient as mutants
from ..relation import Relation, all_of, at_most, equal

regression_equivalence = Claim(
    id="value-error.regression-equivalence",
    title="One plain gradient step of regression on the detached TD target is the update rule, times a known factor",
    statement=(
        r"w - \alpha \nabla_w L = w + c \alpha \textstyle\sum_b \delta_b \nabla \hat q_w(x_b),"
        r"\quad c \in \{1, 2, 2/B, 2/(B|A|)\}"
    ),
    subject="td-loss",
    needs=(detached_target, plain_sgd, differentiable),
    uses=("semi-gradient.difference",),
    sources=(cite("sutton2018", "(9.7)", verified=False), cite("mnih2015"), cite("crossvalidated365618")),
)

Reduction = Literal["half-sum", "sum", "mean"]


def loss_factors(batch_size: int) -> dict[Reduction, fmpq]:
    """Return the factor of each reduction of a batch."""
    return {"half-sum": fmpq(1), "sum": fmpq(2), "mean": fmpq(2, batch_size)}


def _batch(mdp: FiniteMDP, first: int, size: int) -> list[int]:
    """Return `size` outcomes in a row, from one on, beginning again behind the last."""
    return [(first + i) % len(mdp.reward) for i in range(size)]


def _pair_of(mdp: FiniteMDP, outcome: int) -> int:
    return next(x for x in range(mdp.n_pairs) if outcome in mdp.outcomes_of(x))


def sum_of_updates(family: Family, mdp: FiniteMDP, features: Array, w: Array, batch: list[int]) -> Array:
    """Return the sum over the batch of delta grad q_hat, with q_hat and its slopes from SymPy."""
    q, slopes = table_and_slopes(family, features, w)
    total = 0 * w
    for k in batch:
        x = _pair_of(mdp, k)
        delta = mdp.reward[k] + mdp.discount * state_value(mdp, q, int(mdp.next_state[k])) - q[x]
        total = total + delta * slopes[x]
    return total


def torch_steps(
    loss: Any,
    family: Family,
    mdp: FiniteMDP,
    features: Array,
    w: Array,
    batch: list[int],
    step_size: fmpq,
    reduction: Reduction,
    *,
    steps: int = 1,
    momentum: float = 0.0,
    decay: float = 0.0,
    adam: bool = False,
) -> Array:
    """Return the parameters after steps of ``torch.optim.SGD``, or of Adam."""
    import torch

    model, q_hat = mdp.to_tensor(), torch_q(family, features)
    parameters = torch.nn.Parameter(torch.tensor(to_floats(w)))
    rate = float(to_floats([step_size])[0])
    optimiser: Any = torch.optim.SGD([parameters], lr=rate, momentum=momentum, weight_decay=decay)
    if adam:
        optimiser = torch.optim.Adam([parameters], lr=rate)
    for _ in range(steps):
        optimiser.zero_grad()
        loss(model, q_hat, parameters, batch, reduction).backward()
        optimiser.step()
    return exact_array(parameters.tolist())


def _equal_steps(
    loss: Any,
    family: Family,
    mdp: FiniteMDP,
    features: Array,
    w: Array,
    first: int,
    size: int,
    step_size: fmpq,
    decay: float,
) -> Relation:
    batch = _batch(mdp, first, size)
    updates = sum_of_updates(family, mdp, features, w, batch)
    return all_of(
        equal(
            torch_steps(loss, family, mdp, features, w, batch, step_size, reduction, decay=decay),
            w + factor * step_size * updates,
        )
        for reduction, factor in loss_factors(size).items()
    )


def _draws(family: Family) -> dict[str, Any]:
    return {
        "mdp": dyadic_mdps(max_states=3, max_actions=2),
        "features": dyadic_features(COLUMNS[family], NETWORK_BITS),
        "w": dyadic_parameters(N_PARAMETERS[family], NETWORK_BITS),
        "first": st.integers(0, 5),
        "size": st.sampled_from([1, 2, 4]),
        "step_size": st.sampled_from([exact(a) for a in ("1/2", "1", "1/16", "3/4")]),
    }


@regression_equivalence.autograd(**_draws("linear"), decay=0.0)
def step_of_linear(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int, step_size: fmpq, decay: float
) -> Relation:
    """The steps on half-sum, sum and mean loss have the factors 1, 2 and 2/B, to the last bit, for linear q_hat.

    The optimiser is told to let weights decay by `decay` times the step size: not at all, if it is plain.
    """
    return _equal_steps(loss, "linear", mdp, features, w, first, size, step_size, decay)


@regression_equivalence.autograd(**_draws("relu"), decay=0.0)
def step_of_relu_network(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int, step_size: fmpq, decay: float
) -> Relation:
    """The same for a two-layer ReLU network."""
    return _equal_steps(loss, "relu", mdp, features, w, first, size, step_size, decay)


for _check in (step_of_linear, step_of_relu_network):
    regression_equivalence.refutes(mutants.undetached_target, by=_check)
    regression_equivalence.refutes(mutants.bootstrapping_after_the_end, by=_check)
    regression_equivalence.refutes(mutants.mean_over_all_heads, by=_check)
    regression_equivalence.fails_without(plain_sgd, by=_check, decay=0.5)
regression_equivalence.kept(
    detached_target,
    because="Whether the target is detached is the loss's own doing, and the loss is what is checked: it is dropped in"
    ' the mutant "target not detached", which every check refutes.',
)
regression_equivalence.kept(
    differentiable,
    because="Without a derivative neither side is defined. At a kink of a ReLU network both take the slope 0, by a"
    " convention.",
)


@regression_equivalence.too_strong(beside=step_of_linear)
def two_steps_with_momentum(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int, step_size: fmpq, decay: float
) -> Relation:
    """Momentum changes nothing: it does not at the first step, and does at the second."""
    batch = _batch(mdp, first, size)
    runs = [
        torch_steps(loss, "linear", mdp, features, w, batch, step_size, "half-sum", steps=2, momentum=momentum)
        for momentum in (0.0, 0.5)
    ]
    return equal(*runs)


@regression_equivalence.too_strong(beside=step_of_linear)
def adam_takes_the_step(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int, step_size: fmpq, decay: float
) -> Relation:
    """Adam changes nothing: it divides each coordinate by its own size, so that the first step is a sign.

    Up to 2^-20, that is: its epsilon, 10^-8, and rounding are not what is refuted.
    """
    batch = _batch(mdp, first, size)
    step = torch_steps(loss, "linear", mdp, features, w, batch, step_size, "half-sum", adam=True)
    update = step_size * sum_of_updates("linear", mdp, features, w, batch)
    return at_most(abs(step - w - update), fmpq(1, 2**20))


@regression_equivalence.too_strong(beside=step_of_linear)
def huber_takes_the_step(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int, step_size: fmpq, decay: float
) -> Relation:
    """Huber's loss changes nothing: it does for a TD error above its threshold, here 1, of which it keeps the sign."""
    import torch

    def huber(model: Any, q_hat: Any, parameters: Any, batch: list[int], reduction: Reduction) -> Any:
        prediction = q_hat(parameters)[[_pair_of(mdp, k) for k in batch]]
        label = td_targets(model, q_hat(parameters.detach()))[batch]
        return torch.nn.functional.huber_loss(prediction, label, reduction="sum")

    batch = _batch(mdp, first, size)
    step = torch_steps(huber, "linear", mdp, features, w, batch, step_size, "half-sum")
    return equal(step, w + step_size * sum_of_updates("linear", mdp, features, w, batch))


# -------------------------------------------------------------------- a network with a head for each action


def mean_over_heads_step(mdp: FiniteMDP, features: Array, w: Array, batch: list[int]) -> tuple[Array, int]:
    """Return minus the gradient of torch's MSE over all heads of the state, and the number of heads.

    The batch lies in one state; the target of each head is its own output, but for the head of the action taken.
    """
    import torch

    model, q_hat = mdp.to_tensor(), torch_q("linear", features)
    parameters = torch.tensor(to_floats(w), requires_grad=True)
    heads = mdp.pairs_of(int(mdp.pair_state[_pair_of(mdp, batch[0])]))
    outputs = torch.stack([q_hat(parameters)[heads.start : heads.stop]] * len(batch))
    targets = outputs.detach().clone()
    labels = td_targets(model, q_hat(parameters.detach()))
    for row, k in enumerate(batch):
        targets[row, _pair_of(mdp, k) - heads.start] = labels[k]
    torch.nn.functional.mse_loss(outputs, targets).backward()
    assert parameters.grad is not None
    return -exact_array(parameters.grad.tolist()), len(heads)


def in_one_state(mdp: FiniteMDP, first: int, size: int) -> list[int]:
    """Return `size` outcomes in a row of one state's pairs, from one on, beginning again behind the last."""
    pairs = mdp.pairs_of(int(mdp.pair_state[_pair_of(mdp, first % len(mdp.reward))]))
    outcomes = [k for x in pairs for k in mdp.outcomes_of(x)]
    return [outcomes[(first + i) % len(outcomes)] for i in range(size)]


def _heads_have_the_factor(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int, factor: Any
) -> Relation:
    batch = in_one_state(mdp, first, size)
    step, n_heads = mean_over_heads_step(mdp, features, w, batch)
    rule = torch_steps(loss, "linear", mdp, features, w, batch, fmpq(1), "half-sum") - w
    return equal(step, factor(n_heads) * rule)


_head_draws = {name: draw for name, draw in _draws("linear").items() if name != "step_size"}


@regression_equivalence.autograd(**_head_draws)
def mean_over_heads(loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int) -> Relation:
    """Torch's MSE over B transitions and |A| heads has the factor 2/(B |A|)."""
    return _heads_have_the_factor(loss, mdp, features, w, first, size, lambda heads: fmpq(2, size * heads))


regression_equivalence.refutes(mutants.undetached_target, by=mean_over_heads)


@regression_equivalence.too_strong(beside=mean_over_heads)
def heads_do_not_count(loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int) -> Relation:
    """The factor 2/B of the mean over transitions, with the heads forgotten."""
    return _heads_have_the_factor(loss, mdp, features, w, first, size, lambda heads: fmpq(2, size))
