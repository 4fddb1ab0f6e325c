"""Every error Runstream raises, sorted by what the caller should do about it.

IngestError
├── Retriable                  try again later; nothing is lost by waiting
│   ├── RateLimited            no requests until ``retry_at``; BackfillLimited: no bulk requests
│   ├── GithubUnavailable      GitHub could not be reached, or has nothing to give for now
│   │   ├── RequestFailed      GitHub took the request and did not answer it whole and readably
│   │   └── RequestPaused      this one request is to wait until ``retry_at``
│   ├── QueueUnavailable       the queue or bucket did not accept what was sent
│   ├── StateUnavailable       the state store did not answer
│   │   ├── StateBusy          other processes were in the way for longer than a call waits
│   │   └── StateFull          its disk has no space left
│   └── ResourceExhausted      this machine lacks disk space, open files or memory
│       └── OutOfMemory        this process may use no more memory; only a new one has it again
├── Fatal                      a person must act first; running agents continue
│   ├── BadCredentials         GitHub rejects the token or the app as a whole
│   │   ├── CredentialSuspended  it works again, without a restart, once the suspension ends
│   │   └── CredentialTooNew   Retriable as well: not all servers of GitHub accept the new token yet
│   ├── BadSettings            settings are missing or contradict each other
│   ├── AccessDenied           the credential may not do this
│   └── QueueMissing           a queue, or the bucket of the logs, does not exist
├── Skippable                  this one thing is not available; continue with the rest
│   ├── RepositoryUnavailable  a repository is gone, hidden from every credential, or blocked
│   ├── NotFound               an item does not exist, in a repository that can be read
│   │   └── Gone               an item existed and was deleted (410)
│   ├── LogPending             the job has no log (yet, or never)
│   ├── LogExpired             the log is past its retention
│   ├── BadRequest             GitHub cannot make sense of a request: a defect of Runstream
│   └── MalformedPayload       a part of an answer or a message is not what its kind promises
├── MessageRefused             a message that its queue never accepts
├── Unexpected                 a defect of Runstream hit one item
└── Rejected                   an outsider's input is refused
    ├── InvalidRepository      not a repository name or URL of the configured GitHub
    └── InvalidSignature       a webhook is not signed with our secret

``wire/answers.py`` decides which of them an answer of GitHub is. Only NotFound, Gone, LogExpired
and, after several tries, LogPending become final: their repository was readable at that time.
"""

from __future__ import annotations

import errno
import re
from datetime import datetime

#: Line ends, a terminal's commands, and marks that reverse the order of a text.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def as_one_line(text: str) -> str:
    """Return a text from outside so that it forges no line and moves no cursor."""
    return _CONTROLS.sub(" ", text)


class IngestError(Exception):
    """The root of every error that is raised on purpose. Its text is a sentence for a person.

    It can quote what GitHub or a queue answered, so it is one line without control characters.

    ``remedy``: what a person can do about it, if that is more than the ``usual_remedy`` of the
    class. ``retry_at``: when a request that GitHub refused is sent again; None if that is not
    known. ``times_refused``: in a row; 0 if that is not counted.
    ``counts_as_failure``: False where a limit of GitHub or a known refusal only asks to wait.
    """

    retry_at: datetime | None = None
    times_refused: int = 0
    counts_as_failure: bool = True
    usual_remedy = "Report it to Runstream's maintainers with the log of the collector."

    def __init__(self, message: str = "", *, remedy: str | None = None) -> None:
        super().__init__(as_one_line(message))
        self.remedy = remedy

    @property
    def remedy_or_usual(self) -> str:
        """Return the remedy, or the usual one of the class."""
        return self.remedy or self.usual_remedy

    @property
    def explanation(self) -> str:
        """Return what happened and, where it is known, what to do about it."""
        return f"{self} {self.remedy or ''}".rstrip()


class Retriable(IngestError):
    """A failure after which the same call may succeed, some only once the machine has more room."""

    usual_remedy = "No action is needed: Runstream tries again."


class RateLimited(Retriable):
    """A limit of GitHub's that forbids requests until ``retry_at``."""

    retry_at: datetime
    counts_as_failure = False

    def __init__(self, message: str, *, retry_at: datetime, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_at = retry_at


class BackfillLimited(RateLimited):
    """A limit on bulk requests alone, such as a backfill's: what is left is for others."""


class GithubUnavailable(Retriable):
    """A GitHub that could not be reached, or failed on its side."""


class RequestFailed(GithubUnavailable):
    """A request that reached GitHub and got a 5xx, a broken answer, or none in time.

    The same request for less, such as a smaller page, may succeed.
    """


class RequestPaused(GithubUnavailable):
    """A request that is to be sent later, while GitHub answers others of the credential."""

    retry_at: datetime
    counts_as_failure = False

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class QueueUnavailable(Retriable):
    """A queue or bucket could not be reached, or did not accept what was sent."""


class StateUnavailable(Retriable):
    """A state store that could not be reached, or did not save."""

    usual_remedy = "Runstream tries again. If it lasts, do what the error says, and run the checks."


class StateBusy(StateUnavailable):
    """A state store in which other processes were in the way, longer than a call waits."""

    usual_remedy = Retriable.usual_remedy


class StateFull(StateUnavailable):
    """A state store whose disk has no space left: it works again once a person has made some."""


DOCTOR_REMEDY = "Run the checks: under Settings in the web app, or runstream doctor."

#: What to do where the machine refused memory; no check finds out more.
MEMORY_REMEDY = (
    "Raise its limit, which ulimit -v or the container sets, to 1 GiB, and start it again."
)


class ResourceExhausted(Retriable):
    """The error that this machine lacks disk space, a temporary folder, open files or memory."""


#: What to do where no thread could be started: the system does not tell which limit forbade it.
THREADS_REMEDY = (
    "Raise its limit of threads, which ulimit -u or the container (pids) sets, or that of memory "
    "to 1 GiB (ulimit -v), and start it again."
)


class OutOfMemory(ResourceExhausted):
    """The error that this process may use no more memory or threads: only a new one has them."""

    def __init__(self, what: str, cause: Exception | None = None) -> None:
        lack, remedy = memory_fault(cause)
        super().__init__(f"{lack} for {what}.", remedy=remedy)


class Fatal(IngestError):
    """A failure after which a person must act first; running agents continue."""

    usual_remedy = DOCTOR_REMEDY


class BadCredentials(Fatal):
    """A token or an app that GitHub rejects: wrong, expired, revoked or suspended."""


class CredentialSuspended(BadCredentials):
    """A credential whose App installation or account GitHub has suspended for now."""


class CredentialTooNew(BadCredentials, Retriable):
    """A new token that not all servers of GitHub accept yet."""


class BadSettings(Fatal):
    """Every fault found in the settings."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class AccessDenied(Fatal):
    """A credential that may not do what was asked."""


class QueueMissing(Fatal):
    """A queue or bucket that does not exist."""


class Skippable(IngestError):
    """One thing that is not available, while the rest is."""


class RepositoryUnavailable(Skippable):
    """A repository that is gone, hidden from every credential, blocked, or without Actions."""

    usual_remedy = "Check the repository's name and that the token may read it, or remove it."


class NotFound(Skippable):
    """An item that does not exist, in a repository that can be read."""

    usual_remedy = "Check on GitHub whether it was deleted; Runstream continues without it."


class Gone(NotFound):
    """An item that existed and was deleted."""


class LogPending(Skippable):
    """A job without a log at this moment."""


class LogExpired(Skippable):
    """A log that GitHub has deleted."""


class BadRequest(Skippable):
    """A request that GitHub cannot make sense of."""


class MalformedPayload(Skippable):
    """An answer or a message of which a part cannot be understood."""


class MessageRefused(IngestError):
    """A message that its queue refuses, however often it is sent."""


class Unexpected(IngestError):
    """A defect of Runstream that hit one item, while the others are worked on."""


class Rejected(IngestError):
    """An outsider's input that is refused."""


class InvalidRepository(Rejected):
    """An input that names no repository of the configured GitHub."""


class InvalidSignature(Rejected):
    """A webhook that is not signed with the configured secret."""


_NO_THREAD = "can't start new thread"


def memory_fault(error: Exception | None) -> tuple[str, str]:
    """Return the beginning of a sentence and the remedy for an error of ``is_out_of_memory``."""
    if _NO_THREAD in str(error):
        return "This process may start too few threads, or use too little memory,", THREADS_REMEDY
    return "This process may use too little memory", MEMORY_REMEDY


def is_out_of_memory(error: Exception) -> bool:
    """Return whether the machine refused memory: to Python, a thread's stack or a module's code."""
    is_refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    words = (
        _NO_THREAD,
        "failed to map segment",
        "without setting an exception",
        "error return without exception set",
    )
    return is_refused or isinstance(error, MemoryError) or any(each in str(error) for each in words)


#: What to do where a connection failed because this process has too many files open.
OPEN_FILES_REMEDY = "Too many files are open here: raise the limit of open files (ulimit -n)."


def has_too_many_open_files(error: BaseException) -> bool:
    """Return whether the limit of open files of this machine caused an error."""
    cause: BaseException | None = error
    while cause is not None:
        # Vendors keep the system's words, but not always its number.
        if "Too many open files" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
