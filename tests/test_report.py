"""A report is complete, needs nothing but its own file, and shows the numbers that lie beside it."""

from __future__ import annotations

import csv
import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bellcheck.mdp.extras import MissingExtra
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.matrix import Cell, Matrix, Row
from bellcheck.proofs.registry import select
from bellcheck.proofs.verdict import Run
from bellcheck.proofs.verify import verify
from bellcheck.reports import report
from bellcheck.reports.command_line import main
from bellcheck.reports.convergence import Effort
from bellcheck.reports.dependencies import layers
from bellcheck.reports.figures import dependency_figure, embedded, svg
from bellcheck.reports.folder import Folder, UnwritableFolder, writable
from bellcheck.reports.page import _claims as claims_of
from bellcheck.reports.page import _plain as plain
from bellcheck.reports.problems import environments, families
from bellcheck.reports.report import write_report

HOSTILE = "</title><script>alert(1)</script>\"'&{{ 7*7 }}"
SMALL = Effort(replicas=2, updates=20, steps=200, engine="plain")


class Tags(HTMLParser):
    """Every tag with its attributes, and all the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Remember text."""
        self.text += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small report with two claims, a family, an environment, and a model whose name and states are hostile."""
    out = tmp_path_factory.mktemp("report")
    (out / "figures").mkdir()
    (out / "figures" / "mine.svg").write_text("mine")
    model = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2", state_names=[HOSTILE])

    def hostile_verify(*arguments: Any, **named: Any) -> Run:
        run = verify(*arguments, **named)
        counterexample = run.claims[0].controls[0].counterexample
        assert counterexample is not None
        counterexample["mdp"] = {
            "bellcheck_mdp": 1,
            "discount": "1/2",
            "states": [HOSTILE],
            "transitions": [{"state": 0, "action": 0, "outcomes": [{"probability": "1", "reward": "1", "next": 0}]}],
        }
        counterexample["sides"]["left"] = HOSTILE
        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "verify", hostile_verify)
        patch.setattr(report, "families", lambda seed: families(seed)[:1])
        patch.setattr(report, "environments", lambda: environments()[1:2])
        write_report(
            out,
            mdps=[(HOSTILE, model)],
            claims=select(["bellman.contraction", "folklore.any-finite-mdp"]),
            examples=20,
            effort=SMALL,
            command=f"bellcheck report --mdp '{HOSTILE}'",
        )
    return out


@pytest.fixture(scope="module")
def page(folder: Path) -> Tags:
    """The page of the small report, parsed."""
    return Tags((folder / "index.html").read_text("utf-8"))


def test_page_loads_nothing(folder: Path, page: Tags) -> None:
    """Neither script, style sheet, image nor frame comes from elsewhere; links lead on, they do not load."""
    loading = {"script", "link", "img", "image", "iframe", "object", "embed", "audio", "video", "source", "base", "use"}
    style = (folder / "index.html").read_text("utf-8").partition("</style>")[0]

    assert not [tag for tag, _ in page.tags if tag in loading]
    assert not [
        attributes
        for _, attributes in page.tags
        if "src" in attributes or ("style" in attributes and "url" in str(attributes["style"]))
    ]
    assert "@import" not in style
    assert "url(" not in style
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_links_lead_somewhere(folder: Path, page: Tags) -> None:
    """A link within the page has a target, one beside it a file, and no identifier is given twice."""
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    links = [str(attributes["href"]) for tag, attributes in page.tags if tag == "a"]

    assert len(names) == len(set(names))
    assert {link[1:] for link in links if link.startswith("#")} <= set(names)
    elsewhere = ("#", "https://stats.stackexchange.com/", "https://github.com/")
    assert all((folder / link).is_file() for link in links if not link.startswith(elsewhere))


def test_everything_from_outside_is_escaped(page: Tags) -> None:
    """A hostile name of a model or a state is text wherever it is shown."""
    assert page.text.count(HOSTILE) >= 5
    assert [tag for tag, _ in page.tags].count("title") == 1


def test_every_part_is_there(page: Tags) -> None:
    """Sixteen sentences, a figure for each experiment, both kinds of claim, the command, the seed and the versions."""
    sections = [attributes.get("id") for tag, attributes in page.tags if tag == "section"]
    figures = [attributes for tag, attributes in page.tags if tag == "figure"]

    assert sections == ["answer", "convergence", "gradient", "semi", "fields", "claims", "planted", "run"]
    assert [
        attributes.get("id") for _, attributes in page.tags if str(attributes.get("id")).startswith("sentence-")
    ] == [f"sentence-{i}" for i in range(1, 17)]
    assert len(figures) == 2 * 3 + 12
    assert "refuted, as expected" in page.text
    assert "not in this run" in page.text
    assert "checked in part" in page.text
    assert "10 of its 47 non-terminal states cannot be reached" in page.text
    assert "entered by termination alone, so without actions here: 47; nothing else." in page.text
    assert sys.version.split()[0] in page.text


def test_what_is_not_learned_is_named(folder: Path, page: Tags) -> None:
    """The headline names every model and way of visiting pairs in which no step size ends below 5 %, and no other."""
    with (folder / "data" / "convergence.csv").open(newline="") as file:
        ends = [(f"{row['problem']} ({row['mode']})", float(row["remaining_median"])) for row in csv.DictReader(file)]
    learned = {name for name, remaining in ends if remaining < 0.05}
    stuck = [name for name in dict(ends) if name not in learned]

    assert f"No step size gets there on {', '.join(stuck)}. Are" in page.text
    assert "with the best way of visiting pairs and the best step size" in page.text


def test_claims_are_listed_by_group_and_collapsed(folder: Path, page: Tags) -> None:
    """A contents list leads to each group; a card shows title, verdict and statement, and is opened by its link."""
    html = (folder / "index.html").read_text("utf-8")
    cards = [attributes for tag, attributes in page.tags if tag == "article"]
    opened = [attributes for tag, attributes in page.tags if tag == "details" and "open" in attributes]
    links = {attributes.get("href") for tag, attributes in page.tags if tag == "a"}
    card = html[html.index('id="bellman.contraction"') :]
    summary = card[card.index("<summary>") : card.index("</summary>")]

    assert [attributes["id"] for attributes in cards] == ["bellman.contraction", "folklore.any-finite-mdp"]
    assert not opened
    assert {"#group-bellman", "#group-folklore"} <= links
    assert all(part in summary for part in ("<h4>", ">holds</span>", "controls refuted", "<math"))
    assert ".card:target > details::details-content { content-visibility: visible;" in html


def test_uses_and_used_by_say_the_same() -> None:
    """A claim names those whose argument invokes it, as they name it."""
    ids = ["bellman.max-nonexpansive", "bellman.contraction", "bellman.fixed-point-optimal"]
    shown = {claim["id"]: claim for claim in claims_of(verify(select(ids), examples=1))}

    for name, claim in shown.items():
        assert claim["used_by"] == [user for user in shown if name in shown[user]["uses"]]
    assert shown["bellman.max-nonexpansive"]["used_by"] == ["bellman.contraction"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([["1/2", "1"], {"int64": [[0], [3]]}], "((1/2, 1), ((0), (3)))"),
        ({"text": "100/19"}, "100/19"),
        ({"Constant": {"value": "1/60"}}, "Constant(1/60)"),
        ({"Network": {"form": "one layer", "activation": "tanh"}}, "Network(one layer, tanh)"),
    ],
)
def test_values_are_shown_without_their_tags(value: Any, text: str) -> None:
    """What tells kinds of values apart in JSON is not what a reader looks for."""
    assert plain(value) == text


def test_no_drawing_keeps_its_background(folder: Path) -> None:
    """On a page a drawing is as wide as its place, on the page's own ground, whatever its size in pixels."""
    drawing = embedded(svg(dependency_figure(layers(select(["bellman"])))), "graph")

    assert 'fill="white"/>' not in drawing
    assert ";max-width:" in drawing
    assert 'fill="white"/>' not in (folder / "index.html").read_text("utf-8")


def test_data_files_say_the_same(folder: Path) -> None:
    """Each table lies there as CSV and as JSON, row by row the same."""
    tables = sorted(path.stem for path in (folder / "data").glob("*.csv"))
    for name in tables:
        with (folder / "data" / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        records = json.loads((folder / "data" / f"{name}.json").read_text("utf-8"))

        assert rows == [{key: "" if value is None else str(value) for key, value in row.items()} for row in records]
    assert tables == [
        "baird",
        "convergence",
        "curves",
        "field-paths",
        "field-regions",
        "field-rests",
        "gradients",
        "objectives",
        "one-weight",
        "split",
        "valley",
        "w-to-2w",
    ]


def test_verdicts_are_kept(folder: Path) -> None:
    """The file of verdicts is the one that `verify --json` writes."""
    verdicts = json.loads((folder / "data" / "verify.json").read_text("utf-8"))

    assert [claim["id"] for claim in verdicts["claims"]] == ["bellman.contraction", "folklore.any-finite-mdp"]
    assert verdicts["summary"]["claims"] == 2


def test_foreign_files_stay(folder: Path) -> None:
    """A file that the report did not write is still there."""
    assert (folder / "figures" / "mine.svg").read_text() == "mine"


@pytest.mark.parametrize("place", ["below-a-file", "foreign-page"])
def test_unusable_folder_is_an_error_before_the_work(tmp_path: Path, place: str) -> None:
    """A folder that cannot be made, or whose page is somebody else's, is refused before anything runs."""
    (tmp_path / "index.html").write_text("<html>my thesis</html>")
    out = tmp_path if place == "foreign-page" else tmp_path / "index.html" / "report"
    begun: list[str] = []

    with pytest.raises(UnwritableFolder, match="choose another"):
        write_report(out, effort=SMALL, progress=lambda step, done, total: begun.append(step))
    assert begun == []
    assert (tmp_path / "index.html").read_text() == "<html>my thesis</html>"


@pytest.mark.parametrize("library", ["altair", "jinja2", "latex2mathml", "pybtex", "vl_convert"])
def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """Without a library that every report needs, the extra that brings it is named before anything runs."""
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(MissingExtra, match=r"bellcheck\[report\]"):
        write_report(tmp_path, effort=SMALL)


def test_without_torch_the_rest_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without torch the gradient table and the descents are not run and say so; Baird's star needs none."""
    monkeypatch.setitem(sys.modules, "torch", None)
    out = Folder(writable(tmp_path))

    table, (descents, baird) = report._gradients(out)

    assert "bellcheck[torch]" in table
    assert "bellcheck[torch]" in descents
    assert baird["svg"].startswith("<svg")


def test_a_bug_that_survives_is_named_and_answered_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page says which bug survives and whom it survives; the command ends with status 1 though all claims hold."""
    row = Row(kind="operator", name="a right one", cells=[Cell(claim="bellman.contraction", mark="survived")])
    monkeypatch.setattr(report, "select", lambda patterns: select(["bellman.max-nonexpansive"]))
    monkeypatch.setattr(report, "matrix", lambda **given: Matrix(bellcheck="", seed=0, rows=[row]))
    monkeypatch.setattr(report, "families", lambda seed: families(seed)[:1])
    monkeypatch.setattr(report, "environments", list)
    monkeypatch.setattr(report, "_affordable", lambda not_run: SMALL)
    monkeypatch.setattr(report, "_gradients", lambda out_of: ("", []))

    status = main(["report", "--out", str(tmp_path)])

    page = Path(capsys.readouterr().out.strip()).read_text("utf-8")
    assert status == 1
    assert "<b>a right one</b> (operator) survives. survives bellman.contraction." in page


def test_without_gymnasium_and_numba_the_rest_is_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without both extras the families are still learned, by the plain rule, and the page says what is missing."""
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(report, "PLAIN_EFFORT", Effort(replicas=1, updates=5, steps=20, engine="plain"))
    monkeypatch.setattr(report, "families", lambda seed: families(seed)[:1])
    monkeypatch.setattr(report, "_gradients", lambda out_of: ("", []))

    page = write_report(tmp_path, claims=select(["bellman.max-nonexpansive"]), examples=5)[0].read_text("utf-8")

    assert "bellcheck[gymnasium]" in page
    assert "bellcheck[fast]" in page
    assert "Garnet" in page
