"""Where a job's steps are in its log, as far as the runner's lines and times show it.

With step debugging on, the runner begins every step, even a skipped one, with a line that names it.
Otherwise the lines that may begin a step are assigned to the steps (``step_assignments.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from .jobs import Step
from .step_assignments import (
    CONTAINER_HOOK,
    FAR_FUTURE,
    POST_PREFIX,
    StartLineRange,
    is_at_begin,
    possible_starts,
)
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
    StartLine,
)

_BUILT_IN = {"Complete job": COMPLETE, "Initialize containers": INITIALIZE, "Stop containers": STOP}
#: Steps that prepare the images of container actions. Other steps may have such names as well.
_IMAGES = {"Pull ": PULL, "Build ": BUILD}
_SET_UP = "Set up job"

#: A runner that has hooks for containers prints such a group in every step.
#: https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/customize-containers
_HOOK_TITLE = re.compile(r"Run '[^']+'")


class StepRanges(NamedTuple):
    """The ranges of a job's steps; each of ``uncertain`` lies somewhere within its range."""

    certain: tuple[StepRange, ...] | None = None
    uncertain: tuple[StepRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvidence:
    """What a log shows about its steps.

    ``proved_ranges``: ranges that an archive has proved, now or earlier, without the steps' names.
    """

    starts: tuple[StartLine, ...]
    last_line: int
    last_byte: int
    proved_ranges: tuple[StepRange, ...] | None = None

    def locate(self, steps: Sequence[Step]) -> StepRanges:
        """Return where a job's steps are."""
        named = name_ranges(self.proved_ranges, steps) if self.proved_ranges else ()
        if named and sum(each.last_byte - each.first_byte + 1 for each in named) > self.last_byte:
            return StepRanges(named)  # they are the whole log
        found = locate_steps(steps, self.starts, last_line=self.last_line, last_byte=self.last_byte)
        if not named:
            return found
        numbers = {each.number for each in named}
        return StepRanges(
            named, tuple(each for each in found.uncertain if each.number not in numbers)
        )


def locate_steps(
    steps: Sequence[Step], starts: Sequence[StartLine], *, last_line: int, last_byte: int
) -> StepRanges:
    """Return the ranges of the steps that ran; a range with one possible place is certain.

    A step with several possible places lies between the first and the last of them.
    """
    named = [start for start in starts if start.kind == DEBUG]
    starts = named or _marked_hooks(steps, starts)
    ran = [step for step in steps if named or _has_run(step)]
    kinds = [DEBUG if named else _kind(step, steps, starts) for step in ran[1:]]
    is_known = bool(ran) and ran[0].name == _SET_UP and None not in kinds
    if not is_known or not last_line or len(starts) > MAX_STARTS:
        return StepRanges()
    found = possible_starts(ran, [_SET_UP, *map(str, kinds)], starts)
    if found is None:
        return StepRanges()
    end = StartLine(kind=_SET_UP, title="", at=FAR_FUTURE, line=last_line + 1, byte=last_byte + 1)
    first = replace(end, line=1, byte=0)
    begins = [StartLineRange(first, first), *found, StartLineRange(end, end)]
    silent = [k for k, begin in enumerate(begins) if begin.may_be_silent]
    for k in silent:
        begins[k] = replace(begins[k], earliest=begins[k - 1].earliest)
    for k in reversed(silent):
        begins[k] = replace(begins[k], latest=begins[k + 1].latest)
    places: dict[bool, list[StepRange]] = {True: [], False: []}
    for step, begin, following in zip(ran, begins[:-1], begins[1:], strict=True):
        place = StepRange(
            number=step.number,
            step_name=step.name,
            first_line=begin.earliest.line,
            last_line=following.latest.line - 1,
            first_byte=begin.earliest.byte,
            last_byte=following.latest.byte - 1,
        )
        places[begin.is_certain and following.is_certain].append(place)
    return StepRanges(tuple(places[True]) or None, tuple(places[False]))


def _has_run(step: Step) -> bool:
    """Return whether a step began; a skipped step and one that was never reached did not."""
    is_unreached = step.started_at is None and step.conclusion in (None, "cancelled")
    return step.conclusion != "skipped" and not is_unreached


def _marked_hooks(steps: Sequence[Step], starts: Sequence[StartLine]) -> list[StartLine]:
    """Return the starts with those of container hooks marked.

    A hook is recognized by its title, which begins the step that starts the containers.
    """
    containers = [step for step in steps if _BUILT_IN.get(step.name) == INITIALIZE]
    has_docker = any(start.kind == INITIALIZE for start in starts)
    titles = {
        start.title
        for start in starts
        for step in containers
        if _HOOK_TITLE.fullmatch(start.title) and is_at_begin(step, start)
    }
    if has_docker or len(titles) != 1:
        return list(starts)
    return [
        replace(start, kind=CONTAINER_HOOK)
        if start.kind == RUN and start.title in titles
        else start
        for start in starts
    ]


def _kind(step: Step, steps: Sequence[Step], starts: Sequence[StartLine]) -> str | None:
    """Return how a step begins; None where that is not known."""
    if step.started_at is None:
        return None
    if step.name in _BUILT_IN:
        return _BUILT_IN[step.name]
    names = {each.name for each in steps}
    if step.name.removeprefix(POST_PREFIX) in names - {step.name}:
        return POST
    for prefix, kind in _IMAGES.items():
        prepares = (is_at_begin(step, start) for start in starts if start.kind == kind)
        if step.name.startswith(prefix) and any(prepares):
            return kind
    return RUN
