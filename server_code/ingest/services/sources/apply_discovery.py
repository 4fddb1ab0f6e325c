"""What follows from a discovery: repositories are watched, renamed, suspended or resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ...domain.due import is_interval_over, urgent_due_at
from ...domain.ledger import RepositoryRecord, new_repository
from ...domain.source_records import DiscoveredRepository
from ...domain.sources import SourcePattern, Sources, named_repositories
from ...domain.stored_values import repository_key
from ...errors import IngestError, RepositoryUnavailable, Skippable
from ...ports import RepositoryInfo
from ..context import CollectorContext
from ..fetch_each import fetch_each
from .discovery_result import DiscoveryResult
from .listed_repositories import ListedRepository, ListIndex
from .suspend_repositories import (
    ARCHIVED,
    DISABLED,
    NO_SOURCE,
    exclusion_reason,
    may_be_missing,
    missing_reason,
    reason_if_missing,
    suspend_or_resume,
    with_repository_info,
)

#: How many repositories that are on no list one discovery requests, one request each.
MAX_CHECKS = 20

#: How often a failing or suspended repository that is on no list is requested by itself.
CHECKED_EVERY = timedelta(hours=1)

#: The time of a request that was never sent.
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def apply_discovery(
    context: CollectorContext, sources: Sources, listed: Sequence[ListedRepository]
) -> DiscoveryResult:
    """Watch what is new, follow what was renamed, and suspend what is not to be polled."""
    discovery = _Discovery(context, sources)
    discovery.release_names(listed)
    discovery.add_named(named_repositories(sources.included), listed)
    # Active repositories are polled first, also if there are many new ones.
    for each in sorted(listed, key=_pushed_at, reverse=True):
        discovery.apply(each)
        discovery.note_owner(each.info)
    discovery.check_missing()
    discovery.save()
    return discovery.result


class _Discovery:
    """One discovery: what was known before it, and what it changes."""

    def __init__(self, context: CollectorContext, sources: Sources) -> None:
        self.result = DiscoveryResult()
        self._context = context
        self._sources = sources
        self._now = context.clock.now()
        store = context.store
        self._known = {repository_key(e.full_name): e for e in store.list_discovered_repositories()}
        self._watched = {repository_key(e.full_name): e for e in store.list_repositories()}
        self._sources_with_repositories = {e.source for e in self._known.values()}
        self._keys_by_id = {e.repository_id: key for key, e in self._known.items()}
        # A source may contain a name that a repository had before it was watched.
        self._keys_by_other_name = {
            repository_key(name): key
            for key, e in self._known.items()
            for name in reversed(e.names)
            if key in self._watched and repository_key(name) != key
        }
        self._changed: dict[str, DiscoveredRepository] = {}
        self._seen: set[str] = set()

    def release_names(self, listed: Sequence[ListedRepository]) -> None:
        """Let go of watched names that another repository on GitHub has now.

        The repository that had such a name is watched under its new name from now on.
        """
        names: list[str] = []
        for each in listed:
            key = repository_key(each.full_name)
            known = self._known.get(key)
            if known is None or key not in self._watched or not _has_other_id(known, each.info):
                continue
            names.append(known.full_name)
            self._keys_by_id = {
                number: other for number, other in self._keys_by_id.items() if other != key
            }
            self._keys_by_other_name = {
                name: other for name, other in self._keys_by_other_name.items() if other != key
            }
        # Until a name was fetched once, requests for it go to the repository that had it before.
        fetch_each(self._context, names, self._context.github.fetch_repository)

    def add_named(self, names: Sequence[str], listed: Sequence[ListedRepository]) -> None:
        """Apply the repositories that sources name, perhaps by a former name.

        A new repository is requested once: its id shows whether a list has it under another name. A
        failing or suspended one that is on no list is requested by itself.
        """
        index = ListIndex(listed)
        on_lists = {name: index.find(name, self._known.get(repository_key(name))) for name in names}
        known = self._watched.keys() | self._keys_by_other_name.keys()
        new = [
            name
            for name, each in on_lists.items()
            if repository_key(name) not in known and (each is None or each.info is None)
        ]
        unlisted = self._due_for_check([name for name, each in on_lists.items() if each is None])
        fetch = self._context.github.fetch_repository
        answers = fetch_each(self._context, [*new, *unlisted], fetch)
        for name, on_list in on_lists.items():
            answer = answers.get(name)
            info = None if on_list is None else on_list.info
            info = answer if isinstance(answer, RepositoryInfo) else info
            # A named repository is polled as often as others, even if its last push is long ago.
            info = None if info is None else replace(info, pushed_at=None)
            if name not in unlisted and not isinstance(answer, Skippable):
                answer = None
            self.apply(
                ListedRepository(
                    full_name=name, info=info, is_listed_to_credential=True, answer=answer
                )
            )

    def _due_for_check(self, names: Sequence[str]) -> list[str]:
        """Return the watched repositories on no list that are due for a check, the oldest first."""
        due: list[tuple[datetime, str]] = []
        for name in names:
            key = self._keys_by_other_name.get(repository_key(name), repository_key(name))
            record, known = self._watched.get(key), self._known.get(key)
            if record is None or known is None or not may_be_missing(record, known):
                continue
            if is_interval_over(known.checked_at, CHECKED_EVERY, self._now):
                due.append((known.checked_at or _NEVER, name))
        return [name for _, name in sorted(due)[:MAX_CHECKS]]

    def apply(self, listed: ListedRepository) -> None:
        """Watch, follow, suspend or resume one repository of a list."""
        name = listed.full_name
        key = repository_key(name)
        pattern = self._sources.source_of(
            name, is_listed_to_credential=listed.is_listed_to_credential
        )
        if pattern is None or key in self._seen:
            return
        is_new = not pattern.names_one_repository and key not in self._watched
        if is_new and self._sources.has_given_up_owner_name(name):
            return
        key = self._watched_key(key, listed)
        if key in self._seen:
            return
        if self._is_left_out(key, listed, pattern):
            self.result.left_out[str(pattern)] += 1
            return
        self.result.found[str(pattern)] += 1
        record = self._watch(key, listed, str(pattern))
        key = repository_key(record.full_name)
        self._seen.add(key)
        known = self._known.get(key) or DiscoveredRepository(
            full_name=record.full_name, source=str(pattern), discovered_at=self._now
        )
        known = with_repository_info(replace(known, source=str(pattern)), listed.info)
        if listed.answer is not None:
            is_missing = known.is_missing or isinstance(listed.answer, Skippable)
            known = replace(known, is_missing=is_missing, checked_at=self._now)
        if known.repository_id is not None:
            self._keys_by_id[known.repository_id] = key
        self.result.source_by_name[record.full_name] = str(pattern)
        self._set_suspension(key, known, self._suspension_reason(record, known, listed.answer))

    def note_owner(self, info: RepositoryInfo | None) -> None:
        """Note the present name of a repository's owner."""
        if info is not None and info.owner_id is not None:
            self.result.owners[info.owner_id] = info.full_name.partition("/")[0]

    def check_missing(self) -> None:
        """Check repositories that are on no list any more, the longest unchecked first."""
        checks = 0
        for key, known in sorted(self._known.items(), key=lambda e: e[1].checked_at or _NEVER):
            if key in self._seen or key not in self._watched:
                continue
            exclusion = self._sources.exclusion_of(*known.names)
            if exclusion is not None:
                self._set_suspension(key, known, exclusion_reason(exclusion))
            elif self._sources.source_of(known.full_name) is None:
                self._set_suspension(key, known, NO_SOURCE)
            elif known.suspension_reason is None and checks < MAX_CHECKS:
                checks += 1
                self._check(key, known)

    def save(self) -> None:
        """Save what is known of the repositories that changed."""
        self._context.store.save_discovered_repositories(list(self._changed.values()))

    def _watched_key(self, key: str, listed: ListedRepository) -> str:
        """Return the key under which a repository is watched, even if it was renamed since.

        An unchanged list has no ids: then the name of the last discovery is used.
        """
        info = listed.info
        if info is None:
            others = [self._keys_by_other_name.get(key)]
        else:
            others = [self._keys_by_id.get(info.repository_id or 0), repository_key(info.full_name)]
        return next((each for each in others if each in self._watched), key)

    def _is_left_out(self, key: str, listed: ListedRepository, pattern: SourcePattern) -> bool:
        """Return whether a source leaves a repository out; if so, suspend it if it is watched."""
        known = self._known.get(key)
        names = () if known is None else known.names
        exclusion = self._sources.exclusion_of(listed.full_name, *names)
        if exclusion is not None and known is not None and key in self._watched:
            self._seen.add(key)
            known = with_repository_info(replace(known, source=str(pattern)), listed.info)
            self._set_suspension(key, known, exclusion_reason(exclusion))
        return exclusion is not None

    def _watch(self, key: str, listed: ListedRepository, source: str) -> RepositoryRecord:
        record = self._watched.get(key)
        if record is None:
            days = self._context.settings.backfill_days
            name = listed.full_name if listed.info is None else listed.info.full_name
            new = new_repository(name, backfill_days=days, now=self._now)
            # All are due at once, in the order of the list.
            place = timedelta(microseconds=len(self._seen))
            # A repository created in a known organization does not wait for backfills.
            is_first = source not in self._sources_with_repositories
            since = self._now - timedelta(seconds=1)
            due_at = since if is_first else urgent_due_at(since)
            # New repositories that are idle on GitHub are polled seldom from the start.
            pushed_at = None if listed.info is None else listed.info.pushed_at
            new = replace(new, next_poll_at=due_at + place, last_changed_at=pushed_at)
            record = self._watched[repository_key(name)] = self._context.store.add_repository(new)
        return record

    def _suspension_reason(
        self,
        record: RepositoryRecord,
        known: DiscoveredRepository,
        answer: RepositoryInfo | IngestError | None,
    ) -> str | None:
        """Return why a repository is not polled; an archived one is collected first."""
        if known.is_missing:
            return reason_if_missing(record, known, answer)
        if known.is_disabled:
            return DISABLED
        if not known.is_archived:
            return None
        if known.suspension_reason == ARCHIVED:
            return ARCHIVED
        counts = self._context.store.count_ledger(record.full_name)
        is_collected = record.cursor is not None and not counts.open_attempts
        return ARCHIVED if is_collected else None

    def _set_suspension(self, key: str, known: DiscoveredRepository, reason: str | None) -> None:
        """Suspend or resume a repository if the reason has changed; keep what people paused."""
        known = suspend_or_resume(self._context.store, self._watched[key], known, reason)
        if known != self._known.get(key):
            self._changed[key] = known

    def _check(self, key: str, known: DiscoveredRepository) -> None:
        """Request a repository itself: it may be deleted, or have another name."""
        checked = self._changed[key] = replace(known, checked_at=self._now)
        try:
            info = self._context.github.fetch_repository(known.full_name)
        except Skippable as error:
            is_hidden = isinstance(error, RepositoryUnavailable)
            reason = missing_reason(error) if is_hidden else str(error)
            self._set_suspension(key, replace(checked, is_missing=True), reason)
        except IngestError as error:
            self.result.errors[known.full_name] = error
        else:
            self._set_suspension(key, with_repository_info(checked, info), None)
            self.note_owner(info)


def _has_other_id(known: DiscoveredRepository, info: RepositoryInfo | None) -> bool:
    """Return whether a list has another repository under the name of a known one."""
    ids = (known.repository_id, None if info is None else info.repository_id)
    return None not in ids and ids[0] != ids[1]


def _pushed_at(listed: ListedRepository) -> datetime:
    return (listed.info.pushed_at if listed.info else None) or _NEVER
