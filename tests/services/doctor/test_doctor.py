"""The doctor's judgement, over plain values: each state of the world has its finding."""

from __future__ import annotations

import resource
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.ledger import new_repository
from ingest.domain.source_records import DiscoveredRepository
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    BadSettings,
    GithubUnavailable,
    IngestError,
    NotFound,
    QueueMissing,
    RateLimited,
    StateUnavailable,
)
from ingest.ports import Answer, Clock, RateLimitStatus, RepositoryInfo, RunPage
from ingest.ports.inspection import (
    FAILED,
    OK,
    WARNING,
    BusRemedies,
    CheckResult,
    InspectedCredential,
    QueueAttributes,
)
from ingest.services.doctor.checks import DoctorTarget, no_check_failed, run_checks
from ingest.services.doctor.github import DoctorGithub
from ingest.settings import CollectingSettings, GithubSettings, QueueSettings, Secret, Settings

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)

WELL = InspectedCredential(
    kind="classic token",
    login="octocat",
    scopes=("repo",),
    expires_at=None,
    rate_limit_status=RateLimitStatus(limit=5000, remaining=4000, reset_at=NOW),
    server_time=NOW,
)
QUEUE = QueueAttributes(
    max_message_bytes=1_048_576,
    visibility_seconds=120,
    waiting=0,
    dead_letter_queue="work_dlq",
    dead_letters=0,
)
FACTS = RepositoryInfo(full_name="octo/api", is_private=False, is_archived=False, html_url=None)


class StandingClock(Clock):
    """Always return the same time."""

    def now(self) -> datetime:
        return NOW


@dataclass
class LocalEnvironment:
    """Answer as GitHub and AWS would, or raise what is put in an answer's place."""

    credential: InspectedCredential | IngestError = WELL
    repository: RepositoryInfo | IngestError = FACTS
    days: int | None = 90
    remedies = BusRemedies(missing="setup", denied="grant", unreachable="AWS_ENDPOINT_URL")
    queue: QueueAttributes | IngestError = QUEUE
    bucket: IngestError | None = None
    asked: list[str] = field(default_factory=list)

    def credentials(self) -> list[str]:
        return ["token-1"]

    def inspect(self, _credential: str) -> InspectedCredential:
        return given(self.credential)

    def retention_days(self, _repository: str) -> int | None:
        return self.days

    def fetch_repository(self, repository: str) -> RepositoryInfo:
        self.asked.append(repository)
        return given(self.repository)

    def fetch_runs(self, _repository: str, _query: object) -> Answer[RunPage]:
        return Answer(RunPage(runs=(), total_count=7, has_next=False), None)

    def inspect_queue(self, _name: str) -> QueueAttributes:
        return given(self.queue)

    def check_can_send(self, _name: str) -> None:
        pass

    def check_can_store(self, _bucket: str) -> None:
        given(self.bucket)


def given(answer: Any) -> Any:
    """Return an answer, or raise it."""
    if isinstance(answer, IngestError):
        raise answer
    return answer


def target(world: LocalEnvironment, **changes: object) -> DoctorTarget:
    """Build what is examined: one repository, and a state in memory."""
    built = DoctorTarget(
        settings=Settings(),
        open_github=lambda: DoctorGithub(world, world, world),  # type: ignore[arg-type]
        open_queues=lambda: world,
        open_state=lambda: open_sql_state("sqlite://"),
        clock=StandingClock(),
        repositories=["octo/api"],
    )
    return replace(built, **changes)  # type: ignore[arg-type]


def check(world: LocalEnvironment, subject: str, **changes: object) -> CheckResult:
    """Examine, and choose the finding of one subject."""
    checks = run_checks(target(world, **changes))
    return next(each for each in checks if each.subject.startswith(subject))


def test_where_all_is_well_nothing_needs_a_remedy():
    """Every check is ok and says what it saw."""
    checks = list(run_checks(target(LocalEnvironment())))
    assert {each.status for each in checks} == {"ok"}
    assert {each.remedy for each in checks} == {None}
    assert no_check_failed(checks)


@pytest.mark.parametrize(
    ("info", "subject", "status", "words"),
    [
        ({"kind": "no token", "scopes": None}, "token", "warning", "60 requests an hour"),
        ({"kind": "no token", "scopes": None}, "limit without a token", "ok", "are left"),
        (
            {"expires_at": NOW + timedelta(days=3)},
            "token-1",
            "warning",
            "expires in 3 days, on 2026-05-04",
        ),
        ({"expires_at": NOW + timedelta(days=90)}, "token-1", "ok", "it expires on 2026-07-30"),
        ({"scopes": ("gist",)}, "token-1", "warning", "scopes gist"),
        ({"scopes": ()}, "token-1", "warning", "scopes none"),
        ({"scopes": None, "kind": "fine-grained token"}, "token-1", "ok", "fine-grained token"),
        ({"server_time": NOW + timedelta(seconds=20)}, "clock", "ok", "agrees"),
        ({"server_time": NOW + timedelta(seconds=60)}, "clock", "warning", "60 s behind"),
        ({"server_time": NOW - timedelta(seconds=900)}, "clock", "failed", "900 s ahead of"),
        (
            {"rate_limit_status": RateLimitStatus(limit=5000, remaining=40, reset_at=NOW)},
            "limit",
            "warning",
            "40 of 5,000 requests are left until 12:00 UTC",
        ),
        (
            {"rate_limit_status": RateLimitStatus(limit=None, remaining=None, reset_at=None)},
            "limit",
            "ok",
            "no limit",
        ),
    ],
)
def test_what_github_reports_of_a_credential_is_judged(info, subject, status, words):
    """Kind, owner, scopes, expiry, budget and clock each have their bounds."""
    found = check(LocalEnvironment(credential=replace(WELL, **info)), subject)
    assert (found.status, words in found.finding) == (status, True), found
    assert (found.remedy is None) == (status == "ok")


def test_the_clock_is_checked_once_for_all_credentials():
    """By the nearest of GitHub's dates: a cache may send an old one."""

    class Cached(LocalEnvironment):
        def credentials(self) -> list[str]:
            return ["token-1", "token-2", "token-3"]

        def inspect(self, credential: str) -> InspectedCredential:
            late = {"token-2": timedelta(seconds=5)}.get(credential, timedelta(hours=1))
            return replace(WELL, server_time=NOW - late)

    found = [each for each in run_checks(target(Cached())) if each.subject == "clock"]
    assert [each.status for each in found] == ["ok"]


@pytest.mark.parametrize(
    ("error", "status", "remedy"),
    [
        (BadCredentials("No."), "failed", "GITHUB_TOKEN"),
        (GithubUnavailable("No."), "failed", "GITHUB_API_URL"),
        (RateLimited("No.", retry_at=NOW), "warning", "12:00:00 UTC"),
    ],
)
def test_a_credential_that_cannot_be_asked_about_has_a_remedy(error, status, remedy):
    """A limit passes by itself; the others do not."""
    found = check(LocalEnvironment(credential=error), "token-1")
    assert (found.status, found.finding) == (status, "No.")
    assert remedy in str(found.remedy)


def test_with_a_token_that_is_refused_no_repository_is_asked_for():
    """Each would only say the same again."""
    world = LocalEnvironment(credential=BadCredentials("No."))
    assert not no_check_failed(list(run_checks(target(world))))
    assert world.asked == []


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, "ok", "octo/api is readable: 7 runs; logs are kept for 90 days."),
        ({"days": None}, "ok", "octo/api is readable: 7 runs."),
        ({"days": 3}, "warning", "kept for 3 days"),
        ({"repository": replace(FACTS, is_archived=True)}, "warning", "archived"),
        ({"repository": NotFound("No.")}, "failed", "No."),
        ({"repository": AccessDenied("No.")}, "failed", "No."),
        ({"repository": GithubUnavailable("No.")}, "failed", "No."),
        ({"repository": RateLimited("No.", retry_at=NOW)}, "warning", "No."),
    ],
)
def test_a_repository_is_judged(changes, status, words):
    """It is there, alive, readable, and keeps its logs for as long as we reach back."""
    settings = Settings(collecting=CollectingSettings(backfill_days=7))
    found = check(LocalEnvironment(**changes), "repository octo/api", settings=settings)
    assert (found.status, words in found.finding) == (status, True), found
    assert (found.remedy is None) == (status == "ok")


def test_without_any_repository_it_reports_how_to_name_one():
    """Nothing is collected, and nothing else would say why."""
    found = check(LocalEnvironment(), "repositories", repositories=[])
    assert (found.status, "OWNER/REPO" in str(found.remedy)) == ("warning", True)


@pytest.mark.parametrize(
    ("queue", "status", "words"),
    [
        (QUEUE, "ok", "messages of up to 1,024 KiB; 0 waiting"),
        (replace(QUEUE, dead_letter_queue=None), "warning", "no dead-letter queue"),
        (replace(QUEUE, dead_letters=3), "warning", "3 are in work_dlq"),
        (replace(QUEUE, dead_letters=None), "ok", "0 waiting"),
        (replace(QUEUE, max_message_bytes=65_536), "warning", "64 KiB"),
        (replace(QUEUE, visibility_seconds=5), "warning", "repeated after 5 s"),
        (QueueMissing("No."), "failed", "No."),
        (AccessDenied("No."), "failed", "No."),
    ],
)
def test_the_queue_of_work_is_judged(queue, status, words):
    """It is there, puts aside what fails, and hides work for long enough."""
    found = check(LocalEnvironment(queue=queue), "queue ci_cd_job_events_queue")
    assert (found.status, words in found.finding) == (status, True), found
    assert (found.remedy is None) == (status == "ok")


def test_dead_letters_of_readers_are_not_ours_to_judge():
    """The queues of metrics and logs belong to those who read them."""
    world = LocalEnvironment(queue=replace(QUEUE, dead_letters=3))
    assert check(world, "queue ci_cd_metrics_queue").status == "ok"


@pytest.mark.parametrize(("error", "status"), [(None, "ok"), (QueueMissing("No."), "failed")])
def test_a_bucket_is_judged_where_one_is_configured(error, status):
    """Logs can be stored there, or not."""
    settings = Settings(queues=QueueSettings(log_bucket="logs"))
    assert check(LocalEnvironment(bucket=error), "bucket logs", settings=settings).status == status


@pytest.mark.parametrize(
    ("secret", "status"), [(None, "ok"), ("hunter2", "warning"), ("hunter2" * 5, "ok")]
)
def test_the_webhook_secret_is_judged_and_never_reported(secret, status):
    """None is fine, a short one can be guessed."""
    github = GithubSettings(webhook_secret=None if secret is None else Secret(secret))
    found = check(LocalEnvironment(), "webhook secret", settings=Settings(github=github))
    assert found.status == status
    assert "hunter2" not in f"{found.finding} {found.remedy}"


@pytest.mark.parametrize(
    ("part", "error", "subject"),
    [
        ("open_github", BadCredentials("No."), "token"),
        ("open_queues", BadSettings(["No."]), "queues"),
        ("open_state", StateUnavailable("No."), "state"),
    ],
)
def test_what_cannot_be_opened_is_a_finding_and_the_rest_is_looked_at(part, error, subject):
    """One fault must not hide another."""
    checks = list(run_checks(target(LocalEnvironment(), **{part: lambda: given(error)})))
    failed = [each for each in checks if each.status == "failed"]
    assert [(each.subject, each.finding) for each in failed] == [(subject, "No.")]
    assert [each.subject for each in checks[-2:]] == ["webhook secret", "temporary folder"]
    assert failed[0].as_json()["remedy"]


def test_github_that_cannot_be_opened_has_the_remedy_of_its_error():
    """A new token is no help where an installation is suspended."""
    error = BadCredentials("No.")
    error.remedy = "Unsuspend it."
    checks = run_checks(target(LocalEnvironment(), open_github=lambda: given(error)))
    assert next(each for each in checks if each.subject == "token").remedy == "Unsuspend it."


def test_a_temporary_folder_that_is_not_writable_is_a_failure(tmp_path, monkeypatch):
    """Large logs pass through it; the remedy names TMPDIR."""
    assert check(LocalEnvironment(), "temporary folder").status == OK
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    found = check(LocalEnvironment(), "temporary folder")
    assert found.status == FAILED
    assert "TMPDIR" in found.remedy


def test_a_low_limit_of_open_files_is_a_warning():
    """Sixty-four are too few for the threads of a collector."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        assert check(LocalEnvironment(), "open files").status == WARNING
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_archived_repository_that_somebody_has_resumed_is_polled():
    def state(*, is_paused: bool):
        opened = open_sql_state("sqlite://")
        opened.add_repository(new_repository("octo/api", backfill_days=1, now=NOW))
        opened.set_paused("octo/api", paused=is_paused)
        known = DiscoveredRepository(
            full_name="octo/api",
            source="octo/*",
            discovered_at=NOW,
            suspension_reason="It is archived on GitHub: no new workflows run.",
        )
        opened.save_discovered_repositories([known])
        return opened

    world = LocalEnvironment()
    suspended = check(world, "not polled", open_state=lambda: state(is_paused=True))
    assert suspended.finding.startswith("octo/api: It is archived")
    checks = run_checks(target(world, open_state=lambda: state(is_paused=False)))
    assert "not polled" not in [each.subject for each in checks]
