"""The zip of an attempt's logs, in GitHub's layout.

It has `<n>_<job>.txt` for each job, `<job>/<number>_<step>.txt` for each step of the job, and
`<job>/system.txt`. GitHub does not document this; see https://github.com/cli/cli/issues/5011.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from .faults import NO_FAULT, Fault
from .logs import BOM, LogContent, job_log, step_log
from .specs import JobSpec

FORBIDDEN = frozenset('/:"*?<>|\\\r\n')
MAX_UNITS = 90


def file_name(name: str) -> str:
    """Remove the characters that a file name must not have; cut it after 90 UTF-16 units."""
    clean = "".join(character for character in name if character not in FORBIDDEN)
    encoded = clean.encode("utf-16-le")[: MAX_UNITS * 2]
    return encoded.decode("utf-16-le", errors="ignore").rstrip()


def file_names(names: Iterable[str]) -> list[str]:
    """Return the file names of several jobs; a name that occurred before gets a number."""
    seen: Counter[str] = Counter()
    result = []
    for name in map(file_name, names):
        result.append(f"{name}({seen[name]})" if seen[name] else name)
        seen[name] += 1
    return result


def archive_entries(jobs: Iterable[JobSpec], fault: Fault) -> Iterator[tuple[str, LogContent]]:
    """Yield every file of the archive with its content; a fault may damage the first job's log."""
    listed = list(jobs)
    folders = file_names(job.name for job in listed)
    for number, (job, folder) in enumerate(zip(listed, folders, strict=True)):
        if number == 0 and fault.do == "archive_lacks":
            continue
        yield f"{number}_{folder}.txt", _damaged(job_log(job), NO_FAULT if number else fault)
    for job, folder in zip(listed, folders, strict=True):
        yield f"{folder}/system.txt", _text(f"Evaluating {job.name}.if\nResult: true\n".encode())
        for step in job.steps:
            if step.conclusion != "skipped":
                yield (
                    f"{folder}/{step.number}_{file_name(step.name)}.txt",
                    _text(BOM + step_log(job, step)),
                )


def archive_chunks(entries: Iterable[tuple[str, LogContent]], at: float) -> Iterator[bytes]:
    """Yield the bytes of the zip while it is written, so that it is never in memory in full."""
    sink = _Sink()
    # a zip cannot have times before 1980
    moment = datetime.fromtimestamp(max(at, 315619200), tz=timezone.utc)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=content.size > 2**31) as file:
                for chunk in content.chunks():
                    file.write(chunk)
                    yield from sink.drain()
            yield from sink.drain()
    yield from sink.drain()


def _damaged(log: LogContent, fault: Fault) -> LogContent:
    if fault.do == "archive_empty":
        return _text(b"")
    if fault.do == "archive_differs" and log.head.startswith(BOM):
        return LogContent(log.head.removeprefix(BOM), log.size - len(BOM))
    return log


def _text(content: bytes) -> LogContent:
    return LogContent(content, len(content))


class _Sink:
    """A write-only buffer for the zip writer, which must not seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: `write` keeps every piece at once."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def drain(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        return iter(pieces)
