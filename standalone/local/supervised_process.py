"""A server as a child process that ends with its parent, even if the parent is killed.

Between the two is a guard process: this file, started as a script. It reads a pipe that the parent
keeps open. When the pipe closes, at the latest with the parent's death, it stops the server and
everything that the server has started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

#: How long a server may take to stop before it is killed.
GRACE_SECONDS = 8.0

#: How much longer the guard itself may take to end.
_GUARD_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A server to start. ``user``: the user as whom it runs if root starts it.

    ``listener`` is the descriptor of a socket that it inherits.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    stop_signal: int = signal.SIGTERM
    user: str | None = None
    listener: int | None = None


class SupervisedProcess:
    """A running server; it prints to the file `output`, or to the pipe `output_pipe`."""

    def __init__(self, program: Program, output: IO[bytes] | None = None) -> None:
        """Start the server in a session of its own: only the parent gets Ctrl-C, and stops it."""
        guard = (sys.executable, "-I", __file__, str(int(program.stop_signal)), program.user or "")
        self._guard = subprocess.Popen(
            [*guard, *program.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            cwd=program.folder,
            start_new_session=True,
            pass_fds=() if program.listener is None else (program.listener,),
        )

    @property
    def output_pipe(self) -> IO[bytes]:
        """Return the pipe to which the server prints, if no file was given."""
        assert self._guard.stdout is not None, "it prints to a file"  # noqa: S101 - ours to know
        return self._guard.stdout

    def exit_code(self) -> int | None:
        """Return the server's exit code, 128 and more for a signal; None while it runs."""
        return self._guard.poll()

    def close(self) -> None:
        """End the server and wait for it; calling again does nothing."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        try:
            self._guard.wait(GRACE_SECONDS + _GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._guard.pid, signal.SIGKILL)
            self._guard.wait()


def _guard(stop_signal: int, user: str, arguments: list[str]) -> int:
    """Run the server until it or the parent ends; return its exit code."""
    child = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        user=user or None,
        close_fds=False,  # only a listener is open
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # the group gets these, too; the guard must end last
    threading.Thread(target=_stop_after_parent, args=(child, stop_signal), daemon=True).start()
    code = child.wait()
    _kill_session()
    return code if code >= 0 else 128 - code


def _stop_after_parent(child: subprocess.Popen[bytes], stop_signal: int) -> None:
    """Wait until the parent closes the pipe, then stop the server."""
    while os.read(0, 1):  # unbuffered: this thread would hold a buffer's lock when the guard exits
        pass
    # Only the server gets the signal, because it stops its own children in the right order.
    child.send_signal(stop_signal)
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def _kill_session() -> None:
    """Kill all processes that the server has left behind, even those in other process groups."""
    me = os.getpid()
    for pid in _all_processes():
        try:
            if pid != me and os.getsid(pid) == me:
                os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue  # it has ended meanwhile, or belongs to another session


def _all_processes() -> list[int]:
    """Return all PIDs, from /proc or ``ps``: small images have no ``ps``, macOS has no /proc."""
    folder = Path("/proc/self")
    if folder.exists():
        return [int(each.name) for each in folder.parent.iterdir() if each.name.isdecimal()]
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid="],  # noqa: S607 - wherever this system has it
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(each) for each in listed.stdout.split()]


if __name__ == "__main__":
    sys.exit(_guard(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
