"""How the lines that may begin a step are assigned to the steps of a job.

The times of steps are whole seconds. So the lines are assigned to the steps in order, in every way
that the kinds of lines and the times allow. A step is certain if it has the same lines in all of
these ways. If there is no way, a step may also contain lines of other kinds, which scripts print,
and a step that failed may have printed no line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from .jobs import Step
from .step_starts import DEBUG, INITIALIZE, POST, RUN, STOP, StartLine

#: The times of a step are those of the runner, in whole seconds. The first line of a step is
#: printed at once.
_SOON = timedelta(seconds=1)
FAR_FUTURE = datetime.max.replace(tzinfo=timezone.utc)

#: The kind of a container hook's group, which every step may hold.
CONTAINER_HOOK = "container_hook"
_PRE_PREFIX, POST_PREFIX = "Pre ", "Post "

#: A step without a name of its own that uses an action: its group has the same title.
_USES = re.compile(r"Run (?:\./\S+|[\w.-]+/[^\s@]+@\S+)")
_RUN_PREFIX, _IMAGE_PREFIX = "Run ", "Run docker://"

#: Conclusions of steps that began with a line of their own.
_COMPLETE_CONCLUSIONS = ("success", "neutral")


@dataclass(frozen=True, slots=True)
class StartLineRange:
    """The first and the last line that may begin a step.

    ``may_be_silent``: the step may have printed no line; then it begins between its neighbors.
    """

    earliest: StartLine
    latest: StartLine
    may_be_silent: bool = False

    @property
    def is_certain(self) -> bool:
        """Return whether one line begins the step."""
        return not self.may_be_silent and self.earliest == self.latest


def possible_starts(
    steps: Sequence[Step], kinds: Sequence[str], starts: Sequence[StartLine]
) -> list[StartLineRange] | None:
    """Return the lines that may begin each step after the first, by the strictest rules that fit.

    ``kinds``: of the line that begins each step; DEBUG for every step if step debugging is on,
    which names each. None if no rules fit.
    """
    if not starts and len(steps) > 1:
        return None
    pairs = list(zip(steps, kinds, strict=True))
    must_match = [_must_have_title(step, kind, starts) for step, kind in pairs]
    begins = [
        [
            k > 0 and _may_begin(step, kind, start, must_match=must_match[k])
            for k, (step, kind) in enumerate(pairs)
        ]
        for start in starts
    ]
    no_step = [False] * len(steps)
    incomplete = [
        k > 0 and each.conclusion not in _COMPLETE_CONCLUSIONS for k, each in enumerate(steps)
    ]
    for silent_steps in (no_step, incomplete) if any(incomplete) else (no_step,):
        for of_any_kind in (False, True):
            holds = [
                [_may_hold(step, kind, start, of_any_kind=of_any_kind) for step, kind in pairs]
                for start in starts
            ]
            fits = [_LineFit(*each) for each in zip(begins, holds, strict=True)]
            ranges = _assigned_starts(starts, fits, silent_steps)
            # With debug logging, each line names its step: no looser way is tried.
            if ranges is not None or DEBUG in kinds:
                return ranges
    return None


def _assigned_starts(
    starts: Sequence[StartLine], fits: Sequence[_LineFit], silent_steps: Sequence[bool]
) -> list[StartLineRange] | None:
    """Return the lines that may begin each step after the first one; None if nothing fits.

    ``silent_steps``: whether each step may have printed no line.
    """
    before = _reached_steps(fits, silent_steps)
    if not before[-1][-1]:
        return None
    mirrored = [
        _LineFit(begins=[False, *fit.begins[:0:-1]], holds=fit.holds[::-1])
        for fit in reversed(fits)
    ]
    after = [
        each[::-1] for each in reversed(_reached_steps(mirrored, [False, *silent_steps[:0:-1]]))
    ]
    ranges: list[StartLineRange] = []
    for k in range(1, len(silent_steps)):
        found = [
            start
            for at, (start, fit) in enumerate(zip(starts, fits, strict=True))
            if fit.begins[k] and before[at][k - 1] and after[at + 1][k]
        ]
        may_be_silent = silent_steps[k] and any(
            b[k - 1] and a[k] for b, a in zip(before, after, strict=True)
        )
        around = found or [starts[0]]  # a silent step, which its neighbors bound
        ranges.append(StartLineRange(around[0], around[-1], may_be_silent))
    return ranges


@dataclass(frozen=True, slots=True)
class _LineFit:
    """Whether a start line may begin each of the steps, and may be printed in it later."""

    begins: list[bool]
    holds: list[bool]


def _reached_steps(fits: Sequence[_LineFit], silent_steps: Sequence[bool]) -> list[list[bool]]:
    """Return which steps may be running before the first start line and after each one."""
    reachable = [_with_silent([k == 0 for k in range(len(silent_steps))], silent_steps)]
    for fit in fits:
        last = reachable[-1]
        reached = [
            (last[k] and fit.holds[k]) or (fit.begins[k] and last[k - 1])
            for k in range(len(silent_steps))
        ]
        reachable.append(_with_silent(reached, silent_steps))
    return reachable


def _with_silent(reached: list[bool], silent_steps: Sequence[bool]) -> list[bool]:
    """Add the steps that may begin after a reached step without printing a line."""
    if any(silent_steps):
        for k in range(1, len(reached)):
            reached[k] = reached[k] or (silent_steps[k] and reached[k - 1])
    return reached


def _must_have_title(step: Step, kind: str, starts: Sequence[StartLine]) -> bool:
    """Return whether the line that begins the step must have the name of the step as its title."""
    if kind == DEBUG:
        return True
    return kind == RUN and (
        _USES.fullmatch(step.name.removeprefix(_PRE_PREFIX)) is not None
        or any(_may_begin(step, kind, start, must_match=True) for start in starts)
    )


def _may_begin(step: Step, kind: str, start: StartLine, *, must_match: bool) -> bool:
    if not is_at_begin(step, start):
        return False
    kinds = {kind}
    if kind in (INITIALIZE, STOP):
        kinds.add(CONTAINER_HOOK)
    elif kind == RUN and step.name.startswith(POST_PREFIX):
        kinds.add(POST)
    if start.kind not in kinds:
        return False
    name = step.name if kind == DEBUG else step.name.removeprefix(_PRE_PREFIX)
    return not must_match or start.title in (name, name.replace(_RUN_PREFIX, _IMAGE_PREFIX, 1))


def is_at_begin(step: Step, start: StartLine) -> bool:
    """Return whether a line was printed when a step began."""
    return step.started_at is not None and (step.started_at <= start.at <= step.started_at + _SOON)


def _may_hold(step: Step, kind: str, start: StartLine, *, of_any_kind: bool) -> bool:
    """Return whether a step that has begun may print a start, so that no other step begins."""
    is_kind = of_any_kind or start.kind in (kind, CONTAINER_HOOK)
    if not is_kind or step.started_at is None:
        return False
    return step.started_at <= start.at <= (step.completed_at or FAR_FUTURE)
