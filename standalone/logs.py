"""What goes to stderr while a command works: text or JSON lines, without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

#: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
_GITHUB_TOKEN = re.compile(r"\b(?:gh[a-z]_[A-Za-z0-9]{8,}|github_pat_[A-Za-z0-9_]{8,})")

#: Line ends and a terminal's commands: texts from outside forge no line and move no cursor.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_MASK = "***"

#: A shorter value is a word that may stand in any sentence, such as ``local``.
_SHORTEST_SECRET = 6

#: What every record of ``logging`` has; the rest was given as ``extra``.
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Mask:
    """Hide known secrets, and whatever looks like a token of GitHub's."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: one secret may be a part of another.
        known = sorted({each for each in secrets if len(each) >= _SHORTEST_SECRET}, key=len)
        self._known = known[::-1]

    def __call__(self, text: str) -> str:
        """Write a text without its secrets."""
        for secret in self._known:
            text = text.replace(secret, _MASK)
        return _GITHUB_TOKEN.sub(_MASK, text)


class TextFormatter(logging.Formatter):
    """Write a record as one line; its traceback only where one was asked for."""

    def __init__(self, mask: Mask, *, with_traceback: bool) -> None:
        super().__init__()
        self._mask = mask
        self._with_traceback = with_traceback

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        fields = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        time = f"{_moment(record):%H:%M:%S}"
        line = f"{time} {record.levelname.lower()}: {record.getMessage()} {fields}".rstrip()
        if record.exc_info and not self._with_traceback:
            line += f" ({_fault(record)})"
        # A secret may have several lines, so they are joined after it is masked.
        line = _CONTROLS.sub(" ", self._mask(line))
        if record.exc_info and self._with_traceback:
            line += "\n" + self._mask(self.formatException(record.exc_info))
        return line


class JsonFormatter(TextFormatter):
    """Write a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line: dict[str, Any] = {
            "time": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["error"] = _fault(record)
        if record.exc_info and self._with_traceback:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: self._masked(value) for name, value in line.items()})

    def _masked(self, value: object) -> object:
        """Mask before JSON escapes a value, for an escaped secret would not be found."""
        return value if isinstance(value, int | float | None) else self._mask(str(value))


def configure_logging(*, as_json: bool, level: str, mask: Mask, with_traceback: bool) -> None:
    """Send the log to stderr; the only place that does."""
    formatter = JsonFormatter if as_json else TextFormatter
    handler = _StderrHandler()
    handler.setFormatter(formatter(mask, with_traceback=with_traceback))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These tell of every request or retry, which is our own records' business.
    for vendor in ("boto3", "botocore", "github", "urllib3", "werkzeug", "waitress"):
        logging.getLogger(vendor).setLevel("WARNING" if level != "debug" else "INFO")


class _StderrHandler(logging.Handler):
    """Write to whatever stderr is now: a live view stands in for it while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a terminal that has gone ends the log, not the work."""
        with suppress(OSError, ValueError):
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, timezone.utc)


def _fault(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return f"{type(error).__name__}: {error}"
