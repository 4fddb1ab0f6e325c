"""From an empty database to messages on the queues, on the real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import anvil.server
import pytest
from support.anvil_people import (
    Published,
    ended_runs_of,
    jobs_with_logs_of,
    signed_in,
)
from support.anvil_server import WEBHOOK_SECRET, AnvilApp, ServeAnvil
from support.command_line import wait_until
from support.state_stores import in_threads
from support.webhook_headers import signed_headers

REPOSITORY = "octo/api"
OTHER = "octo/web"

#: The schedule comes by once a minute, and a busy machine is slow.
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def app(serve_anvil: ServeAnvil) -> Iterator[AnvilApp]:
    """Serve an app whose database is empty."""
    return serve_anvil()


@pytest.fixture(scope="module")
def published(app: AnvilApp) -> Published:
    return Published(app)


@pytest.fixture(scope="module")
def collected(app: AnvilApp, published: Published) -> Published:
    """Add a repository to the empty app, and wait until all of it has arrived."""
    with signed_in(app) as call:
        assert call("get_collection_status")["is_set_up"] is False
        added = call("configure_repository", f"https://github.com/{REPOSITORY}.git")
        assert (added["full_name"], added["state"]) == (REPOSITORY, "new")
        assert call("configure_repository", REPOSITORY.upper())["full_name"] == REPOSITORY
        assert call("get_repositories")["total"] == 1
    wait_until(
        lambda: published.logs(REPOSITORY) == jobs_with_logs_of(app, REPOSITORY),
        seconds=PATIENCE_SECONDS,
    )
    return published


@pytest.mark.slow
def test_a_repository_that_is_added_is_collected_by_the_schedule(app, collected):
    """Every run that ended and every log of a job that ran, each once."""
    assert collected.runs(REPOSITORY) == ended_runs_of(app, REPOSITORY)
    assert collected.logs(REPOSITORY) == jobs_with_logs_of(app, REPOSITORY)
    assert len(collected.received) == len(set(collected.received))


@pytest.mark.slow
def test_what_was_collected_is_shown(app, collected):
    """The overview, the list, a run as it was published, its log line by line."""
    collected.read()
    with signed_in(app) as call:

        def is_reported():
            """Counts and the budget are written with the next heartbeat."""
            status = call("get_collection_status")
            has_counts = all(each["total"] for each in status["messages"])
            return has_counts and status["github"]["limit"] is not None

        wait_until(is_reported, seconds=60)
        status = call("get_collection_status")
        assert status["is_set_up"] is True
        assert [agent["name"] for agent in status["agents"]] == [
            "Pipeline Monitoring Agent",
            "Log Ingestion Agent",
        ]
        assert {agent["state"] for agent in status["agents"]} <= {"running", "idle"}
        assert status["github"]["limit"] == 5000
        listed = call("get_recent_metrics", repository=REPOSITORY)
        assert {run["run_id"] for run in listed["runs"]} == ended_runs_of(app, REPOSITORY)
        failed = call("get_recent_metrics", conclusion="failure")["runs"]
        assert [run["conclusion"] for run in failed] == ["failure"]
        shown = call("get_run", failed[0]["run_id"])
        message = json.loads(shown["message"])
        assert message["data"] == collected.messages[message["event_id"]]["data"]
        [job_id] = [job["job_id"] for job in shown["run"]["jobs"]]
        log = call("get_job_logs", failed[0]["run_id"], job_id)
        [body] = [
            each["data"]
            for each in collected.messages.values()
            if each["event_type"] == "job_log_fetched" and each["data"]["job_id"] == job_id
        ]
        assert log["state"] == "fetched"
        content = body["log_content"].encode()
        assert log["total_bytes"] == len(content)
        assert log["lines"] == [line.rstrip("\r") for line in body["log_content"].splitlines()]
        assert call("download_log", failed[0]["run_id"], job_id).get_bytes() == content
        found = call("find_in_log", failed[0]["run_id"], job_id, log["lines"][0][-8:].upper())
        assert 1 in found["lines"]
        assert set(call("outline_log", failed[0]["run_id"], job_id)) == {
            "groups",
            "errors",
            "uncertain_steps",
            "warnings",
            "steps",
        }


@pytest.mark.slow
def test_a_collection_by_hand_is_followed_to_its_end(app, collected):
    """It returns at once with what to follow, and finds what the schedule would find later."""
    with signed_in(app) as call:
        call("configure_repository", OTHER)
        begun = call("trigger_manual_collection", OTHER)
        assert begun["state"] == "running"
        again = call("trigger_manual_collection")
        assert again["collection_id"] == begun["collection_id"] or again["state"] == "running"
        wait_until(
            lambda: call("get_collection_progress", begun["collection_id"])["state"] != "running",
            seconds=PATIENCE_SECONDS,
        )
        ended = call("get_collection_progress", begun["collection_id"])
        assert ended["state"] == "completed", ended
        assert ended["repositories_done"] == ended["repositories_total"] == 1
        activities = call("list_activity")["activities"]
        assert {"started a collection", "added it"} <= {each["what"] for each in activities}
        wait_until(
            lambda: collected.runs(OTHER) == ended_runs_of(app, OTHER), seconds=PATIENCE_SECONDS
        )
        call("remove_repository", OTHER)
        assert call("get_recent_metrics", repository=OTHER)["total"] > 0


@pytest.mark.slow
def test_what_is_paused_rests(app, collected):
    """A repository, and an agent; both show it, and continue when resumed."""
    with signed_in(app) as call:
        call("configure_repository", OTHER)
        assert call("pause_repository", OTHER)["state"] == "paused"
        assert call("resume_repository", OTHER)["state"] != "paused"
        assert call("control_agent", "Log Ingestion Agent", "stop")["state"] == "paused"
        assert app.get("/_/api/health").status_code == 200
        assert call("control_agent", "Log Ingestion Agent", "start")["state"] != "paused"
        call("remove_repository", OTHER)
        assert [each["full_name"] for each in call("get_repositories")["repositories"]] == [
            REPOSITORY
        ]


def deliver(app: AnvilApp, body: bytes, *, secret: str = WEBHOOK_SECRET, delivery: str = "1"):
    headers = signed_headers("workflow_run", body, secret=secret, delivery=delivery)
    headers["content-type"] = "application/json"
    return app.post("/_/api/github/webhook?stray=1", data=body, headers=headers)


@pytest.mark.slow
def test_signed_webhooks_are_accepted_and_forged_ones_are_not(app, collected):
    """The signature covers the raw bytes, and each delivery counts once."""
    run_id = min(ended_runs_of(app, REPOSITORY))
    payload = {
        "action": "completed",
        "workflow_run": {"id": run_id},
        "repository": {"full_name": REPOSITORY},
    }
    body = json.dumps(payload, ensure_ascii=False, indent=1).encode() + b"\n"
    with signed_in(app) as call:
        before = call("get_settings")["webhook"]["received"]
        forged = deliver(app, body, secret="guessed")
        assert forged.status_code == 401
        assert app.post("/_/api/github/webhook", data=body).status_code == 401
        assert app.post("/_/api/github/webhook").status_code == 401
        assert call("get_settings")["webhook"]["received"] == before
        taken = deliver(app, body)
        assert (taken.status_code, taken.text) == (202, f"accepted: run {run_id} is due now")
        doubled = deliver(app, body)
        assert (doubled.status_code, doubled.text[:7]) == (202, "ignored")
        assert deliver(app, b"[]", delivery="2").status_code == 400
        assert call("get_settings")["webhook"]["received"] == before + 2
    assert app.get("/_/api/github/webhook").status_code in (404, 405)


@pytest.mark.slow
def test_a_burst_of_webhooks_begins_few_tasks(app, collected):
    """Each task is a process: a busy repository must not bring the server down."""

    def deliver_one(number: int) -> int:
        payload = {
            "workflow_run": {"id": 1000 + number},
            "repository": {"full_name": REPOSITORY},
        }
        return int(deliver(app, json.dumps(payload).encode(), delivery=f"b{number}").status_code)

    with signed_in(app):
        before = count_ticks()
        assert in_threads(deliver_one, threads=16) == [202] * 16
        assert count_ticks() - before <= 4


def count_ticks() -> int:
    tasks = anvil.server.list_background_tasks()
    return sum(task.get_task_name() == "pipeline_monitoring_tick" for task in tasks)


@pytest.mark.slow
def test_health_is_reported_to_everybody_and_reports_little(app, collected):
    """Enough for a monitor, nothing for a stranger."""
    answer = app.get("/_/api/health?x=1")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "agents", "now"}
    assert REPOSITORY not in answer.text
