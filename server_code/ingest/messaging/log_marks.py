"""The marks of a log (groups, steps, error lines) as fields of its message, limited in size."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..domain.codec import encode
from ..domain.log_marks import LogMarks
from ..domain.step_ranges import StepRange
from .encoding import encode_json
from .log_content import MAX_CHARACTER_BYTES

#: The most groups or error lines in a message; ``truncated`` names the fields that lack some.
MAX_MARKS = 100

#: At most an eighth of a message is marks, so that most of it is the log.
_MARKS_DIVISOR = 8


class MessageMarks(NamedTuple):
    """The marks as fields of a message's data, and the names of those that are not complete."""

    fields: dict[str, Any]
    truncated: tuple[str, ...]


#: No range or line takes more than this, besides its text.
_MAX_ENTRY_BYTES = 256
_RANGES = ("groups", "steps", "uncertain_steps")

#: The fields in the order in which they are dropped if marks are too large, and their empty values.
_DROPPED_FIRST: tuple[tuple[str, list[Any] | None], ...] = (
    ("groups", []),
    ("uncertain_steps", []),
    ("error_lines", []),
    ("steps", None),
)


def max_marks_bytes(max_message_bytes: int) -> int:
    """Return how many bytes of a message its marks may take."""
    return max_message_bytes // _MARKS_DIVISOR


def truncate_marks(marks: LogMarks, max_bytes: int) -> MessageMarks:
    """Return the marks for a message; groups, lines and steps are dropped above ``max_bytes``."""
    fields: dict[str, Any] = {
        "error_lines": _chosen_lines(
            marks.error_lines, (*(marks.steps or ()), *marks.uncertain_steps)
        ),
        "groups": [encode(group) for group in marks.groups[:MAX_MARKS]],
        "steps": marks.steps and [encode(step) for step in marks.steps],
        "uncertain_steps": [encode(step) for step in marks.uncertain_steps],
    }
    found = {"error_lines": len(marks.error_lines), "groups": len(marks.groups)}
    truncated = [name for name in found if name in marks.truncated or found[name] > MAX_MARKS]
    for name, empty in _DROPPED_FIRST:
        if _fits(fields, max_bytes):
            break
        if fields[name]:
            fields[name] = empty
            truncated.append(name)
    return MessageMarks(fields, tuple(dict.fromkeys(truncated)))


def _fits(fields: Mapping[str, Any], max_bytes: int) -> bool:
    """Return whether marks take at most so many bytes; few marks fit without being measured."""
    ranges = [each for name in _RANGES for each in fields[name] or ()]
    texts = sum(len(value) for each in ranges for value in each.values() if isinstance(value, str))
    most = _MAX_ENTRY_BYTES * (1 + len(ranges) + len(fields["error_lines"]))
    if most + MAX_CHARACTER_BYTES * texts <= max_bytes:
        return True
    return len(encode_json(fields).encode()) <= max_bytes


def _chosen_lines(lines: Sequence[int], steps: Sequence[StepRange]) -> list[int]:
    """Return up to MAX_MARKS lines: the first ones of every step before the later ones."""
    begins = sorted({step.first_line for step in steps})
    counts: Counter[int] = Counter()
    ranked = []
    for line in lines:
        step = bisect(begins, line)
        ranked.append((counts[step], line))
        counts[step] += 1
    return sorted(line for _, line in sorted(ranked)[:MAX_MARKS])
