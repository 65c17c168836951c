"""A claim: one statement of the theory as data, with the checks that are its evidence and the controls that test them.

A claim file is a page of a textbook: the statement and the reason in its docstring, the claim, its checks, what must
fail. Evidence is stacked over a plain function whose first argument is the subject::

    @contraction.all_reals(mdp=symbolic_mdp(3, 3), q=symbolic_table, w=symbolic_table)
    @contraction.exact(mdp=mdps(), q=tables, w=tables)
    def distances_shrink(T, mdp, q, w):
        return at_most(max_norm(T(mdp, q) - T(mdp, w)), mdp.discount * max_norm(q - w))

A draw is a Hypothesis strategy, a value, or a function of values drawn before it, by their names; nothing is drawn, and
no optional library imported, until a check runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from .assumptions import Assumption
from .relation import Relation
from .subject import Subject

__all__ = [
    "GROUPS",
    "KINDS",
    "Attained",
    "Check",
    "Claim",
    "Control",
    "Kept",
    "Proved",
    "Source",
    "cite",
    "isabelle",
    "lean",
    "rocq",
]

GROUPS = {
    "bellman": "Bellman operators and fixed points",
    "improvement": "Policy improvement",
    "q-learning": "Tabular Q-learning",
    "value-error": "The weighted value error",
    "semi-gradient": "Semi-gradient versus full gradient",
    "deep-q": "DQN-style algorithms",
    "folklore": "Often said, and false as it stands",
}

Kind: TypeAlias = Literal[
    "symbolic", "all-reals", "exact", "enumerated", "pathwise", "fixture", "autograd", "statistical"
]
KINDS: dict[Kind, str] = {
    "symbolic": "an identity at every size or for undefined functions; no tolerance",
    "all-reals": "an inequality for all reals at a fixed size: its negation is unsatisfiable; no tolerance",
    "exact": "rational arithmetic on generated instances; no tolerance",
    "enumerated": "an expectation over all outcomes, in rationals; no tolerance",
    "pathwise": "every sample path: exact, or within the proved rounding bound",
    "fixture": "an exact textbook case; no tolerance",
    "autograd": "torch's gradient against SymPy's; equal, or within a derived bound",
    "statistical": "independent replicas against a bound with a stated false-alarm probability",
}


@dataclass(frozen=True)
class Source:
    """A place in the literature: a key of references.bib, a locator, and whether the locator was seen there."""

    key: str
    locator: str = ""
    verified: bool = True


@dataclass(frozen=True)
class Proved:
    """A machine-checked proof elsewhere."""

    prover: str
    library: str
    name: str


def cite(key: str, locator: str = "", *, verified: bool = True) -> Source:
    """Name a source by its key in references.bib and the place in it."""
    return Source(key, locator, verified)


def lean(name: str, library: str = "ShangtongZhang/rl-theory-in-lean") -> Proved:
    """Name a theorem of a Lean library."""
    return Proved("Lean", library, name)


def rocq(name: str) -> Proved:
    """Name a theorem of IBM's FormalML."""
    return Proved("Rocq", "IBM/FormalML", name)


def isabelle(name: str) -> Proved:
    """Name a theorem of the Archive of Formal Proofs, entries MDP-Rewards and MDP-Algorithms."""
    return Proved("Isabelle/HOL", "AFP MDP-Rewards, MDP-Algorithms", name)


CheckFunction: TypeAlias = Callable[..., Relation]


@dataclass(frozen=True)
class Check:
    """One kind of evidence for a statement: the function, the kind of its subject, and what else it is called with."""

    name: str
    kind: Kind
    function: CheckFunction
    subject: str
    draws: Mapping[str, Any]
    false_alarm: float = 0.0
    power: str = ""


@dataclass(frozen=True)
class Control:
    """What must fail, beside the check that must refute it.

    `by` is the check whose relation decides, under each of its kinds or only `kinds`. Exactly one of the rest is set:
    `subject`, wrong code in place of the reference; `statement`, a stronger statement, or for folklore the true one;
    `without`, an assumption that `draws` drop.
    """

    name: str
    by: CheckFunction
    subject: Subject | None = None
    statement: CheckFunction | None = None
    without: Assumption | None = None
    kinds: tuple[Kind, ...] = ()
    draws: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Attained:
    """A named instance on which an inequality of the check `by` is attained, or approached.

    There an entry of the left side is at least `share` of the right one; a share of 1 is equality.
    """

    name: str
    by: CheckFunction
    share: object
    draws: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name if self.share == 1 else f"{self.name} (to {self.share} of the bound)"


@dataclass(frozen=True)
class Kept:
    """An assumption that no check drops, and why: it cannot fail here, or the counterexample cannot be written down."""

    assumption: Assumption
    because: str
    sources: tuple[Source, ...]


@dataclass
class Claim:
    """One statement of the theory.

    Parameters
    ----------
    id : ``group.slug``; never used again for something else.
    title : the statement in one line of words.
    statement : the statement in LaTeX.
    subject : the kind of thing that the checks are about; `subject.REFERENCES` names our own. A check about another
        kind says so: ``of="policy-operator"``.
    needs : the assumptions, each of which is dropped (`fails_without`) or `kept` for a reason; of folklore, which is
        false as it stands, what it is granted.
    uses : ids of the claims that the argument invokes.
    sources : places in the literature; proved_in : machine-checked proofs elsewhere.
    expected : "refuted" for folklore, whose check is the literal statement; "cited" for what has no check.
    """

    id: str
    title: str
    statement: str
    subject: str
    needs: tuple[Assumption, ...] = ()
    uses: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    proved_in: tuple[Proved, ...] = ()
    expected: Literal["holds", "refuted", "cited"] = "holds"
    checks: list[Check] = field(default_factory=list, init=False, repr=False)
    controls: list[Control] = field(default_factory=list, init=False, repr=False)
    tight: list[Attained] = field(default_factory=list, init=False, repr=False)
    undropped: list[Kept] = field(default_factory=list, init=False, repr=False)

    @property
    def group(self) -> str:
        """The group, the part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of evidence, each once, in the order of `KINDS`."""
        return [kind for kind in KINDS if any(check.kind == kind for check in self.checks)]

    # ------------------------------------------------------------ evidence

    def _evidence(
        self, kind: Kind, draws: Mapping[str, Any], *, of: str, **stated: Any
    ) -> Callable[[CheckFunction], CheckFunction]:
        def decorate(function: CheckFunction) -> CheckFunction:
            accepted = list(inspect.signature(function).parameters)[1:]
            unknown = set(draws) - set(accepted)
            if unknown:
                raise TypeError(f"{self.id}: {function.__name__} takes no {', '.join(sorted(unknown))}")
            self.checks.append(Check(function.__name__, kind, function, of or self.subject, dict(draws), **stated))
            return function

        return decorate

    def symbolic(self, *, of: str = "", **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """An identity between SymPy expressions, at every size or for undefined functions."""
        return self._evidence("symbolic", draws, of=of)

    def all_reals(self, *, of: str = "", **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """An obligation for z3: draws are functions of ``reals``, the proof, and of each other."""
        return self._evidence("all-reals", draws, of=of)

    def exact(self, *, of: str = "", **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """Rational arithmetic on generated instances."""
        return self._evidence("exact", draws, of=of)

    def enumerated(self, *, of: str = "", **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """An expectation over all outcomes of generated instances, in rationals."""
        return self._evidence("enumerated", draws, of=of)

    def pathwise(self, *, of: str = "", **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """A statement about every sample path."""
        return self._evidence("pathwise", draws, of=of)

    def fixture(self, *, of: str = "", **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """An exact textbook case."""
        return self._evidence("fixture", draws, of=of)

    def autograd(self, *, of: str = "", **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """Torch's gradient against SymPy's."""
        return self._evidence("autograd", draws, of=of)

    def statistical(
        self, *, false_alarm: float, power: str, of: str = "", **draws: Any
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Independent replicas against a bound that fails with probability at most `false_alarm`.

        The function takes ``seed`` (a ``numpy.random.SeedSequence``) and ``false_alarm``. `power` says which control is
        refuted, and how surely.
        """
        if not 0 < false_alarm < 1:
            raise ValueError(f"{self.id}: a false-alarm probability of {false_alarm}; it lies between 0 and 1")
        return self._evidence("statistical", draws, of=of, false_alarm=false_alarm, power=power)

    def attained(self, name: str, *, by: CheckFunction, share: object = 1, **draws: Any) -> None:
        """Name an instance, `draws` in place of those of `by`, on which its inequality has no room: it is not loose.

        With a `share` below 1 the left side comes that near: it is at least that share of the right one.
        """
        if not any(check.function is by for check in self.checks):
            raise ValueError(f"{self.id}: {name!r} is of {by.__name__}, which is no evidence of this claim")
        self.tight.append(Attained(name, by, share, draws))

    # ------------------------------------------------------------ what must fail

    def _must_fail(self, control: Control) -> None:
        kinds = {check.kind for check in self.checks if check.function is control.by}
        missing = set(control.kinds) - kinds
        if not kinds or missing:
            how = f"no {', '.join(sorted(missing))} evidence" if kinds else "no evidence"
            raise ValueError(
                f"{self.id}: {control.name!r} would never run; {control.by.__name__} is {how} of this claim"
            )
        self.controls.append(control)

    def refutes(self, mutant: Subject, *, by: CheckFunction, kinds: tuple[Kind, ...] = ()) -> None:
        """Wrong code in the place of the reference, which the check `by` must refute.

        It must do so under each of its kinds of evidence, or those given, if the mutant cannot be written for the rest.
        """
        self._must_fail(Control(mutant.name, by, subject=mutant, kinds=kinds))

    def too_strong(self, *, beside: CheckFunction, **draws: Any) -> Callable[[CheckFunction], CheckFunction]:
        """A stronger statement than the claim's, refuted on an instance where the check `beside` holds.

        It takes the draws of `beside`, or those given here.
        """

        def decorate(function: CheckFunction) -> CheckFunction:
            self._must_fail(Control(function.__name__, beside, statement=function, draws=draws))
            return function

        return decorate

    def fails_without(self, assumption: Assumption, *, by: CheckFunction, **draws: Any) -> None:
        """The check `by` on instances without an assumption, given by `draws` that replace its own."""
        self._must_fail(Control(f"without {assumption.name}", by, without=assumption, draws=draws))

    def kept(self, assumption: Assumption, *, because: str, sources: tuple[Source, ...] = ()) -> None:
        """Say why no check drops an assumption: it cannot fail, or not here, and who shows what happens without it."""
        self.undropped.append(Kept(assumption, because, sources))

    def truth(self, *, beside: CheckFunction) -> Callable[[CheckFunction], CheckFunction]:
        """What is true where folklore fails: it must hold on every instance, those that refute `beside` included."""

        def decorate(function: CheckFunction) -> CheckFunction:
            self._must_fail(Control(function.__name__, beside, statement=function))
            return function

        return decorate
