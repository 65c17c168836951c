"""A child process with three pipes: questions, answers, and whatever it prints. It rests on POSIX."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["Process", "forked", "spawned"]


class Process:
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
        """Write a whole message to the child."""
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


def spawned(folder: Path) -> Process:
    """Start a child in a folder, of a Python of its own."""
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

    return Process(child.pid, questions, answers, output, wait)


def forked(subject: Any) -> Process:
    """Start a child that is a copy of this process, for a function that no other process could import."""
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

    return Process(pid, ask_in, say_out, noise_out, wait)
