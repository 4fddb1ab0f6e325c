"""One repository's requests, each sent with a credential that may read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import AccessDenied
from ...ports.repository_api import ANONYMOUS
from ...wire.fields import mapping, objects, text
from ...wire.purposes import Purpose
from .known_refusals import STEP_DAY, STEP_HOUR
from .lists import ListAnswer, ListReader, ListRequest
from .request import Request, Response
from .tokens import TokenPool

#: How GitHub, and other implementations of GraphQL, report a field that they do not have.
_UNKNOWN_FIELD = re.compile("doesn't exist on type|Cannot query field|Unknown type")


class RepositoryClient:
    """A client for one repository's requests, by its current name on GitHub.

    ``purpose``: of all its requests except those for logs, which have their own.
    """

    def __init__(
        self,
        tokens: TokenPool,
        lists: ListReader,
        repository: str,
        purpose: Purpose = Purpose.POLLING,
    ) -> None:
        self._tokens = tokens
        self._lists = lists
        self.repository = repository
        self._purpose = purpose

    @property
    def credential_name(self) -> str:
        """Return the name of the credential that the next request is likely to use."""
        return self._tokens.client_for(self.repository).name

    def get(self, request: Request) -> Response:
        """Send one GET. Raises as ``TokenPool.get`` does."""
        if request.log_file is None:
            request = replace(request, purpose=self._purpose)
        return self._tokens.get(self.repository, request)

    def fetch_list(self, wanted: ListRequest, validator: str | None = None) -> ListAnswer:
        """Fetch a list. Raises as ``ListReader.fetch`` does."""
        return self._lists.fetch(self, wanted, validator)

    def query(self, query: str, variables: dict[str, str]) -> object:
        """Send one GraphQL query. Raises as ``GithubClient.query`` does."""
        client = self._tokens.client_for(self.repository)
        with self._tokens.noting_rejection(client):
            return client.query(query, variables, self._purpose)

    def may_use(self, feature: str) -> bool:
        """Return whether to use a feature of GraphQL: with a token that was not refused it lately.

        Without a token GraphQL answers 401, which would count as a rejection of all requests.
        """
        name, scopes = self.credential_name, (_scope_of(feature),)
        return (
            name != ANONYMOUS and self._tokens.access.refusals.active_refusal(name, scopes) is None
        )

    def note_refused(self, feature: str, *, is_unsupported: bool = False) -> None:
        """Do not use a feature for an hour; for a day where the server does not support it."""
        error = AccessDenied(f"GraphQL gives no {feature}.")
        self._tokens.access.note_refusal(
            self.credential_name,
            _scope_of(feature),
            error,
            min_step=STEP_DAY if is_unsupported else STEP_HOUR,
        )


def _scope_of(feature: str) -> str:
    """Return the scope of a refusal (``refusal_scopes``) of a feature."""
    return f"/graphql {feature}"


def has_unknown_field(answer: Mapping[str, Any]) -> bool:
    """Return whether the server lacks a field of the query, because its schema is older."""
    if answer.get("data") is not None:
        return False
    return any(
        mapping(error.get("extensions")).get("code") == "undefinedField"
        or _UNKNOWN_FIELD.search(text(error.get("message")) or "")
        for error in objects(answer.get("errors"))
    )
