"""Where a job's steps are in its log, as far as marks and times leave one answer.

As times of steps have whole seconds only, the lines that may begin a step are assigned to the
steps in order in every way that kinds and times allow, and only a step that has the same lines in
all of them is certain. If there is no way, a step may also hold lines of other kinds, which scripts
print, and a step that failed may have printed no such line. With step debugging on, the runner
begins every step, a skipped one too, with a line that names it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from .jobs import Step
from .step_ranges import StepRange, name_ranges
from .step_starts import (
    BUILD,
    COMPLETE,
    DEBUG,
    INITIALIZE,
    MAX_STARTS,
    POST,
    PULL,
    RUN,
    STOP,
    StepStart,
)

#: A step's times are those of the runner, whole seconds; its first line comes at once.
_SOON = timedelta(seconds=1)
_NEVER = datetime.max.replace(tzinfo=timezone.utc)

_BUILT_IN = {"Complete job": COMPLETE, "Initialize containers": INITIALIZE, "Stop containers": STOP}
#: Steps that prepare the images of container actions; other steps may have such names.
_IMAGES = {"Pull ": PULL, "Build ": BUILD}
_SET_UP = "Set up job"
_BEFORE, _AFTER = "Pre ", "Post "

#: A step without a name of its own that uses an action: its group has the same title.
_USES = re.compile(r"Run (?:\./\S+|[\w.-]+/[^\s@]+@\S+)")
_RUN_PREFIX, _IMAGE_PREFIX = "Run ", "Run docker://"

#: A runner that has hooks for containers prints such a group in every step.
#: https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/customize-containers
_HOOK = "container_hook"
_HOOK_TITLE = re.compile(r"Run '[^']+'")

#: Conclusions of steps that began with a line of their own.
_COMPLETE_CONCLUSIONS = ("success", "neutral")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvidence:
    """What a log shows of its steps; ``proved`` by an archive, without the steps' names."""

    starts: tuple[StepStart, ...]
    last_line: int
    last_byte: int
    proved: tuple[StepRange, ...] | None = None

    def locate(self, steps: Sequence[Step]) -> tuple[StepRange, ...] | None:
        """Return where a job's steps are; None where that is not certain."""
        named = name_ranges(self.proved, steps) if self.proved else None
        return named or locate_steps(
            steps, self.starts, last_line=self.last_line, last_byte=self.last_byte
        )


@dataclass(frozen=True, slots=True)
class _Leniency:
    """Whether steps may hold lines of other kinds, and whether failed steps may begin with none."""

    holds_any: bool
    may_be_silent: bool


_LENIENCIES = [
    _Leniency(holds_any, may_be_silent)
    for may_be_silent in (False, True)
    for holds_any in (False, True)
]


def locate_steps(
    steps: Sequence[Step], starts: Sequence[StepStart], *, last_line: int, last_byte: int
) -> tuple[StepRange, ...] | None:
    """Return the ranges of the steps that ran, as far as one answer is possible; None for none."""
    named = [start for start in starts if start.kind == DEBUG]
    starts = named or _marked_hooks(steps, starts)
    ran = [step for step in steps if named or _has_run(step)]
    kinds = [DEBUG if named else _kind(step, steps, starts) for step in ran[1:]]
    is_known = bool(ran) and ran[0].name == _SET_UP and None not in kinds
    if not is_known or not last_line or (not 0 < len(starts) <= MAX_STARTS and len(ran) > 1):
        return None
    first_starts = _certain_starts(ran, [_SET_UP, *map(str, kinds)], starts)
    if first_starts is None:
        return None
    end = StepStart(kind=_SET_UP, title="", at=_NEVER, line=last_line + 1, byte=last_byte + 1)
    found = [None if at is None else starts[at] for at in first_starts]
    begins = [replace(end, line=1, byte=0), *found]
    pairs = zip(ran, begins, [*found, end], strict=True)
    return (
        tuple(
            StepRange(
                number=step.number,
                step_name=step.name,
                first_line=first.line,
                last_line=following.line - 1,
                first_byte=first.byte,
                last_byte=following.byte - 1,
            )
            for step, first, following in pairs
            if first is not None and following is not None
        )
        or None
    )


def _has_run(step: Step) -> bool:
    """Return whether a step began, as one that was skipped or never reached did not."""
    is_unreached = step.started_at is None and step.conclusion in (None, "cancelled")
    return step.conclusion != "skipped" and not is_unreached


def _marked_hooks(steps: Sequence[Step], starts: Sequence[StepStart]) -> list[StepStart]:
    """Return the starts, those of container hooks as such: the first is of the containers' step."""
    containers = [step for step in steps if _BUILT_IN.get(step.name) == INITIALIZE]
    has_docker = any(start.kind == INITIALIZE for start in starts)
    titles = {
        start.title
        for start in starts
        for step in containers
        if _HOOK_TITLE.fullmatch(start.title) and _is_at_begin(step, start)
    }
    if has_docker or len(titles) != 1:
        return list(starts)
    return [
        replace(start, kind=_HOOK) if start.kind == RUN and start.title in titles else start
        for start in starts
    ]


def _kind(step: Step, steps: Sequence[Step], starts: Sequence[StepStart]) -> str | None:
    """Return how a step begins; None where that is not known."""
    if step.started_at is None:
        return None
    if step.name in _BUILT_IN:
        return _BUILT_IN[step.name]
    names = {each.name for each in steps}
    if step.name.removeprefix(_AFTER) in names - {step.name}:
        return POST
    for prefix, kind in _IMAGES.items():
        prepares = (_is_at_begin(step, start) for start in starts if start.kind == kind)
        if step.name.startswith(prefix) and any(prepares):
            return kind
    return RUN


def _certain_starts(
    steps: Sequence[Step], kinds: Sequence[str], starts: Sequence[StepStart]
) -> list[int | None] | None:
    """Return the starts of the least lenient assignments that there are; None for none."""
    for leniency in _LENIENCIES:
        found = _unambiguous_starts(steps, kinds, starts, leniency)
        if found is not None or DEBUG in kinds:
            return found
    return None


def _unambiguous_starts(
    steps: Sequence[Step], kinds: Sequence[str], starts: Sequence[StepStart], leniency: _Leniency
) -> list[int | None] | None:
    """Return the start that begins each step after the first one in every assignment.

    None for a step that several may begin; None for all where there is no assignment.
    """
    pairs = list(zip(steps, kinds, strict=True))
    named = [_has_title(step, kind, starts) for step, kind in pairs]
    rows = [
        _Row(
            begins=[
                k > 0 and _may_begin(step, kind, start, must_match=named[k])
                for k, (step, kind) in enumerate(pairs)
            ],
            holds=[_may_hold(step, kind, start, leniency) for step, kind in pairs],
        )
        for start in starts
    ]
    silent = [
        leniency.may_be_silent and k > 0 and step.conclusion not in _COMPLETE_CONCLUSIONS
        for k, step in enumerate(steps)
    ]
    before = _reached(rows, silent)
    mirrored = [
        _Row(begins=[False, *row.begins[:0:-1]], holds=row.holds[::-1]) for row in reversed(rows)
    ]
    after = [each[::-1] for each in reversed(_reached(mirrored, [False, *silent[:0:-1]]))]
    if not after[0][0]:
        return None
    first_starts: list[int | None] = []
    for k in range(1, len(steps)):
        found: list[int | None] = [
            at
            for at, row in enumerate(rows)
            if row.begins[k] and before[at][k - 1] and after[at + 1][k]
        ]
        if silent[k] and any(b[k - 1] and a[k] for b, a in zip(before, after, strict=True)):
            found.append(None)
        first_starts.append(found[0] if len(found) == 1 else None)
    return first_starts


@dataclass(frozen=True, slots=True)
class _Row:
    """Which steps one start may begin, and of which it may be a repeated line."""

    begins: list[bool]
    holds: list[bool]


def _reached(rows: Sequence[_Row], silent: Sequence[bool]) -> list[list[bool]]:
    """Return, before the first start and after each one, which steps the starts so far fit."""
    found = [_with_silent([k == 0 for k in range(len(silent))], silent)]
    for row in rows:
        last = found[-1]
        reached = [
            (last[k] and row.holds[k]) or (row.begins[k] and last[k - 1])
            for k in range(len(silent))
        ]
        found.append(_with_silent(reached, silent))
    return found


def _with_silent(reached: list[bool], silent: Sequence[bool]) -> list[bool]:
    """Add the steps that begin without a line behind one that is reached."""
    for k in range(1, len(reached)):
        reached[k] = reached[k] or (silent[k] and reached[k - 1])
    return reached


def _has_title(step: Step, kind: str, starts: Sequence[StepStart]) -> bool:
    """Return whether the step begins with its own name, as one does whose name is a title."""
    if kind == DEBUG:
        return True
    return kind == RUN and (
        _USES.fullmatch(step.name.removeprefix(_BEFORE)) is not None
        or any(_may_begin(step, kind, start, must_match=True) for start in starts)
    )


def _may_begin(step: Step, kind: str, start: StepStart, *, must_match: bool) -> bool:
    kinds = {kind}
    if kind in (INITIALIZE, STOP):
        kinds.add(_HOOK)
    elif kind == RUN and step.name.startswith(_AFTER):
        kinds.add(POST)
    if start.kind not in kinds or not _is_at_begin(step, start):
        return False
    name = step.name if kind == DEBUG else step.name.removeprefix(_BEFORE)
    return not must_match or start.title in (name, name.replace(_RUN_PREFIX, _IMAGE_PREFIX, 1))


def _is_at_begin(step: Step, start: StepStart) -> bool:
    return step.started_at is not None and (step.started_at <= start.at <= step.started_at + _SOON)


def _may_hold(step: Step, kind: str, start: StepStart, leniency: _Leniency) -> bool:
    """Return whether a start may be a line that a step prints, without an end to the last one."""
    is_kind = leniency.holds_any or start.kind in (kind, _HOOK)
    if not is_kind or step.started_at is None:
        return False
    return step.started_at <= start.at <= (step.completed_at or _NEVER)
