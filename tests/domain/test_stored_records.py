"""Records as JSON: each comes back equal, whatever it holds, and says by what it is the same."""

from __future__ import annotations

from typing import Any

import pytest
from ingest.domain.codec import decode_dataclass
from ingest.domain.ledger import (
    AgentRecord,
    AttemptRecord,
    JobLogRecord,
    RepositoryRecord,
)
from ingest.domain.runs import AttemptKey
from ingest.domain.stored_records import (
    REPOSITORY_COLUMNS,
    body_of,
    normalized_attempt_key,
    restore_record,
    restore_record_of_attempt,
)
from ingest.domain.stored_values import from_json, to_json
from ingest.domain.summaries import RunSummary
from support.state_records import (
    ODD_TEXTS,
    a_full_attempt,
    a_full_log,
    a_full_repository,
    a_full_summary,
    a_summary,
    an_activity,
    an_agent,
    an_attempt,
    an_error,
)


def stored(body: dict[str, Any]) -> dict[str, Any]:
    """Write and read a body, as every store does."""
    return from_json(to_json(body))


def test_keys_are_compared_without_case() -> None:
    assert normalized_attempt_key(AttemptKey("Octo/API", 7, 2)) == ("octo/api", 7, 2)


@pytest.mark.parametrize(
    "record", [an_attempt(), an_attempt(next_check_at=None), *map(a_full_attempt, ODD_TEXTS)]
)
def test_an_attempt(record: Any) -> None:
    columns = {name: getattr(record, name) for name in ("created_at", "settled", "next_check_at")}
    key, body = record.key, stored(body_of(record))
    assert (
        restore_record_of_attempt(AttemptRecord, key.run_id, key.run_attempt, body, columns)
        == record
    )


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_log(text: str) -> None:
    record = a_full_log(text)
    columns = {name: getattr(record, name) for name in ("job_id", "state", "updated_at")}
    key, body = record.key, stored(body_of(record))
    assert (
        restore_record_of_attempt(JobLogRecord, key.run_id, key.run_attempt, body, columns)
        == record
    )


@pytest.mark.parametrize("summary", [a_summary(), *map(a_full_summary, ODD_TEXTS)])
def test_a_summary(summary: Any) -> None:
    key, body = summary.key, stored(body_of(summary))
    columns = {"created_at": summary.created_at}
    assert (
        restore_record_of_attempt(RunSummary, key.run_id, key.run_attempt, body, columns) == summary
    )


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_an_agent(text: str) -> None:
    record = an_agent(text, text, note=text, counts={text: 1}, rate_limit={text: 2})
    columns = {"heartbeat_at": record.heartbeat_at}
    assert restore_record(AgentRecord, stored(body_of(record)), columns) == record


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("repository", ["Octo/API", None])
def test_an_error_and_an_activity(text: str, repository: str | None) -> None:
    error = an_error(agent=text, message=text, remedy=text, repository=repository)
    activity = an_activity(actor=text, action=text, repository=repository)
    for record in (error, activity):
        body = stored(body_of(record))
        assert decode_dataclass(type(record), body, occurred_at=record.occurred_at) == record


class TestRepository:
    def body_and_columns(self) -> tuple[dict[str, Any], dict[str, Any]]:
        record = a_full_repository()
        columns = {name: getattr(record, name) for name in REPOSITORY_COLUMNS}
        return stored(body_of(record)), columns

    def test_it_comes_back(self) -> None:
        assert restore_record(RepositoryRecord, *self.body_and_columns()) == a_full_repository()

    def test_it_is_stored_under_the_names_of_earlier_releases(self) -> None:
        """Their rows are read, and a process of an earlier release reads these."""
        body, _ = self.body_and_columns()
        assert sorted(body) == [
            "cursor",
            "deliveries_checked_at",
            "deliveries_since_miss",
            "delivery_missed_at",
            "doubtful_lists",
            "failures",
            "hinted_at",
            "is_prioritized",
            "job_counts",
            "jobs_delivered_at",
            "last_changed_at",
            "last_error",
            "list_changed_at",
            "listed_at",
            "newest_delivered",
            "page_floor",
            "proved_at",
            "read_at",
            "runs_delivered_at",
            "swept_at",
            "swept_through",
            "validators",
            "walk_newest",
            "walk_oldest",
            "walk_page",
            "watched_since",
        ]

    def test_fields_of_a_later_release_are_written_back(self) -> None:
        """Though the values of this release are stored flat beside them."""
        body, columns = self.body_and_columns()
        body["of a later release"] = {"a": 1}
        assert stored(body_of(restore_record(RepositoryRecord, body, columns))) == body

    def test_what_another_version_wrote_is_read(self) -> None:
        """A field that it did not know has its default; one that only it knew is left out."""
        body, columns = self.body_and_columns()
        del body["failures"]
        restored = restore_record(RepositoryRecord, {**body, "of a later version": 1}, columns)
        assert restored.failed_polls == 0
        assert restored.run_lists == a_full_repository().run_lists
