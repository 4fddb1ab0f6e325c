"""A job's log for the web app: lines, search, outline and download."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ...domain.jobs import Job
from ...domain.ledger import LOG_FETCHED, AttemptRecord, JobLogRecord
from ...domain.log_outline import LogOutline
from ...domain.log_pages import LogLines
from ...domain.timestamps import format_timestamp
from ...errors import LogPending, NotFound
from ...messaging.run_data import step_data
from ...ports import StateStore
from ...ports.log_cache import MAX_CACHED_LOG_BYTES
from ..log_ingestion.read_log import LogReader, UnreadableLog, explain_not_fetched
from .annotations import annotation_rows, commit_files_url
from .runs import RunReference, load_run_attempts

_Found = TypeVar("_Found")

#: The largest log that can be downloaded, because one answer contains all of it.
MAX_DOWNLOADED_BYTES = 96 * 1024 * 1024

#: The parts of a long line in one answer: half a megabyte.
PARTS_AT_ONCE = 8

#: Opens the reader of logs; called only for logs that are not in the cache.
OpenLogReader = Callable[[], LogReader]


class JobLog:
    """The log of one job, from the cache, or loaded into it from the bucket or GitHub."""

    def __init__(
        self,
        store: StateStore,
        open_log_reader: OpenLogReader,
        *,
        record: AttemptRecord,
        job: Job,
    ) -> None:
        self._store = store
        self._cache = store.log_cache
        self._open_log_reader = open_log_reader
        self._record = record
        self._job = job
        self._key, self._id = record.key, job.job_id

    def page(self, first_line: int, count: int) -> dict[str, Any]:
        """Return lines, or why the log is unavailable. Raises StateUnavailable."""
        found = self._read(first_line, count)
        log_record = self._store.load_job_log(self._key, self._id)
        head = {
            **self._head(),
            "sha256": log_record.log_sha256 if log_record else None,
            "total_lines": 0,
            "total_bytes": 0,
            "first_line": first_line,
            "lines": [],
            "long_lines": [],
            "reason": None,
            "may_become_available": False,
        }
        if isinstance(found, UnreadableLog):
            return {
                **head,
                "state": found.state if found.state != LOG_FETCHED else "unavailable",
                "reason": found.reason,
                "may_become_available": found.may_become_available,
            }
        return {
            **head,
            "state": LOG_FETCHED,
            "total_lines": found.total_lines,
            "total_bytes": found.total_bytes,
            "lines": [_text(line.content) for line in found.lines],
            "long_lines": [
                [line.number, line.part_count] for line in found.lines if line.part_count > 1
            ],
        }

    def parts(self, line: int, first: int) -> list[str]:
        """Return up to PARTS_AT_ONCE parts of a long line, from part ``first`` (1, 2, …) on.

        Raises LogPending.
        """
        found: list[str] = []
        for part in range(first, first + PARTS_AT_ONCE):
            content = self._cached(partial(self._cache.load_part, self._key, self._id, line, part))
            if not content:
                break
            found.append(_text(content))
        return found

    def details(self, web_url: str) -> dict[str, Any]:
        """Return status, steps and annotations of the job, which are known before its log."""
        run = self._record.run
        root = commit_files_url(web_url, self._key.repository, run.head_sha if run else None)
        return {
            "status": self._job.status,
            "started_at": format_timestamp(self._job.started_at),
            "duration_seconds": self._job.duration_seconds,
            "steps": [step_data(step) for step in self._job.steps],
            "annotations": annotation_rows(self._job.annotations, files_url=root),
        }

    def find(self, text: str, after: int) -> dict[str, Any]:
        """Return the next lines behind line ``after`` that contain a text. Raises LogPending."""
        found = self._cached(lambda: self._cache.find_lines(self._key, self._id, text, after))
        return {
            "lines": list(found.lines),
            "searched_to": found.searched_to,
            "more": found.searched_to < found.total_lines,
        }

    def outline(self) -> dict[str, Any]:
        """Return groups, steps, errors and warnings of the whole log. Raises LogPending.

        A step's ``first_line`` is None if its place in the log is not certain; ``uncertain_steps``
        then has the lines between which it is, if they are known.
        """
        outline = self._cached(lambda: self._cache.load_outline(self._key, self._id))
        return {
            "groups": [[each.first_line, each.last_line, each.title] for each in outline.groups],
            "steps": self._steps(outline),
            "uncertain_steps": [
                [each.number, each.first_line, each.last_line] for each in outline.uncertain_steps
            ],
            "errors": list(outline.error_lines),
            "warnings": list(outline.warning_lines),
        }

    def _steps(self, outline: LogOutline) -> list[dict[str, Any]]:
        lines = {each.number: (each.first_line, each.last_line) for each in outline.steps or ()}
        rows = []
        for step in self._job.steps:
            first, last = lines.get(step.number, (None, None))
            rows.append({**step_data(step), "first_line": first, "last_line": last})
        return rows

    def content(self) -> bytes:
        """Return the whole log, byte for byte. Raises LogPending if it is too large."""
        log_bytes = self._fetched_bytes()
        if log_bytes > MAX_DOWNLOADED_BYTES:
            raise LogPending(
                f"This log has {log_bytes:,} bytes, too many to download here: "
                "read it from the logs queue or on GitHub."
            )
        return b"".join(self._cached(lambda: self._cache.load_content(self._key, self._id)))

    @property
    def file_name(self) -> str:
        """Return the name of the downloaded file."""
        return f"{self._key.run_id}-{self._key.run_attempt}-{self._id}.log"

    def _read(self, first_line: int, count: int) -> LogLines | UnreadableLog:
        lines = self._cache.load_lines(self._key, self._id, first_line, count)
        if lines is not None:
            return lines
        log_record = self._store.load_job_log(self._key, self._id)
        if log_record is None or log_record.state != LOG_FETCHED:
            return self._without_log(log_record) or explain_not_fetched(log_record)
        return self._open_log_reader().read(self._key, self._id, first_line, count)

    def _without_log(self, log_record: JobLogRecord | None) -> UnreadableLog | None:
        """Return why the job has no log, if its status or conclusion explains it.

        A job that never ended, of a run that has, may have a record of its log.
        """
        if self._job.conclusion == "skipped":
            return UnreadableLog(
                state="unavailable",
                reason="This job was skipped, so it has no log.",
                may_become_available=False,
            )
        if self._job.status != "completed" and log_record is None:
            return UnreadableLog(
                state="pending",
                reason="The job has not ended. GitHub provides its log when it does.",
                may_become_available=True,
            )
        return None

    def _cached(self, load: Callable[[], _Found | None]) -> _Found:
        """Read from the cache, into which a missing log is loaded first. Raises LogPending."""
        answer = load()
        if answer is None and self._fetched_bytes() <= MAX_CACHED_LOG_BYTES:
            found = self._read(1, 1)  # loads it into the cache
            if isinstance(found, UnreadableLog):
                raise LogPending(found.reason)
            answer = load()
        if answer is None:
            raise LogPending(
                "This log is too large for the cache, or the cache cannot be written: read it "
                "from the logs queue."
            )
        return answer

    def _fetched_bytes(self) -> int:
        """Return how large the log was when it was fetched; 0 if it was not."""
        log_record = self._store.load_job_log(self._key, self._id)
        return (log_record.log_bytes or 0) if log_record is not None else 0

    def _head(self) -> dict[str, Any]:
        run = self._record.run
        return {
            "repository": self._key.repository,
            "run_id": self._key.run_id,
            "run_attempt": self._key.run_attempt,
            "job_id": self._id,
            "job_name": self._job.name,
            "workflow_name": run.workflow_name if run else None,
            "run_number": run.run_number if run else None,
            "conclusion": self._job.conclusion,
            "html_url": self._job.html_url,
        }


def find_job_log(
    store: StateStore,
    open_log_reader: OpenLogReader,
    reference: RunReference,
    job_id: int,
) -> JobLog:
    """Find a job in the newest attempt that contains it. Raises NotFound."""
    for record in reversed(load_run_attempts(store, reference)):
        if reference.run_attempt not in (None, record.key.run_attempt):
            continue
        for job in record.jobs:
            if job.job_id == job_id:
                return JobLog(store, open_log_reader, record=record, job=job)
    attempt = f"Attempt {reference.run_attempt} of run" if reference.run_attempt else "Run"
    raise NotFound(f"{attempt} {reference.run_id} has no job {job_id} that was collected.")


def _text(content: bytes) -> str:
    """Decode a line without its end, or a part of one; invalid bytes are replaced."""
    is_end = content.endswith(b"\n")
    return (content.rstrip(b"\r\n") if is_end else content).decode(errors="replace")
