"""`replay`, as a person types it: the same messages again, marked."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from ingest.adapters.sql import open_sql_state
from ingest.domain.counted_nouns import plural
from ingest.domain.timestamps import format_timestamp
from logs.rig import OpenRig, Rig, a_world, rig
from support.aws_server import take_messages
from support.world_builder import FIRST_RUN, WorldBuilder

from standalone.commands.replay import TimeType, replay
from standalone.sandbox.specs import LogSpec
from standalone.sandbox.times import DAY, iso

pytestmark = pytest.mark.slow

__all__ = ["rig"]

REPLAY = ("-m", "standalone", "replay", "--repo", "octo/api")

#: What may differ between a message and its repeat.
CHANGES = {"timestamp", "fetched_at", "replayed"}


def take(here: Rig, queue: str) -> dict[str, dict[str, Any]]:
    """Receive a queue's messages by their ids, each claim check with the message it points to."""
    found = {}
    for message in take_messages(here.sqs, queue):
        body = json.loads(message["Body"])
        if isinstance(body, list):
            place = {"Bucket": body[1]["s3BucketName"], "Key": body[1]["s3Key"]}
            body = json.loads(here.s3.get_object(**place)["Body"].read())
        found[body["event_id"]] = body
    return found


def facts(message: dict[str, Any]) -> dict[str, Any]:
    data = {name: value for name, value in message["data"].items() if name not in CHANGES}
    return {"event_type": message["event_type"], **data}


def test_a_replay_repeats_every_message(rig: OpenRig) -> None:
    """With the same ids and facts, from the ledger and the stored logs, without a request."""
    world = a_world().run("failure").job("small", "failure").job("skipped", "skipped")
    world.job("large", log=LogSpec(seed="large", lines_per_step=12_000)).run().job("other")
    here = rig(world)
    here.collect()
    asked = here.github.stats()["requests"]
    first = take(here, here.metrics) | take(here, here.logs)
    assert len(first) == 2 + 4 + 4
    since = datetime.now(timezone.utc) - timedelta(days=1)
    printed = here.python(*REPLAY, f"--since={since:%Y-%m-%d}")
    assert printed.startswith("Replayed 2 attempts, 6 messages about runs and jobs, and 4 logs")
    again = take(here, here.metrics) | take(here, here.logs)
    assert {name: facts(each) for name, each in again.items()} == {
        name: facts(each) for name, each in first.items()
    }
    assert all(each["data"]["replayed"] is True for each in again.values())
    assert not any("replayed" in each["data"] for each in first.values())
    assert here.github.stats()["requests"] == asked

    run_id = next(each["data"]["run_id"] for each in first.values() if "run_id" in each["data"])
    other = here.sqs.create_queue(QueueName=f"{here.metrics}-again")["QueueUrl"]
    here.python(*REPLAY, "--run", str(run_id), "--to", other)
    assert (here.count(here.metrics), here.count(here.logs)) == (0, 0)
    there = take(here, f"{here.metrics}-again")
    assert there.keys() == {
        name for name, each in first.items() if each["data"]["run_id"] == run_id
    }


def test_a_log_that_left_the_cache_comes_from_the_bucket(rig: OpenRig) -> None:
    """The same message again, though GitHub has the log no more."""
    world = a_world().run("failure")
    world.job("large", "failure", log=LogSpec(seed="large", lines_per_step=12_000))
    here = rig(world)
    here.collect()
    first = take(here, here.logs)
    with closing(sqlite3.connect(here.environment["DATABASE_URL"])) as database, database:
        assert database.execute("DELETE FROM cached_logs").rowcount == 1
    set_faults(here, {"path": "/logs", "do": "gone"})
    since = datetime.now(timezone.utc) - timedelta(days=1)
    printed = here.python(*REPLAY, f"--since={since:%Y-%m-%d}")
    assert printed.startswith("Replayed 1 attempt, 2 messages about runs and jobs, and 1 log, ")
    again = take(here, here.logs)
    assert {name: facts(each) for name, each in again.items()} == {
        name: facts(each) for name, each in first.items()
    }


def old_runs(count: int) -> WorldBuilder:
    """Add one run a day, from a hundred days ago on: more than the ledger keeps."""
    world = WorldBuilder(iso(time.time() - 100 * DAY))
    world.repository("octo/api", retention_days=400)
    for number in range(count):
        world.run("failure", created=number * DAY).job("build", "failure").job("skip", "skipped")
    return world


def purge(here: Rig) -> None:
    """Let the ledger forget what is older than it keeps runs."""
    with closing(open_sql_state(here.environment["DATABASE_URL"])) as state:
        before = datetime.now(timezone.utc) - timedelta(days=66)
        assert state.remove_settled_attempts(created_before=before, limit=100)


def set_faults(here: Rig, *rules: dict[str, Any]) -> None:
    requests.post(f"{here.github.url}/_sandbox/faults", json=rules, timeout=60).raise_for_status()


def test_what_left_the_ledger_comes_from_github(rig: OpenRig) -> None:
    """Every message again, with its id and its facts, in order, and through faults that pass."""
    world = old_runs(2).rerun(at=DAY + 600).job("build").job("lint", reused=True)
    world.run("startup_failure", created=2 * DAY, starts_after=None, seconds=5)
    world.run("failure", created=90 * DAY).job("recent", "failure")
    here = rig(world, bucket=False)
    here.collect(BACKFILL_DAYS="120")
    first = take(here, here.metrics) | take(here, here.logs)
    purge(here)
    set_faults(
        here,
        {"path": "/jobs$", "do": "error", "count": 1},
        {"path": "/jobs$", "do": "empty_list", "count": 1},
        {"path": "/logs$", "do": "secondary", "count": 1, "seconds": 1},
    )
    since = datetime.now(timezone.utc) - timedelta(days=101)
    # Event ids hold the name as it was first seen, however it is written here.
    command = (*REPLAY[:-1], "OCTO/api", f"--since={since:%Y-%m-%d}")
    assert here.python(*command).startswith("Replayed 5 attempts, 12 messages")
    again = take(here, here.metrics) | take(here, here.logs)
    assert {name: facts(each) for name, each in again.items()} == {
        name: facts(each) for name, each in first.items()
    }
    runs = [each["data"] for each in again.values() if "display_title" in each["data"]]
    assert [run["created_at"] for run in runs] == sorted(run["created_at"] for run in runs)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_stopped_replay_continues(rig: OpenRig, attempt: int) -> None:
    """Ctrl-C ends after the attempt in hand, and prints the option that replays the rest."""
    here = rig(old_runs(3), bucket=False)
    here.collect(BACKFILL_DAYS="120")
    first = take(here, here.metrics) | take(here, here.logs)
    purge(here)
    archive = f"/runs/{FIRST_RUN + attempt}/attempts/1/logs$"
    set_faults(here, {"path": archive, "do": "slow", "seconds": 5})
    since = datetime.now(timezone.utc) - timedelta(days=101)
    with here.start(*REPLAY, f"--since={since:%Y-%m-%d}") as process:
        while not here.github.stats()["faults"]:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        counts, printed = (each.decode() for each in process.communicate(timeout=60))
    assert process.returncode == 130
    assert counts.startswith(f"Replayed {plural(attempt, 'attempt')}, {3 * attempt} messages")
    before = take(here, here.metrics) | take(here, here.logs)
    set_faults(here)
    [option] = re.findall(r"--since \S+Z", printed)
    here.python(*REPLAY, *option.split())
    after = take(here, here.metrics) | take(here, here.logs)
    assert before.keys() | after.keys() == first.keys()
    assert len(before.keys() - after.keys()) == 5 * (attempt - 1)


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2026-11-24", "2026-11-24T00:00:00Z", "2026-11-24T23:59:59Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("2026-11-24T12:00:00", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z"),
        ("2026-11-24T12:00:00.037Z", "2026-11-24T12:00:00.037Z", "2026-11-24T12:00:00.037Z"),
        ("2026-11-24T12:00:00+02:00", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
    ],
)
def test_a_date_is_a_whole_day(typed: str, first: str, last: str) -> None:
    assert format_timestamp(TimeType()(typed)) == first
    assert format_timestamp(TimeType(is_end=True)(typed)) == last


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--repo", "octo/api"], "Give --since, or --run for one run."),
        (["--repo", "octo/api", "--since", "yesterday"], "'yesterday' is not a time. Give 2026"),
        (["--repo", "octo/api", "--since", "2026-11-24", "--until", "2026-11-23"], "is before"),
        (["--repo", "octo/api", "--run", "7", "--until", "2026-11-24"], "give it alone"),
        (["--repo", "octo/api", "--run", "0"], "'--run': 0 is not in the range"),
    ],
)
def test_what_cannot_be_replayed_is_a_usage_error(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(replay, arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_a_repository_may_be_given_by_its_url(rig: OpenRig) -> None:
    here = rig(a_world().run().job("other"))
    here.collect()
    command = ("-m", "standalone", "replay", "--since=2020-01-01", "--repo")
    assert here.python(*command, " https://github.com/octo/api/ ").startswith(
        "Replayed 1 attempt, "
    )


@pytest.mark.parametrize("repo", ["octo", "octo/", "octo/a b"])
def test_what_names_no_repository_is_not_requested(rig: OpenRig, repo: str) -> None:
    here = rig(a_world().run().job("other"))
    arguments = ["--repo", repo, "--since=2026-11-24"]
    done = CliRunner().invoke(replay, arguments, env={**here.environment, "RUNSTREAM_DEBUG": ""})
    assert done.exit_code == 78
    assert f"{repo!r} is not a repository: expected owner/name or a URL" in done.output
    assert here.github.stats()["requests"] == 0


def test_a_span_without_runs_is_reported(rig: OpenRig) -> None:
    here = rig(a_world().run().job("other"))
    here.collect()
    printed = here.python(*REPLAY, "--since=2020-01-01", "--until=2020-01-01")
    said = "No run of octo/api was created from 2020-01-01T00:00:00Z to 2020-01-01T23:59:59Z"
    assert printed.startswith(said)


def test_a_span_ends_now_at_the_latest(rig: OpenRig) -> None:
    """A replay cannot have reached what is in the future."""
    here = rig(a_world().run().job("other"))
    here.collect()
    printed = here.python(*REPLAY, "--since=2020-01-01", "--until=9999-12-31")
    assert printed.startswith("Replayed 1 attempt, ")
    assert "up to 9999" not in printed


@pytest.mark.parametrize("until", [[], ["--until=2100-01-02"]])
def test_a_span_in_the_future_is_a_usage_error(rig: OpenRig, until: list[str]) -> None:
    here = rig(a_world().run().job("other"))
    arguments = ["--repo=octo/api", "--since=2100-01-01", *until]
    done = CliRunner().invoke(replay, arguments, env=here.environment)
    assert done.exit_code == 2
    assert "--since is in the future." in done.output


def test_an_unknown_queue_is_to_be_created_by_hand(rig: OpenRig) -> None:
    """``setup`` creates the configured queues only, so it is not advised."""
    here = rig(a_world().run().job("other"))
    arguments = ["--repo=octo/api", "--since=2020-01-01", "--to=nowhere"]
    done = CliRunner().invoke(replay, arguments, env={**here.environment, "RUNSTREAM_DEBUG": ""})
    assert done.exit_code == 78
    assert "The queue nowhere of --to does not exist. Create it" in done.output
