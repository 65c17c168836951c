r"""Other numbers for states and actions change nothing: relabelling commutes with Q-learning.

.. math:: Q'_0 = Q_0 \circ \sigma^{-1} \quad\Longrightarrow\quad Q'_k = Q_k \circ \sigma^{-1}

for the model and the path with pairs renamed by sigma: the states permuted, and the actions of each state.

Why: nothing in the rule looks at a number. The updated pair, the reward and the successor are renamed together, and the
maximum over the actions of s' is one over a set.

What does look at numbers is a behaviour that breaks ties by the lowest index: the renamed learner then explores other
actions, and the two runs part, each with a path of its own. Splitting the greedy mass evenly among tied actions
commutes with every renaming. A test in which nothing ties, or with one numbering only, does not see the difference.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, tables

from ..claim import Claim
from ..mutants import behaviours, learners
from ..relation import Relation, all_of, equal
from ..runs import Path, Update, tables_along
from ..transformations import pair_keys, renumbered, state_keys

permutation = Claim(
    id="q-learning.permutation",
    title="Other numbers for states and actions change nothing",
    statement=r"Q'_0 = Q_0 \circ \sigma^{-1} \implies Q'_k = Q_k \circ \sigma^{-1}",
    subject="q-learner",
)


@permutation.pathwise(mdp=mdps(), q=tables, path=paths, states=state_keys, pairs=pair_keys)
def renamed_paths_lead_to_renamed_tables(
    update: Update, mdp: FiniteMDP, q: Array, path: Path, states: Array, pairs: Array
) -> Relation:
    """A learner on the renamed model and path has, after every step, the renamed table."""
    new = renumbered(mdp, states, pairs)
    old_tables = tables_along(update, mdp, q, path)
    new_tables = tables_along(update, new.mdp, new.table(q), new.path(path))
    return all_of(equal(after, new.table(before)) for after, before in zip(new_tables, old_tables, strict=True))


for _mutant in (learners.argmax_in_place_of_max, learners.row_of_the_action_taken):
    permutation.refutes(_mutant, by=renamed_paths_lead_to_renamed_tables)


@permutation.exact(
    of="behaviour",
    mdp=mdps(),
    q=tables,
    epsilon=st.sampled_from(exact_array([0, "1/10", "1/2"]).tolist()),
    states=state_keys,
    pairs=pair_keys,
)
def split_ties_are_renamed_too(
    behaviour: Any, mdp: FiniteMDP, q: Array, epsilon: Scalar, states: Array, pairs: Array
) -> Relation:
    """An epsilon-greedy policy that splits ties evenly is renamed with its table."""
    new = renumbered(mdp, states, pairs)
    return equal(behaviour(new.mdp, new.table(q), epsilon, "split"), new.table(behaviour(mdp, q, epsilon, "split")))


for _mutant in (behaviours.first_of_the_tied, behaviours.first_action_false):
    permutation.refutes(_mutant, by=split_ties_are_renamed_too)


@permutation.too_strong(beside=split_ties_are_renamed_too)
def ties_to_the_lowest_index_are_renamed_too(
    behaviour: Any, mdp: FiniteMDP, q: Array, epsilon: Scalar, states: Array, pairs: Array
) -> Relation:
    """A behaviour that breaks ties by index does not commute: the lowest of two tied actions is another one then."""
    new = renumbered(mdp, states, pairs)
    return equal(behaviour(new.mdp, new.table(q), epsilon, "lowest"), new.table(behaviour(mdp, q, epsilon, "lowest")))
