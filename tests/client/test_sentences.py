"""What pages say about the server's answers."""

import pytest

from client_code import sentences

COUNTS = {
    "watched": 8,
    "paused": 1,
    "failing": 0,
    "in_flight": 1,
    "collected": 1200,
    "logs_fetched": 2,
    "backlog": 0,
    "logs_pending": 0,
}
REPOSITORY = {
    "state": "watching",
    "last_error": None,
    "backlog": 0,
    "known": 10,
    "backlog_seconds": None,
    "collected": 10,
    "in_flight": 0,
}


def test_facts_leave_out_what_is_nothing():
    assert sentences.totals(COUNTS) == "1 run in flight · 1,200 attempts collected · 2 logs fetched"
    assert sentences.totals({**COUNTS, "backlog": 1200}).endswith("1,200 to backfill")
    assert sentences.totals({**COUNTS, "logs_pending": 1}).endswith(" · 1 log pending")


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, "10 collected"),
        ({"in_flight": 3}, "3 in flight, 10 collected"),
        ({"backlog": 4}, "4 of 10 to backfill"),
        ({"backlog": 4, "backlog_seconds": 90}, "4 of 10 to backfill, about 1 min 30 s"),
        ({"backlog": 4, "last_error": "GitHub said no."}, "GitHub said no."),
    ],
)
def test_a_repository_reports_what_matters_most(changes, note):
    assert sentences.repository_note({**REPOSITORY, **changes}) == note


def test_watched_repositories_are_counted_by_state():
    counts = {"watched": 3, "paused": 1, "failing": 1}
    assert sentences.watched(counts) == "2 repositories watched, 1 paused, 1 failing"
    assert sentences.watched({"watched": 1, "paused": 0, "failing": 0}) == "1 repository watched"


def test_a_credential_is_described_without_its_secret():
    facts = {
        "kind": "app installation",
        "owner": "octo",
        "repositories": 12,
        "refused_lists": ["acme/*"],
        "limit": 5000,
        "remaining": 4321,
    }
    said = "app installation of octo; 12 repositories listed; may not list acme/*"
    assert sentences.credential_note(facts) == said
    assert sentences.credential_budget(facts) == "4,321 of 5,000 requests left this hour."
    assert (
        sentences.credential_budget({**facts, "limit": None}) == "GitHub has not reported a limit."
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Looking for runs…"),
        ({"state": "completed"}, "Collected 2 runs."),
        ({"state": "failed", "error": "No token."}, "No token."),
    ],
)
def test_a_collection_reports_where_it_is(changes, sentence):
    progress = {
        "state": "running",
        "phase": "looking for runs",
        "error": None,
        "sentence": "Collected 2 runs.",
    }
    assert sentences.collection({**progress, **changes}) == sentence


def test_plots_have_words():
    slots = [{"at": "h", "success": 2, "failure": 1}, {"at": "i", "success": 0, "failure": 0}]
    assert sentences.runs_in(slots, "2 hours") == "3 runs in 2 hours, 1 failed."
    assert sentences.max_messages([1, 1200]) == "At most 1,200 in five minutes"
    assert (
        sentences.messages_per_interval([1, 5, 2])
        == "Messages per five minutes: at most 5, most recently 2."
    )
    assert sentences.messages_per_interval([]) == "No messages yet."


def test_a_budget_may_be_unknown():
    assert sentences.budget(5000) == "of 5,000 requests left"
    assert sentences.budget(None) == "not reported yet"


def test_the_login_page_says_whom_to_ask():
    """A configured contact, else an admin; without accounts only the operator can help."""
    facts = {"has_accounts": True, "contact": "ops@example.com"}
    assert "ask ops@example.com." in sentences.login_help(facts)
    assert "ask an admin of this" in sentences.login_help({**facts, "contact": None})
    assert "No account exists yet" in sentences.login_help({**facts, "has_accounts": False})


@pytest.mark.parametrize(
    ("depth", "sentence"),
    [
        ((1200, 1, 0), "1,200 waiting · 1 in flight · 0 delayed"),
        ((0, None, 3), "0 waiting · 3 delayed"),
        ((None, None, None), "The bus does not report how many messages wait."),
    ],
)
def test_a_queue_shows_what_its_bus_counts(depth, sentence):
    """Some buses count in part, and some not at all."""
    queue = dict(zip(("waiting", "in_flight", "delayed"), depth, strict=True))
    assert sentences.queue_depth(queue) == sentence


def test_a_lag_is_an_upper_bound():
    known = {"jobs": 4, "median_seconds": 10, "p95_seconds": None}
    assert sentences.lag(known, "24h") == "median within 10 s, p95 more than 1 h"
    assert sentences.lag({**known, "jobs": 0}, "1h") == "no job ended while watched"


def test_the_lag_of_a_week_is_called_that_of_its_last_day():
    """The counts of older jobs are not kept, so that it would say that no job ended."""
    known = {"jobs": 4, "median_seconds": 10, "p95_seconds": 60}
    assert sentences.lag(known, "7d") == "last 24 hours: median within 10 s, p95 within 1 min"
    assert sentences.lag({**known, "jobs": 0}, "7d") == "last 24 hours: no job ended while watched"


def test_why_a_log_is_pending_is_its_own_reason_the_agent_or_its_turn():
    log = {"job_name": "test", "repository": "octo/api", "reason": None}
    agent = {"name": "Log Ingestion Agent", "state": "running"}
    turn = "test in octo/api waits on the job events queue for its turn."
    assert sentences.pending_log(log, agent) == turn
    paused = "test in octo/api waits for the Log Ingestion Agent: it is paused."
    assert sentences.pending_log(log, {**agent, "state": "paused"}) == paused
    refused = "test in octo/api: GitHub answered 502."
    assert sentences.pending_log({**log, "reason": "GitHub answered 502."}, agent) == refused


def test_a_problem_that_may_be_over_says_when_it_last_happened():
    lasting = {"since": "2026-11-28T10:00:00Z", "last_at": None}
    past = {"since": None, "last_at": "2026-11-28T10:00:00Z"}
    assert sentences.problem_time(lasting) == ("2026-11-28T10:00:00Z", "since ")
    assert sentences.problem_time(past) == ("2026-11-28T10:00:00Z", "last ")
    assert sentences.problem_time({"since": None, "last_at": None})[0] is None
