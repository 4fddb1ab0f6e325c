"""What the app server prints: all of it goes to a rotated file, its errors also to the terminal."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

#: At this size the log file is rotated.
MAX_BYTES = 10 << 20

#: A longer line is cut before it is shown, or kept for an error message.
_SHOWN_CHARACTERS = 400

#: How many lines of an error are shown after its first; the file has its traceback.
_MORE_LINES_OF_ERROR = 1

_KEPT_LINES = 8

_READY = "Downlink client connected"
_ERROR = re.compile(r"^\[(?:ERROR|FATAL)\s+([\w.-]+)\]\s*(.*)")
_ANY_RECORD = re.compile(r"^\[[A-Z]+\s+[\w.-]+\]")
_STARTUP_ERRORS = (
    (re.compile(r"^Database migration failed"), "The database could not be brought up to date"),
    (
        re.compile(r"^Failed to start built-in Postgres"),
        "The server's own PostgreSQL did not start",
    ),
)

_RESTARTED = (
    "The process that ran server code ended; the server has started another, and tasks continue "
    "at their next time."
)

#: An error that is not shown: the app receives no mail, so the server has no port for it.
_EXPECTED = re.compile(r"Failed to start mail server")


class ServerLog:
    """A file with everything that a server prints to its pipe."""

    def __init__(self, output_pipe: IO[bytes], file: Path, echo: Callable[[str], None]) -> None:
        """Start a thread that reads what the server prints; `echo` shows a message."""
        self.file = file
        self.ready = threading.Event()  # set once the app's code is connected to the server
        self._pipe = output_pipe
        self._echo = echo
        #: The last lines that were not empty.
        self.last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._error_lines_left = 0
        self._thread = threading.Thread(target=self._read, name="server log", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until everything that the server printed is read, for five seconds at most."""
        self._thread.join(timeout=5)

    def _read(self) -> None:
        file = _RotatedFile(self.file, self._echo)
        try:
            while raw := self._pipe.readline(1 << 16):
                file.write(raw)
                self._read_line(raw.decode(errors="replace").rstrip()[:_SHOWN_CHARACTERS])
        finally:
            file.close()
            self._pipe.close()

    def _read_line(self, line: str) -> None:
        if not line:
            return
        self.last_lines.append(line)
        if _READY in line:
            if self.ready.is_set():
                self._echo(_RESTARTED)
            self.ready.set()
        message = self._describe(line)
        if message is not None:
            self._echo(message)

    def _describe(self, line: str) -> str | None:
        for pattern, text in _STARTUP_ERRORS:
            if pattern.search(line):
                return f"{text}: {line}"
        if _ANY_RECORD.match(line):
            error = _ERROR.match(line)
            shown = error is not None and not _EXPECTED.search(line)
            self._error_lines_left = _MORE_LINES_OF_ERROR if shown else 0
            return f"Server error: {error[2]}" if error is not None and shown else None
        if self._error_lines_left > 0 and line != "Traceback:":
            self._error_lines_left -= 1
            return f"  {line.strip()}"
        return None


class _RotatedFile:
    """A log file that is rotated at MAX_BYTES; one older file is kept.

    A line that the disk refuses is dropped, and reading continues: otherwise the server would hang
    as soon as its pipe is full.
    """

    def __init__(self, file: Path, echo: Callable[[str], None]) -> None:
        self._file = file
        self._echo = echo
        self._stream: IO[bytes] | None = None
        self._is_refused = False

    def write(self, line: bytes) -> None:
        """Write a line; report when the first one is refused, and when lines are written again."""
        try:
            self._write(line)
        except OSError as error:
            if not self._is_refused:
                self._echo(
                    f"The app server's log {self._file} cannot be written ({error.strerror}). "
                    "Free some space there, or make it writable; until then its lines are lost."
                )
            self._is_refused = True
        else:
            if self._is_refused:
                self._echo(f"The app server's log {self._file} is written again.")
            self._is_refused = False

    def close(self) -> None:
        """Close what is open."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _write(self, line: bytes) -> None:
        if self._stream is not None and self._stream.tell() > MAX_BYTES:
            self.close()
        if self._stream is None:
            self._stream = self._open()
        self._stream.write(line)

    def _open(self) -> IO[bytes]:
        if self._file.exists():
            self._file.replace(self._file.with_name(f"{self._file.name}.1"))
        self._file.touch(mode=0o600)
        return self._file.open("ab", buffering=0)
