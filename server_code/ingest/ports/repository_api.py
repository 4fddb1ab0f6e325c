"""What the collector needs of GitHub to find repositories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..domain.source_records import CredentialRecord, RefusalChanges
from .github import Answer, RepositoryInfo

ANONYMOUS_KIND = "no token"


@dataclass(frozen=True, slots=True)
class RepositoryListQuery:
    """One list of repositories: those of an owner that a credential may read, or all it may read.

    ``owner``: a login, or ``*`` for all. ``installation_account``: the account of an App's
    installation, whose lists hold that account's repositories only; None for a token.
    """

    credential: str
    owner: str
    installation_account: str | None = None


@dataclass(frozen=True, slots=True)
class RepositoryList:
    """The repositories of one list. ``is_whole``: GitHub lists no more than these."""

    repositories: tuple[RepositoryInfo, ...]
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialInfo:
    """What is known of a credential.

    ``kind``: for people. ``was_used``: GitHub has answered a request of this process with it.
    ``missing_permissions``: what GitHub named when it refused.
    """

    name: str
    kind: str
    was_used: bool = False
    owner: str | None = None
    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    expires_at: datetime | None = None
    missing_permissions: tuple[str, ...] = ()
    rejection: str | None = None


class RepositoryApi(Protocol):
    """The lists of repositories that credentials may read, and what is known of credentials.

    Fetching raises as ``ActionsApi`` does; none of the methods sleeps.
    """

    def list_queries_for(
        self, owners: Collection[str], *, of_all_owners: bool
    ) -> list[RepositoryListQuery]:
        """Return the lists to fetch for the repositories of owners, or of everybody."""

    def refresh_installations(self) -> None:
        """Let the next call of ``list_queries_for`` find new installations of the apps."""

    def fetch_repositories(
        self, query: RepositoryListQuery, validator: str | None = None
    ) -> Answer[RepositoryList]:
        """Fetch one list of repositories; of a very long one the first part."""

    def note_listed_repositories(self, query: RepositoryListQuery, names: Collection[str]) -> None:
        """Note which repositories GitHub lists to a credential: it is preferred for them."""

    def restore_credentials(self, records: Collection[CredentialRecord]) -> None:
        """Restore what is known of credentials; what was found out since is kept."""

    def retry_cleared_refusals(self, load: Callable[[], Collection[CredentialRecord]]) -> None:
        """Retry what is refused here, but no longer in the records of the state store.

        ``load`` is called only where anything is refused.
        """

    def fetch_owner(self, credential: str) -> str | None:
        """Fetch the user of a token; None for what belongs to no user."""

    def pop_refusal_changes(self) -> Mapping[str, RefusalChanges]:
        """Return and forget which refusals have begun or ended, by credential."""

    def credentials(self) -> list[CredentialInfo]:
        """Return what is known of the credentials; costs nothing."""
