"""The logs' host: it has a port of its own and signed addresses, and it refuses tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from .answers import Answer, blob_error
from .faults import Fault
from .incoming import Environ, Request, read_request
from .log_archive import archive_chunks, archive_entries
from .logs import AVAILABLE, job_log, log_state
from .sending import StartResponse, send
from .state import State
from .statistics import NOT_SENT
from .timeline import jobs_at
from .times import UnixSeconds

_JOB = re.compile(r"^/actions-results/(\d+)/workflow-job-run-(\d+)/logs/job/job-logs\.txt$")
_ZIP = re.compile(r"^/actions-results/(\d+)/workflow-run-(\d+)-(\d+)/logs/logs\.zip$")


class LogHost:
    """A WSGI application that serves logs."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request."""
        incoming = read_request(environ)
        now = self._state.clock.now()
        fault = self._state.next_fault(incoming.path)
        answer = self._answer(incoming, fault, now)
        status = NOT_SENT if fault.do == "reset" else answer.status
        self._state.statistics.count_request("blob", status)
        return send(environ, start_response, answer, now=now, fault=fault)

    def _answer(self, incoming: Request, fault: Fault, now: UnixSeconds) -> Answer:
        if incoming.authorization is not None:
            self._state.statistics.count_event("leaked_tokens", incoming.path)
            return blob_error(400, "InvalidAuthenticationInfo")
        if fault.do == "error":
            return blob_error(fault.status, "ServerBusy")
        if fault.do == "missing":
            return blob_error(404, "BlobNotFound")
        expires, signature = incoming.args.get("se", ""), incoming.args.get("sig", "")
        if not expires or not self._state.accepts_signature(incoming.path, expires, signature, now):
            return blob_error(403, "AuthenticationFailed")
        return self.content(incoming.path, fault, now)

    def content(self, path: str, fault: Fault, now: UnixSeconds) -> Answer:
        """Answer with the log or the archive at a path."""
        if found := _JOB.match(path):
            return self._job(int(found[1]), int(found[2]), now)
        if found := _ZIP.match(path):
            return self._zip(found, fault, now)
        return blob_error(404, "BlobNotFound")

    def _job(self, repository_id: int, job_id: int, now: UnixSeconds) -> Answer:
        repository = self._state.world.by_id(repository_id)
        job_in_run = repository.job(job_id, now) if repository else None
        if job_in_run is None:
            return blob_error(404, "BlobNotFound")
        log = job_log(job_in_run.job)
        return Answer(stream=log.chunks(), length=log.size, content_type="text/plain")

    def _zip(self, found: re.Match[str], fault: Fault, now: UnixSeconds) -> Answer:
        repository_id, run_id, number = (int(part) for part in found.groups())
        repository = self._state.world.by_id(repository_id)
        run = repository.run(run_id, now) if repository else None
        if repository is None or run is None:
            return blob_error(404, "BlobNotFound")
        attempt = run.attempts[number - 1]
        jobs = [
            job
            for job in jobs_at(attempt, now)
            if log_state(job, now, repository.spec.retention_days) == AVAILABLE
        ]
        chunks = archive_chunks(archive_entries(jobs, fault), attempt.completed_at or now)
        archive = Answer(stream=chunks, content_type="application/zip")
        if any(job.log is not None and job.log.giant_bytes for job in jobs):
            return archive
        # the jobs are listed in the key because their logs expire one by one
        key = ("zip", repository_id, run_id, number, fault.do, tuple(job.id for job in jobs))
        return self._state.cache.get(
            key, lambda: replace(archive, stream=None, body=b"".join(chunks))
        )
