"""One credential's access to GitHub's API: limited, counted, conditional."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from urllib.parse import urlencode, urlsplit

from ...domain.counters import Counters
from ...errors import AccessDenied, GithubUnavailable, IngestError, NotFound
from ...ports import Clock
from ...wire.answers import RawAnswer, error_of
from ...wire.graphql_limits import as_rest_answer
from ...wire.purposes import Purpose
from ...wire.rate_limiter import RateLimiter
from ...wire.refusals import sufficient_permissions_of
from ...wire.token_expiration import parse_token_expiration
from .credentials import TOKEN_PROPAGATION_TIME, Credential
from .redirects import Redirects, require_no_redirect
from .request import RATE_LIMIT, Request, Response
from .transport import MAX_ANSWER_SECONDS, Transport

logger = logging.getLogger(__name__)

#: Pinned: GitHub changes payloads between versions. https://docs.github.com/en/rest/about-the-rest-api/api-versions
API_VERSION = "2022-11-28"

_GRAPHQL = "/graphql"


@dataclass(frozen=True, slots=True)
class _Call:
    """One HTTP request; a ``Request`` that is redirected takes several."""

    method: str
    url: str
    request: Request
    headers: Mapping[str, str]
    body: bytes | None = None


class GithubClient:
    """An HTTP client with one credential. Safe for many threads; never sleeps.

    A request is sent once, and once more where the credential could be renewed after a 401.
    ``kind``: the credential's, in words. ``expires_at``: its token's end, by GitHub's header.
    ``was_used``: GitHub has answered a request with it. ``permissions_granted`` and
    ``permissions_not_granted``: of an App's installation, as GitHub lists it.
    """

    def __init__(
        self, *, credential: Credential, api_url: str, clock: Clock, counters: Counters
    ) -> None:
        self.name = credential.name
        self.kind = credential.kind
        self.rate_limiter = RateLimiter()
        self.expires_at: datetime | None = None
        self.permissions_granted: frozenset[str] = frozenset()
        self.permissions_not_granted: tuple[str, ...] = ()
        self.was_used = False
        self._permissions_of_refusals: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._credential = credential
        self._rejected_since: datetime | None = None
        self._api_url = _without_password(api_url.rstrip("/"))
        self._clock = clock
        self._counters = counters
        self._transport = Transport(pending_requests=counters.pending_requests)

    @property
    def missing_permissions(self) -> tuple[str, ...]:
        """Return what an App was not given, and what refused requests need.

        The latter until such a request succeeds, or until GitHub lists it as given to the App.
        """
        of_refusals = {*chain.from_iterable(list(self._permissions_of_refusals.values()))}
        needed = of_refusals - self.permissions_granted
        return tuple(sorted({*self.permissions_not_granted, *needed}))

    def get(self, request: Request) -> Response:
        """Send one GET, conditional where the request carries a validator of this client's.

        Raises RateLimited, GithubUnavailable, BadCredentials, AccessDenied, RepositoryUnavailable,
        NotFound or BadRequest.
        """
        etag = self._own_etag(request.validator)
        headers = {} if etag is None else {"If-None-Match": etag}
        first_url = url = self._url_of(request.path, request.parameters)
        is_log = request.log_file is not None
        redirects = Redirects(url, path=request.path, api_url=self._api_url, is_log=is_log)
        while True:
            answer = self._exchange(_Call("GET", url, request, headers))
            location = redirects.follow(answer)
            if location is None:
                return self._response(request.path, answer, was_redirected=url != first_url)
            # Unconditional: a 304 would not contain the repository's new name.
            url, headers = location, {}

    def post(self, request: Request) -> Response:
        """Send one POST without a body. Raises as ``get`` does."""
        url = self._url_of(request.path, request.parameters)
        answer = self._exchange(_Call("POST", url, request, {}, b""))
        require_no_redirect(answer, url, GithubUnavailable)
        return self._response(request.path, answer)

    def query(
        self, query: str, variables: Mapping[str, str], purpose: Purpose = Purpose.POLLING
    ) -> object:
        """Send one GraphQL query; return the whole answer, ``data`` and ``errors``.

        Raises as ``get`` does; an exhausted GraphQL budget is RateLimited though it answers 200,
        and a redirect is NotFound: there is no GraphQL at this address.
        """
        body = json.dumps({"query": query, "variables": dict(variables)}).encode()
        headers = {"Content-Type": "application/json"}
        url = _graphql_url(self._api_url)
        request = replace(Request.to(_GRAPHQL), purpose=purpose)
        answer = self._exchange(_Call("POST", url, request, headers, body))
        require_no_redirect(answer, url, NotFound)
        return self._response(_GRAPHQL, answer).json()

    def paused_until(self) -> datetime | None:
        """Return until when this credential must not be used; None where it may be."""
        return self.rate_limiter.paused_until(now=self._clock.now())

    def remaining_share(self) -> float:
        """Return the share of the hour's requests that is left, in tenths; 1 where not known."""
        core = self.rate_limiter.core_limit
        return 1.0 if core is None or core.limit <= 0 else round(core.remaining / core.limit, 1)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _exchange(self, call: _Call) -> RawAnswer:
        """Send one request, again where a rejected credential could be renewed."""
        token = self._credential.token(self._github_now())
        answer, error = self._send_once(call, token)
        if self._may_renew(answer, error, token):
            self.expires_at = None  # it was that of the rejected token
            token = self._credential.token(self._github_now())
            answer, error = self._send_once(call, token)
        if error is not None:
            request_id = answer.headers.get("x-github-request-id")
            facts = {"path": call.request.path, "status": answer.status, "request_id": request_id}
            logger.info("github refused", extra=facts)
            raise error
        return answer

    def _may_renew(self, answer: RawAnswer, error: IngestError | None, token: str | None) -> bool:
        """Return whether another secret of the credential may be accepted."""
        if answer.status == 401:
            return self._credential.renew(token, self._github_now())
        is_denied = isinstance(error, AccessDenied)
        return is_denied and self._credential.renew_denied(token, self._github_now())

    def _send_once(self, call: _Call, token: str | None) -> tuple[RawAnswer, IngestError | None]:
        answer = self._send(call, token)
        self.was_used = self.was_used or answer.status < 500
        if token is not None and answer.status >= 400:
            # An answer may repeat the token, which no error message may contain.
            hidden = answer.body.replace(token, "***")
            answer = RawAnswer(status=answer.status, headers=answer.headers, body=hidden)
        error = error_of(
            answer,
            call.request.path,
            api_url=self._api_url,
            remedy_of_401=self._remedy_of_401(),
            expired_at=self._expired_at(),
            is_fresh_token=self._note_rejection(answer.status),
        )
        refusal_key = (call.request.endpoint, *call.request.path.split("/")[2:4])
        if isinstance(error, AccessDenied):
            self._permissions_of_refusals[refusal_key] = sufficient_permissions_of(answer.headers)
        elif error is None:
            self._permissions_of_refusals.pop(refusal_key, None)
        return answer, error

    def _note_rejection(self, status: int) -> bool:
        """Record the answer; return whether a 401 may mean that the token is too new.

        Some of GitHub's servers may not accept it yet: assumed for at most a minute from the first
        401, even if newer tokens follow.
        """
        now = self._github_now()
        if status == 401:
            self._rejected_since = self._rejected_since or now
        elif status < 500:
            self._rejected_since = None
        since = self._rejected_since
        is_recent = since is not None and now - since < TOKEN_PROPAGATION_TIME
        return is_recent and self._credential.is_fresh(now)

    def _expired_at(self) -> datetime | None:
        """Return when the token expired, by GitHub's header and clock; None where it did not."""
        is_over = self.expires_at is not None and self.expires_at <= self._github_now()
        return self.expires_at if is_over else None

    def _remedy_of_401(self) -> str:
        has_expired = self._expired_at() is not None
        return self._credential.remedy_of_expired if has_expired else self._credential.remedy

    def _send(self, call: _Call, token: str | None) -> RawAnswer:
        """Send one request within the limits, and update them by its answer. Raises RateLimited."""
        path, purpose, log_file = call.request.path, call.request.purpose, call.request.log_file
        resource = "graphql" if path == _GRAPHQL else "core"
        now, limiter = self._clock.now(), self.rate_limiter
        limiter.admit(call.request.endpoint, resource=resource, now=now, path=path, purpose=purpose)
        started = self._clock.now()
        try:
            headers = {**call.headers, **_headers(token)}
            answer = self._transport.send(
                call.method, call.url, headers, call.body, log_file=log_file
            )
        finally:
            # Within bounds, because the clock may be set meanwhile.
            now = self._clock.now()
            took = min(max((now - started).total_seconds(), 0.0), MAX_ANSWER_SECONDS)
            if log_file is not None and log_file.tell():
                took = 0.0  # the bytes of a log cost GitHub no computing time
            limiter.release_slot(resource, took_seconds=took, now=now)
        is_free = answer.status == 304 or path == RATE_LIMIT
        self._count(resource, is_free=is_free)
        self.expires_at = parse_token_expiration(answer.headers) or self.expires_at
        status, limit_headers = answer.status, answer.headers
        if resource == "graphql":
            status, limit_headers = as_rest_answer(status, limit_headers, answer.body)
        text = "" if status < 400 else answer.body
        limiter.update(
            status,
            limit_headers,
            text,
            now=self._clock.now(),
            path=path,
            purpose=purpose,
            is_free=is_free,
        )
        return answer

    def _response(self, path: str, answer: RawAnswer, *, was_redirected: bool = False) -> Response:
        etag = answer.headers.get("etag")
        return Response(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            validator=None if etag is None else f"{self.name} {etag}",
            path=path,
            api_url=self._api_url,
            was_redirected=was_redirected,
        )

    def _count(self, resource: str, *, is_free: bool) -> None:
        kind = "free" if is_free else "charged"
        self._counters.add(f"github_requests.{kind}")
        if resource == "graphql":
            self._counters.add("github_requests.graphql")

    def _own_etag(self, validator: str | None) -> str | None:
        """Return the ETag of a validator; None if another credential got it: ETags differ."""
        if validator is None:
            return None
        name, _, etag = validator.partition(" ")
        return etag if name == self.name else None

    def _url_of(self, path: str, parameters: Mapping[str, str | int]) -> str:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return f"{self._api_url}{path}{query}"

    def _github_now(self) -> datetime:
        return self._clock.now() + self.rate_limiter.clock_offset


def _headers(token: str | None) -> dict[str, str]:
    headers = {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": API_VERSION,
    }
    return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}


def _graphql_url(api_url: str) -> str:
    """Return where GraphQL is: a GitHub Enterprise Server has it next to the REST API.

    https://docs.github.com/en/enterprise-server/graphql/guides/managing-enterprise-accounts
    """
    if api_url.endswith("/api/v3"):
        return f"{api_url.removesuffix('/v3')}/graphql"
    return f"{api_url}/graphql"


def _without_password(api_url: str) -> str:
    parts = urlsplit(api_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
