"""The checks of ``runstream doctor``: everything a collector needs, each with its remedy.

One list of plain values serves the command line and the dashboard. The checks change nothing: the
row that is written to test the state is removed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ...domain.counted_nouns import join_first
from ...domain.source_records import (
    CredentialRecord,
    DiscoveredRepository,
    SourceRecord,
    patterns_of,
)
from ...domain.sources import SourcePattern, parse_source
from ...domain.stored_values import repository_key
from ...errors import IngestError
from ...ports import Clock, StateStore
from ...ports.inspection import FAILED, CheckResult, QueueInspector
from ...settings import Settings
from .github import (
    INCOMPLETE_LIST_REMEDY,
    NEW_CREDENTIAL_REMEDY,
    DoctorGithub,
    check_access,
    check_credentials,
    check_repository,
    check_source,
)
from .machine import check_machine
from .queues import check_bucket, check_queues

#: GitHub suggests a random secret of this length at least.
#: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
MIN_WEBHOOK_SECRET_LENGTH = 16

#: Repositories that are checked one by one, with three requests each.
MAX_REPOSITORIES = 50

#: The most names of suspended repositories in a finding; the others are counted.
NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorTarget:
    """The parts of a collector that are checked; opening one is part of its check.

    ``repositories`` and ``sources`` were named by the caller, and are checked in addition to those
    in the state.
    """

    settings: Settings
    open_github: Callable[[], DoctorGithub]
    open_queues: Callable[[], QueueInspector]
    open_state: Callable[[], StateStore]
    clock: Clock
    repositories: Sequence[str] = ()
    sources: Sequence[SourcePattern] = ()


@dataclass(slots=True)
class StateContents:
    """What the check of the state loads for other checks.

    ``repositories`` are the names of those that are not paused, failing ones first.
    """

    repositories: list[str] = field(default_factory=list)
    sources: list[SourceRecord] = field(default_factory=list)
    credentials: list[CredentialRecord] = field(default_factory=list)
    discovered: list[DiscoveredRepository] = field(default_factory=list)
    is_complete: bool = False


def run_checks(target: DoctorTarget) -> Iterator[CheckResult]:
    """Yield the finding of each check when it ends; raises nothing."""
    contents = StateContents()
    yield from check_state(target, contents)
    yield from check_github(target, contents)
    yield from check_queues_and_bucket(target)
    yield check_webhook_secret(target.settings)
    yield from check_machine()


def no_check_failed(checks: Iterable[CheckResult]) -> bool:
    """Return whether no check failed; warnings are accepted."""
    return all(check.status != FAILED for check in checks)


def check_state(target: DoctorTarget, contents: StateContents) -> Iterator[CheckResult]:
    """Check that the state can be read and written; fill ``contents`` with what it contains."""
    try:
        state = target.open_state()
        try:
            records = sorted(state.list_repositories(), key=lambda each: -each.failed_polls)
            contents.repositories = [each.full_name for each in records if not each.paused]
            contents.sources = state.list_sources()
            contents.credentials = state.list_credentials()
            contents.discovered = state.list_discovered_repositories()
            contents.is_complete = True
            state.check_writable(now=target.clock.now())
        finally:
            state.close()
    except IngestError as error:
        remedy = "Fix the reported problem, or set DATABASE_URL to another database."
        yield CheckResult.failed("state", error, remedy)
    else:
        watched = f"repositories watched: {len(contents.repositories)}"
        yield CheckResult.ok("state", f"The state can be read and written; {watched}.")


def check_github(target: DoctorTarget, contents: StateContents) -> Iterator[CheckResult]:
    """Check each credential and source, and that the repositories can be read."""
    try:
        github = target.open_github()
    except IngestError as error:
        yield CheckResult.failed("token", error, error.remedy or NEW_CREDENTIAL_REMEDY)
        return
    is_any_valid = False
    for check in check_credentials(github.inspector, now=target.clock.now):
        is_any_valid = is_any_valid or check.status != FAILED
        yield check
    if not is_any_valid:
        return  # each repository would fail in the same way
    yield from check_access(contents.credentials, now=target.clock.now())
    yield from check_sources(target, github, contents.sources)
    polled = set(map(repository_key, contents.repositories))
    yield from check_suspended(
        [each for each in contents.discovered if repository_key(each.full_name) not in polled]
    )
    days = target.settings.collecting.backfill_days
    names = list(
        {name.lower(): name for name in [*target.repositories, *contents.repositories]}.values()
    )
    for name in names[:MAX_REPOSITORIES]:
        yield check_repository(github.actions, github.inspector, name, backfill_days=days)
    if len(names) > MAX_REPOSITORIES:
        more = f"{len(names) - MAX_REPOSITORIES:,} more repositories are watched"
        yield CheckResult.ok("repositories", f"{more} and were not checked one by one.")
    is_any_watched = names or contents.sources or target.settings.sources or _named_sources(target)
    if contents.is_complete and not is_any_watched:
        remedy = (
            "Add one on the Repositories page of the web app, or name one: runstream doctor "
            "OWNER/REPO, and collect OWNER/REPO."
        )
        yield CheckResult.warning("repositories", "No repository is watched yet.", remedy)


def check_queues_and_bucket(target: DoctorTarget) -> Iterator[CheckResult]:
    """Check queues and bucket."""
    try:
        queues = target.open_queues()
    except IngestError as error:
        remedy = "Correct the settings of the message bus, EVENT_BUS and its credentials."
        yield CheckResult.failed("queues", error, remedy)
        return
    yield from check_queues(queues, target.settings.queues)
    yield check_bucket(queues, target.settings.queues.log_bucket)


def check_sources(
    target: DoctorTarget, github: DoctorGithub, known: Sequence[SourceRecord]
) -> Iterator[CheckResult]:
    """Preview the sources that the caller named, and report the errors of the known ones."""
    other_sources = [*target.sources, *target.settings.sources, *patterns_of(known)]
    for pattern in _named_sources(target):
        yield check_source(
            github,
            pattern,
            [each for each in other_sources if str(each).lower() != str(pattern).lower()],
            log_mode=target.settings.collecting.log_mode,
            now=target.clock.now(),
        )
    given = {str(each).lower() for each in _named_sources(target)}
    for record in known:
        if record.last_error is not None and record.pattern.lower() not in given:
            remedy = "Check its name, and that a credential may list its repositories."
            yield CheckResult.failed(f"source {record.pattern}", record.last_error, remedy)
        elif record.truncation_note is not None and record.pattern.lower() not in given:
            yield CheckResult.warning(
                f"source {record.pattern}", record.truncation_note, INCOMPLETE_LIST_REMEDY
            )


def check_suspended(discovered: Sequence[DiscoveredRepository]) -> Iterator[CheckResult]:
    """Report repositories that are not polled; warn if a source names one of them."""
    reasons: dict[str, list[DiscoveredRepository]] = {}
    for each in discovered:
        if each.suspension_reason is not None:
            reasons.setdefault(each.suspension_reason, []).append(each)
    for reason, suspended in reasons.items():
        names = [each.full_name for each in suspended]
        finding = f"{join_first(names, NAMES_SHOWN)}: {reason}"
        if any(
            each.is_missing and parse_source(each.source).names_one_repository for each in suspended
        ):
            remedy = "Correct its name, let a credential read it, or remove it: runstream sources."
            yield CheckResult.warning("not polled", finding, remedy)
        else:
            yield CheckResult.ok("not polled", finding)


def _named_sources(target: DoctorTarget) -> list[SourcePattern]:
    """Return the sources that the caller named, without exclusions."""
    return [each for each in target.sources if not each.is_exclusion]


def check_webhook_secret(settings: Settings) -> CheckResult:
    """Check that the secret of the webhook is long enough."""
    subject, secret = "webhook secret", settings.github.webhook_secret
    if secret is None:
        seconds = settings.collecting.poll_seconds
        finding = f"No GITHUB_WEBHOOK_SECRET is set: runs are found by polling every {seconds} s."
        return CheckResult.ok(subject, finding)
    if len(secret.reveal()) < MIN_WEBHOOK_SECRET_LENGTH:
        finding = "GITHUB_WEBHOOK_SECRET is short enough to be guessed."
        remedy = "Make one with: openssl rand -hex 32; set it here and at GitHub."
        return CheckResult.warning(subject, finding, remedy)
    return CheckResult.ok(subject, "GITHUB_WEBHOOK_SECRET is set.")
