"""Tasks, the server code's host and the server itself are killed: the next one goes on."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from typing import Any

import anvil.server
import pytest
import requests
from support.anvil_people import (
    Call,
    Published,
    ended_runs_of,
    first_password,
    jobs_with_logs_of,
    signed_in,
)
from support.anvil_server import TOKEN, AnvilApp, processes_of, serving_anvil
from support.aws_server import sqs_client
from support.command_line import wait_until
from support.world_builder import WorldBuilder

from standalone.app_server.errors import ServerEnded
from standalone.sandbox.faults import Fault
from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import Settings, TokenSpec
from standalone.sandbox.times import iso

REPOSITORY = "octo/api"
RUNS = 40
KILLED_TASKS = 8


@contextmanager
def many_runs(number_of_runs: int = RUNS) -> Iterator[SandboxServer]:
    """Serve runs that are more than one slice of work."""
    world = WorldBuilder(iso(time.time() - 7200)).repository(REPOSITORY)
    for number in range(number_of_runs):
        world.run(created=number * 60, seconds=30).job("build").job("test").job("lint")
    with SandboxServer(
        world.build(), settings=Settings(tokens=(TokenSpec(value=TOKEN),), threads=16)
    ) as sandbox:
        yield sandbox


def kill(pids: list[int]) -> int:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(pids)


def kill_tasks_at_work(app: AnvilApp) -> None:
    """Kill processes of the server code while they collect, and begin them anew."""
    chance, killed = random.Random(7), 0
    with signed_in(app) as call:
        call("configure_repository", REPOSITORY)
        while killed < KILLED_TASKS:
            for task in ("pipeline_monitoring_tick", "log_ingestion_tick"):
                with suppress(anvil.server.AnvilWrappedError):  # its process may be killed, too
                    anvil.server.launch_background_task(task)
            time.sleep(chance.uniform(1.0, 5.0))
            killed += kill(processes_of(app, "full_python_worker"))


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_twice(postgres, aws, tmp_path):
    """Tasks at random moments, then the host of the server code, then the server."""
    with many_runs() as sandbox:
        database = postgres.new_database_url()
        options: dict[str, Any] = {
            "postgres": postgres,
            "aws": aws,
            "database": database,
            "github": lambda: nullcontext(sandbox),
        }
        with serving_anvil(tmp_path, **options) as app:
            queues, password = app.queues, first_password(app)
            kill_tasks_at_work(app)
            assert kill(processes_of(app, "anvil_downlink_host")) > 0
            wait_until(lambda: app.get("/_/api/health").status_code in (200, 503), seconds=120)
            assert kill(processes_of(app, "java")) > 0
            with pytest.raises(ServerEnded):
                app.served.wait(threading.Event())
        with serving_anvil(tmp_path, **options, settings=queues) as app:
            assert app.served.account is None  # the accounts are where they were
            published = Published(AnvilApp(**{**vars(app), "queues": queues}))
            wait_until(
                lambda: published.logs(REPOSITORY) == jobs_with_logs_of(app, REPOSITORY),
                seconds=290,
            )
            assert published.runs(REPOSITORY) == ended_runs_of(app, REPOSITORY)
            assert len(published.runs(REPOSITORY)) == RUNS
            with signed_in(app, password) as call:
                require_true_counts(call, published, app, RUNS)


def require_true_counts(call: Call, published: Published, app: AnvilApp, runs: int) -> None:
    """Compare what the overview shows with what was published.

    A kill between a queue's answer and the count leaves a message to be sent, and counted, again:
    so the cards count each message, and none that was not sent.
    """
    wait_until(lambda: shown_counts(call)["logs_pending"] == 0, seconds=60)
    status = call("get_collection_status")
    published.read()
    counted = sum(card["total"] for card in status["messages"])
    assert len(published.messages) <= counted <= len(published.received)
    ledger = status["repositories"]
    assert (ledger["collected"], ledger["in_flight"], ledger["backlog"]) == (runs, 0, 0)
    assert ledger["logs_fetched"] == len(jobs_with_logs_of(app, REPOSITORY))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_task_that_is_killed_alone_leaves_counts_true(postgres, aws, tmp_path):
    """Only the process of one task dies; the downlink and the processes of calls live on."""
    runs, workers = 16, "full_python_worker"
    with many_runs(runs) as sandbox:
        options: dict[str, Any] = {
            "postgres": postgres,
            "aws": aws,
            "github": lambda: nullcontext(sandbox),
        }
        with serving_anvil(tmp_path, **options) as app, signed_in(app) as call:
            hosts, published = processes_of(app, "anvil_downlink_host"), Published(app)
            call("configure_repository", REPOSITORY)
            chance, killed = random.Random(11), 0
            while killed < KILLED_TASKS // 2:
                for task in ("pipeline_monitoring_tick", "log_ingestion_tick"):
                    before = set(processes_of(app, workers))
                    anvil.server.launch_background_task(task)
                    time.sleep(chance.uniform(1.0, 5.0))
                    begun = sorted(set(processes_of(app, workers)) - before)
                    killed += kill(begun[:1])
                    assert shown_counts(call)["in_flight"] == 0  # calls are answered
            wait_until(
                lambda: published.logs(REPOSITORY) == jobs_with_logs_of(app, REPOSITORY),
                seconds=400,
            )
            assert published.runs(REPOSITORY) == ended_runs_of(app, REPOSITORY)
            require_true_counts(call, published, app, runs)
            assert processes_of(app, "anvil_downlink_host") == hosts


def shown_counts(call: Call) -> dict[str, Any]:
    """Return what the overview shows of the ledger."""
    return call("get_collection_status")["repositories"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_whose_host_was_killed_holds_no_logs(postgres, aws, tmp_path):
    """It waits for an answer that cannot come; its messages are received by another."""
    with many_runs(8) as sandbox:
        options: dict[str, Any] = {
            "postgres": postgres,
            "aws": aws,
            "github": lambda: nullcontext(sandbox),
        }
        with serving_anvil(tmp_path, **options) as app:
            published = Published(app)
            slow = Fault(path="/logs", do="slow", seconds=5, count=30)
            requests.post(f"{sandbox.url}/_sandbox/faults", json=[asdict(slow)], timeout=10)
            with signed_in(app) as call:
                call("configure_repository", REPOSITORY)
            wait_until(lambda: hidden_work(app) > 0, seconds=120)
            assert kill(processes_of(app, "anvil_downlink_host")) > 0
            wait_until(
                lambda: published.logs(REPOSITORY) == jobs_with_logs_of(app, REPOSITORY),
                seconds=400,
            )
            wait_until(lambda: hidden_work(app) == 0, seconds=150)


def hidden_work(app: AnvilApp) -> int:
    """Count the messages of the job events queue that somebody works on."""
    sqs, name = sqs_client(app.aws), "ApproximateNumberOfMessagesNotVisible"
    url = sqs.get_queue_url(QueueName=app.queues["JOB_EVENTS_QUEUE"])["QueueUrl"]
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
