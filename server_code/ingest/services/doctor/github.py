"""Checks of GitHub: credentials, limits, clock and repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...domain.counted_nouns import plural
from ...domain.source_records import CredentialRecord
from ...domain.sources import SourcePattern
from ...errors import (
    AccessDenied,
    BadCredentials,
    IngestError,
    RateLimited,
    Skippable,
)
from ...ports import ActionsApi, RateLimitStatus, RunQuery
from ...ports.inspection import (
    OK,
    CheckResult,
    GithubInspector,
    InspectedCredential,
)
from ...ports.repository_api import ANONYMOUS, ANONYMOUS_KIND
from ..dashboard.credentials import describe_expiry, minute_limit_problem, missing_access
from ..sources.preview_source import GithubApis, describe_preview, preview_source

#: AWS rejects signatures that are 5 minutes off, and GitHub an App's that are 1 minute early.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
SKEW_WARNING_SECONDS = 30
SKEW_FAILURE_SECONDS = 240

NEW_CREDENTIAL_REMEDY = (
    "Create a token with read access to actions, contents, metadata and pull requests, and set "
    "GITHUB_TOKEN: https://github.com/settings/personal-access-tokens"
)

INCOMPLETE_LIST_REMEDY = (
    "Authorize the token, or name the repositories that are missing: runstream sources add "
    "OWNER/NAME."
)


@dataclass(frozen=True, slots=True)
class DoctorGithub(GithubApis):
    """The parts of GitHub's API that the checks need."""

    inspector: GithubInspector


def check_credentials(
    inspector: GithubInspector, *, now: Callable[[], datetime]
) -> Iterator[CheckResult]:
    """Check each credential (owner, expiry, rate limit), and the clock against GitHub's.

    A cache may send an old date, so the answer whose date is the nearest to the clock counts.
    """
    clock_errors: list[timedelta] = []
    for name in inspector.credentials():
        subject = "token" if name == ANONYMOUS else name
        try:
            info = inspector.inspect(name)
        except RateLimited as error:
            yield _limited(subject, error)
        except IngestError as error:
            yield CheckResult.failed(subject, error, _credential_remedy(error))
        else:
            yield _check_identity(name, info, now())
            of_name = "without a token" if info.kind == ANONYMOUS_KIND else f"of {name}"
            yield _check_rate_limit(f"limit {of_name}", info.rate_limit_status)
            if info.server_time is not None:
                clock_errors.append(now() - info.server_time)
    if clock_errors:
        yield _check_clock(min(clock_errors, key=abs).total_seconds())


def check_repository(
    actions: ActionsApi, inspector: GithubInspector, name: str, *, backfill_days: float
) -> CheckResult:
    """Check a repository: that it exists, its Actions are readable, and its logs are kept."""
    subject = f"repository {name}"
    try:
        info = actions.fetch_repository(name)
        page = actions.fetch_runs(name, RunQuery()).value
        days = inspector.retention_days(name)
    except RateLimited as error:
        return _limited(subject, error)
    except IngestError as error:
        return CheckResult.failed(subject, error, _repository_remedy(error))
    kept = f"; logs are kept for {days} days" if days is not None else ""
    runs = page.total_count if page is not None else 0
    finding = f"{info.full_name} is readable: {plural(runs, 'run')}{kept}."
    if info.is_archived:
        return CheckResult.warning(
            subject,
            f"{finding} It is archived.",
            "Archived repositories run no workflows: remove it.",
        )
    if days is not None and days < backfill_days:
        return CheckResult.warning(
            subject, finding, f"Set BACKFILL_DAYS ({backfill_days:g}) to {days}."
        )
    return CheckResult.ok(subject, finding)


def check_access(records: Sequence[CredentialRecord], *, now: datetime) -> Iterator[CheckResult]:
    """Report how many repositories each credential lists, and what keeps it from reading them."""
    for record in records:
        problem = missing_access(record, now) or minute_limit_problem(record, now)
        if not record.repository_lists and problem is None:
            continue
        finding = f"GitHub lists {len(record.repositories):,} repositories for it."
        subject = f"access of {record.name}"
        if problem is not None:
            yield CheckResult.warning(subject, f"{finding} {problem[0]}", remedy=problem[1])
        else:
            yield CheckResult.ok(subject, finding)


def check_source(
    github: DoctorGithub,
    pattern: SourcePattern,
    other_sources: Sequence[SourcePattern],
    *,
    log_mode: str,
    now: datetime,
) -> CheckResult:
    """Check a source: what it matches, what is left out, and what it costs an hour."""
    subject = f"source {pattern}"
    try:
        preview = preview_source(github, pattern, other_sources, log_mode=log_mode, now=now)
    except RateLimited as error:
        return _limited(subject, error)
    except IngestError as error:
        return CheckResult.failed(subject, error, _repository_remedy(error))
    finding = describe_preview(preview)
    if not preview.matched:
        remedy = "Check its spelling, and that a credential may read repositories that match it."
        return CheckResult.warning(subject, finding, remedy)
    if preview.truncation_note is not None:
        return CheckResult.warning(subject, finding, INCOMPLETE_LIST_REMEDY)
    return CheckResult.ok(subject, finding)


def _check_identity(name: str, info: InspectedCredential, now: datetime) -> CheckResult:
    if info.kind == ANONYMOUS_KIND:
        finding = "No token is set: GitHub allows 60 requests an hour, and no logs."
        return CheckResult.warning("token", finding, NEW_CREDENTIAL_REMEDY)
    status, when = describe_expiry(info.expires_at, now=now)
    scopes = f", scopes {', '.join(info.scopes) or 'none'}" if info.scopes is not None else ""
    owner = f" of {info.login}" if info.login else ""
    finding = f"{info.kind}{owner}{scopes}" + (f"; {when}" if when else "")
    if status != OK:
        return CheckResult(
            subject=name, status=status, finding=f"{finding}.", remedy=NEW_CREDENTIAL_REMEDY
        )
    if info.scopes is not None and "repo" not in info.scopes:
        remedy = "Private repositories need the scope repo; public ones do not."
        return CheckResult.warning(name, f"{finding}.", remedy)
    return CheckResult.ok(name, f"{finding}.")


def _check_rate_limit(subject: str, rate_limit: RateLimitStatus) -> CheckResult:
    if rate_limit.limit is None or rate_limit.remaining is None:
        return CheckResult.ok(subject, "GitHub reports no limit.")
    until = f" until {rate_limit.reset_at:%H:%M} UTC" if rate_limit.reset_at else ""
    finding = f"{rate_limit.remaining:,} of {rate_limit.limit:,} requests are left{until}."
    if rate_limit.remaining < rate_limit.limit // 10:
        remedy = "Wait, or add another token: GITHUB_TOKEN takes several."
        return CheckResult.warning(subject, finding, remedy)
    return CheckResult.ok(subject, finding)


def _check_clock(seconds: float) -> CheckResult:
    where = "ahead of" if seconds > 0 else "behind"
    finding = f"This machine's clock is {abs(seconds):,.0f} s {where} GitHub's."
    remedy = "Set the clock, preferably by NTP: AWS rejects requests that are 5 minutes off."
    if abs(seconds) >= SKEW_FAILURE_SECONDS:
        return CheckResult.failed("clock", finding, remedy)
    if abs(seconds) >= SKEW_WARNING_SECONDS:
        return CheckResult.warning("clock", finding, remedy)
    return CheckResult.ok("clock", "This machine's clock agrees with GitHub's.")


def _credential_remedy(error: IngestError) -> str:
    if error.remedy is not None:
        return error.remedy
    if isinstance(error, BadCredentials):
        return NEW_CREDENTIAL_REMEDY
    return "Check GITHUB_API_URL and the network: proxy, firewall and certificate."


def _repository_remedy(error: IngestError) -> str:
    if error.remedy is not None:
        return error.remedy
    if isinstance(error, Skippable):
        return "Check its name and that the token may read it: private ones answer 404 otherwise."
    if isinstance(error, AccessDenied):
        return "Give the token read access to actions, contents and pull requests."
    return "Fix what the checks of the credentials report, then try again."


def _limited(subject: str, error: RateLimited) -> CheckResult:
    remedy = f"Wait until {error.retry_at:%H:%M:%S} UTC. Collection waits by itself."
    return CheckResult.warning(subject, str(error), remedy)
