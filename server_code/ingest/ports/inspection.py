"""What ``doctor`` needs of GitHub and of the queues, and the results of its checks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from .github import RateLimitStatus

OK = "ok"
WARNING = "warning"
FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One finding: its subject, its status, and the remedy where it is not ok."""

    subject: str
    status: str
    finding: str
    remedy: str | None = None

    @classmethod
    def ok(cls, subject: str, finding: str) -> CheckResult:
        """Build a finding that nothing is wrong."""
        return cls(subject=subject, status=OK, finding=finding)

    @classmethod
    def warning(cls, subject: str, finding: str, remedy: str) -> CheckResult:
        """Build a finding about a problem that prevents nothing from working."""
        return cls(subject=subject, status=WARNING, finding=finding, remedy=remedy)

    @classmethod
    def failed(cls, subject: str, finding: str | Exception, remedy: str) -> CheckResult:
        """Build a finding about something that does not work."""
        return cls(subject=subject, status=FAILED, finding=str(finding), remedy=remedy)

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedCredential:
    """What GitHub returns about a credential.

    ``scopes`` is None where the kind has none; ``server_time`` is GitHub's own clock.
    """

    kind: str
    login: str | None
    scopes: tuple[str, ...] | None
    expires_at: datetime | None
    rate_limit_status: RateLimitStatus
    server_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAttributes:
    """Limits and counts of a queue; None for what the bus does not show to these credentials."""

    max_message_bytes: int
    visibility_seconds: int | None
    waiting: int | None
    dead_letter_queue: str | None
    dead_letters: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusRemedies:
    """What to do, in the terms of a bus, if something is missing, denied or unreachable."""

    missing: str
    denied: str
    unreachable: str


class GithubInspector(Protocol):
    """An inspector of credentials; it raises what ActionsApi raises."""

    def credentials(self) -> list[str]:
        """List the names of the configured credentials, which are no secrets."""

    def inspect(self, credential: str) -> InspectedCredential:
        """Fetch what GitHub returns about one credential."""

    def retention_days(self, repository: str) -> int | None:
        """Return for how many days a repository keeps logs; None if that is unknown."""


class QueueInspector(Protocol):
    """A client that checks queues and the bucket without leaving anything in them.

    Raises QueueMissing, AccessDenied, QueueUnavailable, BadSettings.
    """

    remedies: ClassVar[BusRemedies]

    def inspect_queue(self, name: str) -> QueueAttributes:
        """Read a queue's attributes."""

    def check_can_send(self, name: str) -> None:
        """Raise if these credentials may not send messages to a queue."""

    def check_can_store(self, bucket: str) -> None:
        """Raise if these credentials may not store objects in a bucket."""
