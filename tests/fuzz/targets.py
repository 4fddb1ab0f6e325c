"""What is fuzzed: every reader of bytes from outside, which may raise its own errors only."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timezone

from ingest.errors import (
    GithubUnavailable,
    InvalidSignature,
    MalformedPayload,
    RateLimited,
    RequestPaused,
)
from ingest.messaging.log_payload_reader import read_log_payload
from ingest.messaging.log_work_parser import parse_log_work
from ingest.services.log_ingestion.log_archive import open_log_archive
from ingest.wire.details import (
    parse_annotation_counts,
    parse_annotations,
    parse_artifact,
    parse_suite_annotations,
)
from ingest.wire.fields import objects
from ingest.wire.links import next_parameters, redirect_target
from ingest.wire.log_addresses import require_allowed_url
from ingest.wire.payloads import parse_commit, parse_job, parse_pull_requests, parse_run
from ingest.wire.rate_limiter import RateLimiter
from ingest.wire.reasons import parse_reason
from ingest.wire.refusals import permission_remedy, sso_remedy
from ingest.wire.token_expiration import parse_token_expiration
from ingest.wire.webhooks import parse_delivered_event, parse_delivery

JOB_NAMES = {1: "build", 2: "test (3.12)", 3: "deploy 💚"}
SECRET = "fuzzed"
NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)


def read_archive(data: bytes) -> None:
    """Open an archive and extract each job's log."""
    with (
        suppress(MalformedPayload),
        open_log_archive(io.BytesIO(data), len(data), JOB_NAMES) as logs,
    ):
        for job_id in JOB_NAMES:
            with suppress(MalformedPayload):
                if job_id in logs and not logs.is_empty_log(job_id):
                    logs.extract(job_id, io.BytesIO())


def read_payload(data: bytes) -> None:
    """Parse a JSON object as everything that GitHub sends."""
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        return
    parse_annotations(objects(payload), total=None)
    parse_annotation_counts(payload)
    parse_suite_annotations(payload)
    if isinstance(payload, list):
        parse_pull_requests(payload)
    if not isinstance(payload, dict):
        return
    parse_artifact(payload)
    with suppress(MalformedPayload):
        parse_run(payload, repository="octo/api")
    with suppress(MalformedPayload):
        parse_job(payload)
    with suppress(MalformedPayload):
        parse_commit(payload)


def read_webhook(data: bytes) -> None:
    """Parse a delivery that is signed, and one that is not."""
    signature = hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()
    for event in ("workflow_run", "workflow_job"):
        headers = {"x-github-event": event, "x-github-delivery": "1"}
        signed = {**headers, "x-hub-signature-256": f"sha256={signature}"}
        with suppress(InvalidSignature):
            parse_delivery(headers, data, secret=SECRET)
        with suppress(MalformedPayload):
            delivery = parse_delivery(signed, data, secret=SECRET)
            assert delivery.run_id is None or isinstance(delivery.run_id, int)
            parse_delivered_event(delivery, received_at=NOW)


def read_headers(data: bytes) -> None:
    """Read an answer's headers: limits, pauses, dates, pages, redirects and GitHub's reasons."""
    headers = {
        name.lower(): value
        for line in data.decode(errors="replace").splitlines()
        for name, separator, value in [line.partition(": ")]
        if separator
    }
    limiter = RateLimiter()
    for status in (200, 304, 403, 429):
        with suppress(RateLimited):
            limiter.update(status, headers, "{}", now=NOW, path="/repos/{}/{}")
        with suppress(RateLimited, RequestPaused):
            limiter.admit("/repos", resource="core", now=NOW, path="/repos/{}/{}")
    assert limiter.paused_until(now=NOW) is None or limiter.hour_interval_factor(now=NOW) >= 1
    limiter.has_hour_headroom(now=NOW)
    next_parameters(headers)
    parse_token_expiration(headers)
    parse_reason(headers, "{}")
    permission_remedy(headers)
    sso_remedy(headers)
    with suppress(GithubUnavailable):
        target = redirect_target("https://api.github.com/a", headers.get("location", ""))
        require_allowed_url(target, api_url="https://api.github.com")


def read_work_item(data: bytes) -> None:
    """Parse a body of the job events queue, which SQS delivers as text."""
    with suppress(MalformedPayload):
        parse_log_work(data.decode(errors="surrogateescape"))


def read_log_object(data: bytes) -> None:
    """Read the log in an object of the bucket."""
    step = len(data) // 40 + 1
    with suppress(MalformedPayload):
        for _ in read_log_payload(
            data[start : start + step] for start in range(0, len(data), step)
        ).content:
            pass


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "archive": read_archive,
    "payload": read_payload,
    "webhook": read_webhook,
    "headers": read_headers,
    "work-item": read_work_item,
    "log-object": read_log_object,
}
