"""A server of ours as a child that ends with its owner, however the owner ends.

Between the two stands a guard: this file, started as a script. It holds the end of a pipe that its
owner keeps open; when the pipe closes, which the owner's death does too, it ends the server and all
that the server has started.
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

#: How long a server may take to end in order before it is killed.
GRACE_SECONDS = 8.0

#: The guard's own work after that: to kill, and to be waited for.
_MORE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is started. ``end_with`` ends it in order; ``user`` is whom root starts it as."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    end_with: int = signal.SIGTERM
    user: str | None = None


class SupervisedProcess:
    """A running server; its output goes to `output`, or to the pipe `printed`."""

    def __init__(self, program: Program, output: IO[bytes] | None = None) -> None:
        """Start it in a session of its own: Ctrl-C is for the owner, who ends it in order."""
        guard = (sys.executable, "-I", __file__, str(int(program.end_with)), program.user or "")
        self._guard = subprocess.Popen(
            [*guard, *program.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            cwd=program.folder,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Return the guard's process, which leads the server's session."""
        return self._guard.pid

    @property
    def printed(self) -> IO[bytes]:
        """Return what the server prints, where no file was given for it."""
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
            self._guard.wait(GRACE_SECONDS + _MORE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._guard.pid, signal.SIGKILL)
            self._guard.wait()


def _guard(end_with: int, user: str, arguments: list[str]) -> int:
    """Run the server until it or the owner ends; return its exit code."""
    child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, user=user or None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # these go to the group, and the guard stays for it
    threading.Thread(target=_end_after_owner, args=(child, end_with), daemon=True).start()
    code = child.wait()
    _kill_session()
    return code if code >= 0 else 128 - code


def _end_after_owner(child: subprocess.Popen[bytes], end_with: int) -> None:
    """Wait for the owner's end of the pipe to close, then end the server in order."""
    while os.read(0, 1):  # unbuffered: a buffer's lock would be held at the guard's own end
        pass
    # To the leader alone: it knows the order in which its own children must end.
    child.send_signal(end_with)
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def _kill_session() -> None:
    """Kill what the server has left behind, also in process groups of its own."""
    me = os.getpid()
    for pid in _all_processes():
        try:
            if pid != me and os.getsid(pid) == me:
                os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue  # it has ended meanwhile, or is of no session that we could have started


def _all_processes() -> list[int]:
    """List the numbers of all processes: small images of Linux have no ``ps``, others no /proc."""
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
