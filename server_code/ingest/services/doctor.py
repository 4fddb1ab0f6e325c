"""The doctor: look at everything a collector needs, and say what is wrong and how to mend it.

One list of plain values serves the command line and the dashboard. Looking changes nothing, but
for one mark in the state that proves it can be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import IngestError
from ..inspection import FAILED, OK, WARNING, Check, GithubInspector, QueueInspector
from ..ports import ActionsSource, Clock, StateStore
from ..settings import Settings
from .doctor_aws import check_bucket, check_queues
from .doctor_github import NEW_CREDENTIAL, check_credentials, check_repository
from .doctor_machine import check_machine

#: GitHub suggests a random secret of this length at least.
#: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
MIN_WEBHOOK_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorTarget:
    """The parts of a collector that the doctor checks; opening one is part of its check.

    ``repositories`` are looked at besides those that the state holds.
    """

    settings: Settings
    open_github: Callable[[], tuple[GithubInspector, ActionsSource]]
    open_queues: Callable[[], QueueInspector]
    open_state: Callable[[], StateStore]
    clock: Clock
    repositories: Sequence[str] = ()


def run_checks(target: DoctorTarget) -> Iterator[Check]:
    """Yield the finding of each check as it comes; raises nothing."""
    watched: list[str] = []
    yield from _check_state(target, watched)
    yield from _check_github(target, _distinct([*target.repositories, *watched]))
    yield from _check_aws(target)
    yield _check_webhook_secret(target.settings)
    yield from check_machine()


def is_well(checks: Iterable[Check]) -> bool:
    """Return whether no check failed; warnings are accepted."""
    return all(check.status != FAILED for check in checks)


def _check_state(target: DoctorTarget, watched: list[str]) -> Iterator[Check]:
    """Open, read and write the state; ``watched`` receives what it holds."""
    try:
        state = target.open_state()
        try:
            watched += [each.full_name for each in state.list_repositories() if not each.paused]
            now = target.clock.now()
            state.claim_once(f"doctor {now.isoformat()}", now=now)
        finally:
            state.close()
    except IngestError as error:
        remedy = "Mend what it says; DATABASE_URL names another database."
        yield Check(subject="state", status=FAILED, finding=str(error), remedy=remedy)
    else:
        finding = f"The state can be read and written; repositories watched: {len(watched)}."
        yield Check(subject="state", status=OK, finding=finding)


def _check_github(target: DoctorTarget, repositories: Sequence[str]) -> Iterator[Check]:
    try:
        inspector, source = target.open_github()
    except IngestError as error:
        yield Check(subject="token", status=FAILED, finding=str(error), remedy=NEW_CREDENTIAL)
        return
    is_known = False
    for check in check_credentials(inspector, now=target.clock.now):
        is_known = is_known or check.status != FAILED
        yield check
    if not is_known:
        return  # each repository would only say the same again
    days = target.settings.collecting.backfill_days
    for name in repositories:
        yield check_repository(source, inspector, name, backfill_days=days)
    if not repositories:
        yield _nothing_watched()


def _check_aws(target: DoctorTarget) -> Iterator[Check]:
    try:
        queues = target.open_queues()
    except IngestError as error:
        remedy = "Mend the AWS settings, in the environment or in ~/.aws."
        yield Check(subject="AWS", status=FAILED, finding=str(error), remedy=remedy)
        return
    yield from check_queues(queues, target.settings.queues)
    yield check_bucket(queues, target.settings.queues.log_bucket)


def _nothing_watched() -> Check:
    return Check(
        subject="repositories",
        status=WARNING,
        finding="No repository is watched yet.",
        remedy="Give one: runstream doctor OWNER/REPO, and collect OWNER/REPO.",
    )


def _check_webhook_secret(settings: Settings) -> Check:
    subject, secret = "webhook secret", settings.github.webhook_secret
    if secret is None:
        seconds = settings.collecting.poll_seconds
        finding = f"No webhooks are expected; runs are found by asking every {seconds} s."
        return Check(subject=subject, status=OK, finding=finding)
    if len(secret.reveal()) < MIN_WEBHOOK_SECRET:
        return Check(
            subject=subject,
            status=WARNING,
            finding="GITHUB_WEBHOOK_SECRET is short enough to be guessed.",
            remedy="Make one with: openssl rand -hex 32; set it here and at GitHub.",
        )
    return Check(subject=subject, status=OK, finding="GITHUB_WEBHOOK_SECRET is set.")


def _distinct(names: Iterable[str]) -> list[str]:
    """Drop repetitions, without regard to case."""
    return list({name.lower(): name for name in names}.values())
