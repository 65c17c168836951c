"""A user's own network is held to the theory: right ones hold, wrong ones are refuted with the place and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from bellcheck.mdp.approximation import WrongShape
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.modules.check import ModuleReport, NotAModule, check_module
from bellcheck.proofs.modules.operation import Operation
from bellcheck.proofs.modules.operations import OPERATIONS

torch = pytest.importorskip("torch")
nn = torch.nn

ROWS = ["table", "value gradient", "semi-gradient", "update rule", "full gradient"]


def seeded(build: Callable[[], Any]) -> Any:
    """A module in float64 whose initial parameters are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build().double()


def drawn(*shape: int) -> Any:
    """Features in float64."""
    return torch.from_numpy(np.random.default_rng(1).normal(size=shape))


FEATURES = drawn(5, 3)


class TwoBranches(nn.Module):
    """tanh(A x) times B x, added up by C; `second` is how the second branch is computed."""

    def __init__(self, second: Callable[[Any, Any], Any] = lambda layer, x: layer(x)) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(3, 4), nn.Linear(3, 4), nn.Linear(4, 1)
        self.second = second

    def forward(self, x: Any) -> Any:
        """Return (N,) values."""
        return self.c(torch.tanh(self.a(x)) * self.second(self.b, x)).squeeze(1)


class Tied(nn.Module):
    """The same layer twice, its transpose as a third, and a parameter shared by name."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.again = self.layer
        self.out = nn.Linear(3, 1)

    def forward(self, x: Any) -> Any:
        """Return (N, 1) values."""
        hidden = torch.sigmoid(self.again(torch.tanh(self.layer(x))))
        return self.out(hidden @ self.layer.weight.t())


class Dueling(nn.Module):
    """Value and advantage with their mean taken off: slices, a concatenation, a mean and stretching."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.value, self.advantage = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        """Return (N,) values."""
        h = nn.functional.softplus(self.hidden(x))
        v, a = self.value(h), self.advantage(h)
        q = v + a - a.mean(dim=1, keepdim=True)
        both = torch.cat([q[:, :1] ** 2 / 2, 1 - q[:, 1:]], dim=1)
        return (both * torch.tensor([0.5, 2.0], dtype=torch.float64)).sum(dim=-1) + self.value.bias


class WrongTanh(torch.autograd.Function):
    """tanh with the slope 1 - y in place of 1 - y^2."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        """Return tanh x."""
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:  # type: ignore[override]
        """Return what is not the derivative."""
        (y,) = ctx.saved_tensors
        return grad * (1 - y)


def network(*middle: Any) -> Any:
    """A network of three inputs, four units and one output, with other modules in between."""
    return seeded(lambda: nn.Sequential(nn.Linear(3, 4), *middle, nn.Linear(4, 1)))


def statuses(report: ModuleReport) -> list[str]:
    """The status of each row."""
    return [row.status for row in report.rows]


def without_gradients(layer: Any, x: Any) -> Any:
    """The branch of a layer under no_grad."""
    with torch.no_grad():
        return layer(x)


# -------------------------------------------------------------------- what is right


@pytest.mark.parametrize(
    "module",
    [
        network(nn.Tanh()),
        network(nn.Softplus(), nn.Linear(4, 4), nn.Sigmoid()),
        network(nn.ReLU(inplace=True), nn.Linear(4, 4), nn.LeakyReLU()),
        network(nn.SiLU(), nn.BatchNorm1d(4), nn.Dropout()).eval(),
        seeded(lambda: nn.Sequential(nn.Linear(3, 1, bias=False), nn.Flatten(0))),
        seeded(Tied),
        seeded(Dueling),
        seeded(TwoBranches),
    ],
    ids=["one hidden", "two hidden", "relu in place", "eval mode", "linear", "tied", "dueling", "two branches"],
)
def test_right_modules_hold(module: Any) -> None:
    """Every gradient of a network that torch differentiates rightly is within its bound, and the bound is small."""
    report = check_module(module, FEATURES)

    assert [row.name for row in report.rows] == ROWS
    assert report.holds, str(report)
    assert all(row.difference <= row.bound < 1e-9 for row in report.rows)


def test_an_embedding_holds() -> None:
    """Whole numbers stay whole; a row that is asked for twice collects both gradients."""
    embedding = seeded(lambda: nn.Sequential(nn.Embedding(3, 2), nn.Tanh(), nn.Linear(2, 1)))

    report = check_module(embedding, torch.tensor([0, 1, 1, 2]))

    assert report.holds, str(report)


def test_the_table_itself_as_parameters_holds() -> None:
    """A tabular q_hat is a module too: a one-hot row a pair."""
    report = check_module(seeded(lambda: nn.Linear(4, 1, bias=False)), np.eye(4).tolist())

    assert report.holds, str(report)


def test_a_model_weights_and_values_may_be_given() -> None:
    """The user's own model, mu and q are the ones that are used."""
    report = check_module(seeded(lambda: nn.Linear(2, 1)), [[1, "1/2"]], mdp=self_loop(), mu=[1], q=["1/3"])

    assert report.holds, str(report)
    assert report.rows[1].instances == 1


def test_a_frozen_branch_may_be_detached() -> None:
    """What is not trained has no gradient to be wrong."""
    module = seeded(lambda: TwoBranches(without_gradients))
    module.b.requires_grad_(requires_grad=False)

    assert check_module(module, FEATURES).holds


def test_the_module_is_left_as_it_was() -> None:
    """Neither parameters, gradients, buffers, mode nor the state of torch's random numbers change."""
    module = network(nn.BatchNorm1d(4), nn.Dropout())
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    dice = torch.get_rng_state()

    check_module(module, FEATURES)
    check_module(module.eval(), FEATURES)

    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(dice, torch.get_rng_state())


def test_parameters_stay_the_same_objects() -> None:
    """An optimiser that holds the parameters still trains the module, also where a layer has two names."""
    module = seeded(Tied)
    before = [*module.parameters()]

    check_module(module, FEATURES)

    assert all(old is new for old, new in zip(before, module.parameters(), strict=True))


def test_a_report_is_data() -> None:
    """A report can be written as JSON and read again."""
    report = check_module(network(nn.Tanh()), FEATURES)

    assert msgspec.json.decode(msgspec.json.encode(report), type=ModuleReport) == report


# -------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("second", "place"),
    [
        (lambda layer, x: layer(x).detach(), "detach (or .data) cuts a branch off, in test_modules.py"),
        (without_gradients, "addmm without gradients (no_grad) cuts a branch off, in test_modules.py"),
        (lambda layer, x: x @ layer.weight.data.t(), "detach (or .data) cuts a branch off, in test_modules.py"),
    ],
    ids=["detach", "no_grad", "data"],
)
def test_a_detached_branch_is_refuted_with_its_place(second: Any, place: str) -> None:
    """The value is right; the gradient by the parameters behind the cut is not, and the line of the cut is named."""
    report = check_module(seeded(lambda: TwoBranches(second)), FEATURES)

    assert statuses(report) == ["holds", *["refuted"] * 4]
    assert "wrong for b.weight" in str(report)
    assert place in str(report)
    assert "a.weight" not in str(report)


def test_a_module_without_any_gradient_is_refuted() -> None:
    """A forward under no_grad as a whole has no gradient, and q_hat has one."""

    class Frozen(TwoBranches):
        @torch.no_grad()
        def forward(self, x: Any) -> Any:
            return super().forward(x)

    report = check_module(seeded(Frozen), FEATURES)

    assert statuses(report) == ["holds", *["refuted"] * 4]
    assert "without gradients (no_grad)" in str(report)


def test_a_wrong_backward_is_refuted_with_its_name() -> None:
    """A hand-written backward that is not the derivative of its forward is named, with the line of the forward."""
    report = check_module(seeded(lambda: TwoBranches(lambda layer, x: WrongTanh.apply(layer(x)))), FEATURES)

    assert statuses(report) == ["holds", *["refuted"] * 4]
    assert "wrong for b.weight, b.bias: the backward of WrongTanh is not the derivative" in str(report)
    assert "test_modules.py" in str(report)
    assert "y = torch.tanh(x)" in str(report)


def test_a_hook_that_changes_gradients_is_refuted() -> None:
    """Clipping by a hook is named as what it is."""
    module = network(nn.Tanh())
    module[0].weight.register_hook(lambda gradient: gradient.clamp(-1e-3, 1e-3))

    report = check_module(module, FEATURES)

    assert "refuted" in statuses(report)
    assert "wrong for 0.weight: a hook registered on it" in str(report)


def test_an_error_of_a_trillionth_is_refuted() -> None:
    """The bounds are those of rounding: a gradient that is off by one part in 10^12 is off."""
    module = network(nn.Tanh())
    module[0].weight.register_hook(lambda gradient: gradient * (1 + 1e-12))

    assert "refuted" in statuses(check_module(module, FEATURES))


@pytest.mark.parametrize("name", ["addmm", "relu", "sigmoid", "tanh"])
def test_either_route_may_be_the_wrong_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a wrong derivative on our side the two disagree as well, and the operation is named."""
    right = OPERATIONS[name]

    def doubled(*arguments: Any) -> list[Any]:
        return [2 * cotangent for cotangent in right.backward(*arguments)]

    monkeypatch.setitem(OPERATIONS, name, Operation(right.forward, doubled))

    report = check_module(network(nn.Tanh(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Sigmoid()), FEATURES)

    assert statuses(report) == ["holds", *["refuted"] * 4]
    assert f"the derivative that torch takes of {name}, in submodule" in str(report)


# -------------------------------------------------------------------- what cannot be compared


class Forward(nn.Module):
    """A linear layer, and a forward of it given as a function."""

    def __init__(self, compute: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)
        self.register_buffer("calls", torch.zeros(()))
        self.compute = compute

    def forward(self, x: Any) -> Any:
        """Return whatever the function returns."""
        return self.compute(self, x)


def counted(module: Any, x: Any) -> Any:
    """Change a buffer, and the values with it."""
    module.calls += 1
    return module.layer(x) + module.calls


def decayed(module: Any, x: Any) -> Any:
    """Change a parameter."""
    with torch.no_grad():
        module.layer.weight.mul_(0.5)
    return module.layer(x)


def shifted(module: Any, x: Any) -> Any:
    """Change the input."""
    x += 1
    return module.layer(x)


def overwritten(module: Any, x: Any) -> Any:
    """Change what tanh needs for its slope."""
    y = torch.tanh(module.layer(x))
    y += 1
    return y


def raising(module: Any, x: Any) -> Any:
    """Fail."""
    raise ValueError(f"no {len(x)} rows")


FAULTS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "buffer in place": (counted, "forward changes calls in place"),
    "parameter in place": (decayed, "forward changes layer.weight in place"),
    "input in place": (shifted, "forward changes its own input in place"),
    "overwritten": (overwritten, "compute a new tensor where one is changed in place"),
    "raises": (raising, "forward raised ValueError: no 5 rows"),
    "branch": (lambda m, x: m.layer(x) if m.layer(x).sum() > 0 else -m.layer(x), "reads numbers out of its tensors"),
    "numpy": (lambda m, x: m.layer(x) + torch.from_numpy(m.layer(x).detach().numpy() + 0), "reads numbers out of"),
    "item": (lambda m, x: m.layer(x) * m.layer.weight.norm().item(), "reads numbers out of its tensors"),
    "random": (lambda m, x: m.layer(x) + torch.randn(1, dtype=torch.float64), "forward is random"),
    "shape": (lambda m, x: m.layer(x).sum(), "forward returned shape () for 5 rows of features"),
    "heads": (lambda m, x: m.layer(x).expand(-1, 2), "forward returned shape (5, 2) for 5 rows of features"),
    "no tensor": (lambda m, x: [m.layer(x)], "forward returned a list for 5 rows"),
    "float32 inside": (lambda m, x: m.layer(x).float().double(), "makes numbers of torch.float32"),
    "float32 out": (lambda m, x: m.layer(x).float(), "forward returned torch.float32"),
    "not finite": (lambda m, x: m.layer(x) / (x[:, :1] - x[2, 0]), "q_hat of pair 2 is"),
    "unknown": (lambda m, x: torch.erf(m.layer(x)), "operation erf in test_modules.py, line"),
    "mask": (lambda m, x: m.layer(x) * (m.layer(x) > 0), "operation gt in test_modules.py, line"),
    "rounded": (lambda m, x: torch.round(m.layer(x)), "operation round in test_modules.py, line"),
    "overflow": (lambda m, x: torch.sigmoid(m.layer(x) * 1e4), "may exceed the range of binary64"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_understood_is_not_run(name: str) -> None:
    """Each fault has its answer, and none of its rows holds."""
    forward, answer = FAULTS[name]

    report = check_module(seeded(lambda: Forward(forward)), FEATURES)

    assert set(statuses(report)) == {"not-run"}
    assert answer in str(report)


@pytest.mark.parametrize(
    ("module", "answer"),
    [
        (nn.Linear(3, 1), "weight is torch.float32, in which no bound is known here; say module.double()"),
        (nn.Flatten(0), "the module has no parameters"),
        (network(nn.Dropout()), "forward is random: dropout in train mode (1); say module.eval()"),
        (network(nn.BatchNorm1d(4)), "batch normalisation in train mode (1)"),
        (network(nn.Tanh()).requires_grad_(requires_grad=False), "all parameters are frozen"),
        (network(nn.GELU()), "operation gelu in submodule '1' is none whose derivative is known here"),
    ],
    ids=["float32", "no parameters", "dropout", "batch norm", "frozen", "gelu"],
)
def test_modes_and_types_are_answered_with_the_remedy(module: Any, answer: str) -> None:
    """What `double()` or `eval()` mends is said so."""
    report = check_module(module, FEATURES)

    assert set(statuses(report)) == {"not-run"}
    assert answer in str(report)


def test_parameters_that_are_not_finite_are_named() -> None:
    """NaN among the parameters is said before anything is computed."""
    module = network(nn.Tanh())
    with torch.no_grad():
        module[2].bias.fill_(float("nan"))

    assert "2.bias holds a number that is not finite" in str(check_module(module, FEATURES))


def test_a_relu_at_its_kink_has_no_derivative() -> None:
    """Where a ReLU is exactly at 0 the gradient rows are not run, and say why; the table holds."""
    module = seeded(lambda: nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 1)))

    report = check_module(module, torch.zeros(4, 3))

    assert statuses(report)[:2] == ["holds", "not-run"]
    assert "relu in submodule '1': a ReLU is at 0" in str(report)
    assert "the derivative is one of several" in str(report)


def test_a_dead_kink_does_not_matter() -> None:
    """A ReLU at 0 whose output is multiplied by 0 has one derivative."""
    module = seeded(lambda: nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 1)))
    with torch.no_grad():
        module[2].weight.zero_()

    assert statuses(check_module(module, torch.zeros(4, 3)))[:4] == ["holds"] * 4


def test_tied_greedy_actions_have_no_full_gradient() -> None:
    """At a tie the semi-gradient holds and the full gradient is one of several."""
    module = seeded(lambda: nn.Linear(3, 1))
    with torch.no_grad():
        module.weight.zero_()

    report = check_module(module, FEATURES)

    assert statuses(report) == ["holds"] * 4 + ["not-run"]
    assert "the greedy actions of state" in str(report)


# -------------------------------------------------------------------- bad input


def test_what_is_no_module_is_refused() -> None:
    """A plain function has no parameters to look up."""
    with pytest.raises(NotAModule, match="wrap its forward"):
        check_module(lambda x: x, FEATURES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mdp": FiniteMDP.from_arrays([[[1]]], [1], "1/2")}, "5 rows of features for a model of 1 pairs"),
        ({"mu": [1]}, "mu has 1 entries for 5 rows"),
        ({"q": [1, 2]}, "q has 2 entries for 5 rows"),
    ],
    ids=["mdp", "mu", "q"],
)
def test_lengths_that_do_not_fit_are_refused(arguments: dict[str, Any], message: str) -> None:
    """The features have one row a pair."""
    with pytest.raises(WrongShape, match=message):
        check_module(network(nn.Tanh()), FEATURES, **arguments)


def test_no_features_are_refused() -> None:
    """There must be a pair."""
    with pytest.raises(WrongShape, match="features are empty"):
        check_module(network(nn.Tanh()), [])
