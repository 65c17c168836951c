"""A small MDP as a diagram for a slide: SVG, or LaTeX with TikZ.

States are circles, terminal ones drawn doubly; actions are dots, each with its curves in a colour of its own. At an
arrow stand the probability and the reward of its outcome, at a dot the action where there is a choice or a name, and
its value if a table is given. Below stand the discount and, if there is one, the start distribution.

The SVG has a light ground of its own, so it can be read on a dark slide; the TikZ needs no library of TikZ's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from xml.sax.saxutils import escape

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP

from .diagram_curves import Curve, curves_of, dot_of
from .diagram_labels import FONT_SIZE, Box, Label, Wanted, covered, place_labels, text_width
from .diagram_layout import lay_out, number_text, outcome_text
from .figures import BLUE, GREEN, ORANGE, PURPLE, VERMILLION

__all__ = ["MAX_OUTCOMES", "MAX_STATES", "Diagram", "NoRoom", "arranged", "to_svg", "to_tikz"]

MAX_STATES = 8
MAX_OUTCOMES = 40
_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE)
_WORDS = ("#005a8c", "#a84800", "#00694f", "#8f4f72", "#805800")
"""The same, dark enough to be read on white."""
_INK, _PAPER, _STATE, _END = "#1b1b1b", "#ffffff", "#eef3f8", "#dcdcdc"
_MARGIN = 26.0
_HEAD = 11.0
_LONGEST_NAME = 16
_ROOM = (1.0, 1.2, 1.45, 1.75, 2.1, 2.5)
"""How far things are moved apart, step by step, while labels lie on something."""


class NoRoom(ValueError):
    """A model that no slide has room for."""


@dataclass(frozen=True)
class Diagram:
    """Everything in its place, y upwards, in pixels; `low` and `high` are the corners, with a margin."""

    radius: float
    states: list[complex]
    names: list[str]
    dots: list[complex]
    curves: list[Curve]
    labels: list[Label]
    footer: str
    low: complex
    high: complex


def to_svg(mdp: FiniteMDP, q: Array | None = None) -> str:
    """Return the diagram as a self-contained SVG document; `q` is an (N,) table to show at the actions.

    Raises `NoRoom` above 8 states or 40 outcomes.
    """
    diagram = arranged(mdp, q)
    low, high = diagram.low, diagram.high
    width, height = high.real - low.real, high.imag - low.imag

    def xy(z: complex) -> str:
        return f"{z.real - low.real:.1f},{high.imag - z.imag:.1f}"

    def text(words: str, z: complex, size: float, colour: str, anchor: str = "middle") -> str:
        x, y = xy(z - 0.35j * size).split(",")
        return (
            f'<text x="{x}" y="{y}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    parts = [f'<rect width="{width:.1f}" height="{height:.1f}" rx="10" fill="{_PAPER}"/>']
    for curve in diagram.curves:
        colour = _COLOURS[_colour(mdp, curve.pair)]
        a, b, c, d = _shortened(curve).points
        parts.append(f'<path d="M{xy(a)} C{xy(b)} {xy(c)} {xy(d)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if curve.outcome is not None:
            corners = " ".join(xy(z) for z in _head(curve))
            parts.append(f'<polygon points="{corners}" fill="{colour}"/>')
    for state, centre in enumerate(diagram.states):
        x, y = xy(centre).split(",")
        radius, end = diagram.radius, not mdp.pairs_of(state)
        fill = _END if end else _STATE
        parts.append(f'<circle cx="{x}" cy="{y}" r="{radius:g}" fill="{fill}" stroke="{_INK}" stroke-width="2"/>')
        if end:
            parts.append(
                f'<circle cx="{x}" cy="{y}" r="{radius - 5:g}" fill="none" stroke="{_INK}" stroke-width="1.5"/>'
            )
        parts.append(text(diagram.names[state], centre, FONT_SIZE + 2, _INK))
    for pair, dot in enumerate(diagram.dots):
        x, y = xy(dot).split(",")
        parts.append(f'<circle cx="{x}" cy="{y}" r="5.5" fill="{_COLOURS[_colour(mdp, pair)]}"/>')
    parts += [text(it.text, it.box.centre, FONT_SIZE, _WORDS[_colour(mdp, it.pair)]) for it in diagram.labels]
    parts.append(text(diagram.footer, complex(low.real + _MARGIN, low.imag + 20), FONT_SIZE - 3, "#555555", "start"))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" width="{width:.0f}"'
        f' height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" role="img">'
    )
    return "\n".join([opening, f"<title>{escape(_title(mdp))}</title>", *parts, "</svg>", ""])


def arranged(mdp: FiniteMDP, q: Array | None = None) -> Diagram:
    """Return where the parts of the diagram go; see `to_svg`."""
    if mdp.n_states > MAX_STATES or len(mdp.reward) > MAX_OUTCOMES:
        raise NoRoom(
            f"{mdp.n_states} states and {len(mdp.reward)} outcomes; "
            f"a diagram has room for {MAX_STATES} and {MAX_OUTCOMES}"
        )
    names = [_short(mdp.state_name(state)) for state in range(mdp.n_states)]
    radius = max(26.0, max(text_width(name, FONT_SIZE + 2) for name in names) / 2 + 9)
    actions = [_action_text(mdp, q, x) for x in range(mdp.n_pairs)]
    start = "" if mdp.start is None else f"; start ({', '.join(map(number_text, mdp.start))})"
    footer = f"discount {number_text(mdp.discount)}{start}; at an arrow: probability, reward"
    best: tuple[int, Diagram] | None = None
    for room in _ROOM:
        layout = lay_out(mdp, radius, room)
        curves, dots = curves_of(mdp, layout), [dot_of(mdp, layout, x) for x in range(mdp.n_pairs)]
        wanted: list[Wanted] = [
            (outcome_text(mdp, curve.outcome), curve.pair, curve) for curve in curves if curve.outcome is not None
        ]
        wanted += [(text, x, dots[x]) for x, text in enumerate(actions) if text]
        around = [Box(state, radius, radius) for state in layout.states]
        solid = [*around, *(Box(dot, 7, 7) for dot in dots)]
        labels = place_labels(wanted, solid, curves)
        low, high = _corners([*around, *(label.box for label in labels)], curves)
        wider = max(0.0, text_width(footer, FONT_SIZE - 3) + 2 * _MARGIN - (high - low).real) / 2
        low, high = low - wider - 30j, high + wider
        faults = covered(labels, solid, curves) + sum(a.overlap(b) > 0 for a, b in combinations(solid, 2))
        if best is None or faults < best[0]:
            best = faults, Diagram(radius, layout.states, names, dots, curves, labels, footer, low, high)
        if not faults:
            break
    assert best is not None
    return best[1]


def _corners(boxes: Sequence[Box], curves: Sequence[Curve]) -> tuple[complex, complex]:
    points = [point for curve in curves for point in curve.sampled()]
    for box in boxes:
        corner = complex(box.half_width, box.half_height)
        points += [box.centre - corner, box.centre + corner]
    xs, ys = [z.real for z in points], [z.imag for z in points]
    return complex(min(xs) - _MARGIN, min(ys) - _MARGIN), complex(max(xs) + _MARGIN, max(ys) + _MARGIN)


def _short(name: str) -> str:
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _action_text(mdp: FiniteMDP, q: Array | None, pair: int) -> str:
    """Return what stands at a dot: the action where there is a choice or it has a name, and its value."""
    choice = len(mdp.pairs_of(int(mdp.pair_state[pair]))) > 1 or mdp.action_names is not None
    name = _short(mdp.action_name(int(mdp.pair_action[pair])))
    said = [name if mdp.action_names is not None else f"a = {name}"] if choice else []
    return ", ".join([*said, *([] if q is None else [f"Q = {number_text(q[pair])}"])])


def _title(mdp: FiniteMDP) -> str:
    states, actions = (f"{n} {noun}{'s' * (n != 1)}" for n, noun in ((mdp.n_states, "state"), (mdp.n_pairs, "action")))
    return f"MDP with {states} and {actions}, discount {number_text(mdp.discount)}"


def _colour(mdp: FiniteMDP, pair: int) -> int:
    """Return the number of a pair's colour: its place among the actions of its state."""
    return (pair - int(mdp.pair_start[mdp.pair_state[pair]])) % len(_COLOURS)


def _head(curve: Curve) -> list[complex]:
    tip, ahead = curve.points[3], curve.direction(1)
    return [tip, tip - _HEAD * ahead + 0.42j * _HEAD * ahead, tip - _HEAD * ahead - 0.42j * _HEAD * ahead]


def _shortened(curve: Curve) -> Curve:
    """Return the curve up to the base of its head, so that no blunt end shows beside the tip."""
    if curve.outcome is None:
        return curve
    a, b, c, d = curve.points
    back = (_HEAD - 1) * curve.direction(1)
    return Curve((a, b, c - back, d - back), curve.pair, curve.outcome)


# -------------------------------------------------------------------- LaTeX


def to_tikz(mdp: FiniteMDP, q: Array | None = None) -> str:
    r"""Return the diagram as a ``tikzpicture``, for a document that says ``\usepackage{tikz}``; see `to_svg`."""
    diagram = arranged(mdp, q)

    def xy(z: complex) -> str:
        return f"({z.real:z.1f},{z.imag:z.1f})"

    used = sorted({_colour(mdp, pair) for pair in range(mdp.n_pairs)})
    lines = [rf"\definecolor{{action{i}}}{{HTML}}{{{_COLOURS[i][1:].upper()}}}" for i in used]
    lines += [rf"\definecolor{{words{i}}}{{HTML}}{{{_WORDS[i][1:].upper()}}}" for i in used]
    for curve in diagram.curves:
        a, b, c, d = map(xy, curve.points)
        tip = "" if curve.outcome is None else ", ->"
        lines.append(rf"\draw[thick, action{_colour(mdp, curve.pair)}{tip}] {a} .. controls {b} and {c} .. {d};")
    for state, centre in enumerate(diagram.states):
        radius, end = diagram.radius, not mdp.pairs_of(state)
        fill = "black!14" if end else "blue!5"
        name = _latex(diagram.names[state])
        lines.append(rf"\draw[thick, fill={fill}] {xy(centre)} circle[radius={radius:.1f}] node {{{name}}};")
        if end:
            lines.append(rf"\draw {xy(centre)} circle[radius={radius - 5:.1f}];")
    for pair, dot in enumerate(diagram.dots):
        lines.append(rf"\fill[action{_colour(mdp, pair)}] {xy(dot)} circle[radius=5.5];")
    for label in diagram.labels:
        lines.append(rf"\node[words{_colour(mdp, label.pair)}] at {xy(label.box.centre)} {{{_latex(label.text)}}};")
    below = complex((diagram.low.real + diagram.high.real) / 2, diagram.low.imag + 20)
    lines.append(rf"\node[black!65, font=\footnotesize] at {xy(below)} {{{_latex(diagram.footer)}}};")
    body = "\n".join(f"  {line}" for line in lines)
    return (
        "% \\usepackage{tikz} in the preamble\n"
        f"\\begin{{tikzpicture}}[x=0.7pt, y=0.7pt, >=stealth]\n{body}\n\\end{{tikzpicture}}\n"
    )


_LATEX = {
    **{c: f"\\{c}" for c in "{}$&#%_"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{c: f"${c}$" for c in "<>|"},
    "−": "$-$",
    "≈": r"$\approx$",
    "…": r"\ldots{}",
    "\N{REPLACEMENT CHARACTER}": "?",
}


def _latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in text)
