"""In a server module of the app, the stores answer as those in memory do."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from contracts.test_source_store import A_CREDENTIAL, A_REPOSITORY, A_SOURCE
from ingest.adapters.sql import open_sql_state
from ingest.domain.commits import Commit
from ingest.domain.ledger import WRITE_CHECK_KEY
from ingest.domain.log_cache import compress_log
from ingest.domain.log_outline import LogOutline, read_outline
from ingest.ports import DashboardReads, LogCache, StateStore
from support.anvil_state import CalledStore, StoreCall, call_stores
from support.state_records import (
    NOW,
    REPOSITORY,
    a_collection,
    a_full_attempt,
    a_full_log,
    a_full_summary,
    a_log,
    a_repository,
    a_summary,
    an_activity,
    an_agent,
    an_attempt,
    an_error,
    at,
)

KEY = an_attempt().key
COMMIT = Commit(commit_sha="a" * 40, additions=5)
LOG = b"first\r\n##[error] it broke\n" + b"line\n" * 3000
HELD = a_repository(watched_since=at(5), cursor=at(6), last_polled_at=at(1))


def on_state(name: str, *args: Any, **kwargs: Any) -> StoreCall:
    return "state", name, args, kwargs


def on_page(name: str, **kwargs: Any) -> StoreCall:
    return "page", name, (), kwargs


def on_cache(name: str, *args: Any) -> StoreCall:
    return "log_cache", name, args, {}


REPOSITORIES = [
    on_state("add_repository", a_repository()),
    on_state("add_repository", a_repository("octo/web", next_poll_at=at(100))),
    on_state("claim_repository", holder="me", now=NOW, lease_seconds=60),
    on_state("claim_repository", holder="you", now=NOW, lease_seconds=60),
    on_state("save_progress", HELD, holder="me", lease_until=at(90)),
    on_state("make_due", "OCTO/api", now=at(5)),
    on_state("release_repository", HELD, holder="you", next_poll_at=at(60)),
    on_state("release_repository", HELD, holder="me", next_poll_at=at(60)),
    on_state("set_paused", "octo/web", paused=True),
    on_state("list_repositories"),
    on_page("list_repositories"),
    on_state("remove_repository", "octo/web"),
    on_state("load_repository", "octo/web"),
    on_state("load_repository", REPOSITORY),
    on_state("list_due_before", at(9)),
]
ATTEMPTS = [
    on_state("save_attempts", [a_full_attempt("half \ud83d"), an_attempt(8), an_attempt(8, 2)]),
    on_state("save_attempts", [an_attempt(8, next_check_at=at(-1), run_validator="new")]),
    on_state("load_attempts", "octo/api", [7, 8, 9]),
    on_state("find_attempts", 8),
    on_state("load_oldest_unpublished_created_at", [REPOSITORY]),
    on_state("load_due_attempts", REPOSITORY, now=NOW, limit=5, newest_first=True),
    on_state("claim_logs_of_failed_jobs", updated_before=at(10**6), limit=5),
    on_state("load_attempts_since", REPOSITORY, at(-(10**6)), limit=5),
    on_state("load_next_check_at", REPOSITORY),
    on_state("save_commits", REPOSITORY, [COMMIT]),
    on_state("load_commits", REPOSITORY, ["a" * 40, "b" * 40]),
    on_state("save_job_logs", [a_log(1), a_full_log("a\x00b"), a_log(9, updated_at=at(9))]),
    on_state("load_job_logs", KEY),
    on_state("load_job_log", KEY, 1),
    on_state("load_waiting_logs", "pending", ["Octo/API", "a/b"], updated_before=at(1), limit=5),
    on_state("load_waiting_logs", "pending", None, updated_before=at(10), limit=5),
    on_state("load_waiting_logs", "missing", None, updated_before=at(10), limit=5),
    on_state("count_ledger"),
    on_state("remove_settled_attempts", created_before=at(1), limit=10),
    on_state("count_ledger", REPOSITORY),
    on_state("count_ledger_by_repository"),
    on_state("load_delivered_events", REPOSITORY, limit=5),
    on_state("clear_delivered_events", ["unknown"]),
    on_state("save_run_hint", REPOSITORY, 7, now=NOW),
    on_state("save_run_hint", REPOSITORY, 8, now=at(5)),
    on_state("clear_run_hints", REPOSITORY, {7: NOW, 8: NOW}),
    on_state("load_run_hints", REPOSITORY),
    on_state("save_credential_pauses", {"token": at(9), "other": at(-9)}),
    on_state("load_credential_pauses", now=NOW),
    on_state("claim_once", "d", now=NOW),
    on_state("claim_once", "d", now=NOW),
    on_state("check_writable", now=NOW),
    on_state("check_writable_unless_just_written", [], now=NOW),
    on_state("claim_once", WRITE_CHECK_KEY, now=NOW),
    on_state("save_delivery_once", ["e", "f"], REPOSITORY, 8, now=NOW),
    on_state("save_delivery_once", ["g", "f"], REPOSITORY, 9, now=NOW),
    on_state("load_run_hints", REPOSITORY),
]
SOURCES = [
    on_state("save_sources", [A_SOURCE]),
    on_state("list_sources"),
    on_state("remove_source", "acme/WEB-*"),
    on_state("list_sources"),
    on_state("save_discovered_repositories", [A_REPOSITORY]),
    on_state("list_discovered_repositories"),
    on_page("list_discovered_repositories"),
    on_page("list_sources"),
    on_state("find_discovered_repositories", A_REPOSITORY.repository_id),
    on_state("save_credentials", [A_CREDENTIAL]),
    on_state("list_credentials"),
    on_page("list_credentials"),
    on_state("remove_credential", A_CREDENTIAL.name),
    on_state("list_credentials"),
    on_state("load_reported_filters"),
    on_state("save_reported_filters", "EVENTS push"),
    on_state("load_reported_filters"),
]
VIEW = [
    on_state("save_run_summaries", [a_full_summary("a\x00b"), a_summary(8), a_summary(8, 2)]),
    on_state("load_run_summaries"),
    on_state("save_agent", an_agent(counts={"runs": 1})),
    on_state("list_agents"),
    on_state("save_collection", a_collection(remaining_repositories=(REPOSITORY,))),
    on_state("list_collections"),
    on_page("list_collections"),
    on_state("save_desired_state", "monitor", "paused"),
    on_state("load_desired_states"),
    on_page("load_desired_states"),
    on_state("add_to_saved_counters", {"runs": 2, "jobs": 0}, now=NOW),
    on_state("add_to_saved_counters", {"runs": 3}, now=at(600)),
    on_state("load_saved_counters"),
    *(on_state("add_error", an_error(number, message=f"w{number % 2}")) for number in range(4)),
    on_state("remove_errors", [an_error(0, message="w0"), an_error(2, message="w0")]),
    on_state("list_errors", limit=9),
    on_page("list_errors", limit=1),
    on_state("add_activity", an_activity(repository=REPOSITORY)),
    on_state("list_activities", limit=9),
    on_state("close"),
]


def log_calls() -> list[StoreCall]:
    """A log is read once, so each store gets its own."""
    return [
        on_cache("save_log", KEY, 1, io.BytesIO(LOG), read_outline([LOG]), NOW),
        on_cache(
            "save_logs", [compress_log(key=KEY, job_id=3, content=LOG, outline=LogOutline())], NOW
        ),
        on_cache("load_lines", KEY, 1, 2, 5),
        on_cache("load_lines", KEY, 2, 1, 5),
        on_cache("load_part", KEY, 1, 1, 1),
        on_cache("load_outline", KEY, 1),
        on_cache("find_lines", KEY, 1, "ERROR"),
        on_cache("load_content", KEY, 1),
        on_cache("load_content", KEY, 3),
    ]


def calls() -> list[StoreCall]:
    return REPOSITORIES + ATTEMPTS + SOURCES + VIEW + log_calls()


def in_sqlite(called: list[StoreCall]) -> list[Any]:
    with closing(open_sql_state("sqlite://")) as state:
        stores = {"state": state, "page": state.for_dashboard(), "log_cache": state.log_cache}
        answers = [
            # A closed database answers nothing more, and Data Tables have nothing to close.
            None if name == "close" else getattr(stores[part], name)(*args, **kw)
            for part, name, args, kw in called
        ]
        return [list(each) if hasattr(each, "__next__") else each for each in answers]


def whole(answers: list[Any]) -> list[Any]:
    """Join chunks: a store cuts a log as it likes."""
    return [
        b"".join(each) if isinstance(each, list) and each and isinstance(each[0], bytes) else each
        for each in answers
    ]


def public(store: type) -> set[str]:
    return {name for name in dir(store) if not name.startswith("_")}


def test_every_method_answers_as_in_sqlite(app_call: Callable[..., Any]) -> None:
    """Each is called, within one call of the app."""
    answers = whole(call_stores(app_call, calls()))
    expected = whole(in_sqlite(calls()))
    for called, answer, wanted in zip(calls(), answers, expected, strict=True):
        assert answer == wanted, called[:2]


@pytest.mark.parametrize(
    ("part", "store"), [("state", StateStore), ("page", DashboardReads), ("log_cache", LogCache)]
)
def test_no_method_is_left_out(part: str, store: type) -> None:
    called = {name for each, name, _, _ in calls() if each == part}
    # `for_dashboard` returns what the calls of a page are for.
    assert called == public(store) - {"for_dashboard"}


def test_what_one_call_kept_another_finds(app_call: Callable[..., Any]) -> None:
    """Nothing is kept in a process, which ends with its call."""
    state = CalledStore(app_call, "state")
    cache = CalledStore(app_call, "log_cache", max_logs=1, max_bytes=1 << 20)
    state.save_attempts([a_full_attempt()])
    assert state.load_attempts(REPOSITORY, [7]) == {KEY: a_full_attempt()}
    for job_id in (1, 2):
        cache.save_log(KEY, job_id, io.BytesIO(LOG), read_outline([LOG]), at(job_id))
    assert cache.load_content(KEY, 1) is None
    assert b"".join(cache.load_content(KEY, 2)) == LOG
