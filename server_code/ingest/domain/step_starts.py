"""The lines with which GitHub's runner begins the steps of a job, in the job's single log.

The runner begins a step with a line of its own: ``##[group]Run …``, ``Post job cleanup.``. Steps of
composite actions repeat such lines: since 2.332 the runner marks those, and no script can print
its marks. https://github.com/actions/runner/tree/main/src/Runner.Worker
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

#: If a log has more lines than this that may begin a step, its steps stay unknown.
MAX_STARTS = 500

#: The kinds of lines that begin a step.
RUN, POST, COMPLETE, INITIALIZE, STOP = "run", "post", "complete", "initialize", "stop"
PULL, BUILD, DEBUG = "pull", "build", "debug"

#: The kinds of lines that show which of those do not begin a step of the job.
_INNER_START, _INNER_END, _READY, _BACKGROUND = "inner_start", "inner_end", "ready", "background"

#: What the runner prints in a step before the group of the step, and how the title of that group
#: begins. It prints the warnings about an ``input`` directly before the group.
_INPUT = "input"
_LEADS = {"prepare": "Run ./", "hook": "Run '", _INPUT: "Run "}
_MAX_LEADS = 20

#: How a line that may begin a step continues after its time, if not with ``##[``.
START_MARKER = re.compile(
    rb"Z (?:Post job cleanup|Evaluate and set |Cleaning up |Uploading runner diagnostic logs|"
    rb"Stop and remove |Print service |Remove container network: |Prepare all required actions|"
    rb"Complete job name: |A job \w+ hook has been configured|"
    rb"Waiting for |No background steps |Cancelling background )"
)
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[\d.]*Z (?:"
    rb"(?P<run>##\[group\]Run )|"
    rb"(?P<initialize>##\[group\]Checking docker version)|"
    rb"(?P<pull>##\[group\]Pull down action image )|"
    rb"(?P<build>##\[group\]Build container for action use: )|"
    rb"##\[debug\](?:Evaluating condition for step: '|Starting: (?=Complete job))(?P<debug>)|"
    rb"(?P<post>Post job cleanup\.)|"
    rb"(?P<complete>Evaluate and set (?:job outputs|environment url)|"
    rb"Uploading runner diagnostic logs|Cleaning up orphan process)|"
    rb"(?P<stop>Stop and remove container: |Print service container logs: |"
    rb"Remove container network: )|"
    rb"(?P<background>Waiting for (?:all )?background step\(s\) to complete|"
    rb"No background steps remaining to wait for|Cancelling background step\(s\): )|"
    rb"(?P<inner_start>##\[start-action display=)|(?P<inner_end>##\[end-action id=)|"
    rb"(?P<ready>Complete job name: )|(?P<prepare>Prepare all required actions)|"
    rb"(?P<hook>A job (?:started|completed) hook has been configured by )|"
    rb"(?P<input>##\[warning\](?:Unexpected input\(s\) '|Input '[^']*' has been deprecated with |"
    rb"`pre` execution is not supported for local action )))"
)
_TITLE_AT = len("##[group]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLine:
    """A line that may begin a step; ``title``: the title of its group, or the line's own text.

    ``line`` is its number, from 1, and ``byte`` the place of its first byte in the log, from 0.
    """

    kind: str
    title: str
    at: datetime
    line: int
    byte: int


class StartLineReader:
    """A reader of the lines that may begin a step, without those inside a composite action."""

    def __init__(self) -> None:
        self.starts: list[StartLine] = []
        self._leads: list[StartLine] = []
        self._depth = 0
        self._has_background = False

    def read(self, head: bytes, line: int, byte: int) -> None:
        """Read the first bytes of a line, which are enough for its time and its kind."""
        start = _parse_start(head, line, byte)
        if start is None or len(self.starts) > MAX_STARTS:
            return
        if start.kind == _INNER_START:
            self._depth += 1
        elif start.kind == _INNER_END:
            self._depth = max(self._depth - 1, 0)
        elif self._depth or self._has_background:
            return
        elif start.kind == _BACKGROUND:
            # Background steps print between the lines of others: no step of this log can be placed.
            self._has_background = True
            self.starts.clear()
        elif start.kind in _LEADS:
            self._leads = [*self._leads[1 - _MAX_LEADS :], start]
        else:
            leads, self._leads = self._leads, []
            if start.kind != _READY:
                self.starts.append(_with_leads(start, leads))


def _with_leads(start: StartLine, leads: Sequence[StartLine]) -> StartLine:
    """Return a start that begins at the first of the lines that the runner printed before it."""
    for distance, lead in zip(range(len(leads), 0, -1), leads, strict=True):
        is_near = lead.kind != _INPUT or lead.line == start.line - distance
        if start.kind == RUN and is_near and start.title.startswith(_LEADS[lead.kind]):
            return replace(start, at=lead.at, line=lead.line, byte=lead.byte)
    return start


def _parse_start(head: bytes, line: int, byte: int) -> StartLine | None:
    match = _START.match(head)
    if match is None or match.lastgroup is None:
        return None
    try:
        at = datetime.fromisoformat(match.group(1).decode() + "+00:00")
    except ValueError:
        return None
    text = head[match.start(match.lastgroup) :].decode(errors="replace").strip()
    title = text[_TITLE_AT:] if match.lastgroup == RUN else text.removesuffix("'")
    return StartLine(kind=match.lastgroup, title=title, at=at, line=line, byte=byte)
