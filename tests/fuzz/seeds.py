"""Valid inputs of every target, from which fuzzing starts."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence

from ingest.domain.runs import AttemptKey
from ingest.messaging.log_events import LogMetadata, log_payload
from ingest.messaging.log_work import attempt_work_message, job_work_message
from support.builders import CREATED_AT, a_job, commit_payload, job_payload, run_payload

_FILES = {
    "0_build.txt": b"2026-01-01T00:00:00Z line\n" * 40,
    "1_test (3.12).txt": bytes(range(256)) * 4,
    "2_deploy 💚.txt": "é💚\n".encode() * 30,
    "build/1_Set up job.txt": b"step\n",
    "system.txt": b"",
}
_HEADERS = """Date: Tue, 24 Nov 2026 00:00:02 GMT
Retry-After: 60
X-RateLimit-Limit: 5000
X-RateLimit-Remaining: 1
X-RateLimit-Reset: 1795482000
X-RateLimit-Resource: core
Link: <https://api.github.com/repos/o/r?page=2>; rel="next", <https://a/b>; rel="last"
Location: https://example.com/log
GitHub-Authentication-Token-Expiration: 2026-12-24 00:00:00 UTC
X-GitHub-SSO: required; url=https://github.com/orgs/o/sso?authorization_request=a
X-Accepted-GitHub-Permissions: actions=read; contents=read
"""
_KEY = AttemptKey("octo/api", 12_000_000_001, 2)


def seeds(target: str) -> Sequence[bytes]:
    """Return valid inputs of a target."""
    if target == "archive":
        methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        return [_archive(method) for method in methods]
    if target == "headers":
        return [_HEADERS.encode()]
    if target == "work-item":
        items = [job_work_message, lambda key, job, now: attempt_work_message(key, [job], now=now)]
        return [item(_KEY, a_job(), now=CREATED_AT).body.encode() for item in items]
    if target == "log-object":
        return [_log_object("text é \x1b\n".encode()), _log_object(b"\xff\x00binary")]
    payloads = {
        "workflow_run": run_payload(),
        "workflow_job": job_payload(),
        "commit": commit_payload(),
    }
    if target == "webhook":
        events = ("workflow_run", "workflow_job")
        repository = {"full_name": "octo/api"}
        return [
            json.dumps(
                {"action": "completed", "repository": repository, name: payloads[name]}
            ).encode()
            for name in events
        ]
    annotation = {"path": "a.py", "start_line": 1, "annotation_level": "failure", "message": "m"}
    return [json.dumps(payload).encode() for payload in (*payloads.values(), [annotation])]


def _archive(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in _FILES.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()


def _log_object(log: bytes) -> bytes:
    metadata = LogMetadata(
        key=_KEY,
        job_id=1,
        job_name="build",
        log_bytes=len(log),
        log_sha256="0" * 64,
        fetched_at=CREATED_AT,
        is_text=not log.startswith(b"\xff"),
    )
    return b"".join(log_payload(metadata, lambda: io.BytesIO(log)))
