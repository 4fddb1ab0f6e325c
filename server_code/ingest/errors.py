"""Every error Runstream raises, sorted by what the caller should do about it.

IngestError
├── Retriable              try again later; nothing is lost by waiting
│   ├── RateLimited        GitHub forbids requests until ``retry_at``
│   ├── SourceUnavailable  GitHub did not answer, or answered with a 5xx
│   ├── QueueUnavailable   SQS or S3 did not take what was sent
│   ├── StateUnavailable   the state store did not answer
│   └── ResourceExhausted  this machine lacks disk space, a temporary folder or open files
├── Fatal                  a person must act first
│   ├── BadCredentials     GitHub refuses the token
│   ├── BadSettings        settings are missing or contradict each other
│   ├── AccessDenied       the token or key may not do this
│   └── QueueMissing       a queue or bucket does not exist
├── Skippable              this one thing cannot be had; go on with the rest
│   ├── NotFound           GitHub knows no such repository, run, job or commit
│   │   └── Gone           GitHub knew it once and has deleted it (410)
│   ├── LogPending         the job's log is not there (yet, or never)
│   ├── LogExpired         the log is past its retention
│   └── MalformedPayload   an answer or a message is not what its kind promises
├── Unexpected             a defect of this program met one item
└── Rejected               an outsider's input is refused
    ├── InvalidRepository  not a repository name or URL of the configured GitHub
    ├── InvalidSignature   a webhook is not signed with our secret
    └── MessageTooLarge    a message exceeds what the queue takes, and cannot be made smaller
"""

from __future__ import annotations

from datetime import datetime


class IngestError(Exception):
    """Be the root of every error raised on purpose; its text is a sentence for a person."""


class Retriable(IngestError):
    """Say that the same call may succeed later."""


class RateLimited(Retriable):
    """Say that GitHub forbids requests until ``retry_at``."""

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class SourceUnavailable(Retriable):
    """Say that GitHub could not be reached, or failed on its side."""


class QueueUnavailable(Retriable):
    """Say that SQS or S3 could not be reached, or did not accept what was sent."""


class StateUnavailable(Retriable):
    """Say that the state store could not be reached, or is full."""


class ResourceExhausted(Retriable):
    """This machine lacks disk space, a temporary folder or open files for a log."""


class Fatal(IngestError):
    """Say that a person must change something before a retry makes sense."""


class BadCredentials(Fatal):
    """Say that GitHub does not accept the token."""


class BadSettings(Fatal):
    """Name every fault found in the settings at once."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class AccessDenied(Fatal):
    """Say which permission is missing for which thing."""


class QueueMissing(Fatal):
    """Say which queue or bucket does not exist."""


class Skippable(IngestError):
    """Say that one thing cannot be had; the rest can."""


class NotFound(Skippable):
    """Say that GitHub knows no such thing, or hides it from this token."""


class Gone(NotFound):
    """Say that GitHub knew a thing once and has deleted it."""


class LogPending(Skippable):
    """Say that GitHub holds no log for the job at this moment."""


class LogExpired(Skippable):
    """Say that GitHub has deleted the log."""


class MalformedPayload(Skippable):
    """Say which part of an answer or a message cannot be understood."""


class Unexpected(IngestError):
    """A defect of this program that one item met; the trace is in the log."""


class Rejected(IngestError):
    """Say why an outsider's input was refused."""


class InvalidRepository(Rejected):
    """Say what a repository may be given as."""


class InvalidSignature(Rejected):
    """Say that a webhook was not signed with the configured secret."""


class MessageTooLarge(Rejected):
    """Say how large a message is and what its queue takes."""
