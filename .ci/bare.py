"""Use the installed wheel where no extra is: what needs one is not run and says so, everything else works."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

EXTRAS = ("altair", "gymnasium", "numba", "torch", "z3")
MODEL = """{
  "bellcheck_mdp": 1,
  "discount": "9/10",
  "states": ["on", "off"],
  "transitions": [
    {"state": 0, "action": 0, "outcomes": [
      {"probability": "3/4", "reward": "2", "next": 0},
      {"probability": "1/4", "reward": "-1", "next": 1}
    ]}
  ]
}
"""


def bellcheck(*arguments: str, status: int, says: str) -> None:
    """Run the command; stop unless it exits with `status` and prints `says`."""
    run = subprocess.run(["bellcheck", *arguments], capture_output=True, text=True, check=False)
    print("$ bellcheck", *arguments)
    print(run.stdout, run.stderr, sep="")
    if run.returncode != status or says not in run.stdout + run.stderr:
        raise SystemExit(f"expected exit status {status} and the words {says!r}; the status is {run.returncode}")


found = [name for name in EXTRAS if importlib.util.find_spec(name)]
if found:
    raise SystemExit(f"this environment is not bare: it has {', '.join(found)}")

Path("model.json").write_text(MODEL, encoding="utf-8")

bellcheck("--version", status=0, says="bellcheck")
bellcheck("claims", status=0, says="bellman.contraction")
bellcheck("explain", "bellman.contraction", status=0, says="contraction")
# v*(on) = (3/4) (2 + (9/10) v*(on)) - 1/4 = (5/4) / (13/40)
bellcheck("solve", "model.json", status=0, says="50/13")
bellcheck("export", "model.json", "--to", "svg", status=0, says="</svg>")
bellcheck("verify", "bellman.residual-bounds", "--examples", "20", status=0, says="bellman.residual-bounds")
bellcheck("verify", "bellman.contraction", "--examples", "20", status=3, says="bellcheck[smt]")
bellcheck("check", "pymdptoolbox:value_iteration", status=2, says="bellcheck[pymdptoolbox]")
bellcheck("solve", "gymnasium:FrozenLake-v1", "--discount", "99/100", status=2, says="bellcheck[gymnasium]")
