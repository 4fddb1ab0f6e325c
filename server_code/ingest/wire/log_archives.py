"""Which file of an attempt's log archive is the log of which job, where that is certain.

GitHub names the files after the jobs: without characters that are invalid in file names, cut at 90
UTF-16 units, numbered, and with suffixes if names repeat. A file that could belong to two jobs is
ignored, because the log of a job can always be fetched alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

#: https://github.com/cli/cli/blob/trunk/pkg/cmd/run/view/logs.go: what GitHub takes out of names.
_TAKEN_OUT = re.compile(r'[/\\:"*?<>|\x00-\x1f]')
_TOP_LEVEL = re.compile(r"[0-9]+_(.+)\.txt")
_STEP = re.compile(r"([^/]+)/([0-9]{1,6})_[^/]*\.txt", re.DOTALL)
_SUFFIX = re.compile(r" ?\(\d+\)$")
_MAX_UTF16_UNITS = 90


class StepEntry(NamedTuple):
    """The file of a step in an archive; ``folder`` is named after the job."""

    number: int
    folder: str
    file_name: str


def match_job_files(file_names: Iterable[str], job_names: Mapping[int, str]) -> dict[int, str]:
    """Return the file name of each job id; ambiguous ones are left out.

    ``job_names`` must contain every job of the attempt, so that names are known to be unique. Files
    in folders (single steps), ``system.txt`` and hostile paths match nothing.
    """
    files: dict[str, list[str]] = {}
    for name in file_names:
        match = _TOP_LEVEL.fullmatch(name)
        if match is not None and "/" not in name and "\\" not in name:
            files.setdefault(_canonical(match.group(1)), []).append(name)
    jobs = {job_id: _canonical(name) for job_id, name in job_names.items()}
    counts = Counter(jobs.values())
    repeated = {name for name, count in counts.items() if count > 1}
    return {
        job_id: files[name][0]
        for job_id, name in jobs.items()
        if counts[name] == 1
        and len(files.get(name, [])) == 1
        and _SUFFIX.sub("", name) not in repeated
    }


def find_step_files(file_names: Iterable[str]) -> dict[str, list[StepEntry]]:
    """Find the files of steps, by the name of their folder as ``_canonical`` reduces a job's."""
    found: dict[str, list[StepEntry]] = {}
    for name in file_names:
        match = _STEP.fullmatch(name)
        if match is not None:
            entry = StepEntry(int(match.group(2)), match.group(1), name)
            found.setdefault(_canonical(entry.folder), []).append(entry)
    return found


def match_step_files(
    found: Mapping[str, Sequence[StepEntry]], job_file_name: str
) -> dict[int, str]:
    """Return the file of each step number of a job, in order; nothing if that is ambiguous.

    ``found``: the result of ``find_step_files`` for the whole archive. ``job_file_name``: the file
    with the whole log of the job, as ``match_job_files`` returned it.
    """
    job = _TOP_LEVEL.fullmatch(job_file_name)
    entries = found.get(_canonical(job.group(1)), ()) if job else ()
    steps = {entry.number: entry.file_name for entry in sorted(entries)}
    is_ambiguous = len(steps) < len(entries) or len({entry.folder for entry in entries}) > 1
    return {} if is_ambiguous else steps


def _canonical(name: str) -> str:
    """Reduce the name of a job or of a file to what both have in common.

    If a surrogate pair is cut, its first half remains, which the archive holds as U+FFFD.
    """
    cleaned = _TAKEN_OUT.sub("", name)
    if cleaned.isascii():  # one unit for each character
        return cleaned[:_MAX_UTF16_UNITS].strip()
    units = cleaned.encode("utf-16-le", "surrogatepass")[: 2 * _MAX_UTF16_UNITS]
    return units.decode("utf-16-le", "replace").strip()
