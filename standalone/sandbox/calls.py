"""A call: one request with all that a handler may need to answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .answers import Answer
from .identities import Identity
from .incoming import Request
from .repository import Repository
from .state import State
from .times import UnixSeconds


@dataclass(frozen=True, kw_only=True)
class Call(Request):
    """One request whose route, sender and repository are known; `params` are those of its path."""

    state: State
    now: UnixSeconds
    params: Mapping[str, Any]
    identity: Identity
    repository_or_none: Repository | None

    @property
    def repository(self) -> Repository:
        """Return the repository that the path names."""
        if self.repository_or_none is None:
            raise LookupError(f"{self.path} names no repository.")
        return self.repository_or_none

    @property
    def url_by_id(self) -> str:
        """Return this address with the repository's id for its name, as in GitHub's `Link`."""
        tail = "/".join(self.path.split("/")[4 if self.path.startswith("/repos/") else 3 :])
        return f"{self.base}/repositories/{self.repository.spec.id}/{tail}"

    @property
    def list_url(self) -> str:
        """Return the address that a list's links to its other pages begin with."""
        return f"{self.base}{self.path}" if self.repository_or_none is None else self.url_by_id


Handler = Callable[[Call], Answer]
