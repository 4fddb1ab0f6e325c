"""One repository's requests, each sent with a credential that may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import AccessDenied
from .graphql import lacks_a_field
from .known_refusals import IF_EXPECTED, IF_LACKING
from .refusal_scopes import feature_scope
from .request import Request, Response
from .tokens import TokenPool


class RepositoryClient:
    """A repository's requests. ``name`` is the credential that the next one is likely to use."""

    def __init__(self, tokens: TokenPool, repository: str) -> None:
        self._tokens = tokens
        self._repository = repository

    @property
    def name(self) -> str:
        """Return the name of the credential."""
        return self._tokens.client_for(self._repository).name

    def get(self, request: Request) -> Response:
        """Send one GET. Raises as ``TokenPool.get`` does."""
        return self._tokens.get(self._repository, request)

    def query(self, query: str, variables: dict[str, str]) -> object:
        """Send one GraphQL query. Raises as ``TokenPool.query`` does."""
        return self._tokens.query(self._repository, query, variables)

    def may_use(self, feature: str) -> bool:
        """Return whether the credential was not refused a feature of GraphQL."""
        return self._tokens.rights.find_obstacle(self.name, (feature_scope(feature),)) is None

    def note_refused(self, feature: str, answer: Mapping[str, Any] | None = None) -> None:
        """Ask for no feature for an hour; for a day where the server's ``answer`` lacks it."""
        is_lacking = answer is not None and lacks_a_field(answer)
        error = AccessDenied(f"GraphQL gives no {feature}.")
        at_least = IF_LACKING if is_lacking else IF_EXPECTED
        self._tokens.rights.refuse(self.name, feature_scope(feature), error, at_least=at_least)
