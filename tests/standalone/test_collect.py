"""`collect` and `status`: what programs read, and what a signal does."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
import requests
from ingest.bootstrap.collector import open_standalone_collector
from ingest.errors import QueueMissing
from ingest.services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ingest.settings import read_settings
from support.command_line import CommandLine, stop, wait_until
from support.postgres_server import PostgresServer

from standalone.local.free_port import free_port

KEYS = [
    "runs",
    "attempts",
    "jobs",
    "steps",
    "commits",
    "logs",
    "logs_unavailable",
    "runs_filtered",
    "logs_filtered",
    "messages",
    "queue_requests",
    "github_requests",
    "errors",
    "pending",
    "seconds",
]


def test_collecting_once_counts_what_is_on_the_queues(cli: CommandLine):
    """One object holds what was collected, and the queues hold just that."""
    found = cli.json("collect", "octo/api", f"{cli.github.url}/octo/web.git", "--once")
    assert list(found) == KEYS
    assert (found["runs"], found["attempts"], found["jobs"], found["logs"]) == (3, 3, 4, 4)
    assert (found["logs_unavailable"], found["errors"]) == (0, 0)
    assert list(found["messages"]) == list(cli.queues.values())
    assert found["messages"][cli.queues["METRICS_QUEUE"]] == cli.count_messages("METRICS_QUEUE")
    assert found["messages"][cli.queues["LOGS_QUEUE"]] == cli.count_messages("LOGS_QUEUE") == 4
    assert cli.count_messages("JOB_EVENTS_QUEUE") == 0
    assert set(found["github_requests"]) == {"charged", "free"}


def test_an_organization_is_collected_but_for_what_is_left_out(cli: CommandLine):
    """Both of its repositories have runs; the next start remembers the sources."""
    found = cli.json("collect", "octo", "!octo/web", "--once")
    alone = cli.json("collect", "--once", "octo/api", DATABASE_URL="sqlite://")
    assert (found["runs"], found["errors"]) == (alone["runs"], 0)
    assert found["runs"] > 0


def test_a_collection_reports_what_filters_left_out(cli: CommandLine):
    """Nobody takes what was left out for what does not exist; without filters nothing is said."""
    found = cli.json("collect", "octo/api", "--once", LOGS="failed")
    assert (found["logs"], found["runs_filtered"], found["logs_filtered"]) == (1, 0, 2)
    done = cli.run("collect", "octo/web", "--once", BRANCHES="none", DATABASE_URL="sqlite://")
    assert "Left out by filters: 1 run and 0 logs.\nMessages sent:" in done.stdout
    whole = cli.run("collect", "octo/web", "--once", DATABASE_URL="sqlite://")
    assert "s.\nMessages sent:" in whole.stdout


def test_logs_that_github_cannot_serve_singly_come_by_the_archive(cli: CommandLine):
    """Everything is collected, and an unknown repository ends no other."""
    cli.inject(path="/jobs/[0-9]+/logs$", do="error", status=500)
    done = cli.run("collect", "octo/api", "octo/missing", "--once", "--json")
    assert done.returncode == 1, done.stderr
    assert "octo/missing is left out" in done.stderr
    again = cli.run("collect", "--once", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["pending"] == []


def test_each_agent_can_be_run_alone(cli: CommandLine):
    """One publishes runs and leaves the logs; the other then fetches just those."""
    runs = cli.json("collect", "octo/web", "--once", "--only", "metrics")
    assert (runs["runs"], runs["logs"], runs["pending"]) == (1, 0, [])
    assert cli.count_messages("JOB_EVENTS_QUEUE") == 1
    logs = cli.json("collect", "--once", "--only", "logs")
    assert (logs["runs"], logs["logs"], logs["pending"]) == (0, 1, [])
    assert cli.count_messages("LOGS_QUEUE") == 1


#: The program with a collection that waits as long as a test can.
_IMPATIENT = """
from dataclasses import replace
from ingest.services.collections.collection_plan import COMPLETE_COLLECTION
from standalone.cli import cli
cli(obj=replace(COMPLETE_COLLECTION, item_tries=2))
"""


def test_what_is_left_pending_is_named_and_ends_in_its_own_code(cli: CommandLine):
    """A log that GitHub serves neither alone nor in the archive; everything else is collected."""
    cli.inject(path="/logs$", do="error", status=500)
    program = (sys.executable, "-c", _IMPATIENT)
    impatient = replace(cli, program=program)
    done = impatient.run("collect", "octo/web", "--once", "--json")
    assert done.returncode == 75, done.stderr
    found = json.loads(done.stdout)
    assert (found["runs"], found["jobs"], found["logs"]) == (1, 1, 0)
    [item] = found["pending"]
    assert item["repo"] == "octo/web"
    assert (
        f"Not collected yet, 1 in all; the next start tries again:\n  {item['name']}" in done.stderr
    )
    assert item["job_name"] in item["name"]
    problem = cli.json("status", "--json")["health"]["problems"][0]
    assert problem["sentence"] == "No agent runs: a one-time collection ended with exit code 75."
    assert problem["detail"] == "1 item is pending; the next start continues."
    cli.heal()
    again = cli.json("collect", "--once")
    assert (again["logs"], again["pending"]) == (1, [])


@pytest.mark.parametrize(("do", "status"), [("secondary", 429), ("busy", 503)])
def test_a_list_that_github_forbids_for_years_is_named_and_left(cli: CommandLine, do, status):
    """Every limit that GitHub documents is over within an hour; it is waited for then."""
    cli.inject(path="/actions/runs$", do=do, status=status, seconds=10**8)
    done = cli.run("collect", "octo/web", "--once", "--json")
    assert done.returncode == 75, done.stderr
    assert "octo/web: GitHub " in done.stderr
    assert "start it again then." in done.stderr


def test_a_second_start_continues_where_the_first_ended(cli: CommandLine):
    """It knows the repositories, and publishes nothing twice."""
    cli.json("collect", "octo/api", "--once")
    before = cli.count_messages("METRICS_QUEUE")
    again = cli.json("collect", "--once")
    assert (again["runs"], again["logs"], again["github_requests"]["charged"]) == (0, 0, 0)
    assert cli.count_messages("METRICS_QUEUE") == before


def test_status_is_readable_while_a_collector_works(cli: CommandLine):
    """Another process sees agents, repositories and queues; a signal then ends the first."""
    with cli.started("collect", "octo/api", "--json") as collector:
        # The agents' heartbeats come within seconds, and after the logs are here.
        wait_until(lambda: cli.count_messages("LOGS_QUEUE") == 3)
        seen = cli.json("status")
        ended = stop(collector)
    assert json.loads(ended.stdout)["logs"] == 3
    assert {agent["name"]: agent["is_alive"] for agent in seen["agents"]} == {
        "Pipeline Monitoring Agent": True,
        "Log Ingestion Agent": True,
    }
    repository = seen["repositories"][0]
    assert repository["full_name"] == "octo/api"
    assert repository["last_polled_at"].endswith("Z")
    assert (repository["collected"], repository["in_flight"], repository["backlog"]) == (2, 0, 0)
    assert seen["counts"]["logs_fetched"] == 3
    assert [queue["name"] for queue in seen["queues"]] == list(cli.queues.values())
    assert seen["queues"][1]["visible"] == 3
    assert seen["health"]["sentence"]
    assert seen["errors"] == []


def test_health_and_metrics_are_served_while_a_collector_works(cli: CommandLine):
    """At the address that the environment names, too."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def is_healthy() -> bool:
        try:
            return requests.get(f"{url}/healthz", timeout=60).status_code == 200
        except requests.ConnectionError:
            return False

    with cli.started("collect", "octo/api", RUNSTREAM_HTTP=str(port)) as collector:
        wait_until(is_healthy)
        wait_until(lambda: cli.count_messages("LOGS_QUEUE") == 3)
        text = requests.get(f"{url}/metrics", timeout=60).text
        stop(collector)
    queue = cli.queues["LOGS_QUEUE"]
    assert f'runstream_messages_total{{queue="{queue}"}} 3.0' in text
    assert cli.json("collect", "--once", RUNSTREAM_HTTP=str(port))["errors"] == 0
    refused = cli.run("collect", "--once", "--http", str(port))
    assert (refused.returncode, "exclude each other" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("only", "agent"), [("metrics", PIPELINE_MONITORING_AGENT), ("logs", LOG_INGESTION_AGENT)]
)
def test_a_process_with_one_agent_is_healthy_without_the_other(cli: CommandLine, only, agent):
    """Else a supervisor would start it again and again."""
    address = f"127.0.0.1:{free_port()}"

    def find_agents() -> list[str]:
        try:
            answer = requests.get(f"http://{address}/healthz", timeout=60)
        except requests.ConnectionError:
            return []
        return [each["name"] for each in answer.json()["agents"]] if answer.ok else []

    with cli.started("collect", "octo/api", "--only", only, "--http", address) as collector:
        wait_until(find_agents)
        assert find_agents() == [agent]
        stop(collector)


def test_after_the_end_agents_are_reported_to_have_stopped(cli: CommandLine):
    """Ctrl-C is an orderly end, and people read the rest in tables."""
    with cli.started("collect", "octo/api") as collector:
        wait_until(lambda: cli.count_messages("LOGS_QUEUE") == 3)
        ended = stop(collector, signal.SIGINT)
    assert "Collected 2 runs in 2 attempts, 3 jobs" in ended.stdout
    printed = cli.run("status").stdout
    assert "octo/api" in printed
    assert "stopped" in printed
    assert "No errors." in printed


def test_status_tells_how_a_one_time_collection_ended(cli: CommandLine):
    """No agent is reported to have failed to start; a later collector's agents replace it."""
    collected = cli.run("collect", "--once", "octo/api")
    assert collected.returncode == 0, collected.stderr
    ended = "No agent runs: a one-time collection ended with exit code 0."
    assert ended in cli.run("status").stdout
    assert "has not started" not in cli.run("status").stdout
    health = cli.json("status", "--json")["health"]
    assert (health["state"], health["tone"], health["sentence"]) == ("stopped", "quiet", ended)
    with cli.started("collect", "octo/api") as collector:
        wait_until(lambda: cli.json("status", "--json")["agents"])
        stop(collector, signal.SIGINT)
    assert "The Pipeline Monitoring Agent was stopped." in cli.run("status").stdout


def test_a_second_interrupt_ends_at_once(cli: CommandLine):
    """The first waits for the answer under way, which takes long; the second does not."""
    cli.inject(path="/actions/runs$", do="slow", seconds=15, count=1)
    with cli.started("collect", "octo/api") as collector:
        wait_until(lambda: cli.github.stats()["faults"].get("slow"))
        collector.send_signal(signal.SIGINT)
        assert _line_with(collector, "Ctrl-C again stops at once")
        collector.send_signal(signal.SIGINT)
        assert collector.wait(timeout=10) == 130


def test_collecting_once_that_is_cut_short_reports_it(cli: CommandLine):
    """What is left over is a failure for programs, and for people a sentence."""
    cli.inject(path="/actions/runs$", do="slow", seconds=3, count=1)
    with cli.started("collect", "octo/api", "--once", "--json") as collector:
        wait_until(lambda: cli.github.stats()["faults"].get("slow"))
        ended = stop(collector, code=128 + signal.SIGTERM)
    assert list(json.loads(ended.stdout)) == KEYS
    assert "the next start continues" in ended.stderr


def test_collecting_once_that_is_stopped_before_its_source_is_listed_ends_so(cli: CommandLine):
    """What GitHub failed to answer meanwhile is not what ended it."""
    cli.inject(path="^/(orgs|users?)/", do="error")
    with cli.started("collect", "octo", "--once") as collector:
        assert _line_with(collector, "octo/* is not listed yet")
        assert "the next start continues" in stop(collector, signal.SIGINT, code=130).stderr


@pytest.mark.parametrize("command", [["status", "--json"], ["status"], ["sources", "list"]])
def test_a_reader_that_goes_away_changes_nothing(cli: CommandLine, command: list[str]):
    """As in `collect --once | head -0`: the pipe's end is closed before anything is written."""
    with cli.started(*command, DATABASE_URL=_empty_state(cli)) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_status_shows_the_rest_where_the_queues_are_out_of_reach(cli: CommandLine):
    """What cannot be asked is said in its place."""
    cli.run("collect", "octo/api", "--once")
    seen = cli.json("status", METRICS_QUEUE="no-such-queue")
    assert "does not exist" in seen["queues"][0]["error"]
    assert seen["queues"][1]["visible"] == 3
    assert seen["counts"]["attempts"] == 2
    lost = cli.run("status", AWS_ENDPOINT_URL="http://127.0.0.1:9").stdout
    assert lost.count("The same error as ") == 2
    assert lost.count("AWS_ENDPOINT_URL") == 1, "the remedy, once"


def _line_with(process, word: str) -> str:
    """Read stderr up to a line that holds a word."""
    return next(line for line in process.stderr if word in line)


def _empty_state(cli: CommandLine) -> str:
    path = Path(cli.folder, "state.db")
    path.touch()
    return str(path)


def test_two_collectors_on_one_sqlite_file_share_the_work(cli: CommandLine):
    """Each message is sent once, and neither fails because the other writes."""
    with cli.started("collect", "octo/api") as one, cli.started("collect", "octo/api") as other:
        wait_until(lambda: cli.count_messages("LOGS_QUEUE") >= 3)
        for collector in (one, other):
            stop(collector)
    found = cli.json("status")
    assert cli.count_messages("LOGS_QUEUE") == found["counts"]["logs_fetched"] == 3
    assert found["errors"] == []


@pytest.mark.slow
def test_a_signal_in_the_middle_of_a_log_ends_the_process(cli: CommandLine):
    """The log stays pending; a supervisor need not kill the process."""
    cli.inject(path="/logs$", do="slow", seconds=40)
    with cli.started("collect", "octo/api") as collector:
        wait_until(lambda: cli.github.stats()["faults"].get("slow"))
        ended = stop(collector)
    assert "which the next start repeats" in ended.stderr
    assert cli.json("status")["counts"]["logs_pending"] > 0


def test_a_missing_bucket_stops_only_what_publishes_logs(cli: CommandLine, tmp_path: Path):
    """Runs and jobs are collected without it; the log agent names it before its first log."""
    state = {"LOG_BUCKET": "no-such-bucket", "DATABASE_URL": str(tmp_path / "state.db")}
    settings = read_settings({**cli.environment, **state}.get)
    open_standalone_collector(settings, stop=threading.Event(), checks_bucket=False).close()
    with pytest.raises(QueueMissing, match="no-such-bucket"):
        open_standalone_collector(settings, stop=threading.Event())


def test_a_database_that_does_not_respond_at_start_is_waited_for(cli: CommandLine):
    """It may be starting at the same time. A signal ends the wait."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    url = f"postgresql://127.0.0.1:{port}/runstream"
    with cli.started("collect", "octo/api", DATABASE_URL=url) as collector:
        assert collector.stderr is not None
        assert "Trying again" in collector.stderr.readline()
        stop(collector)


def test_a_database_that_goes_away_and_comes_back_is_waited_for(
    cli: CommandLine, postgres: PostgresServer
):
    """Every connection is ended and none is accepted; later the work continues."""
    url = postgres.new_database_url()
    with cli.started("collect", "octo/api", DATABASE_URL=url) as collector:
        wait_until(lambda: cli.count_messages("LOGS_QUEUE") == 3)
        with _closed(url):
            assert collector.stderr is not None
            for line in collector.stderr:
                if "error not kept" in line:
                    break
        assert collector.poll() is None
        wait_until(lambda: cli.json("status", DATABASE_URL=url)["counts"]["logs_fetched"] == 3)
        stop(collector)


@pytest.mark.parametrize("stream", ["0<&-", "1>&-", "2>&-"])
def test_a_stream_that_the_caller_closed_ends_nothing(cli: CommandLine, stream: str):
    """Its number goes to no file that is opened later."""
    command = f"exec {sys.executable} -m standalone collect octo/api --once {stream}"
    done = replace(cli, program=("sh", "-c", command)).run()
    assert done.returncode == 0, done
    assert ("Collected 2 runs" in done.stdout) == (stream != "1>&-")
    assert cli.json("status")["counts"]["logs_fetched"] == 3


@pytest.mark.parametrize("more", ["", " --once"])
def test_too_little_memory_is_named_instead_of_hanging(cli: CommandLine, more: str):
    """Threads that could be started end with those that could not."""
    limited = f"ulimit -v 150000 && exec {sys.executable} -m standalone collect octo/api{more}"
    done = replace(cli, program=("sh", "-c", limited)).run()
    assert done.returncode == 69, done
    assert "too little memory" in done.stderr


@contextmanager
def _closed(url: str) -> Iterator[None]:
    """Accept no connection to a database, and end those that are open."""
    base, _, name = url.rpartition("/")
    with closing(psycopg2.connect(f"{base}/postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        yield
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_status_names_what_is_wrong_with_the_machine(cli: CommandLine):
    """Few open files let requests and logs wait for each other."""
    cli.json("collect", "octo/api", "--once")
    assert cli.json("status")["machine"] == []
    limited = f"ulimit -n 100; exec {sys.executable} -m standalone status"
    done = replace(cli, program=("sh", "-c", limited)).run()
    assert done.returncode == 0, done.stderr
    assert "This machine: This process may open 100 files" in done.stdout
