"""One credential's way to GitHub's API: governed, counted, conditional, one connection a thread."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...domain.counters import Counters
from ...errors import (
    AccessDenied,
    BadCredentials,
    Gone,
    MalformedPayload,
    NotFound,
    SourceUnavailable,
)
from ...ports import Clock
from ...wire.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from github import Github
    from github.Auth import Auth
    from github.Requester import Requester

logger = logging.getLogger(__name__)

#: Pinned: GitHub changes payloads between versions. https://docs.github.com/en/rest/about-the-rest-api/api-versions
API_VERSION = "2022-11-28"
USER_AGENT = "runstream"
TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Ask for one thing. ``endpoint`` is the path's pattern, which GitHub's limits count by."""

    endpoint: str
    path: str
    parameters: Mapping[str, str | int]
    validator: str | None = None

    @staticmethod
    def to(pattern: str, *values: str | int, **parameters: str | int) -> Request:
        """Fill a pattern such as ``/repos/{}/actions/runs/{}``."""
        return Request(endpoint=pattern, path=pattern.format(*values), parameters=parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Be an answer that is no error: 2xx, 302 or 304. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str
    validator: str | None

    @property
    def is_unchanged(self) -> bool:
        """Tell whether the validator still held; such an answer was free."""
        return self.status == 304

    @property
    def has_next(self) -> bool:
        """Tell whether the Link header names a page after this one."""
        return 'rel="next"' in self.headers.get("link", "")

    def json(self) -> object:
        """Parse the body; raises MalformedPayload."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            start = self.body[:80].replace("\n", " ")
            raise MalformedPayload(
                f"GitHub answered with something else than JSON: {start!r}"
            ) from error


class GithubClient:
    """Send requests with one credential. Safe for many threads; never sleeps, never retries."""

    def __init__(
        self, *, name: str, auth: Auth | None, api_url: str, clock: Clock, counters: Counters
    ) -> None:
        self.name = name
        self.rate_limiter = RateLimiter()
        self._auth = auth
        self._api_url = api_url
        self._clock = clock
        self._counters = counters
        self._threads = threading.local()
        self._opened: list[Github] = []
        self._opened_lock = threading.Lock()

    def get(self, request: Request) -> Response:
        """Send one GET, conditional where the request carries a validator of this client's.

        Raises RateLimited, SourceUnavailable, BadCredentials, AccessDenied, NotFound.
        """
        headers: dict[str, str] = {}
        etag = self._own_etag(request.validator)
        if etag is not None:
            headers["If-None-Match"] = etag
        with self._rate_limited(request.endpoint, resource="core"):
            status, received, body = self._requester().requestJson(
                "GET", request.path, dict(request.parameters), headers
            )
        return self._accept(request.path, "core", status, received, body)

    def query(self, query: str, variables: Mapping[str, str]) -> object:
        """Send one GraphQL query; return the whole answer, ``data`` and ``errors``.

        Raises as ``get`` does; an exhausted GraphQL budget is RateLimited though it answers 200.
        """
        requester = self._requester()
        with self._rate_limited("/graphql", resource="graphql"):
            status, received, body = requester.requestJson(
                "POST",
                requester.graphql_url,
                input={"query": query, "variables": dict(variables)},
            )
        return self._accept("/graphql", "graphql", status, received, body).json()

    def has_headroom(self) -> bool:
        """Tell whether the credential has more requests than it needs until the hour's end."""
        return self.rate_limiter.has_headroom(now=self._clock.now())

    def has_minute_headroom(self) -> bool:
        """Return whether the credential has used less than half of a minute's requests."""
        return self.rate_limiter.has_minute_headroom(now=self._clock.now())

    def paused_until(self) -> datetime | None:
        """Tell until when this credential must not ask; None where it may."""
        return self.rate_limiter.paused_until(now=self._clock.now())

    def interval_factor(self) -> float:
        """Tell how many times longer polls must wait for the hour's requests to last."""
        return self.rate_limiter.interval_factor(now=self._clock.now())

    def close(self) -> None:
        """Close every thread's connections."""
        with self._opened_lock:
            for opened in self._opened:
                opened.close()
            self._opened.clear()

    def _requester(self) -> Requester:
        """Give each thread a client of its own: PyGithub's keeps a request's state on itself."""
        opened = getattr(self._threads, "github", None)
        if opened is None:
            opened = self._threads.github = self._open()
            with self._opened_lock:
                self._opened.append(opened)
        requester: Requester = opened.requester
        return requester

    def _open(self) -> Github:
        import github

        return github.Github(
            auth=self._auth,
            base_url=self._api_url,
            timeout=TIMEOUT_SECONDS,
            user_agent=USER_AGENT,
            per_page=100,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
            api_version=API_VERSION,
        )

    @contextmanager
    def _rate_limited(self, endpoint: str, *, resource: str) -> Iterator[None]:
        """Hold a place with the governor, and map what the transport raises."""
        import github
        import requests

        self.rate_limiter.admit(endpoint, resource=resource, now=self._clock.now())
        started = time.monotonic()
        try:
            yield
        except requests.exceptions.RequestException as error:
            kind = type(error).__name__
            raise SourceUnavailable(f"{self._api_url} did not answer ({kind}).") from error
        except github.GithubException as error:
            # Only minting an installation token raises one: requestJson itself checks nothing.
            raise _minting_error(error.status) from error
        except RuntimeError as error:
            # PyGithub's word for a redirect to another host or protocol.
            raise SourceUnavailable(f"{self._api_url} redirects elsewhere: {error}") from error
        finally:
            took = time.monotonic() - started
            self.rate_limiter.record_response(resource, took_seconds=took, now=self._clock.now())

    def _accept(
        self, path: str, resource: str, status: int, received: Mapping[str, Any], body: str
    ) -> Response:
        headers = {name.lower(): str(value) for name, value in received.items()}
        self._count(resource, status)
        self.rate_limiter.learn(status, headers, body, now=self._clock.now())
        if resource == "graphql" and status == 200 and '"RATE_LIMITED"' in body:
            self._raise_graphql_limit(headers)
        if status >= 400:
            raise _error_for(status, path, headers)
        etag = headers.get("etag")
        return Response(
            status=status,
            headers=headers,
            body=body,
            validator=None if etag is None else f"{self.name} {etag}",
        )

    def _raise_graphql_limit(self, headers: Mapping[str, str]) -> None:
        """Treat GraphQL's polite refusal as the refusal it is."""
        refusal = {**headers, "x-ratelimit-remaining": "0", "x-ratelimit-resource": "graphql"}
        self.rate_limiter.learn(429, refusal, "", now=self._clock.now())

    def _count(self, resource: str, status: int) -> None:
        kind = "free" if status == 304 else "charged"
        self._counters.add(f"github_requests.{kind}")
        if resource == "graphql":
            self._counters.add("github_requests.graphql")

    def _own_etag(self, validator: str | None) -> str | None:
        """Take the ETag out of a validator, if this credential got it: ETags differ by token."""
        if validator is None:
            return None
        name, _, etag = validator.partition(" ")
        return etag if name == self.name else None


def _minting_error(status: int) -> Exception:
    """Tell an app that is wrong from a GitHub that is busy: both leave us without a token."""
    if status in (401, 404, 422):
        return BadCredentials(
            f"GitHub gave no installation token ({status}): check GITHUB_APP_ID, "
            "GITHUB_APP_PRIVATE_KEY and that the app is installed."
        )
    return SourceUnavailable(f"GitHub gave no installation token for now ({status}).")


def _error_for(status: int, path: str, headers: Mapping[str, str]) -> Exception:
    """Choose the error for an answer; the log has GitHub's request id, for its support.

    The error itself says the same each time, so that repeats of it are one for whoever reads them.
    """
    request_id = headers.get("x-github-request-id")
    logger.info("github refused", extra={"path": path, "status": status, "request_id": request_id})
    if status == 401:
        return BadCredentials(
            f"GitHub does not accept the token (401 for {path}): it is wrong, revoked or expired; "
            "make a new one and set GITHUB_TOKEN."
        )
    if status in (403, 451):
        return AccessDenied(
            f"The token may not read {path}: it needs read access to actions and contents."
        )
    if status == 410:
        return Gone(f"GitHub has deleted what was at {path}.")
    if status in (404, 409, 422):
        # 409: the repository is empty; 422: no such commit, or a list asked past its end.
        return NotFound(f"GitHub knows nothing at {path} ({status}), or hides it from this token.")
    return SourceUnavailable(f"GitHub answered {status} for {path}.")
