"""What the collector needs of GitHub to find repositories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..domain.source_records import CredentialRecord, RefusalChanges, StoredList
from ..wire.rate_limits import RateLimit
from .github import Answer, RepositoryInfo

#: The name and the kind of access without a credential.
ANONYMOUS = "anonymous"
ANONYMOUS_KIND = "no token"


@dataclass(frozen=True, slots=True)
class RepositoryListQuery:
    """A list of repositories that a credential may read: those of one owner, or all.

    ``owner``: a login, or ``*`` for all. ``installation_account``: the account of an App's
    installation, whose lists contain only repositories of that account; None for a token.
    """

    credential: str
    owner: str
    installation_account: str | None = None


@dataclass(frozen=True, slots=True)
class RepositoryList:
    """The repositories of one list. ``is_whole``: it was read to its end.

    ``hidden_organizations``: ids of organizations whose repositories GitHub leaves out, because the
    token is not authorized for their single sign-on (SSO).
    """

    repositories: tuple[RepositoryInfo, ...]
    is_whole: bool = True
    hidden_organizations: tuple[str, ...] = ()

    def as_stored(self, owner: str, validator: str | None) -> StoredList:
        """Return what is stored of it; ``owner``: whose list it is, or ``*``."""
        return StoredList(
            owner=owner,
            validator=validator,
            names=tuple(each.full_name for each in self.repositories),
            is_whole=self.is_whole,
            hidden_organizations=self.hidden_organizations,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialInfo:
    """What is known of a credential.

    ``kind``: its kind, in words. ``was_used``: GitHub has answered a request of this process with
    it. ``missing_permissions``: those that GitHub named when it refused a request.
    """

    name: str
    kind: str
    was_used: bool = False
    owner: str | None = None
    rate_limit: RateLimit | None = None
    expires_at: datetime | None = None
    missing_permissions: tuple[str, ...] = ()
    rejection: str | None = None


class RepositoryApi(Protocol):
    """The lists of repositories that credentials may read, and what is known of credentials.

    Fetching raises the same errors as ``ActionsApi``; none of the methods sleeps.
    """

    def list_queries_for(
        self, owners: Collection[str], *, of_all_owners: bool
    ) -> list[RepositoryListQuery]:
        """Return the lists to fetch for the repositories of these owners, or of all owners."""

    def refresh_installations(self) -> None:
        """Let the next call of ``list_queries_for`` find new installations of the apps."""

    def fetch_repositories(
        self, query: RepositoryListQuery, validator: str | None = None
    ) -> Answer[RepositoryList]:
        """Fetch one list of repositories, or the first part of a very long one."""

    def note_listed_repositories(self, query: RepositoryListQuery, names: Collection[str]) -> None:
        """Note which repositories GitHub lists to a credential, so that it is used for them."""

    def restore_credentials(self, records: Collection[CredentialRecord]) -> None:
        """Restore what is known of credentials; newer findings of this process are kept."""

    def retry_refusals_cleared_in_state(
        self, load: Callable[[], Collection[CredentialRecord]]
    ) -> None:
        """Retry requests that were refused, but are not refused in the stored records any more.

        ``load`` is called only if something is refused.
        """

    def fetch_owner(self, credential: str) -> str | None:
        """Fetch the user of a token; None if the credential belongs to no user."""

    def take_refusal_changes(self) -> AbstractContextManager[Mapping[str, RefusalChanges]]:
        """Take which refusals have begun or ended, by credential; keep them if the block fails."""

    def credentials(self) -> list[CredentialInfo]:
        """Return what is known of the credentials; sends no request."""
