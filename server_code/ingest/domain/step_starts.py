"""Where a job's steps are in a single log, as far as marks and times leave one answer.

The runner begins a step with a line of its own: ``##[group]Run …``, ``Post job cleanup.``. Steps of
composite actions repeat such lines: since 2.332 the runner marks those, and no script can print
its marks. Without marks, as times of steps have whole seconds only, the lines are assigned to the
steps in order in every way that kinds and times allow, and only a step that has the same lines in
all of them is certain. With step debugging on, the runner begins every step, a skipped one too,
with a line that names it. https://github.com/actions/runner/tree/main/src/Runner.Worker
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from .jobs import Step
from .step_ranges import StepRange, name_ranges

#: More lines that may begin a step than this leave the steps unknown.
MAX_STARTS = 500

#: A step's times are those of the runner, whole seconds; its first line comes at once.
_SOON = timedelta(seconds=1)
_NEVER = datetime.max.replace(tzinfo=timezone.utc)

_RUN, _POST, _COMPLETE, _INITIALIZE, _STOP = "run", "post", "complete", "initialize", "stop"
_PULL, _BUILD, _DEBUG = "pull", "build", "debug"
_INNER_START, _INNER_END, _READY = "inner_start", "inner_end", "ready"

#: What the runner prints in a step before its group, and how the group's title begins; of an
#: ``input`` it warns in the lines directly before the group.
_INPUT = "input"
_LEADS = {"prepare": "Run ./", "hook": "Run '", _INPUT: "Run "}
_MAX_LEADS = 20

#: What the lines without a mark have in common, that begin a step or tell where one begins.
START_SIGN = re.compile(
    rb"Z (?:Post job cleanup|Evaluate and set |Cleaning up |Stop and remove |Print service |"
    rb"Prepare all required actions|Complete job name: |A job \w+ hook has been configured)"
)
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[\d.]*Z (?:"
    rb"(?P<run>##\[group\]Run )|"
    rb"(?P<initialize>##\[group\]Checking docker version)|"
    rb"(?P<pull>##\[group\]Pull down action image )|"
    rb"(?P<build>##\[group\]Build container for action use: )|"
    rb"##\[debug\](?:Evaluating condition for step: '|Starting: (?=Complete job))(?P<debug>)|"
    rb"(?P<post>Post job cleanup\.)|"
    rb"(?P<complete>Evaluate and set (?:job outputs|environment url)|Cleaning up orphan process)|"
    rb"(?P<stop>Stop and remove container: |Print service container logs: )|"
    rb"(?P<inner_start>##\[start-action display=)|(?P<inner_end>##\[end-action id=)|"
    rb"(?P<ready>Complete job name: )|(?P<prepare>Prepare all required actions)|"
    rb"(?P<hook>A job (?:started|completed) hook has been configured by )|"
    rb"(?P<input>##\[warning\](?:Unexpected input\(s\) '|Input '[^']*' has been deprecated with )))"
)
_TITLE_AT = len("##[group]")
_BUILT_IN = {
    "Complete job": _COMPLETE,
    "Initialize containers": _INITIALIZE,
    "Stop containers": _STOP,
}
#: Steps that prepare the images of container actions; other steps may have such names.
_IMAGES = {"Pull ": _PULL, "Build ": _BUILD}
_SET_UP = "Set up job"
_BEFORE, _AFTER = "Pre ", "Post "


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStart:
    """A line that may begin a step; ``title`` is what a group is called."""

    kind: str
    title: str
    at: datetime
    line: int
    byte: int


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


class StepStartReader:
    """A reader of the lines that may begin a step, without those inside a composite action."""

    def __init__(self) -> None:
        self.starts: list[StepStart] = []
        self._leads: list[StepStart] = []
        self._depth = 0

    def read(self, head: bytes, line: int, byte: int) -> None:
        """Read the head of a line."""
        start = _parse_start(head, line, byte)
        if start is None or len(self.starts) > MAX_STARTS:
            return
        if start.kind == _INNER_START:
            self._depth += 1
        elif start.kind == _INNER_END:
            self._depth = max(self._depth - 1, 0)
        elif self._depth:
            return
        elif start.kind in _LEADS:
            self._leads = [*self._leads[1 - _MAX_LEADS :], start]
        else:
            leads, self._leads = self._leads, []
            if start.kind != _READY:
                self.starts.append(_with_leads(start, leads))


def _with_leads(start: StepStart, leads: Sequence[StepStart]) -> StepStart:
    """Return a start that begins at the first of the lines that the runner prints before it."""
    for distance, lead in zip(range(len(leads), 0, -1), leads, strict=True):
        is_near = lead.kind != _INPUT or lead.line == start.line - distance
        if start.kind == _RUN and is_near and start.title.startswith(_LEADS[lead.kind]):
            return replace(start, at=lead.at, line=lead.line, byte=lead.byte)
    return start


def _parse_start(head: bytes, line: int, byte: int) -> StepStart | None:
    match = _START.match(head)
    if match is None or match.lastgroup is None:
        return None
    try:
        at = datetime.fromisoformat(match.group(1).decode() + "+00:00")
    except ValueError:
        return None
    text = head[match.start(match.lastgroup) :].decode(errors="replace").strip()
    title = text[_TITLE_AT:] if match.lastgroup == _RUN else text.removesuffix("'")
    return StepStart(kind=match.lastgroup, title=title, at=at, line=line, byte=byte)


def locate_steps(
    steps: Sequence[Step], starts: Sequence[StepStart], *, last_line: int, last_byte: int
) -> tuple[StepRange, ...] | None:
    """Return the ranges of the steps that ran, as far as one answer is possible; None for none."""
    named = [start for start in starts if start.kind == _DEBUG]
    ran = [step for step in steps if named or step.conclusion != "skipped"]
    kinds = [_DEBUG if named else _kind(step, steps, starts) for step in ran[1:]]
    starts = named or starts
    if not ran or ran[0].name != _SET_UP or None in kinds or len(starts) > MAX_STARTS:
        return None
    first_starts = _unambiguous_starts(ran, [_SET_UP, *map(str, kinds)], starts)
    if first_starts is None or not last_line:
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


def _kind(step: Step, steps: Sequence[Step], starts: Sequence[StepStart]) -> str | None:
    """Return how a step begins; None where that is not known."""
    if step.started_at is None or step.completed_at is None:
        return None
    if step.name in _BUILT_IN:
        return _BUILT_IN[step.name]
    names = {each.name for each in steps}
    if step.name.removeprefix(_AFTER) in names - {step.name}:
        return _POST
    for prefix, kind in _IMAGES.items():
        prepares = (
            _may_begin(step, start, must_match=False) for start in starts if start.kind == kind
        )
        if step.name.startswith(prefix) and any(prepares):
            return kind
    return _RUN


def _unambiguous_starts(
    steps: Sequence[Step], kinds: Sequence[str], starts: Sequence[StepStart]
) -> list[int | None] | None:
    """Return the start that begins each step after the first one in every assignment.

    None for a step that several may begin; None for all where there is no assignment.
    """
    named = [_has_title(step, kind, starts) for step, kind in zip(steps, kinds, strict=True)]
    rows = [
        _Row(
            begins=[
                k > 0 and kind == start.kind and _may_begin(step, start, must_match=named[k])
                for k, (step, kind) in enumerate(zip(steps, kinds, strict=True))
            ],
            holds=[_may_hold(*each, start) for each in zip(steps, kinds, strict=True)],
        )
        for start in starts
    ]
    before = _reached(rows, len(steps))
    mirrored = [
        _Row(begins=[False, *row.begins[:0:-1]], holds=row.holds[::-1]) for row in reversed(rows)
    ]
    after = [each[::-1] for each in reversed(_reached(mirrored, len(steps)))]
    if not after[0][0]:
        return None
    first_starts: list[int | None] = []
    for k in range(1, len(steps)):
        found = [
            at
            for at, row in enumerate(rows)
            if row.begins[k] and before[at][k - 1] and after[at + 1][k]
        ]
        first_starts.append(found[0] if len(found) == 1 else None)
    return first_starts


@dataclass(frozen=True, slots=True)
class _Row:
    """Which steps one start may begin, and of which it may be a repeated line."""

    begins: list[bool]
    holds: list[bool]


def _reached(rows: Sequence[_Row], count: int) -> list[list[bool]]:
    """Return, before the first start and after each one, which steps the starts so far fit."""
    found = [[k == 0 for k in range(count)]]
    for row in rows:
        last = found[-1]
        found.append(
            [(last[k] and row.holds[k]) or (row.begins[k] and last[k - 1]) for k in range(count)]
        )
    return found


def _has_title(step: Step, kind: str, starts: Sequence[StepStart]) -> bool:
    """Return whether the step's own name is the title of a line that may begin it."""
    if kind == _DEBUG:
        return True
    return kind == _RUN and any(_may_begin(step, start, must_match=True) for start in starts)


def _may_begin(step: Step, start: StepStart, *, must_match: bool) -> bool:
    name = step.name if start.kind == _DEBUG else step.name.removeprefix(_BEFORE)
    if must_match and start.title != name:
        return False
    return step.started_at is not None and (step.started_at <= start.at <= step.started_at + _SOON)


def _may_hold(step: Step, kind: str, start: StepStart) -> bool:
    """Return whether a start may be one that a step repeats."""
    if kind != start.kind or step.started_at is None or step.completed_at is None:
        return False
    return step.started_at <= start.at <= step.completed_at
