"""Stored records of sources, of the repositories that they include, and of credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .codec import KeepsUnknownFields, stored_as
from .counted_nouns import plural
from .due import is_still_ahead
from .filters import NO_FILTERS, Filters
from .sources import SourcePattern, Sources, parse_source

#: Where a source was given: in REPOSITORIES, on the command line, or on the Repositories page.
FROM_SETTINGS = "REPOSITORIES"
FROM_COMMAND_LINE = "command line"
FROM_PAGE = "Repositories page"

#: A request that GitHub refused to a credential is tried again after an hour at most.
MAX_REFUSAL_PAUSE = timedelta(hours=1)

#: What a GitHub Enterprise Server does not support is requested again after a day: it may have been
#: updated.
UNSUPPORTED_PAUSE = timedelta(days=1)

#: The ``CredentialRefusal.scope`` of a credential for which GitHub refuses every request.
ALL_REQUESTS = "*"

#: The end of the scope of a refusal of an owner's list, such as ``octo/*``.
LIST_SUFFIX = "/*"

#: The ``owner`` of a list of all repositories that a credential may read.
ALL_OWNERS = "*"

MAX_REFUSALS = 500

RUNS_FILTERED_OUT = "runs_filtered"
LOGS_FILTERED_OUT = "logs_filtered"


def filtered_out_counter(pattern: str) -> str:
    """Return the counter of the runs of one source that filters left out."""
    return f"{RUNS_FILTERED_OUT} {pattern.lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord(KeepsUnknownFields):
    """A source, and what its last listing found.

    ``pattern``: ``str`` of its SourcePattern. ``listed_at``: when a listing began or ended; None
    makes it due. ``found``: how many repositories it matches (None before the first listing), and
    ``left_out``: how many more match it and are excluded. ``filters`` apply in addition to those of
    the settings. ``truncation_note``: the sentence about a list that lacks repositories.
    ``owner_id``: GitHub's id of the owner; ``renamed_to``: the owner's new name, if it was renamed.
    """

    pattern: str
    added_at: datetime
    origin: str
    filters: Filters = NO_FILTERS
    listed_at: datetime | None = None
    found: int | None = None
    left_out: int = 0
    last_error: str | None = None
    truncation_note: str | None = field(default=None, metadata=stored_as("part"))
    owner_id: int | None = None
    renamed_to: str | None = None


def patterns_of(records: Iterable[SourceRecord]) -> tuple[SourcePattern, ...]:
    """Return the patterns of stored sources."""
    return tuple(parse_source(each.pattern) for each in records)


def sources_of(records: Iterable[SourceRecord]) -> Sources:
    """Return stored sources, with the new names of owners that were renamed."""
    known = tuple(records)
    renamed = {
        parse_source(each.pattern).owner.lower(): each.renamed_to
        for each in known
        if each.renamed_to is not None
    }
    return Sources(patterns_of(known), renamed)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredRepository(KeepsUnknownFields):
    """What is known of a repository that a source matches.

    ``full_name``: the name under which it is watched, ``new_name``: its name on GitHub after it was
    renamed or transferred. ``suspension_reason``: why it is not polled; ``is_auto_paused``:
    Runstream paused it for that reason, not a person. ``is_missing``: GitHub did not show it at
    ``checked_at``, when it was last requested alone.
    """

    full_name: str
    source: str
    discovered_at: datetime
    repository_id: int | None = None
    new_name: str | None = None
    is_private: bool = False
    is_archived: bool = False
    is_disabled: bool = False
    suspension_reason: str | None = field(default=None, metadata=stored_as("rest_reason"))
    is_auto_paused: bool = field(default=False, metadata=stored_as("is_rested"))
    is_missing: bool = field(default=False, metadata=stored_as("is_lost"))
    checked_at: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return its watched name, its name on GitHub, and its name in a source of its own."""
        named = self.source if parse_source(self.source).names_one_repository else None
        others = (self.new_name, named)
        return (self.full_name, *(name for name in others if name is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredList:
    """The repositories of one ``owner``, or (``*``) of all, that GitHub lists to a credential.

    ``validator``: the ETag of the list. ``is_whole``: it was read to its end.
    ``hidden_organizations``: ids of those that GitHub leaves out for want of single sign-on.
    """

    owner: str
    validator: str | None = None
    names: tuple[str, ...] = ()
    is_whole: bool = True
    hidden_organizations: tuple[str, ...] = ()


def incomplete_list_note(
    credential: str, listed: StoredList, *, is_only_credential: bool
) -> str | None:
    """Return what a list lacks; None for a whole one.

    What is hidden from one of several credentials, another one may list.
    """
    whose = "" if listed.owner == ALL_OWNERS else f" of {listed.owner}"
    names, hidden, notes = len(listed.names), listed.hidden_organizations, []
    if not listed.is_whole:
        notes.append(
            f"GitHub lists more than {names:,} repositories{whose} to {credential}, and only the "
            f"first {names:,} are watched. Name the others as sources of their own."
        )
    if hidden and is_only_credential:
        count = plural(len(hidden), "organization")
        notes.append(
            f"GitHub hides the repositories of {count} (id {', '.join(hidden)}) from {credential}: "
            "authorize the token for single sign-on (SSO): https://github.com/settings/tokens."
        )
    return " ".join(notes) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRefusal:
    """What GitHub refuses to a credential until a time, and why.

    ``scope``: a repository or an owner's list (``owner/*``), each also followed by the pattern of a
    path; or every request (``*``). ``error``: the name of the error class. ``times_refused``: the
    step of its pause: one more for each refusal in a row, but it may begin higher
    (``known_refusals``).
    """

    scope: str = field(metadata=stored_as("what"))
    until: datetime
    reason: str
    error: str = "AccessDenied"
    remedy: str | None = None
    times_refused: int = field(default=0, metadata=stored_as("refusals"))

    def is_in_force(self, now: datetime) -> bool:
        """Return whether the refusal of a list lasts; one that ends too far ahead does not.

        A wrong clock has set that one: a list is refused for at most MAX_REFUSAL_PAUSE.
        """
        return is_still_ahead(self.until, now, max_plausible=2 * MAX_REFUSAL_PAUSE)

    def is_remembered(self, now: datetime) -> bool:
        """Return whether another refusal would count as the next one in a row."""
        return is_still_ahead(
            self.until + MAX_REFUSAL_PAUSE, now, max_plausible=3 * UNSUPPORTED_PAUSE
        )


_REJECTION_PREFIX = "Credential "


def rejection_text(credential: str, reason: str) -> str:
    """Return the text of the error that reports the rejection of a credential."""
    return f"{_REJECTION_PREFIX}{credential}: {reason}"


def reports_credential_rejection(message: str, reason: str) -> bool:
    """Return whether an error reports that a credential was rejected for this reason."""
    return message.startswith(_REJECTION_PREFIX) and message.endswith(f": {reason}")


#: Refusals of a credential by their scopes. None means that GitHub accepts such requests again.
RefusalChanges = Mapping[str, CredentialRefusal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRecord(KeepsUnknownFields):
    """What is known of a token or an App's installation; ``name`` is no secret.

    ``repository_lists``: which repositories GitHub lists to it. ``limit``, ``remaining`` and
    ``reset_at``: its rate limit. ``rejection``: why GitHub rejects it as a whole. ``expires_at``:
    when GitHub stops accepting the token; None where GitHub names no time.
    ``minute_interval_factor``: by how much the interval between its polls is multiplied at most, so
    that they fit into the limit per minute.
    """

    name: str
    kind: str
    updated_at: datetime
    owner: str | None = None
    repository_lists: tuple[StoredList, ...] = field(default=(), metadata=stored_as("lists"))
    refusals: tuple[CredentialRefusal, ...] = ()
    missing_permissions: tuple[str, ...] = ()
    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    expires_at: datetime | None = None
    rejection: str | None = field(default=None, metadata=stored_as("rejected"))
    minute_interval_factor: float = field(default=1.0, metadata=stored_as("minute_factor"))

    @property
    def repositories(self) -> frozenset[str]:
        """Return the repositories of all its lists."""
        return frozenset(name for each in self.repository_lists for name in each.names)

    def with_refusals(self, changes: RefusalChanges, *, now: datetime) -> CredentialRecord:
        """Return the record with changed refusals, without those that no longer count."""
        changed = {each.scope: each for each in self.refusals} | dict(changes)
        known = [each for each in changed.values() if each is not None and each.is_remembered(now)]
        newest = sorted(known, key=lambda each: each.until)[-MAX_REFUSALS:]
        return replace(self, refusals=tuple(newest))
