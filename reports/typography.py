"""Plain-text formulas of titles and one-line docstrings, set as in print.

A terminal shows ``2 sum mu (q_hat - q) grad q_hat`` as it is written; on a page the same words become symbols. Only
spellings that cannot be prose are replaced: names of Greek letters, relations, norms, primes, minus signs, and an index
or exponent of one letter. Ids of claims stay as they are.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["scientific", "typeset"]

_LETTERS = {
    "q_hat": "q̂",
    "q-hat": "q̂",
    "alpha": "α",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "theta": "θ",
    "eta": "η",
    "lambda": "λ",
    "Lambda": "Λ",
    "mu": "μ",
    "phi": "φ",
    "Phi": "Φ",
    "pi": "π",
    "tau": "τ",
}
_SIGNS = {"<=": "≤", ">=": "≥", "->": "→", "<-": "←", "||": "‖", "grad ": "∇", "sum ": "Σ ", "-": "−"}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BINARY_MINUS = r"(?<=[\w)\]}*|] )-(?= [\w(|])"
_UNARY_MINUS = r"(?<![^\s(\[,^])-(?=\w)"
_FORMULA = re.compile(
    r"(?P<id>\b[a-z-]+\.[a-z-]{2,})"
    rf"|(?P<sign><=|>=|<-|->|\|\||\bgrad (?=q_hat)|\bsum (?=mu\b|alpha\b)|{_BINARY_MINUS}|{_UNARY_MINUS})"
    rf"|(?P<base>\)(?=\^)|(?<![\w.'])(?:{'|'.join(_LETTERS)}|\d+(?=\^)|[A-Za-z](?=['_^])))(?P<prime>'?)"
    r"(?:_(?P<index>\{[^}]*\}|\w+'?))?(?:\^(?P<power>\{[^}]*\}|-?\w+))?(?!\w)"
)


def typeset(text: str) -> Markup:
    """Return a line of plain text with its formulas as HTML.

    >>> typeset("v_pi <= ||Q_0|| + mu^2")
    Markup('v<sub>π</sub> ≤ ‖Q<sub>0</sub>‖ + μ<sup>2</sup>')
    """
    parts, end = [], 0
    for found in _FORMULA.finditer(text):
        parts += [escape(text[end : found.start()]), _set(found)]
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _set(found: re.Match[str]) -> Markup:
    if found["base"] is None:
        return escape(found["id"] or _SIGNS[found["sign"]])
    symbol = escape(_LETTERS.get(found["base"], found["base"]) + "′" * len(found["prime"]))
    for tag in ("index", "power"):
        if found[tag]:
            name = "sub" if tag == "index" else "sup"
            inner = found[tag].strip("{}")
            symbol += Markup(f"<{name}>{{}}</{name}>").format(_small(inner))
    return symbol


def _small(text: str) -> str:
    primes = len(text) - len(text.rstrip("'"))
    bare = text.rstrip("'")
    return _LETTERS.get(bare, bare.replace("-", "−")) + "′" * primes


def scientific(number: float) -> str:
    """Return a positive number as two digits times a power of ten, a power of ten as itself.

    >>> scientific(5e-9)
    '5.0 · 10⁻⁹'
    """
    digits, _, power = f"{number:.1e}".partition("e")
    raised = f"10{str(int(power)).translate(_SUPERSCRIPTS)}"
    return raised if digits == "1.0" else f"{digits} · {raised}"
