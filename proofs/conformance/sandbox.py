"""A child process that runs foreign code, with limits on time, memory and output.

Only questions and answers cross, as plain data (`wire`). What the child does in place of answering is a `Fault`: it
raises, dies, hangs, leaves, floods. After a fault that cost the process, the next question starts a new one, so that a
run goes on. The limits rest on POSIX: process groups, ``select`` on pipes, ``setrlimit``.
"""

from __future__ import annotations

import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults import FAULTS, Fault
from .process import Process, forked, spawned
from .wire import HEADER, decode, encode, length_of

__all__ = ["InvalidSubject", "Limits", "Sandbox"]


class InvalidSubject(ValueError):
    """A subject that cannot be found, imported or understood; the message names it and the remedy."""


@dataclass(frozen=True)
class Limits:
    """What a call may take: seconds, bytes of memory beyond those after loading, bytes of output.

    The first call of a process may take three times as long: it compiles, and imports what it needs.
    """

    seconds: float = 10.0
    memory: int = 2**30
    output: int = 2**20
    loading: float = 120.0


class Sandbox:
    """Foreign code behind a line of questions and answers; started at the first question, and again after a fault.

    `starts` counts how often; `roles` are those of the subject's parameters, of a class those of its constructor's too,
    and of its `constants`, the names of numbers in its module that are set before each call; `parameters` are the names
    of the parameters, and `method` is whose they are in a class; `printed` counts bytes of output. `path` says where
    modules are looked for: in `folder`, then wherever they are here.

    Parameters
    ----------
    kind : the kind of subject, which says what a question holds.
    target : an address such as ``package.module:name``, or the function itself.
    declared : the conventions that the child must know, as plain data.
    folder : where the child runs.
    function : what to fork where the address cannot be imported, as a file that imports relative to its package.
    """

    def __init__(
        self,
        kind: str,
        target: str | Callable[..., Any],
        declared: Mapping[str, Any],
        limits: Limits,
        folder: Path | None = None,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.kind, self.target, self.declared, self.limits = kind, target, dict(declared), limits
        self._function = function
        self.folder = folder or Path.cwd()
        self.path = [str(entry) for entry in (self.folder, *sys.path)]
        self.roles: frozenset[str] = frozenset()
        self.parameters: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self.method = ""
        self.printed = 0
        self.last_output = ""
        self.starts = 0
        self._process: Process | None = None
        self._warm = False

    def start(self) -> None:
        """Load the subject. Raises `InvalidSubject`, also where its import never ends or ends the process."""
        if self._process is not None:
            return
        if not hasattr(os, "fork"):
            raise InvalidSubject("foreign code is run with limits that this system lacks; POSIX is needed")
        try:
            self._load()
        except InvalidSubject:
            if self._function is None or self.target is self._function:
                raise
            self.target = self._function
            self._load()

    def _load(self) -> None:
        self._warm = False
        self.starts += 1
        self._process = spawned(self.folder) if isinstance(self.target, str) else forked(self.target)
        name = self.target if isinstance(self.target, str) else getattr(self.target, "__qualname__", "the function")
        request = {
            "kind": self.kind,
            "target": name,
            "declared": self.declared,
            "memory": self.limits.memory,
            "path": self.path,
        }
        try:
            reply = self._exchange(request, self.limits.loading)
        except Fault as fault:
            raise InvalidSubject(f"{name} cannot be loaded: {fault}") from None
        if "refused" in reply:
            self._end()
            raise InvalidSubject(reply["refused"])
        self.roles, self.method = frozenset(reply["roles"]), reply["method"]
        self.parameters, self.constants = dict(reply["parameters"]), dict(reply["constants"])

    def ask(self, question: Mapping[str, Any], *, seed: int = 0, seconds: float | None = None) -> dict[str, Any]:
        """Return the answer to a question; `seed` sets the child's global generators. Raises `Fault`."""
        self.start()
        allowed = min(seconds or math.inf, self.limits.seconds) * (1 if self._warm else 3)
        reply = self._exchange({**question, "seed": seed}, allowed)
        self._warm = True
        if "answer" in reply:
            return dict(reply["answer"])
        ((kind, detail),) = reply.items()
        if kind not in FAULTS:
            raise Fault("wrong-shape", f"what it wrote on the line is no answer: {kind}")
        raise Fault(kind, detail)

    def close(self) -> None:
        """End the child."""
        self._end()

    def _exchange(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        process = self._process
        assert process is not None
        try:
            process.send(encode(dict(message)))
            reply = decode(self._read(process, length_of(self._read(process, HEADER.size, seconds)), seconds))
        except (EOFError, BrokenPipeError):
            raise self._gone() from None
        except Fault:
            self._end()
            raise
        except ValueError as error:
            self._end()
            raise Fault("wrong-shape", f"what it wrote on the line is no answer: {error}") from None
        if (printed := self._note(process)) > self.limits.output:
            self._end()
            raise Fault("floods", f"it printed {printed} bytes{self._noise()}")
        return reply

    def _read(self, process: Process, size: int, seconds: float) -> bytes:
        found, deadline = b"", time.monotonic() + seconds
        while len(found) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Fault("hangs", f"no answer within {seconds:g} s{self._noise()}")
            if process.printed - process.noted > self.limits.output:
                self._note(process)
                raise Fault("floods", f"it printed more than {self.limits.output} bytes{self._noise()}")
            ready, _, _ = select.select([process.answers], [], [], min(left, 0.05))
            if ready:
                chunk = os.read(process.answers, size - len(found))
                if not chunk:
                    raise EOFError
                found += chunk
        return found

    def _gone(self) -> Fault:
        """The child closed the line without an answer: it left, or it died."""
        process, self._process = self._process, None
        assert process is not None
        status = process.end(patience=5)
        self._note(process)
        if status >= 0:
            return Fault("exits", f"the process ended with status {status}{self._noise()}")
        name = signal.Signals(-status).name
        return Fault("crashes", f"{name} ({signal.strsignal(-status)}){self._noise()}")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()
            self._note(process)

    def _note(self, process: Process) -> int:
        """Take note of what was printed since the last call, and return how many bytes."""
        new = process.printed - process.noted
        process.noted += new
        self.printed += new
        if process.last:
            self.last_output = process.last.decode("utf-8", "replace")
        return new

    def _noise(self) -> str:
        lines = self.last_output.split("\n")
        text = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"; it printed last: {text[-200:]}" if text else ""
