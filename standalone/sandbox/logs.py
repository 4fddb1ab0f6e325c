"""The logs of jobs, generated from their specs; a giant log is never in memory in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .rng import seeded_random
from .specs import JobSpec, LogSpec, StepSpec
from .timeline import job_status, step_times
from .times import DAY, UnixSeconds, iso

BOM = b"\xef\xbb\xbf"
BLOCK = 65536
LOG_DELAY = 2.0  # seconds from the end of a job until its log can be downloaded

AVAILABLE = "available"
NOT_YET = "not_yet"
NEVER = "never"
EXPIRED = "expired"

_LINES = (
    "Collecting requests==2.32.3",
    "\x1b[32m✓\x1b[0m 1204 passed, 3 skipped",
    "[command]/usr/bin/git version",
    "added 312 packages, and audited 313 packages in 4s",
    "##[warning]Node.js 16 actions are deprecated.",
    '\x1b[36;1mecho "building part {n}"\x1b[0m',
    "Downloading 100% |████████████████| eta 0:00:00",
    "gcc -O2 -Wall -c src/part_{n}.c -o build/part_{n}.o",
)


@dataclass(frozen=True, slots=True)
class LogContent:
    """A log of `size` bytes: `head`, then numbered blocks that are generated while it is read."""

    head: bytes
    size: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes, at most 64 KiB at once."""
        for position in range(0, min(len(self.head), self.size), BLOCK):
            yield self.head[position : min(position + BLOCK, self.size)]
        for number, position in enumerate(range(len(self.head), self.size, BLOCK)):
            yield _block(number)[: self.size - position]


def log_state(job: JobSpec, now: UnixSeconds, retention_days: float) -> str:
    """Return the state of a job's log by now: AVAILABLE, NOT_YET, NEVER or EXPIRED."""
    status_now = job_status(job, now)
    if status_now.status != "completed":
        return NOT_YET
    if job.log is None:
        return EXPIRED if job.log_expired else NEVER
    if job.recorded is not None:
        return AVAILABLE
    ended = job.completed_at or job.created_at
    if now < ended + LOG_DELAY:
        return NOT_YET
    return EXPIRED if now >= ended + retention_days * DAY else AVAILABLE


def job_log(job: JobSpec) -> LogContent:
    """Return a job's log."""
    spec = job.log
    if spec is None:
        return LogContent(b"", 0)
    if spec.content is not None:
        return LogContent(spec.content, len(spec.content))
    head = BOM if spec.bom else b""
    head += b"".join(step_log(job, step) for step in job.steps if step.conclusion != "skipped")
    if spec.giant_bytes:
        return LogContent(head, spec.giant_bytes)
    return LogContent(head, len(head))


def step_log(job: JobSpec, step: StepSpec) -> bytes:
    """Return the part of a job's log that one step wrote."""
    spec = job.log
    if spec is None:
        return b""
    begin, end = step_times(job, step)
    lines = _step_lines(spec, step)
    pause = (end - begin) / max(1, len(lines))
    text = "".join(
        _stamped(begin + pause * number, line, spec.newline) for number, line in enumerate(lines)
    )
    return text.encode() + (b"\xff\xfe caf\xe9 not UTF-8\n" if spec.broken_utf8 else b"")


def _step_lines(spec: LogSpec, step: StepSpec) -> list[str]:
    rng = seeded_random(spec.seed, step.number)
    lines = [_first_line(step.name), "shell: /usr/bin/bash -e {0}", "##[endgroup]"]
    for number in range(spec.lines_per_step):
        line = _LINES[int(rng.random() * len(_LINES))].replace("{n}", str(number))
        # if output has several lines, only the first of them has a timestamp
        lines.append(line + ("\n    at line 12\n    at line 40" if rng.random() < 0.1 else ""))
    if step.conclusion == "failure":
        lines.append("##[error]Process completed with exit code 1.")
    if rng.random() < 0.1:
        lines.append("\ufeffPost job cleanup.")
    return lines


def _first_line(step_name: str) -> str:
    """Return the line with which GitHub's runner begins a step."""
    if step_name == "Complete job":
        return "Cleaning up orphan processes"
    if step_name.startswith("Post "):
        return "Post job cleanup."
    is_plain = step_name.startswith("Run ") or step_name == "Set up job"
    return f"##[group]{step_name}" if is_plain else f"##[group]Run {step_name}"


def _stamped(timestamp: UnixSeconds, line: str, newline: str) -> str:
    fraction = int(timestamp % 1 * 1_000_000)
    return f"{iso(int(timestamp))[:-1]}.{fraction:06d}0Z {line}{newline}"


_FILLER = (b"0123456789 the quick brown fox jumps over the lazy dog, again and again.\n" * 1024)[
    : BLOCK - 1
] + b"\n"


def _block(number: int) -> bytes:
    mark = b"block %012d " % number
    return mark + _FILLER[len(mark) :]
