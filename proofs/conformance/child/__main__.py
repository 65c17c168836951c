"""The child process: load the subject, then answer one question after the other until there are no more.

What the subject prints goes to standard error, which the parent reads and counts; its standard input is empty. The
conversation runs over copies of the descriptors that it cannot reach by accident.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..wire import HEADER, decode, encode, length_of
from .data import WrongShape
from .loading import CannotLoad, load
from .randomness import seed

__all__ = ["HANDLERS", "main", "serve"]

HANDLERS = {
    "q-learner": ("learners", "Learner"),
    "sarsa": ("learners", "Sarsa"),
    "expected-sarsa": ("learners", "ExpectedSarsa"),
    "double-q-learner": ("learners", "DoubleLearner"),
    "n-step-learner": ("learners", "NStepLearner"),
    "agent": ("agents", "Agent"),
    "training": ("trainings", "Training"),
    "operator": ("solvers", "Operator"),
    "solver": ("solvers", "Solver"),
    "learning": ("solvers", "Learning"),
    "behaviour": ("policies", "Behaviour"),
    "step-size": ("policies", "StepSize"),
    "target-update": ("policies", "Following"),
    "td-loss": ("losses", "Loss"),
}
"""Kind of subject -> the module here and the class that asks it."""


def main() -> None:
    """Serve the parent over standard input and output."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    serve(questions, answers)


def serve(questions: BinaryIO, answers: BinaryIO, subject: Any = None) -> None:
    """Answer until the parent closes the line; `subject` is the foreign code itself where a fork has brought it."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    handler = None
    while True:
        header = questions.read(HEADER.size)
        if len(header) < HEADER.size:
            return
        request = decode(questions.read(length_of(header)))
        if handler is None:
            handler, reply = _loaded(request, subject)
        else:
            reply = _answer(handler, request)
        sys.stdout.flush()
        sys.stderr.flush()
        answers.write(_encoded(reply))
        answers.flush()
        if handler is None:
            return


def _leave_with(parent: int) -> None:
    """End with the parent, also from within an endless loop, in which nothing is read from the line."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _encoded(reply: dict[str, Any]) -> bytes:
    try:
        return encode(reply)
    except (TypeError, ValueError, OverflowError) as error:
        return encode({"wrong-shape": f"an answer that is no plain data: {error}"})


def _loaded(request: Mapping[str, Any], subject: Any) -> tuple[Any, dict[str, Any]]:
    from importlib import import_module

    if subject is None:
        sys.path[:] = dict.fromkeys([*request["path"], *sys.path])
    try:
        function = subject if subject is not None else load(request["target"])
        module, name = HANDLERS[request["kind"]]
        handler = getattr(import_module(f"{__package__}.{module}"), name)(function, request["declared"])
    except CannotLoad as error:
        return None, {"refused": str(error)}
    except ImportError as error:
        return None, {"refused": f"{request['target']} needs {error.name or error}, which is not installed here"}
    except BaseException as error:
        return None, {"refused": f"{request['target']} cannot be loaded: {type(error).__name__}: {error}"}
    if request["memory"]:
        _limit_memory(request["memory"])
    bound, method = handler.bound, getattr(handler, "method", "")
    told = {"roles": sorted(bound.told), "parameters": bound.roles, "constants": bound.constants}
    return handler, {**told, "method": method}


def _limit_memory(more: int) -> None:
    """Allow so many bytes more of address space than are taken now."""
    import resource

    taken = 0
    if Path("/proc/self/statm").exists():
        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, taken + more))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(handler: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    seed(request["seed"], handler.bound.namespace)
    try:
        answer = handler.answer(request)
    except WrongShape as error:
        return {"wrong-shape": str(error)}
    except MemoryError:
        return {"out-of-memory": f"MemoryError{_place()}"}
    except SystemExit as error:
        return {"exits": f"SystemExit({error.code!r}){_place()}"}
    except CannotLoad as error:
        return {"wrong-shape": str(error)}
    except BaseException as error:
        text = " ".join(str(error).split())[:300]
        return {"raises": f"{type(error).__name__}: {text}{_place()}"}
    return {"answer": answer}


def _place() -> str:
    """Return where in the subject's code an exception arose: the last line outside this package and libraries."""
    trace = sys.exc_info()[2]
    frames = [
        frame
        for frame in traceback.extract_tb(trace)
        if Path(frame.filename).parent != Path(__file__).parent and "site-packages" not in frame.filename
    ]
    return f" (in {Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


if __name__ == "__main__":
    main()
