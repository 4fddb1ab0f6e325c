"""The state that release 0.1 left in `tests/data/state-0.1`, and the sandbox world it was of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ingest.domain.codec import stored_as
from ingest.domain.runs import AttemptKey
from ingest.ports import StateStore
from ingest.ports.log_cache import LogCache

from standalone.sandbox.specs import LogSpec

from .world_builder import WorldBuilder

FOLDER = Path(__file__).parents[1] / "data" / "state-0.1"

#: Seconds after the start of the world at which the state was recorded.
RECORDED_AT = 1500.0


def recorded_world() -> WorldBuilder:
    """Build the world that release 0.1 collected; it must never change, as the state does not."""
    world = WorldBuilder().repository("octo/api")
    world.pull(7, "7" * 40)
    world.run(created=10).job("build", log=b"first\r\n\x1b[31mred\x1b[0m\n").job("none", "skipped")
    world.run("failure", created=20, event="pull_request", sha="7" * 40, pulls=[7])
    world.job("test").job("lint", "failure")
    world.run("failure", created=30, workflow="Nightly").job("flaky", "failure")
    world.rerun("success", at=300).job("flaky")
    world.run(created=1400, seconds=900).job("quick", seconds=20).job("slow")
    world.run(created=1450, starts_after=None, seconds=None)
    world.run("cancelled", created=40).job("gone", "cancelled")
    world.rerun("success", at=1380, seconds=600).job("gone again")
    world.run("startup_failure", created=50)
    world.run(created=1300, seconds=100).job("late", log=LogSpec(seed="late"))
    world.repository("octo/web").run(created=60).job("page")
    return world.repository("octo/broken").run(created=70).job("unread")


def recorded_lines(name: str) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


[STORED_AS] = stored_as("")

#: Where fields are today that had another place in release 0.1.
MOVED = {
    "spans": ("intervals",),
    "look_at": ("next_check_at",),
    "validators": ("run_lists", "validators"),
    "page_floor": ("run_lists", "oldest_on_first_page"),
    "hinted_at": ("run_lists", "status_lists_requested_at"),
    "walk_page": ("run_list_walk", "page"),
    "walk_newest": ("run_list_walk", "newest"),
    "walk_oldest": ("run_list_walk", "oldest"),
    "swept_at": ("sweep", "began_at"),
    "swept_through": ("sweep", "continues_at"),
    "deliveries_checked_at": ("webhooks", "failed_deliveries_requested_at"),
}


def recorded(kind: str) -> list[Any]:
    """List what release 0.1 read of its own state, of one kind."""
    return [line["value"] for line in recorded_lines("records.jsonl") if line["kind"] == kind]


def key_of(value: dict[str, Any]) -> AttemptKey:
    """Build the key of a recorded attempt, log or summary."""
    return AttemptKey(**value["key"])


def plain(value: Any) -> Any:
    """Write a record as JSON values, as the recording has them: under their stored names too."""
    if is_dataclass(value):
        return {
            name: plain(getattr(value, field.name))
            for field in fields(value)
            for name in (field.name, field.metadata.get(STORED_AS, field.name))
        }
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def assert_holds(found: Any, wanted: Any) -> None:
    """Compare a reading with the recorded one; fields that are newer than it may be there."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            today = found
            for part in MOVED.get(name, (name,)):
                assert part in today, name
                today = today[part]
            assert_holds(today, value)
    elif isinstance(wanted, list):
        for each, value in zip(found, wanted, strict=True):
            assert_holds(each, value)
    else:
        assert found == wanted


def assert_reads_every_record(state: StateStore) -> None:
    """Compare all that the state holds with what release 0.1 read of it."""
    assert_reads_the_ledger(state)
    assert_holds(plain(state.list_repositories()), recorded("repository"))
    assert_holds(sorted(plain(state.load_run_summaries()), key=_order), recorded("run_summary"))
    assert_holds(plain(state.list_agents()), recorded("agent"))
    assert_holds(state.load_desired_states(), recorded("agent_wishes")[0])
    assert_holds(plain(state.load_saved_counters()), recorded("traffic")[0])
    assert_holds(plain(state.load_credential_pauses(now=_recorded_moment())), recorded("pauses")[0])
    assert_holds(plain(state.list_errors(limit=100)), recorded("error"))
    assert_holds(plain(state.list_activities(limit=100)), recorded("activity"))
    for delivery in recorded("claimed_delivery"):
        assert not state.claim_once(delivery, now=_recorded_moment())


def assert_reads_the_ledger(state: StateStore) -> None:
    """Compare attempts, logs, commits, hints and counts."""
    for value in recorded("attempt"):
        key = key_of(value)
        assert_holds(plain(state.load_attempts(key.repository, [key.run_id])[key]), value)
    for value in recorded("job_log"):
        assert_holds(plain(state.load_job_logs(key_of(value))[value["job_id"]]), value)
    for value in recorded("commits"):
        found = state.load_commits(value["repository"], list(value["commits"]))
        assert_holds(plain(found), value["commits"])
    for value in recorded("run_hints"):
        assert_holds(plain(state.load_run_hints(value["repository"])), value["hints"])
    for value in recorded("counts"):
        assert_holds(plain(state.count_ledger(value["repository"])), value["counts"])


def assert_reads_cached_logs(cache: LogCache) -> None:
    """Compare the logs that are kept for the viewer, byte for byte."""
    logs = recorded("cached_log")
    assert len(logs) >= 7
    for value in logs:
        content = cache.load_content(key_of(value), value["job_id"])
        assert content is not None
        assert b"".join(content).hex() == value["hex"]


def save_everything_again(state: StateStore) -> None:
    """Read every record that can be saved again, and save it in today's form."""
    for value in recorded("attempt"):
        key = key_of(value)
        state.save_attempts(list(state.load_attempts(key.repository, [key.run_id]).values()))
        state.save_job_logs(list(state.load_job_logs(key).values()))
    for value in recorded("commits"):
        found = state.load_commits(value["repository"], list(value["commits"]))
        state.save_commits(value["repository"], list(found.values()))
    state.save_run_summaries(state.load_run_summaries())
    for agent in state.list_agents():
        state.save_agent(agent)


def published_by_0_1() -> set[str]:
    """Return the ids of all events that release 0.1 had published."""
    return {line["event_id"] for line in recorded_lines("events.jsonl")}


def _order(summary: dict[str, Any]) -> tuple[int, int]:
    return summary["key"]["run_id"], summary["key"]["run_attempt"]


def _recorded_moment() -> datetime:
    return datetime.fromtimestamp(recorded_world().start + RECORDED_AT, timezone.utc)
