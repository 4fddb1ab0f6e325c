"""The outline of a log (groups, steps, error lines) as fields of its message, limited in size."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..domain.log_outline import LogOutline
from ..domain.step_ranges import StepRange
from .encoding import encode_json

#: The largest number of groups or error lines in a message. If some are left out, ``truncated``
#: names the field.
MAX_OUTLINE_ENTRIES = 100

#: At most an eighth of a message is the outline, so that most of it is the log.
_OUTLINE_DIVISOR = 8


class MessageOutline(NamedTuple):
    """An outline as fields of a message's data, and the names of those that are not complete."""

    fields: dict[str, Any]
    truncated: tuple[str, ...]


#: The fields in the order in which they are dropped if they are too large, each with its empty
#: value.
_DROP_ORDER: tuple[tuple[str, list[Any] | None], ...] = (
    ("groups", []),
    ("uncertain_steps", []),
    ("error_lines", []),
    ("steps", None),
)


def max_outline_bytes(max_message_bytes: int) -> int:
    """Return how many bytes of a message its outline may take."""
    return max_message_bytes // _OUTLINE_DIVISOR


def truncate_outline(outline: LogOutline, max_bytes: int) -> MessageOutline:
    """Return the outline for a message; fields are dropped until it fits into ``max_bytes``."""
    fields: dict[str, Any] = {
        "error_lines": _chosen_lines(
            outline.error_lines, (*(outline.steps or ()), *outline.uncertain_steps)
        ),
        "groups": [group._asdict() for group in outline.groups[:MAX_OUTLINE_ENTRIES]],
        "steps": outline.steps and [step._asdict() for step in outline.steps],
        "uncertain_steps": [step._asdict() for step in outline.uncertain_steps],
    }
    totals = {"error_lines": len(outline.error_lines), "groups": len(outline.groups)}
    truncated = [
        name for name in totals if name in outline.truncated or totals[name] > MAX_OUTLINE_ENTRIES
    ]
    for name, empty in _DROP_ORDER:
        if len(encode_json(fields).encode()) <= max_bytes:
            break
        if fields[name]:
            fields[name] = empty
            truncated.append(name)
    return MessageOutline(fields, tuple(dict.fromkeys(truncated)))


def _chosen_lines(lines: Sequence[int], steps: Sequence[StepRange]) -> list[int]:
    """Return up to MAX_OUTLINE_ENTRIES lines; the first lines of each step are preferred."""
    first_lines = sorted({step.first_line for step in steps})
    counts: Counter[int] = Counter()
    ranked = []
    for line in lines:
        step = bisect(first_lines, line)
        ranked.append((counts[step], line))
        counts[step] += 1
    return sorted(line for _, line in sorted(ranked)[:MAX_OUTLINE_ENTRIES])
