"""``st.from_type(FiniteMDP)`` draws models, whichever of Hypothesis and the model is imported first."""

from __future__ import annotations

import subprocess
import sys

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bellcheck.mdp.model import FiniteMDP

HEAVY = {"altair", "flint", "gymnasium", "numba", "numpy", "sympy", "torch", "z3"}

ORDERS = {
    "Hypothesis first": "import hypothesis\nfrom bellcheck.mdp.model import FiniteMDP",
    "the model first": "from bellcheck.mdp.model import FiniteMDP\nimport hypothesis",
    "the package's name for it": "import hypothesis\nfrom bellcheck.mdp import FiniteMDP",
    "without plug-ins, Hypothesis first": (
        "import os\nos.environ['HYPOTHESIS_NO_PLUGINS'] = '1'\nimport hypothesis\n"
        "from bellcheck.mdp.model import FiniteMDP"
    ),
}

DRAW = """
import hypothesis.strategies as st

@hypothesis.settings(database=None, max_examples=5, deadline=None)
@hypothesis.given(st.from_type(FiniteMDP))
def draw(mdp):
    assert isinstance(mdp, FiniteMDP) and mdp.n_pairs >= 1
draw()
"""


def _output(code: str) -> str:
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("order", ORDERS)
def test_the_type_is_known_in_every_import_order(order: str) -> None:
    """In a fresh process, ``from_type`` draws models after either order of imports."""
    printed = _output(f"{ORDERS[order]}\n{DRAW}\nprint('drawn')")

    assert printed == "drawn\n"


def test_importing_hypothesis_alone_loads_neither_numbers_nor_our_modules() -> None:
    """The hook that runs in everybody's environment brings itself and its empty package, nothing else."""
    printed = _output("import hypothesis, sys\nprint(*sys.modules)").split()

    ours = {name for name in printed if name.startswith("bellcheck")}
    assert ours <= {"bellcheck", "bellcheck.mdp", "bellcheck.mdp.hypothesis_hook"}
    assert "bellcheck.mdp.hypothesis_hook" in ours
    assert HEAVY & set(printed) == set()


def test_the_model_alone_does_not_load_hypothesis() -> None:
    """Solving a model does not cost the import of Hypothesis."""
    printed = _output("from bellcheck.mdp.model import FiniteMDP\nimport sys\nprint('hypothesis' in sys.modules)")

    assert printed == "False\n"


@given(st.builds(lambda mdp: mdp, mdp=st.from_type(FiniteMDP)), st.from_type(list[FiniteMDP]))
def test_types_that_hold_models_are_drawn(mdp: FiniteMDP, several: list[FiniteMDP]) -> None:
    """A model inside another type is resolved too."""
    assert all(isinstance(model, FiniteMDP) for model in [mdp, *several])
