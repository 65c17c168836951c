"""Diagrams of small models: everything is there, in its place, and nothing covers anything else."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.examples import baird_star, joint_law, self_loop, split, two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps
from bellcheck.reports.diagram import NoRoom, arranged, to_svg, to_tikz
from bellcheck.reports.diagram_curves import curves_of, dot_of
from bellcheck.reports.diagram_labels import Box
from bellcheck.reports.diagram_layout import lay_out

RECYCLING = FiniteMDP.from_dict(
    {
        "high": {"search": [("3/4", 3, "high"), ("1/4", 3, "low")], "wait": [(1, 1, "high")]},
        "low": {
            "search": [("3/4", -3, "high"), ("1/4", 3, "low")],
            "wait": [(1, 1, "low")],
            "recharge": [(1, 0, "high")],
        },
    },
    "9/10",
    start={"high": 1},
)
TRICKY = FiniteMDP.from_dict(
    {"<a> & \\b": {"$x_1^2$ {50%} #~": [(1, "1/3", "\x1b[31m\n")]}, "\x1b[31m\n": {}}, "1048575/1048576"
)
RADIUS = 26.0
SMALL = mdps(max_states=3, max_actions=2, max_outcomes=2)


def _texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


# -------------------------------------------------------------------- what is drawn


def test_everything_is_said_once() -> None:
    """States and actions by name, each outcome with probability and reward, the discount and the start."""
    texts = _texts(to_svg(RECYCLING))

    actions = ["search", "wait", "search", "wait", "recharge"]
    outcomes = ["3/4, 3", "1/4, 3", "1, 1", "3/4, −3", "1/4, 3", "1, 1", "1, 0"]
    footer = "discount 9/10; start (1, 0); at an arrow: probability, reward"
    assert sorted(texts) == sorted(["high", "low", *actions, *outcomes, footer])


def test_values_stand_at_the_actions() -> None:
    """A table is shown beside what it is about; an action without name or alternative needs none."""
    assert {"a = 0, Q = 1", "a = 1, Q = −1/2"} <= set(_texts(to_svg(two_arms(), exact_array([1, "-1/2"]))))
    assert "Q = 2/3" in _texts(to_svg(self_loop(), exact_array(["2/3"])))
    assert [text for text in _texts(to_svg(self_loop())) if "a =" in text] == []


def test_terminal_states_are_drawn_doubly() -> None:
    """Two circles for the one state that has no actions, one for each of the others, and dots for the pairs."""
    root = ET.fromstring(to_svg(split()))
    radii = [float(circle.get("r", 0)) for circle in root.iter("{http://www.w3.org/2000/svg}circle")]

    assert sorted(radii) == [5.5] * 3 + sorted(radii)[3:4] + [max(radii)] * 4
    assert sorted(radii)[3] == max(radii) - 5


def test_long_numbers_are_rounded_and_marked() -> None:
    """A slide has no room for fifty digits."""
    mdp = self_loop(reward=f"{10**50}/3")

    assert "1, ≈ 3.333E+49" in _texts(to_svg(mdp))


def test_svg_stands_alone_on_a_light_ground() -> None:
    """It refers to nothing outside, names no font file, and covers the slide's own colour."""
    svg = to_svg(RECYCLING)
    root = ET.fromstring(svg)

    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in svg
    first = next(iter(root.iter("{http://www.w3.org/2000/svg}rect")))
    assert (first.get("fill"), first.get("width"), first.get("height")) == (
        "#ffffff",
        *str(root.get("viewBox")).split()[2:],
    )


def test_names_are_escaped() -> None:
    """What means something to XML, to TeX or to a terminal is drawn as it is, or as a mark for what cannot be."""
    texts, tikz = _texts(to_svg(TRICKY)), to_tikz(TRICKY)

    assert {"<a> & \\b", "$x_1^2$ {50%} #~", "�[31m�"} <= set(texts)
    assert r"{$<$a$>$ \& \textbackslash{}b}" in tikz
    assert r"{\$x\_1\textasciicircum{}2\$ \{50\%\} \#\textasciitilde{}}" in tikz
    assert "?[31m?" in tikz


@given(SMALL)
def test_tikz_says_what_the_svg_says(mdp: FiniteMDP) -> None:
    """The same curves, arrows, circles and words, in braces that close and within one picture."""
    svg, tikz = to_svg(mdp), to_tikz(mdp)

    assert tikz.count(r"\draw[thick, action") == svg.count("<path")
    assert tikz.count(", ->]") == svg.count("<polygon") == len(mdp.reward)
    assert tikz.count("circle[radius=") == svg.count("<circle")
    assert tikz.count(r"\node[") + mdp.n_states == len(_texts(svg))
    assert tikz.count("{") == tikz.count("}")
    assert re.fullmatch(r"%.*\n\\begin\{tikzpicture\}\[.*\]\n(  \\.*;?\n)+\\end\{tikzpicture\}\n", tikz)
    assert tikz.isascii()


# -------------------------------------------------------------------- where it is drawn


@given(SMALL)
def test_labels_cover_nothing(mdp: FiniteMDP) -> None:
    """No label lies on another, on a state, on a dot or on a curve."""
    diagram = arranged(mdp, mdp.table("-1/3"))
    boxes = [label.box for label in diagram.labels]
    solid = [Box(state, diagram.radius, diagram.radius) for state in diagram.states]
    solid += [Box(dot, 5.5, 5.5) for dot in diagram.dots]
    lines = np.array([point for curve in diagram.curves for point in curve.sampled()])

    assert [(a, b) for a, b in combinations(boxes, 2) if a.overlap(b)] == []
    assert [(a, b) for a in boxes for b in solid if a.overlap(b)] == []
    assert [box for box in boxes if box.distances(lines).min() == 0] == []


@given(SMALL)
def test_states_and_dots_are_apart(mdp: FiniteMDP) -> None:
    """States do not touch, dots stand clear of states and of each other, and no curve runs through a state."""
    diagram = arranged(mdp)
    points = np.array([point for curve in diagram.curves for point in curve.sampled()])

    assert all(abs(a - b) > 2 * diagram.radius for a, b in combinations(diagram.states, 2))
    assert all(abs(a - b) > 11 for a, b in combinations(diagram.dots, 2))
    assert all(abs(dot - state) > diagram.radius + 5.5 for dot in diagram.dots for state in diagram.states)
    assert all(np.abs(points - state).min() > diagram.radius - 2 for state in diagram.states)


@given(mdps(max_states=4, max_outcomes=3))
def test_arrows_lead_where_their_outcomes_do(mdp: FiniteMDP) -> None:
    """A curve begins at the rim of its state and ends in the dot, or begins there and ends at the rim of the next."""
    layout = lay_out(mdp, RADIUS)
    curves = curves_of(mdp, layout)

    for curve in curves:
        begin, end = curve.points[0], curve.points[3]
        own = int(mdp.pair_state[curve.pair])
        at, dot, rim = (own, end, begin) if curve.outcome is None else (int(mdp.next_state[curve.outcome]), begin, end)
        assert abs(dot - dot_of(mdp, layout, curve.pair)) < 1e-6
        assert abs(abs(rim - layout.states[at]) - RADIUS) < 1e-6
    assert sorted(curve.outcome for curve in curves if curve.outcome is not None) == list(range(len(mdp.reward)))


@given(mdps(max_states=2, max_outcomes=4))
def test_parallel_arrows_do_not_overlap(mdp: FiniteMDP) -> None:
    """Arrows of one action are apart in the middle, however many there are, and so are all that lead elsewhere."""
    arrows = [curve for curve in curves_of(mdp, lay_out(mdp, RADIUS)) if curve.outcome is not None]
    onwards = [curve for curve in arrows if mdp.next_state[curve.outcome] != mdp.pair_state[curve.pair]]

    assert all(abs(a.at(0.5) - b.at(0.5)) > 8 for a, b in combinations(arrows, 2) if a.pair == b.pair)
    assert all(abs(a.at(0.5) - b.at(0.5)) > 8 for a, b in combinations(onwards, 2))


@given(SMALL)
def test_nothing_is_cut_off(mdp: FiniteMDP) -> None:
    """Every coordinate of the document lies within its view."""
    svg = to_svg(mdp)
    width, height = map(float, str(ET.fromstring(svg).get("viewBox")).split()[2:])
    coordinates = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r'(?: d| points)="([^"]*)"', svg)))

    assert all(-30 <= float(x) <= width + 30 and -30 <= float(y) <= height + 30 for x, y in coordinates)
    diagram = arranged(mdp)
    for label in diagram.labels:
        corner = complex(label.box.half_width, label.box.half_height)
        low, high = label.box.centre - corner - diagram.low, diagram.high - label.box.centre - corner
        assert min(low.real, low.imag, high.real, high.imag) > 0


@pytest.mark.parametrize("mdp", [joint_law("correlated"), split(), RECYCLING])
def test_same_model_same_drawing(mdp: FiniteMDP) -> None:
    """A drawing can be compared with the one before."""
    assert to_svg(mdp) == to_svg(mdp)
    assert to_tikz(mdp) == to_tikz(mdp)


def test_model_without_actions_is_drawn() -> None:
    """States that nothing leads to or away from stand side by side."""
    assert _texts(to_svg(FiniteMDP.from_pairs(2, [], "1/2")))[:2] == ["0", "1"]


@pytest.mark.parametrize("mdp", [baird_star(), FiniteMDP.from_pairs(9, [], "1/2")])
def test_model_that_fills_no_slide_is_refused(mdp: FiniteMDP) -> None:
    """The error says how large the model is and how large it may be."""
    with pytest.raises(NoRoom, match=r"\d states and \d+ outcomes; a diagram has room for 8 and 40"):
        to_svg(mdp)
