"""Health is computed from inputs with their times: what is wrong, and since when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.due import urgent_due_at
from ingest.domain.ledger import LedgerCounts
from ingest.domain.source_records import CredentialRecord, SourceRecord, rejection_text
from ingest.domain.timestamps import format_timestamp
from ingest.services.dashboard.health import HealthInput, HealthState, assess_health
from support.state_records import NOW, a_collection, a_log, a_repository, an_error, at

NAMES = ("Pipeline Monitoring Agent", "Log Ingestion Agent")


def agents(*states: str, note: str | None = None):
    return [
        {"name": name, "state": state, "note": note, "heartbeat_at": format_timestamp(at(-300))}
        for name, state in zip(NAMES, states, strict=True)
    ]


def polled(name, **values):
    times = {"last_polled_at": at(-30), "next_poll_at": at(30), "cursor": at(-60)}
    return a_repository(name, **{**times, **values})


FACTS = HealthInput(
    agents=agents("running", "idle"),
    repositories=[polled("octo/api"), polled("octo/web")],
    sources=[],
    credentials=[],
    counts=LedgerCounts(attempts=10),
    backfill_seconds_left=None,
    errors=[],
    oldest_pending_log=None,
    recent_log_count=0,
)


def judged(**changes):
    return assess_health(replace(FACTS, **changes), now=NOW)


def test_all_is_well_when_it_is():
    health = judged()
    assert health.state is HealthState.HEALTHY
    assert health.tone == "ok"
    assert health.sentence == "Collecting from 2 repositories. Everything works."
    assert health.as_json()["problems"] == []


def test_nothing_watched_is_no_problem():
    health = judged(repositories=[], agents=agents("never started", "never started"))
    assert (health.state, health.tone) == (HealthState.EMPTY, "quiet")


def test_all_paused_is_stopped():
    paused = [polled("octo/api", paused=True)]
    health = judged(repositories=paused)
    assert (health.state, health.tone) == (HealthState.STOPPED, "warn")
    assert health.sentence == "Every repository is paused."


@pytest.mark.parametrize(
    ("states", "state", "tone", "sentence"),
    [
        (("running", "stalled"), "degraded", "bad", "The Log Ingestion Agent has stalled."),
        (("error", "idle"), "degraded", "bad", "The Pipeline Monitoring Agent reports an error."),
        (("paused", "idle"), "degraded", "warn", "The Pipeline Monitoring Agent is paused."),
        (("paused", "error"), "degraded", "bad", "The Log Ingestion Agent reports an error."),
        (("paused", "paused"), "stopped", "warn", "The Pipeline Monitoring Agent is paused."),
        (("stalled", "stalled"), "stopped", "bad", "The Pipeline Monitoring Agent has stalled."),
        (("stopped", "stopped"), "stopped", "bad", "The Pipeline Monitoring Agent was stopped."),
        (
            ("never started", "never started"),
            "stopped",
            "warn",
            "The Pipeline Monitoring Agent has not started yet.",
        ),
        (
            ("running", "limited"),
            "degraded",
            "warn",
            "The Log Ingestion Agent waits for the GitHub rate limit.",
        ),
    ],
)
def test_agents_that_do_not_work_are_reported_the_gravest_first(states, state, tone, sentence):
    health = judged(agents=agents(*states))
    assert (health.state.value, health.tone, health.sentence) == (state, tone, sentence)


def test_an_error_of_an_agent_lasts_since_it_was_recorded():
    note = "Queue metrics cannot be reached."
    recorded = [
        an_error(-200, message=note, agent=NAMES[0]),
        an_error(-100, message="no", agent=NAMES[0]),
    ]
    health = judged(agents=agents("error", "idle", note=note), errors=recorded)
    assert health.problems[0].since == at(-200)


def test_a_one_time_collection_that_succeeded_is_no_problem():
    """Nobody expects an agent where a command collects once, for example every night."""
    once = a_collection("once", phase="done", exit_code=0)
    health = judged(agents=agents("never started", "never started"), one_time_collection=once)
    assert (health.state, health.tone, health.problems) == (HealthState.STOPPED, "quiet", ())
    assert health.sentence == "No agent runs: a one-time collection ended with exit code 0."


def test_a_one_time_collection_that_failed_is_reported_with_its_reason():
    """The reason is that of the command's end; other problems stay."""
    once = a_collection("once", phase="failed", exit_code=69, note="GitHub is unreachable.")
    failing = polled("octo/api", failed_polls=3, last_error="GitHub answered 404.")
    health = judged(
        agents=agents("never started", "never started"),
        one_time_collection=once,
        repositories=[failing],
    )
    assert (health.state, health.tone) == (HealthState.STOPPED, "bad")
    assert [each.sentence for each in health.problems] == [
        "octo/api cannot be collected.",
        "No agent runs: a one-time collection ended with exit code 69.",
    ]
    assert health.problems[1].detail == "GitHub is unreachable."
    assert health.problems[1].since == once.updated_at


def test_a_detail_that_problems_share_is_stated_once():
    """A command that ended because of its only repository ended for the same reason."""
    once = a_collection("once", phase="failed", exit_code=69, note="GitHub is unreachable.")
    failing = polled("octo/api", failed_polls=3, last_error="GitHub is unreachable.")
    health = judged(
        agents=agents("never started", "never started"),
        one_time_collection=once,
        repositories=[failing],
    )
    assert [each.detail for each in health.problems] == ["GitHub is unreachable.", None]


def test_a_stalled_agent_has_a_time_and_its_note():
    shown = judged(agents=agents("running", "stalled", note="SQS did not respond.")).as_json()
    assert shown["since"] == format_timestamp(at(-300))
    assert shown["problems"][0]["detail"] == "SQS did not respond."
    assert shown["problems"][0]["is_headline"]
    silent = judged(agents=agents("running", "stalled"))
    assert silent.problems[0].detail.startswith("Run the checks")


def test_a_failing_repository_is_named_with_its_error_and_the_time_of_the_first():
    failing = polled(
        "octo/api", failed_polls=3, last_error="GitHub answered 404.", last_polled_at=at(-8000)
    )
    errors = [
        an_error(-9000, repository="octo/api", message="An error before it worked again."),
        an_error(-7200, repository="octo/api", message="GitHub answered 404."),
        an_error(-3600, repository="octo/api", message="GitHub answered 404."),
    ]
    health = judged(repositories=[failing, polled("octo/web")], errors=errors)
    assert health.sentence == "octo/api cannot be collected."
    assert health.as_json()["since"] == format_timestamp(at(-7200))
    assert health.problems[0].detail == "GitHub answered 404. r"  # with the error's remedy


def test_the_error_behind_a_problem_is_not_counted_again():
    failing = polled("octo/api", failed_polls=3, last_error="GitHub answered 404.")
    errors = [an_error(-60, repository="octo/api", message="GitHub answered 404.")]
    assert len(judged(repositories=[failing], errors=errors).problems) == 1
    errors.append(an_error(-50, repository="octo/api", message="GitHub answered 502."))
    another = judged(repositories=[failing], errors=errors).problems[1]
    assert (another.sentence[:7], another.detail) == ("1 error", "GitHub answered 502.")


def test_several_failing_repositories_are_counted():
    failing = [polled(f"octo/{n}", failed_polls=1, last_error=f"no {n}") for n in range(3)]
    [problem] = judged(repositories=failing).problems
    assert problem.sentence == "3 repositories cannot be collected."
    assert problem.detail == "octo/0: no 0"


def test_what_fails_all_repositories_stands_in_the_sentence():
    """Its remedy is in the detail then, and the reason is not repeated."""
    reason = "https://api.github.com could not be reached (ConnectTimeout)."
    failing = [polled(f"octo/{n}", failed_polls=1, last_error=reason) for n in range(3)]
    error = an_error(-60, repository="octo/0", message=reason)
    [problem] = judged(repositories=failing, errors=[error]).problems
    assert problem.sentence == f"3 repositories cannot be collected: {reason}"
    assert problem.detail == error.remedy


def test_who_does_not_answer_is_named_with_the_time():
    """It may answer yet, so nothing is broken; a failure that follows is reported before it."""
    silence = {"https://api.github.com": at(-30)}
    health = judged(unanswered_since=silence)
    assert (health.state, health.tone) == (HealthState.DEGRADED, "warn")
    assert health.sentence == "https://api.github.com does not answer."
    assert health.as_json()["since"] == format_timestamp(at(-30))
    limited = judged(unanswered_since=silence, agents=agents("running", "limited"))
    assert limited.sentence == health.sentence
    failing = [polled("octo/api", failed_polls=1, last_error="no"), polled("octo/web")]
    both = judged(unanswered_since=silence, repositories=failing)
    assert both.sentence == "octo/api cannot be collected."
    assert both.problems[1].sentence == health.sentence


def test_an_agent_that_fails_by_a_silence_leaves_the_sentence_to_it():
    """The agent tries again each minute, and the sentence does not change with it."""
    silence = {"Queue logs": at(-30)}
    note = "Queue logs in us-east-1 cannot be reached: Read timeout."
    failed = judged(unanswered_since=silence, agents=agents("error", "running", note=note))
    assert (failed.sentence, failed.tone) == ("Queue logs does not answer.", "bad")
    assert [each.detail for each in failed.problems[1:]] == [note]
    other = judged(
        unanswered_since={"Queue log": at(-30)}, agents=agents("error", "idle", note=note)
    )
    assert other.sentence == "The Pipeline Monitoring Agent reports an error."


def test_a_failing_repository_that_is_paused_is_no_problem():
    paused = polled("octo/api", failed_polls=3, last_error="no", paused=True)
    assert judged(repositories=[paused, polled("octo/web")]).state is HealthState.HEALTHY


def test_pending_logs_that_do_not_move_are_reported():
    """While some are published, a long wait is no stall."""
    counts, old = LedgerCounts(attempts=10, logs_pending=300), a_log(updated_at=at(-3600))
    health = judged(counts=counts, oldest_pending_log=old)
    assert health.state is HealthState.DEGRADED
    assert health.sentence == "300 logs are pending, and none has been published for a while."
    assert health.problems[0].since == at(-3600)
    assert (
        judged(counts=counts, oldest_pending_log=old, recent_log_count=1).state
        is HealthState.CATCHING_UP
    )
    young = a_log(updated_at=at(-60))
    assert judged(counts=counts, oldest_pending_log=young).state is HealthState.CATCHING_UP


def test_a_log_that_is_tried_in_vain_is_old_however_late_its_last_try_was():
    """Its reason stands beside the count, and other logs that are published do not hide it."""
    tried = a_log(updated_at=at(-60), pending_since=at(-7200), tries=9, reason="No such bucket.")
    counts = LedgerCounts(attempts=10, logs_pending=1)
    stuck = judged(counts=counts, oldest_pending_log=tried)
    assert stuck.sentence == "1 log is pending, and none has been published for a while."
    assert (stuck.problems[0].since, stuck.tone) == (at(-7200), "bad")
    assert stuck.problems[0].detail == "The oldest is of build in Octo/API. No such bucket."
    partly = judged(counts=counts, oldest_pending_log=tried, recent_log_count=4)
    assert partly.sentence == "Some logs cannot be fetched, others are published."
    assert (partly.state, partly.tone) == (HealthState.DEGRADED, "warn")


def test_a_repository_that_was_never_polled_is_not_collected_yet():
    repositories = [polled("octo/api"), polled("octo/new", last_polled_at=None)]
    health = judged(repositories=repositories)
    assert health.state is HealthState.CATCHING_UP
    assert health.sentence == "Catching up: 1 repository not polled yet."


def test_a_repository_whose_run_list_was_never_read_whole_is_not_collected_yet():
    """A first poll that another process is in the way of ends without runs, and has not failed."""
    health = judged(repositories=[polled("octo/api"), polled("octo/new", cursor=None)])
    assert health.sentence == "Catching up: 1 repository not polled yet."


def test_a_repository_that_nobody_polls_when_it_is_due_is_reported():
    overdue = polled("octo/late", next_poll_at=at(-1800), last_polled_at=at(-1830))
    repositories = [overdue, polled("octo/api", next_poll_at=at(-60))]
    health = judged(repositories=repositories)
    assert (health.state, health.tone) == (HealthState.DEGRADED, "warn")
    assert health.sentence == "1 repository is not polled, although due."
    assert (health.problems[0].since, "octo/late" in health.problems[0].detail) == (at(-1800), True)
    urgent = replace(overdue, next_poll_at=urgent_due_at(at(-60)))
    assert judged(repositories=[urgent]).state is HealthState.HEALTHY, "it was asked for just now"
    asked_for = replace(polled("octo/asked"), next_poll_at=urgent_due_at(at(-1000)))
    longest = judged(repositories=[overdue, asked_for]).problems[0]
    assert (longest.since, "octo/late" in longest.detail) == (at(-1800), True)
    polling = replace(overdue, lease_until=at(60))
    assert judged(repositories=[polling]).state is HealthState.HEALTHY
    limited = judged(repositories=repositories, agents=agents("limited", "idle"))
    assert len(limited.problems) == 1, "the agent says already why nothing is polled"


def test_a_source_that_cannot_be_listed_is_reported_for_as_long_as_that_lasts():
    source = SourceRecord(
        pattern="octo/*", added_at=at(-9000), origin="setting", last_error="GitHub answered 403."
    )
    health = judged(sources=[source])
    assert health.sentence == "The repositories of octo/* cannot be listed."
    assert health.problems[0].detail == "GitHub answered 403."
    nothing = judged(sources=[source], repositories=[])
    assert (nothing.state, nothing.tone) == (HealthState.DEGRADED, "bad")


def test_a_credential_that_github_rejects_is_reported_also_where_others_read():
    credential = CredentialRecord(name="token …a1b2", kind="token", updated_at=NOW)
    rejected = judged(credentials=[replace(credential, rejection="Bad credentials")])
    assert rejected.sentence == "GitHub does not accept the credential token …a1b2."
    assert rejected.problems[0].detail == "Bad credentials"
    reported = an_error(-60, message=rejection_text(credential.name, "Bad credentials"))
    with_error = judged(
        credentials=[replace(credential, rejection="Bad credentials")], errors=[reported]
    )
    assert len(with_error.problems) == 1, "its error is no second problem"
    assert with_error.problems[0].detail == f"Bad credentials {reported.remedy}"
    expired = judged(credentials=[replace(credential, expires_at=at(-60))])
    assert (expired.tone, expired.problems[0].since) == ("bad", at(-60))
    assert judged(credentials=[replace(credential, expires_at=at(60))]).tone == "ok"


def test_nothing_watched_hides_no_agent_that_fails():
    health = judged(repositories=[], agents=agents("error", "idle", note="No such queue."))
    assert (health.state, health.tone) == (HealthState.DEGRADED, "bad")
    assert health.sentence == "The Pipeline Monitoring Agent reports an error."
    paused = [polled("octo/api", paused=True)]
    resting = judged(repositories=paused, agents=agents("error", "idle"))
    assert (resting.sentence, resting.tone) == ("Every repository is paused.", "bad")


def test_a_recent_error_never_stands_beside_everything_works():
    health = judged(errors=[an_error(-60, message="AWS refused a message.")])
    assert (health.state, health.tone) == (HealthState.DEGRADED, "warn")
    assert health.sentence == "1 error was recorded in the last 15 minutes."
    assert health.problems[0].detail == "AWS refused a message."
    two = [an_error(-60, message="A new error."), an_error(-600, message="Another error.")]
    problem = judged(errors=two).problems[0]
    assert (problem.since, problem.last_at) == (None, at(-60))  # it may be over
    assert judged(errors=two).as_json()["last_at"] == format_timestamp(at(-60))
    assert judged(errors=[an_error(-3600)]).state is HealthState.HEALTHY
    assert judged(errors=[an_error(86_400)]).state is HealthState.HEALTHY  # by a wrong clock
    assert judged(errors=[an_error(-60, repository="octo/api")]).state is HealthState.DEGRADED
    assert judged(errors=[an_error(-60, repository="octo/removed")]).state is HealthState.HEALTHY


def test_a_backfill_is_catching_up_with_an_estimate():
    counts = LedgerCounts(attempts=900, open_attempts=300, unread_attempts=300)
    health = judged(counts=counts, backfill_seconds_left=240.0)
    assert (health.state, health.tone) == (HealthState.CATCHING_UP, "ok")
    assert health.sentence == "Catching up: 300 run attempts to backfill in about 4 minutes."
    assert judged(counts=counts).sentence == "Catching up: 300 run attempts to backfill."
    logs = judged(counts=LedgerCounts(attempts=10, logs_pending=2082), recent_log_count=5)
    assert logs.sentence == "Catching up: 2,082 logs pending."
    hours = judged(counts=counts, backfill_seconds_left=3 * 3600.0).sentence
    assert hours.endswith("about 3 hours.")
