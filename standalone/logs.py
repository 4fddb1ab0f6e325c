"""The log on stderr: text or JSON lines, without secrets."""

from __future__ import annotations

import json
import logging
import math
import os
import select
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from ingest.errors import as_one_line
from ingest.wire.reasons import mask_tokens

from .output import write_to_stderr

logger = logging.getLogger("runstream")

_MASK = "***"

#: A shorter value is not masked, because it may be an ordinary word, such as ``local``.
_SHORTEST_SECRET = 6

#: The attributes that every record has; the others were given as ``extra``.
_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
}


class Mask:
    """A filter that hides known secrets, and whatever looks like a GitHub token."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: one secret may be a part of another.
        known = {each for each in secrets if len(each) >= _SHORTEST_SECRET}
        self._known = sorted(known | {as_one_line(each) for each in known}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return a text with its secrets masked."""
        for secret in self._known:
            text = text.replace(secret, _MASK)
        return mask_tokens(text)


class TextFormatter(logging.Formatter):
    """A formatter that writes one line, and a traceback only if one is requested."""

    def __init__(self, mask: Mask, *, with_traceback: bool) -> None:
        super().__init__()
        self.mask = mask
        self._with_traceback = with_traceback

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of one record."""
        fields = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        time = f"{_time_of(record):%H:%M:%S}"
        line = f"{time} {record.levelname.lower()}: {_message(record)} {fields}".rstrip()
        if record.exc_info and not self._with_traceback:
            line += f" ({_error_text(record)})"
        # Lines are joined after the masking, because a secret may span several of them.
        line = as_one_line(self.mask(line))
        if record.exc_info and self._with_traceback:
            traceback = self.mask(self.formatException(record.exc_info)).splitlines()
            line += "".join(f"\n  {as_one_line(each)}" for each in traceback)
        return line


class JsonFormatter(TextFormatter):
    """A formatter that writes a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of one record."""
        line: dict[str, Any] = {
            "time": _time_of(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line = line | {name: value for name, value in _extra(record).items() if name not in line}
        if record.exc_info:
            line["error"] = _error_text(record)
        if record.exc_info and self._with_traceback:
            line["traceback"] = self.formatException(record.exc_info)
        masked = {self.mask(name): self._masked(value) for name, value in line.items()}
        return json.dumps(masked).replace("\x7f", "\\u007f")

    def _masked(self, value: object) -> object:
        """Mask a value before JSON escapes it: an escaped secret would not be found."""
        is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
        return value if value is None or is_number else self.mask(str(value))


def configure_logging(*, as_json: bool, level: str, mask: Mask, with_traceback: bool) -> None:
    """Send the log to stderr."""
    formatter = JsonFormatter if as_json else TextFormatter
    handler = _StderrHandler()
    handler.setFormatter(formatter(mask, with_traceback=with_traceback))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_end_of_thread
    # These packages log every request or retry, which our own records report already.
    for vendor in ("azure", "boto3", "botocore", "github", "urllib3", "werkzeug", "waitress"):
        logging.getLogger(vendor).setLevel("WARNING" if level != "debug" else "INFO")


def write_notice(text: str, *, level: int = logging.INFO) -> None:
    """Write a sentence for people to stderr, without secrets.

    If the log is JSON, the sentence is a record of the log.
    """
    formatter = _formatter()
    if isinstance(formatter, JsonFormatter):
        logger.log(level, text)
    else:
        # Not click.echo, which writes past the view that rich draws on stderr.
        write_to_stderr(f"{formatter.mask(text) if formatter else text}\n")


def write_final_notice(text: str) -> None:
    """Write a notice just before the process exits at once.

    It takes no lock, because another thread may hold one. It writes nothing if writing would block,
    for example because a pipe is full.
    """
    formatter = _formatter()
    if isinstance(formatter, JsonFormatter):
        record = logger.makeRecord(logger.name, logging.WARNING, "", 0, text, (), None)
        text = formatter.format(record)
    with suppress(OSError):
        _, writable, _ = select.select((), (2,), (), 0)
        if writable:
            os.write(2, f"{text}\n".encode())


def is_json_log() -> bool:
    """Return whether the log on stderr is JSON."""
    return isinstance(_formatter(), JsonFormatter)


def _formatter() -> TextFormatter | None:
    formatters = (handler.formatter for handler in logging.getLogger().handlers)
    return next((each for each in formatters if isinstance(each, TextFormatter)), None)


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and ended.exc_type is not SystemExit:
        name = ended.thread.name if ended.thread else "unknown"
        logger.error("thread ended", exc_info=ended.exc_value, extra={"thread_name": name})


class _StderrHandler(logging.Handler):
    """A handler that writes to the current stderr, which a live view replaces while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; if the terminal has gone, drop it without an error."""
        write_to_stderr(self.format(record) + "\n")


def _message(record: logging.LogRecord) -> str:
    """Return a record's text, also if a package gave arguments that its text cannot take."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES}


def _time_of(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, timezone.utc)


def _error_text(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return f"{type(error).__name__}: {error}"
