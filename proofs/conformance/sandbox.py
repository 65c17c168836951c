"""A child process that runs foreign code, with limits on time, memory and output.

Only questions and answers cross, as plain data (`wire`). What the child does in place of answering is a `Fault`: it
raises, dies, hangs, leaves, floods. After a fault that cost the process, the next question starts a new one, so that a
run goes on. The limits rest on POSIX: process groups, ``select`` on pipes, ``setrlimit``.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults import FAULTS, Fault
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


class _Process:
    """A child and its three pipes.

    `wait` waits so many seconds for it and returns its exit status, negative for a signal; None while it runs.
    Of the bytes `printed`, those `noted` were there before the call that runs.
    """

    def __init__(
        self, pid: int, questions: int, answers: int, output: int, wait: Callable[[float], int | None]
    ) -> None:
        self.pid, self.answers, self.wait = pid, answers, wait
        self._questions, self._output = questions, output
        self.printed = self.noted = 0
        self.last = b""
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._drain.start()

    def _read_output(self) -> None:
        while chunk := os.read(self._output, 1 << 16):
            self.printed += len(chunk)
            self.last = (self.last + chunk)[-2_000:]
        os.close(self._output)

    def send(self, message: bytes) -> None:
        while message:
            message = message[os.write(self._questions, message) :]

    def end(self, patience: float = 0) -> int:
        """Return the exit status; where the child does not end by itself in time, kill it and all that it started."""
        status = self.wait(patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        while status is None:
            status = self.wait(5)
        self._drain.join(timeout=5)
        for pipe in (self._questions, self.answers):
            with contextlib.suppress(OSError):
                os.close(pipe)
        return status


def _spawned(folder: Path) -> _Process:
    child = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        start_new_session=True,
        # One thread: the calls are small, and pools of threads in each child would only fight for the cores.
        env={**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    pipes = [os.dup(stream.fileno()) for stream in (child.stdin, child.stdout, child.stderr)]
    for stream in (child.stdin, child.stdout, child.stderr):
        stream.close()
    questions, answers, output = pipes

    def wait(seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(seconds)
        return None

    return _Process(child.pid, questions, answers, output, wait)


def _forked(subject: Any) -> _Process:
    """A child that is a copy of this process, for a function that no other process could import."""
    (ask_out, ask_in), (say_out, say_in), (noise_out, noise_in) = os.pipe(), os.pipe(), os.pipe()
    with warnings.catch_warnings():
        # Threads stay behind; the child runs nothing of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(noise_in, 1)
            os.dup2(noise_in, 2)
            for pipe in (ask_in, say_out, noise_out, noise_in):
                os.close(pipe)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            from .child.__main__ import serve

            serve(os.fdopen(ask_out, "rb"), os.fdopen(say_in, "wb"), subject)
        os._exit(0)
    for pipe in (ask_out, say_in, noise_in):
        os.close(pipe)

    def wait(seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        while True:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.002)

    return _Process(pid, ask_in, say_out, noise_out, wait)


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
        self._process: _Process | None = None
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
        self._process = _spawned(self.folder) if isinstance(self.target, str) else _forked(self.target)
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

    def _read(self, process: _Process, size: int, seconds: float) -> bytes:
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

    def _note(self, process: _Process) -> int:
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
