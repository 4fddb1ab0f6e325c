"""Marks and steps of recorded logs: the sample, and the large corpus if present."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from corpus.recordings import Recordings
from ingest.domain.log_outline import read_outline
from ingest.wire.payloads import parse_job

#: A log's name ends in the number of its job in a recording of GitHub's Java client.
RECORDED_STEPS = {"hub4j-1": 2270858630, "hub4j-2": 2270858576}


def read_log(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def test_marks_of_recorded_logs_are_where_they_say(recordings: Recordings) -> None:
    """Bytes and lines name the same places, and every error line is one."""
    for path in sorted((recordings.folder / "logs").iterdir()):
        log = read_log(path)
        lines = log.split(b"\n")
        chunks = [log[at : at + 4096] for at in range(0, len(log), 4096)]
        outline = read_outline(chunks)
        assert outline == read_outline([log]), path.name
        assert all(b"##[error]" in lines[number - 1] for number in outline.error_lines), path.name
        for group in outline.groups:
            cut = log[group.first_byte : group.last_byte + 1].removesuffix(b"\n")
            assert cut == b"\n".join(lines[group.first_line - 1 : group.last_line]), path.name
            assert b"##[group]" in lines[group.first_line - 1], path.name
        quoted = re.findall(rb"(?m)^(?:\xef\xbb\xbf)?[\d\-T:.]*Z ##\[error\]", log)
        assert len(outline.error_lines) == min(len(quoted), 1000), path.name


def test_steps_of_a_recorded_job_are_found_in_its_log(recordings: Recordings) -> None:
    """The runner's own times agree with those of the API."""
    found = {
        job_id: path
        for name, job_id in RECORDED_STEPS.items()
        for path in (recordings.folder / "logs").glob(f"{name}-*")
    }
    if not found:
        pytest.skip("No log of these recordings is of a job with steps.")
    for job_id, path in found.items():
        job = parse_job(recordings.snapshots("jobs.jsonl", job_id)[0])
        log = read_log(path)
        steps = read_outline([log], job.steps).steps
        assert steps is not None
        assert [step.step_name for step in steps] == [step.name for step in job.steps]
        texts = [log[step.first_byte : step.last_byte + 1] for step in steps]
        assert b"".join(texts) == log
        assert b"##[group]Run echo" in texts[1].split(b"\n")[0]
        assert texts[-1].rstrip().endswith(b"Cleaning up orphan processes")
