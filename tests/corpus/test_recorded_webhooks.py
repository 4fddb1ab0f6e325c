"""Every delivery that was ever recorded is read, whether it speaks of a run or not."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from corpus.recordings import (
    deliver,
    job_message,
    job_of,
    run_message,
    run_of,
)
from ingest.errors import MalformedPayload
from ingest.wire.rate_limits import exhausted_resource, is_limit_answer, parse_rate_limit, retry_at

NOW = datetime(2012, 6, 6, tzinfo=timezone.utc)


def test_every_delivery_about_a_run_or_job_becomes_a_message(recordings):
    """It validates, and names the run that is due."""
    files = recordings.webhooks(about_runs=True)
    assert len(files) >= recordings.cases["webhook_count"]
    for path in files:
        payload, delivery = json.loads(path.read_text()), deliver(path)
        assert delivery.repository == payload["repository"]["full_name"]
        if delivery.event == "workflow_run":
            data = run_message(run_of(delivery))
            assert data["run_id"] == delivery.run_id == payload["workflow_run"]["id"]
            assert data["status"] == payload["workflow_run"]["status"]
            assert data["repo"] == delivery.repository
        else:
            data = job_message(job_of(delivery), delivery.repository)
            assert data["run_id"] == delivery.run_id == payload["workflow_job"]["run_id"]
            assert data["job_id"] == payload["workflow_job"]["id"]
            assert data["status"] == payload["workflow_job"]["status"]
            assert len(data["steps"]) == len(payload["workflow_job"]["steps"])


def test_every_other_delivery_is_read_as_one_without_a_run(recordings):
    """`ping`, `push`, `check_run` and whatever else is ticked in the settings."""
    files = recordings.webhooks(about_runs=False)
    assert {path.name.partition(".")[0] for path in files} >= {"ping", "push", "check_run"}
    for path in files:
        delivery = deliver(path)
        assert delivery.event == path.name.partition(".")[0]
        assert delivery.run_id is None
        with pytest.raises(MalformedPayload):
            job_of(delivery)


def test_a_job_is_queued_with_status_waiting(recordings):
    """Its action and its status differ, and the status is the truth."""
    delivery = deliver(recordings.webhook("waiting_job"))
    assert (delivery.payload["action"], job_of(delivery).status) == ("queued", "waiting")


@pytest.mark.parametrize("name", ["waiting_job", "queued_job"])
def test_a_job_in_the_queue_has_not_waited_zero_seconds(recordings, name):
    """GitHub fills its start with its creation."""
    job = recordings.payload(name)["workflow_job"]
    assert job["started_at"] == job["created_at"]
    assert job_message(job_of(deliver(recordings.webhook(name))))["queued_seconds"] is None


def test_a_run_is_requested_when_it_has_already_ended(recordings):
    """Waiting for an approval is an end in GitHub's eyes."""
    delivery = deliver(recordings.webhook("requested_but_ended"))
    assert (delivery.payload["action"], run_of(delivery).status) == ("requested", "completed")
    assert run_of(delivery).conclusion == "action_required"


def test_a_job_is_completed_before_all_its_steps_are(recordings):
    """Made by hand of a recorded one: the API knows the rest later."""
    payload = recordings.payload("old_job")
    step = {**payload["workflow_job"]["steps"][-1], "status": "in_progress", "completed_at": None}
    job = {**payload["workflow_job"], "steps": [step]}
    data = job_message(job_of(deliver(recordings.webhook("old_job"), workflow_job=job)))
    assert (data["status"], data["steps"][0]["status"]) == ("completed", "in_progress")
    assert data["steps"][0]["duration_seconds"] is None


def test_an_old_payload_lacks_runner_and_creation(recordings):
    """They are null."""
    assert not {"runner_name", "created_at"} & recordings.payload("old_job")["workflow_job"].keys()
    data = job_message(job_of(deliver(recordings.webhook("old_job"))))
    assert (data["runner_name"], data["created_at"], data["queued_seconds"]) == (None, None, None)
    assert data["run_attempt"] == 2


def test_a_tenth_attempt_is_a_tenth_attempt(recordings):
    """Made by hand of a recorded one."""
    job = {**recordings.payload("old_job")["workflow_job"], "run_attempt": 10}
    assert job_of(deliver(recordings.webhook("old_job"), workflow_job=job)).run_attempt == 10


def test_every_recorded_answer_reports_its_limit_or_none(recordings):
    """Headers are absent on some errors; without a token the limit is 60."""
    answers = [
        (exchange, parse_rate_limit(headers))
        for exchange, headers in recordings.exchanges(200, 403, 503)
    ]
    limits = [limit for _, limit in answers if limit is not None]
    assert {limit.limit for limit in limits} >= {60, 5000}
    assert all(0 <= limit.remaining <= limit.limit for limit in limits)
    assert [exchange["status"] for exchange, limit in answers if limit is None]


def test_every_recorded_refusal_is_a_limit_or_a_missing_right(recordings):
    """By the words that GitHub used for each."""
    for exchange, headers in recordings.exchanges(403, 429):
        body = exchange.get("body", "")
        is_limit = is_limit_answer(exchange["status"], headers, body)
        says_so = any(words in body.lower() for words in ("rate limit", "abuse"))
        exhausted = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
        assert is_limit == (says_so or exhausted or exchange["status"] == 429), exchange["path"]
        if is_limit:
            assert retry_at(headers, now=NOW, refusals=1) > NOW
            assert exhausted_resource(headers, body) in (None, "core", "graphql", "search")


def test_an_answer_in_html_is_no_limit(recordings):
    """503 bodies can be pages."""
    for exchange, headers in recordings.exchanges(502, 503):
        assert not is_limit_answer(exchange["status"], headers, exchange.get("body", ""))


def test_a_move_a_miss_and_an_unchanged_answer_are_no_limit(recordings):
    """Whatever headers they bring."""
    answers = list(recordings.exchanges(301, 302, 304, 404, 410))
    assert {exchange["status"] for exchange, _ in answers} >= {301, 302, 304, 404}
    for exchange, headers in answers:
        assert not is_limit_answer(exchange["status"], headers, exchange.get("body", ""))
