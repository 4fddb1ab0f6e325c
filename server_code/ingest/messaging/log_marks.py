"""The marks of a log as fields of its message, bounded by their number and size."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, NamedTuple

from ..domain.log_marks import LogMarks
from .encoding import encode_json

#: A message names so many of a kind; what is left out is named in ``truncated``.
MOST_MARKS = 100


class MessageMarks(NamedTuple):
    """Fields of a message's data, and the names of those that are not complete."""

    fields: dict[str, Any]
    truncated: tuple[str, ...]


def bounded_marks(marks: LogMarks, max_bytes: int) -> MessageMarks:
    """Return the marks for a message; above ``max_bytes`` without groups, lines or steps."""
    fields: dict[str, Any] = {
        "error_lines": list(marks.error_lines[:MOST_MARKS]),
        "groups": [asdict(group) for group in marks.groups[:MOST_MARKS]],
        "steps": marks.steps and [asdict(step) for step in marks.steps],
    }
    found = {"error_lines": len(marks.error_lines), "groups": len(marks.groups)}
    truncated = [name for name in found if name in marks.truncated or found[name] > MOST_MARKS]
    for name, nothing in (("groups", []), ("error_lines", []), ("steps", None)):
        if fields[name] and len(encode_json(fields).encode()) > max_bytes:
            fields[name] = nothing
            truncated.append(name)
    return MessageMarks(fields, tuple(dict.fromkeys(truncated)))
