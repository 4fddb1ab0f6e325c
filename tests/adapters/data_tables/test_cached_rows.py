"""What a process has read of Data Tables is read again only where it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import anvil.tables.query as q
import pytest
from ingest.adapters.data_tables import (
    DataTablesState,
    cached_rows,
    dashboard_reads,
    errors_and_activities,
    run_summaries,
    saved_counters,
    seldom_changed,
    sources,
)
from ingest.adapters.data_tables import (
    repositories as stored_repositories,
)
from ingest.domain.ledger import MAX_ERRORS
from ingest.domain.saved_counters import COUNT_INTERVAL, COUNTS_KEPT_FOR
from ingest.domain.source_records import DiscoveredRepository
from ingest.domain.stored_records import REPOSITORY_COLUMNS, body_of
from ingest.domain.stored_values import format_time, repository_key, to_json
from support.state_records import NOW, a_repository, a_summary, an_error

AN_HOUR = timedelta(hours=1)


class StoredRows:
    """A table that says how many rows each search brought."""

    name = "repositories"

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.brought: list[int] = []

    def search(
        self, *, columns: object, page_size: int = 0, where: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Search rows by one condition at most."""
        found = [
            row
            for row in self.rows
            if all(_matches(row[name], wanted) for name, wanted in (where or {}).items())
        ]
        self.brought.append(len(found))
        return iter(found)

    def upsert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Replace all rows."""
        self.rows = list(rows)

    def trim(self, *_: object, **__: object) -> None:
        """Remove nothing."""

    def search_by(
        self, column: str, values: Sequence[str], *, columns: object
    ) -> list[dict[str, Any]]:
        """Search rows by values of one column, where there are any."""
        return [
            row for value in values for row in self.search(columns=columns, where={column: value})
        ]

    def count(self) -> int:
        """Count all rows."""
        return len(self.rows)


def _matches(value: Any, wanted: Any) -> bool:
    if hasattr(wanted, "args"):
        is_enough = all if isinstance(wanted, q.all_of) else any
        return is_enough(_matches(value, each) for each in wanted.args)
    if isinstance(wanted, q.less_than):
        return value is not None and value < wanted.value
    if isinstance(wanted, q.greater_than_or_equal_to):
        return value is not None and value >= wanted.value
    return bool(value == wanted)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> StoredRows:
    table = StoredRows()
    monkeypatch.setattr(run_summaries, "_SUMMARIES", table)
    return table


@pytest.fixture
def repositories(monkeypatch: pytest.MonkeyPatch) -> StoredRows:
    table = StoredRows()
    monkeypatch.setattr(dashboard_reads, "REPOSITORIES", table)
    return table


@pytest.fixture(autouse=True)
def changes(monkeypatch: pytest.MonkeyPatch) -> StoredRows:
    table = StoredRows()
    monkeypatch.setattr(seldom_changed, "_CHANGES", table)
    return table


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> StoredRows:
    table = StoredRows()
    monkeypatch.setattr(saved_counters, "_COUNTS", table)
    return table


def saved(run_id: int, at: datetime | None, **changes: Any) -> dict[str, Any]:
    """Return the row of a run's summary that was saved at a moment."""
    return {**run_summaries._row(a_summary(run_id, **changes)), "saved_at": at}


def ids(state: DataTablesState) -> list[int]:
    return [each.key.run_id for each in state.load_run_summaries()]


class WallClock(datetime):
    """The time, as far as a test has moved it."""

    passed = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        """Return the time, which is ahead by what has passed."""
        return datetime.now(tz) + cls.passed


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> type[WallClock]:
    monkeypatch.setattr(cached_rows, "datetime", WallClock)
    monkeypatch.setattr(WallClock, "passed", timedelta())
    return WallClock


def test_only_what_was_saved_since_is_read(runs: StoredRows) -> None:
    """With an overlap, because commits take time."""
    state, now = DataTablesState(), datetime.now(timezone.utc)
    before = now - AN_HOUR
    runs.rows = [saved(n, before + timedelta(microseconds=n)) for n in range(1, 50)]
    assert sorted(ids(state)) == list(range(1, 50))
    runs.rows[1] = saved(2, now, title="changed")
    runs.rows.append(saved(77, now - cached_rows.COMMIT_TIME / 2))
    shown = {each.key.run_id: each for each in state.load_run_summaries()}
    assert shown.keys() == {*range(1, 50), 77}
    assert shown[2].title == "changed"
    assert runs.brought == [49, 3]


@pytest.mark.parametrize("late", [10, 290])
def test_rows_that_come_late_are_read_once_they_are_five_minutes_old(
    runs: StoredRows, wall_clock: type[WallClock], late: float
) -> None:
    """Each refresh reads the few that have this age; the latest are not read again each time."""
    state, now = DataTablesState(), datetime.now(timezone.utc)
    shown_after = []
    for seconds in range(0, 331, 15):
        wall_clock.passed = timedelta(seconds=seconds)
        runs.rows += [saved(seconds + n, now + wall_clock.passed) for n in range(2)]
        if 999 in ids(state):
            shown_after.append(seconds + late)
        if seconds == 0:
            runs.rows.append(saved(999, now - timedelta(seconds=late)))
    assert 300 <= shown_after[0] < 315
    assert len(shown_after) == 1 + (330 - shown_after[0] + late) // 15
    assert max(runs.brought) <= 8


def test_what_is_saved_after_a_clock_was_set_back_is_read(
    runs: StoredRows, wall_clock: type[WallClock]
) -> None:
    state, now = DataTablesState(), datetime.now(timezone.utc)
    runs.rows = [saved(1, now - AN_HOUR), saved(2, now)]
    assert len(ids(state)) == 2
    wall_clock.passed = -AN_HOUR / 2
    runs.rows.append(saved(3, now + wall_clock.passed))
    assert sorted(ids(state)) == [1, 2, 3]


def test_after_a_pause_all_is_read_that_was_saved_in_it(
    runs: StoredRows, wall_clock: type[WallClock]
) -> None:
    """And what came late before it."""
    state, now = DataTablesState(), datetime.now(timezone.utc)
    runs.rows = [saved(1, now - AN_HOUR), saved(2, now)]
    assert len(ids(state)) == 2
    wall_clock.passed = AN_HOUR / 2
    runs.rows += [saved(3, now - timedelta(minutes=4)), saved(4, now + AN_HOUR / 4)]
    assert sorted(ids(state)) == [1, 2, 3, 4]
    assert runs.brought == [2, 3]


def test_a_save_that_is_repeated_has_the_time_of_its_last_try(
    runs: StoredRows, wall_clock: type[WallClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wait for other saves for longer than the seconds for which rows are read again."""

    def transact(work: Callable[[], object]) -> None:
        work()
        wall_clock.passed = AN_HOUR
        work()

    began_at, state = datetime.now(timezone.utc), DataTablesState()
    for module in (run_summaries, sources):
        monkeypatch.setattr(module, "transact", transact)
    monkeypatch.setattr(sources, "DISCOVERED", discovered := StoredRows())
    state.save_run_summaries([a_summary()])
    wall_clock.passed = timedelta()
    found = DiscoveredRepository(full_name="octo/api", source="octo/*", discovered_at=NOW)
    state.save_discovered_repositories([found])
    saved_at = [row["saved_at"] for row in (*runs.rows, *discovered.rows)]
    assert len(saved_at) == 2
    assert min(saved_at) >= began_at + AN_HOUR


def test_of_runs_that_were_saved_long_ago_one_is_read(runs: StoredRows) -> None:
    """Which shows that this is the same state still."""
    state, before = DataTablesState(), datetime.now(timezone.utc) - AN_HOUR
    runs.rows = [saved(number, before + timedelta(microseconds=number)) for number in range(50)]
    assert len(ids(state)) == len(ids(state)) == 50
    assert runs.brought == [50, 1]


def test_rows_of_an_earlier_release_are_read_once(runs: StoredRows) -> None:
    state, now = DataTablesState(), datetime.now(timezone.utc)
    runs.rows = [saved(1, None), saved(2, now)]
    assert sorted(ids(state)) == sorted(ids(state)) == [1, 2]
    assert runs.brought == [2, 1]


def test_a_table_of_an_earlier_release_is_read_once(runs: StoredRows) -> None:
    state, now = DataTablesState(), datetime.now(timezone.utc)
    runs.rows = [saved(1, None), saved(2, None)]
    assert sorted(ids(state)) == sorted(ids(state)) == [1, 2]
    runs.rows.append(saved(3, now))
    assert sorted(ids(state)) == [1, 2, 3]
    assert runs.brought == [2, 0, 1]


def test_another_state_is_read_whole(runs: StoredRows) -> None:
    """What was saved last is gone: it is another state, or a backup of this one."""
    state, now = DataTablesState(), datetime.now(timezone.utc)
    runs.rows = [saved(1, now - AN_HOUR), saved(2, now)]
    assert sorted(ids(state)) == [1, 2]
    runs.rows = [saved(3, now)]
    assert ids(state) == [3]
    runs.rows = []
    assert ids(state) == []


def test_all_are_read_again_after_a_while(
    runs: StoredRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier release may have saved them."""
    monkeypatch.setattr(cached_rows, "RELOAD_SECONDS", 0.0)
    state, now = DataTablesState(), datetime.now(timezone.utc)
    runs.rows = [saved(1, now)]
    assert ids(state) == [1]
    runs.rows.append(saved(2, now - AN_HOUR))
    assert sorted(ids(state)) == [1, 2]


def test_no_more_are_kept_than_the_state_keeps(
    runs: StoredRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_summaries, "MAX_RUN_SUMMARIES", 3)
    state, now = DataTablesState(), datetime.now(timezone.utc)
    runs.rows = [saved(n, now, created_at=NOW + n * AN_HOUR) for n in range(3)]
    assert ids(state) == [2, 1, 0]
    runs.rows = [*runs.rows[1:], saved(3, now, created_at=NOW + 3 * AN_HOUR)]
    assert ids(state) == [3, 2, 1]
    assert runs.brought == [3, 3]


def watched_row(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    """Return the row of a repository that was saved at a moment."""
    record = a_repository(f"o/r{number:03}", **changes)
    columns = {name: getattr(record, name) for name in REPOSITORY_COLUMNS}
    key = repository_key(record.full_name)
    shown = stored_repositories.page_columns(record)["page_row"].split(",", 2)[2]
    return {
        "key": key,
        **columns,
        "progress": stored_repositories._progress(record),
        "saved_at": at,
        "page_row": f"[1,[{int(at.timestamp() * 1_000_000)},{shown}",
    }


def names(state: DataTablesState) -> list[str]:
    return [each.full_name for each in state.for_dashboard().list_repositories()]


def test_of_many_repositories_those_that_changed_are_read(repositories: StoredRows) -> None:
    state, now = DataTablesState(), datetime.now(timezone.utc)
    before = now - AN_HOUR
    repositories.rows = [
        watched_row(number, before + timedelta(microseconds=number)) for number in range(150)
    ]
    assert len(names(state)) == 150
    repositories.rows[7] = watched_row(7, now, failed_polls=3)
    repositories.rows.append(watched_row(150, now))
    shown = state.for_dashboard().list_repositories()
    assert [each.full_name for each in shown] == [f"o/r{number:03}" for number in range(151)]
    assert shown[7].failed_polls == 3
    assert repositories.brought == [150, 3]


@pytest.mark.parametrize("text", [None, "[2,[],[],[]]", "[[],[]]"])
def test_repositories_of_another_release_are_read_once(
    repositories: StoredRows, text: str | None
) -> None:
    """Until a process of this one saves them."""
    state, now = DataTablesState(), datetime.now(timezone.utc)
    before = {**watched_row(1, now, failed_polls=3), "saved_at": None, "page_row": text}
    repositories.rows = [watched_row(0, now), before]
    assert names(state) == names(state) == ["o/r000", "o/r001"]
    assert state.for_dashboard().list_repositories()[1].failed_polls == 3
    repositories.rows[1] = watched_row(1, now)
    assert state.for_dashboard().list_repositories()[1].failed_polls == 0
    assert repositories.brought == [2, 1, 1, 1, 2]


def test_a_repository_that_is_no_longer_watched_is_gone(
    repositories: StoredRows, changes: StoredRows
) -> None:
    """Another process may have removed it, long after its last change."""
    state, now = DataTablesState(), datetime.now(timezone.utc)
    repositories.rows = [watched_row(n, now - AN_HOUR * (n < 120)) for n in range(150)]
    assert len(names(state)) == 150
    del repositories.rows[3]
    changes.rows = [{"key": "repositories", "change_id": "removed"}]
    assert "o/r003" not in names(state)
    repositories.rows.insert(3, watched_row(3, now))
    assert names(state)[3] == "o/r003"


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> StoredRows:
    table = StoredRows()
    monkeypatch.setattr(errors_and_activities, "ERRORS", table)
    return table


def error_row(number: int, at: datetime) -> dict[str, Any]:
    """Return the row of an error."""
    body = to_json(body_of(an_error(message=f"error {number}")))
    return {"key": f"{format_time(at)}|{number:03}", "occurred_at": at, "body": body}


def told(state: DataTablesState) -> list[str]:
    return [each.message for each in state.list_errors(limit=MAX_ERRORS)]


def test_of_many_errors_the_new_ones_are_read(errors: StoredRows) -> None:
    state, now = DataTablesState(), datetime.now(timezone.utc)
    errors.rows = [error_row(n, now - AN_HOUR + timedelta(seconds=n)) for n in range(200)]
    assert told(state) == [f"error {n}" for n in reversed(range(200))]
    errors.rows.append(error_row(200, now))
    assert told(state) == [f"error {n}" for n in reversed(range(201))]
    assert errors.brought == [200, 2]


def test_an_error_that_was_dismissed_elsewhere_is_gone(errors: StoredRows) -> None:
    state, now = DataTablesState(), datetime.now(timezone.utc)
    errors.rows = [error_row(n, now - AN_HOUR) for n in range(200)]
    assert len(told(state)) == 200
    del errors.rows[3]
    assert told(state) == [f"error {n}" for n in reversed(range(200)) if n != 3]


def test_an_error_of_a_host_whose_clock_is_late_is_shown(errors: StoredRows) -> None:
    state, now = DataTablesState(), datetime.now(timezone.utc)
    errors.rows = [error_row(n, now) for n in range(200)]
    assert len(told(state)) == 200
    errors.rows.append(error_row(200, now - AN_HOUR))
    assert told(state)[-1] == "error 200"


def counted(at: datetime, runs: int) -> dict[str, str]:
    """Return the row of an interval."""
    return {"key": format_time(at), "counts": f'{{"runs":{runs}}}'}


def totals(runs: int) -> dict[str, str]:
    return {"key": "totals", "counts": f'{{"runs":{runs}}}'}


def test_only_the_newest_counts_are_read_again(counts: StoredRows) -> None:
    state = DataTablesState()
    day = [NOW - COUNT_INTERVAL * number for number in range(100)]
    counts.rows = [totals(100), *(counted(at, 1) for at in day)]
    assert state.load_saved_counters().totals == {"runs": 100}
    counts.rows[:2] = [totals(104), counted(NOW, 2)]
    counts.rows.append(counted(NOW + COUNT_INTERVAL, 3))
    found = state.load_saved_counters()
    assert found.totals == {"runs": 104}
    assert found.intervals[-2:] == ((NOW, {"runs": 2}), (NOW + COUNT_INTERVAL, {"runs": 3}))
    assert len(found.intervals) == 101
    assert counts.brought[0] == 101
    assert counts.brought[1] <= 4


def test_old_counts_are_dropped_as_the_state_drops_them(counts: StoredRows) -> None:
    state = DataTablesState()
    counts.rows = [totals(1), counted(NOW, 1)]
    assert len(state.load_saved_counters().intervals) == 1
    counts.rows = [totals(2), counted(NOW + COUNTS_KEPT_FOR, 1)]
    assert state.load_saved_counters().intervals == ((NOW + COUNTS_KEPT_FOR, {"runs": 1}),)


def test_counts_that_were_ahead_hide_no_newer_ones_once_they_are_removed(
    counts: StoredRows,
) -> None:
    state = DataTablesState()
    counts.rows = [totals(1), counted(NOW + 9 * AN_HOUR, 1)]
    assert len(state.load_saved_counters().intervals) == 1
    counts.rows = [totals(2), counted(NOW, 1)]
    assert state.load_saved_counters().intervals == ((NOW, {"runs": 1}),)


def test_counts_of_another_state_are_read_whole(counts: StoredRows) -> None:
    """Totals never shrink."""
    state = DataTablesState()
    counts.rows = [totals(9), counted(NOW - AN_HOUR, 8), counted(NOW, 1)]
    assert len(state.load_saved_counters().intervals) == 2
    counts.rows = [totals(1), counted(NOW, 1)]
    assert state.load_saved_counters().intervals == ((NOW, {"runs": 1}),)
    counts.rows = []
    assert state.load_saved_counters().intervals == ()
