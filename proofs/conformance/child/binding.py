"""Which argument of a foreign function is what: parameters are recognised by the names that the field gives them.

So are numbers that a program keeps in its module (`constants`), for 0.1 and its like are no numbers that floats compute
with exactly.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .constants import numbers_of_the_module
from .loading import CannotLoad

__all__ = ["NAMES", "Bound", "bind", "named_as"]

NAMES: dict[str, tuple[str, ...]] = {
    "table": ("q", "qtable", "table", "qvalues", "qs"),
    "table_a": ("qa", "q1", "tablea", "table1", "qtable1", "qtablea"),
    "table_b": ("qb", "q2", "tableb", "table2", "qtable2", "qtableb"),
    "first": ("first", "coin", "updatea", "updatefirst", "heads"),
    "state": ("s", "state", "obs", "observation", "currentstate", "st"),
    "action": ("a", "action", "act", "at"),
    "reward": ("r", "reward", "rew"),
    "rewards": ("rewards", "rs", "r", "reward"),
    "next_state": (
        "s2", "snext", "nextstate", "newstate", "sprime", "sp", "s1", "ns", "nextobs", "nextobservation", "stn",
        "laststate", "sn", "slast",
    ),
    "next_action": ("a2", "anext", "nextaction", "newaction", "aprime", "ap", "a1", "na"),
    "terminated": ("terminated", "done", "terminal", "isterminal", "end", "ended", "d"),
    "truncated": ("truncated", "truncation", "timeout", "cut"),
    "step_size": ("alpha", "lr", "learningrate", "stepsize", "eta"),
    "discount": ("gamma", "discount", "discountfactor", "g"),
    "epsilon": ("epsilon", "eps"),
    "threshold": ("threshold", "tolerance", "tol", "theta"),
    "policy": ("policy", "pi", "probabilities", "probs"),
    "legal": (
        "legal", "legalactions", "nextactions", "actions", "available", "availableactions", "actionmask", "mask",
        "nextmask", "nextlegal",
    ),
    "P": ("p", "transitions", "transition", "t", "probabilities"),
    "R": ("r", "rewards", "reward"),
    "values": ("v", "values", "value", "u"),
    "start": ("vinit", "v0", "start", "initial", "initialvalue", "initialvalues"),
    "seed": ("seed",),
    "rng": ("rng", "generator", "nprandom", "randomstate"),
    "step": ("k", "n", "step", "i", "visits", "count", "t", "timestep"),
    "online": (
        "online", "qnet", "source", "onlineparams", "params", "onlinenet", "policynet", "net", "model", "network",
    ),
    "target": ("target", "targetnet", "qtarget", "targetparams", "targetnetwork", "targetmodel"),
    "tau": ("tau", "polyak", "rate"),
    "observations": ("observations", "obs", "states", "s", "state"),
    "actions": ("actions", "action", "a"),
    "next_observations": (
        "nextobservations", "nextobs", "nextstates", "nextstate", "s2", "snext", "sprime", "newstates",
    ),
    "dones": ("terminated", "dones", "done", "terminals", "terminal"),
    "weights": ("weights", "isweights", "importanceweights", "w"),
    "next_mask": ("nextmask", "legal", "nextlegal", "mask", "actionmask", "nextactionmask"),
    "batch": ("batch", "transitions", "data", "sample", "samples", "minibatch"),
    "env": ("env", "environment"),
    "episodes": ("episodes", "nepisodes", "numepisodes", "maxepisodes"),
    "n_states": ("nstates", "numstates", "states", "statespace", "nobs", "nobservations", "ns"),
    "n_actions": ("nactions", "numactions", "actions", "actionspace", "na"),
    "first_epsilon": ("initialepsilon", "startepsilon", "epsilonstart", "epsstart"),
    "last_epsilon": ("finalepsilon", "endepsilon", "epsilonend", "epsend", "minepsilon", "epsilonmin"),
    "epsilon_decay": ("epsilondecay", "epsdecay", "decay", "decayrate"),
    "steps": ("steps", "nsteps", "totalsteps", "numsteps", "maxsteps", "totaltimesteps", "timesteps", "niter"),
}  # fmt: skip
"""Role -> the names by which parameters are recognised, in lower case and without underscores."""


CONSTANTS = ("step_size", "discount", "epsilon")
"""The roles that a program may keep in its module or in an object, where no parameter has them."""


class Bound:
    """A foreign function with a role for each parameter that it is given.

    Attributes
    ----------
    roles : role -> the parameter's name.
    constants : role -> the name in the function's module that is set before each call.
    told : the roles of both kinds.
    namespace : the names of the module that the function is of.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        roles: Mapping[str, str],
        positional: Sequence[str],
        constants: Mapping[str, tuple[dict[str, Any], str]],
    ) -> None:
        self.function = function
        self.roles = dict(roles)
        self.constants = {role: name for role, (_, name) in constants.items()}
        self.told = {*roles, *constants}
        self.namespace = vars(sys.modules.get(getattr(function, "__module__", None) or "", sys.modules[__name__]))
        self._positional = tuple(positional)
        self._places = constants

    def set_constants(self, values: Mapping[str, Any]) -> None:
        """Set what the program keeps in its module."""
        for role, (namespace, name) in self._places.items():
            namespace[name] = values[role]

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Call it; `values` has a value for each role, and may have more."""
        self.set_constants(values)
        named = {name: values[role] for role, name in self.roles.items()}
        first = [named.pop(name) for name in self._positional]
        return self.function(*first, **named)


def bind(
    function: Callable[..., Any], required: Sequence[str], optional: Sequence[str], declared: Mapping[str, Any]
) -> Bound:
    """Find the role of each parameter, and the constants of its module that have a role.

    Parameters
    ----------
    required, optional : the roles of this kind of subject; an earlier one wins where a name fits two.
    declared : what the subject declares: as "arguments" the roles of the leading parameters in order, in place of their
        names; what is declared to be built in is left as it is.

    Raises `CannotLoad` for a parameter without a role and a default, or a required role without a parameter.
    """
    known = [*required, *optional]
    given = declared.get("arguments", ())
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    wanted = "arguments=" + ",".join(given or known)
    for role in given:
        if role not in known:
            raise CannotLoad(f"arguments: {role!r} is no role here; the roles are {', '.join(known)}")
    parameters = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if given and len(given) > len(parameters):
        raise CannotLoad(f"arguments names {len(given)} roles for {len(parameters)} parameters")
    roles: dict[str, str] = {}
    if inspect.isclass(function) and required:
        wanted += f"; {function.__name__} is a class: one that keeps a table is judged --as agent"
    for place, parameter in enumerate(parameters):
        found = given[place] if place < len(given) else _role(parameter.name, known, roles)
        if found is not None and found not in roles:
            roles[found] = parameter.name
        elif parameter.default is parameter.empty:
            raise CannotLoad(f"what parameter {parameter.name!r} is given is not clear; say it: --declare {wanted}")
    missing = [role for role in required if role not in roles]
    if missing:
        raise CannotLoad(
            f"no parameter is recognised as {' or '.join(missing)} among "
            f"{', '.join(p.name for p in parameters) or 'no parameters'}; say which is which: --declare {wanted}"
        )
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in roles.values()]
    constants: dict[str, tuple[dict[str, Any], str]] = {}
    numbers = numbers_of_the_module(function)
    for role in CONSTANTS:
        if role in optional and role not in roles and role not in declared:
            places = [(namespace, name) for name, namespace in numbers.items() if named_as(name, role)]
            if len(places) == 1:
                [constants[role]] = places
    return Bound(function, roles, positional, constants)


def named_as(name: str, role: str) -> bool:
    """Whether the field has this name for a role."""
    return name.lower().replace("_", "") in NAMES[role]


def _role(name: str, known: Sequence[str], taken: Mapping[str, str]) -> str | None:
    fitting = [role for role in known if named_as(name, role) and role not in taken]
    return fitting[0] if fitting else None
