"""The command `bellcheck`, and the one place where an exception becomes an exit status.

========  =====================================================================================
status    meaning
========  =====================================================================================
0         every verdict is as expected
1         some verdict is not, or a control survived
2         bad usage or bad input: one or two lines on standard error
3         nothing worse than a check that could not run
========  =====================================================================================

A verb raises; `main` turns the classes that it knows into status 2. Ctrl-C ends with 130 and a reader that went away
with 141, as the shell counts signals. Verbs import what they need when they run, so that ``--version`` is immediate.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app", "bellcheck", "check", "claims", "explain", "export", "main", "mutants", "report", "solve", "verify"]

app = typer.Typer(
    name="bellcheck",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_UsageError: Any = typer.BadParameter.__base__
"""Typer exports no other of its usage errors, and which library defines them depends on its version."""

_Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON as well.")]
_Discount = Annotated[str | None, typer.Option(metavar="G", help="For instance 9/10 or 0.9; replaces a file's own.")]


def _at_least(smallest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # Typer passes the default through the parser too, as the number that it is.
        number = int(text) if str(text).isdecimal() else -1
        if number < smallest:
            raise typer.BadParameter(f"{text!r} is not a whole number of at least {smallest}")
        return number

    return parse


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"bellcheck {version('bellcheck')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def bellcheck(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The theory of Q-learning on finite Markov decision processes, checked."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def solve(
    mdp: Annotated[str, typer.Argument(metavar="MDP", help="A JSON file, or gymnasium:ENV_ID.")],
    discount: _Discount = None,
    json: _Json = None,
) -> None:
    """Print exact v*, q* and all greedy actions of a model."""
    from rich.console import Console

    from bellcheck.mdp.solve import policy_iteration

    from . import solving
    from .output import require_writable, write_json

    if json is not None:
        require_writable(json)
    model, reading = solving.read_model(mdp, discount)
    solving.require_solvable(model)
    with Console(stderr=True).status(f"solving {model.n_states} states exactly"):
        solution = policy_iteration(model)
    if json is not None:
        write_json(json, solving.solution_data(model, reading, solution))
    Console(highlight=False).print(solving.solution_text(mdp, model, reading, solution))


@app.command()
def claims(
    json: Annotated[bool, typer.Option("--json", help="Print the catalogue as JSON instead.")] = False,
) -> None:
    """List the claims: id, kinds of evidence, statement in words."""
    from rich.console import Console

    from bellcheck.proofs.catalogue import claim_to_data
    from bellcheck.proofs.registry import all_claims

    from .claim_text import catalogue
    from .output import to_json

    if json:
        typer.echo(to_json([claim_to_data(claim) for claim in all_claims()]))
    else:
        Console(highlight=False).print(catalogue(all_claims()))


@app.command()
def verify(
    claims: Annotated[list[str] | None, typer.Argument(metavar="CLAIM", help="Ids, groups or globs.")] = None,
    examples: Annotated[
        int, typer.Option(parser=_at_least(1), metavar="N", help="Instances of each generated check.")
    ] = 200,
    seed: Annotated[
        int, typer.Option(parser=_at_least(0), metavar="S", help="The same seed gives the same verdicts.")
    ] = 0,
    json: _Json = None,
) -> int:
    """Verify claims, all of them by default, and show that what must fail does."""
    from rich.console import Console

    from .output import nothing_left_behind
    from .verification import verify_and_show

    with nothing_left_behind():
        return verify_and_show(
            claims or [], examples=examples, seed=seed, json_file=json, console=Console(highlight=False)
        ).exit_status


@app.command()
def report(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")] = Path("bellcheck-report"),
    mdp: Annotated[
        list[str] | None, typer.Option(metavar="MDP", help="A model of yours; give it again for more.")
    ] = None,
    discount: _Discount = None,
    seed: Annotated[
        int, typer.Option(parser=_at_least(0), metavar="S", help="The same seed gives the same report.")
    ] = 0,
) -> int:
    """Verify the claims, run Q-learning on random and real models, and write the convergence report."""
    import shlex

    from rich.console import Console

    from . import solving
    from .output import nothing_left_behind
    from .planted_bugs import status_of
    from .progress import progress_on
    from .report import write_report

    models = []
    for name in mdp or []:
        model, reading = solving.read_model(name, discount)
        solving.require_solvable(model)
        models.append((name, reading or model))
    command = ["bellcheck", "report", "--seed", str(seed), *(part for name in mdp or [] for part in ("--mdp", name))]
    if discount is not None:
        command += ["--discount", discount]
    with nothing_left_behind(), progress_on(Console(stderr=True, highlight=False)) as progress:
        page, run, found = write_report(out, mdps=models, seed=seed, command=shlex.join(command), progress=progress)
    typer.echo(page.resolve())
    statuses = (run.exit_status, status_of(found, whole=True))
    return 1 if 1 in statuses else max(statuses)


@app.command()
def check(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="package.module:name, or file.py:name.")],
    kind: Annotated[
        str | None, typer.Option("--as", metavar="KIND", help="What it is: q-learner, solver, td-loss, ...")
    ] = None,
    declare: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A convention of yours; again for more.")
    ] = None,
    claims: Annotated[
        list[str] | None, typer.Option("--claim", metavar="CLAIM", help="Only these: ids, groups or globs.")
    ] = None,
    examples: Annotated[
        int, typer.Option("--max-examples", parser=_at_least(1), metavar="N", help="Instances of each check.")
    ] = 50,
    seed: Annotated[
        int, typer.Option(parser=_at_least(0), metavar="S", help="The same seed asks the same questions.")
    ] = 0,
    time_limit: Annotated[float, typer.Option(metavar="SECONDS", min=0.01, help="For one call.")] = 10.0,
    memory_limit: Annotated[int, typer.Option(metavar="MIB", min=16, help="Beyond what loading takes.")] = 1024,
    expect_fail: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What is known to be refuted, an id a line.")
    ] = None,
    json: _Json = None,
) -> int:
    """Judge your own code by the checks that the theory is verified with, in a child process."""
    from rich.console import Console

    from bellcheck.proofs.conformance.front import declarations
    from bellcheck.proofs.conformance.sandbox import Limits

    from .checking import check_and_show
    from .output import nothing_left_behind

    with nothing_left_behind():
        return check_and_show(
            subject,
            kind,
            declared=declarations(declare or []),
            claims=claims or [],
            examples=examples,
            seed=seed,
            limits=Limits(seconds=time_limit, memory=memory_limit * 2**20),
            expect_fail=expect_fail,
            json_file=json,
            console=Console(highlight=False),
        )


@app.command()
def mutants(
    claims: Annotated[list[str] | None, typer.Argument(metavar="CLAIM", help="Ids, groups or globs.")] = None,
    seed: Annotated[
        int, typer.Option(parser=_at_least(0), metavar="S", help="The same seed gives the same matrix.")
    ] = 0,
    jobs: Annotated[int, typer.Option(parser=_at_least(0), metavar="N", help="Processes; 0 for one a core.")] = 0,
    json: _Json = None,
) -> int:
    """Plant every known bug, and show which claims refute it."""
    from rich.console import Console

    from .output import nothing_left_behind
    from .planted_bugs import show_mutants

    with nothing_left_behind():
        return show_mutants(claims or [], seed=seed, jobs=jobs or -1, json_file=json, console=Console(highlight=False))[
            1
        ]


@app.command()
def explain(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="An id; `bellcheck claims` lists them.")],
) -> None:
    """Show a claim's page: why it is true, what it needs, what must fail, where it comes from."""
    from rich.console import Console

    from bellcheck.proofs.registry import claim as find

    from .claim_text import page

    Console(highlight=False).print(page(find(claim)))


@app.command()
def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON of `verify` or `check`; a counterexample, a model.")
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="FORMAT", help="json, gymnasium, p-dict, pymdptoolbox, quantecon, hypothesis, latex or svg."
        ),
    ],
    claim: Annotated[str | None, typer.Option(metavar="ID", help="The claim it is from.")] = None,
    check: Annotated[str | None, typer.Option(metavar="NAME", help="The check, or what must fail.")] = None,
    pick: Annotated[
        int | None, typer.Option(parser=_at_least(1), metavar="N", help="Its number in the list that is shown.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write.")] = None,
) -> None:
    """Write a counterexample or a model for another library, a test of yours, or a slide."""
    from .exporting import export_text
    from .output import require_writable

    if out is not None:
        require_writable(out)
    text = export_text(file, to, claim=claim, check=check, pick=pick, show=lambda line: typer.echo(line, err=True))
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"written to {out}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A name in a file may have letters that the terminal's encoding lacks.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        # Not standalone: Typer would answer a wrong option with a page of its own.
        status = app(args=arguments, prog_name="bellcheck", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more when it ends; there must be somewhere for that to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except SystemExit:
        # Typer and Rich leave with status 1 when the reader went away; here 1 would mean a wrong verdict.
        return 141
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except _UsageError as error:
        return _fail(f"{error.format_message()} (see bellcheck --help)")
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except MemoryError:
        return _fail("out of memory; try a smaller model")
    except Exception as error:
        if isinstance(error, _bad_inputs()):
            return _fail(str(error).replace("\n", "\\n"))
        place = traceback.extract_tb(error.__traceback__)[-1]
        return _fail(
            f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {error}\n"
            "This is a fault of bellcheck; please report it with the command that you gave."
        )
    return status if isinstance(status, int) else 0


def _bad_inputs() -> tuple[type[Exception], ...]:
    from bellcheck.mdp.arithmetic import NotANumber
    from bellcheck.mdp.chain import MissingStart
    from bellcheck.mdp.extras import MissingExtra
    from bellcheck.mdp.file_format import InvalidFile
    from bellcheck.mdp.interop.gymnasium import NoTable, UnknownEnvironment
    from bellcheck.mdp.model import InvalidMDP
    from bellcheck.mdp.solve import ImproperPolicy
    from bellcheck.proofs.conformance.sandbox import InvalidSubject
    from bellcheck.proofs.instance_data import UnreadableInstance
    from bellcheck.proofs.registry import UnknownClaim

    from .counterexample_file import NoModel, NotPicked
    from .diagram import NoRoom
    from .export_formats import TooLong
    from .exporting import UnknownFormat
    from .folder import UnwritableFolder
    from .output import Unwritable
    from .python_code import NotWritable
    from .solving import TooLarge

    return (
        ImproperPolicy,
        InvalidFile,
        InvalidMDP,
        InvalidSubject,
        MissingExtra,
        MissingStart,
        NoModel,
        NoRoom,
        NoTable,
        NotANumber,
        NotPicked,
        NotWritable,
        TooLarge,
        TooLong,
        UnknownClaim,
        UnknownEnvironment,
        UnknownFormat,
        UnreadableInstance,
        Unwritable,
        UnwritableFolder,
    )


def _fail(message: str) -> int:
    # A message may quote a file, which must neither steer the terminal nor fill it.
    shown = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in message[:1_000])
    typer.echo(f"Error: {shown}", err=True)
    return 2
