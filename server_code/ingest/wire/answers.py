"""What an answer of GitHub means: decided once, from status, headers and body together.

=================  ==================================================================  ==========================
about              answers                                                             error
=================  ==================================================================  ==========================
a passing failure  5xx, 202, what GitHub never answers, a broken body, a web page      RequestFailed
                   a fresh token's 401                                                 CredentialTooNew
a limit            429; 403 and 404 that speak of a limit (``rate_limits``)            RateLimited
the credential     401, suspension; 403 by SSO, IP list, policy, permission; 404 by SSO   BadCredentials, AccessDenied
the repository     404 of the repository itself, 410, 451, blocked, Actions disabled   RepositoryUnavailable
the item           404, 409, 410 and 422 of any other path                             NotFound, Gone
our request        400 and other 4xx of GitHub's                                        BadRequest
=================  ==================================================================  ==========================

GitHub answers 404 for an item as well as for a repository that it hides. So NotFound and Gone hold
only if the same credential reads the repository, which ``adapters/github/tokens.py`` checks.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from ..domain.web_links import SERVER_API_PATH, api_url_of
from ..errors import (
    AccessDenied,
    BadCredentials,
    BadRequest,
    CredentialTooNew,
    Gone,
    IngestError,
    NotFound,
    RepositoryUnavailable,
    RequestFailed,
)
from .fields import load_json
from .reasons import Reason, parse_reason
from .refusals import find_refusal_by_message, permission_remedy, requires_sso, sso_remedy

#: The code of an App manifest is posted here. A 422 of this path is a rejected request, and does
#: not mean that nothing is there.
MANIFESTS_PATH = "/app-manifests/"

#: Statuses of proxies and gateways, as are those from 430 on, except 451.
_NOT_OF_GITHUB = frozenset({407, 408, 421, 423, 425})

#: What to check where a proxy refuses a request, or a connection.
PROXY_REMEDY = "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."

_REPOSITORY_ITSELF = re.compile(r"/repos/[^/]+/[^/]+(/actions/runs)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer as it was received. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str = field(repr=False)


def error_of(  # noqa: PLR0913 - an answer, and who asked
    answer: RawAnswer,
    path: str,
    *,
    api_url: str,
    remedy_of_401: str | None = None,
    expired_at: datetime | None = None,
    is_fresh_token: bool = False,
) -> IngestError | None:
    """Return the error that an answer means; None if it is no error.

    ``remedy_of_401``: what to do if the credential is rejected. ``expired_at``: when the credential
    expired. Answers about limits are recognized before, in ``rate_limits``.
    """
    if answer.status < 400 and answer.status != 202:
        return None
    reason = parse_reason(answer.headers, answer.body)
    error = _error_of(answer, path, reason, is_fresh_token=is_fresh_token)
    if expired_at is not None and type(error) is BadCredentials:
        text = f"The token expired on {expired_at:%Y-%m-%d}. {error}"
        error = BadCredentials(text, remedy=error.remedy)
    if answer.status == 401 and error.remedy is None:
        error.remedy = remedy_of_401
    is_unknown_page = reason.is_web_page and answer.status != 407
    remedy = not_json_remedy(api_url) if is_unknown_page else error.remedy
    error.remedy = reason.with_reference(remedy)
    return error


def parse_json(answer: RawAnswer, path: str, *, api_url: str) -> object:
    """Parse the body. Raises RequestFailed, as GitHub may cut an answer or send an error page."""
    try:
        return load_json(answer.body)
    except (ValueError, RecursionError) as error:
        raise malformed_answer(path, answer.body, api_url=api_url) from error


def malformed_answer(path: str, body: str, *, api_url: str) -> RequestFailed:
    """Build the error for an answer that is no JSON of the expected form."""
    start = " ".join(body[:80].split())
    what = f"starting with {start!r}" if start else "with an empty body"
    return RequestFailed(
        f"GitHub's answer for {path} is not the expected JSON ({what}).",
        remedy=not_json_remedy(api_url),
    )


def not_json_remedy(api_url: str) -> str:
    """Return what to do if an answer is not the API's JSON: an outage, a proxy, a wrong address."""
    is_server = api_url.rstrip("/").endswith(SERVER_API_PATH)
    where = "check GITHUB_API_URL and proxies" if is_server else "see https://www.githubstatus.com"
    return api_address_remedy(api_url) or (
        f"Runstream repeats the request. If it persists, {where}."
    )


def api_address_remedy(api_url: str) -> str | None:
    """Return how the API of the host is addressed; None for an address that is right."""
    host = urlsplit(api_url).hostname or ""
    expected = api_url_of(host) or SERVER_API_PATH
    if not expected.endswith(SERVER_API_PATH):
        is_right = host == urlsplit(expected).hostname
        return None if is_right else f"Check GITHUB_API_URL: the API of {host} is at {expected}."
    if api_url.rstrip("/").endswith(SERVER_API_PATH):
        return None
    return (
        "Check GITHUB_API_URL: the API address of a GitHub Enterprise Server ends in "
        f"{SERVER_API_PATH}, such as https://github.example.com{SERVER_API_PATH}."
    )


def _error_of(answer: RawAnswer, path: str, reason: Reason, *, is_fresh_token: bool) -> IngestError:
    status, suffix = answer.status, reason.suffix
    if status == 202 or status in _NOT_OF_GITHUB or (status >= 430 and status != 451):
        return _failure(status, path, suffix)
    if reason.is_web_page:
        what = f"{path} was answered {status} by something other than GitHub's API"
        return RequestFailed(f"{what}{suffix}")
    if status == 401 and is_fresh_token:
        return CredentialTooNew(
            f"GitHub does not accept the new token for {path} yet (401){suffix}",
            remedy="No action is needed: Runstream asks again.",
        )
    if status in (401, 403, 451) or (status == 404 and requires_sso(answer.headers)):
        return _refusal(answer, path, reason)
    if status in (404, 409, 410) or (status == 422 and not path.startswith(MANIFESTS_PATH)):
        return _missing(status, path, suffix)
    return BadRequest(
        f"GitHub rejected the request for {path} ({status}){suffix}",
        remedy="Report it to Runstream's maintainers with this message.",
    )


def _failure(status: int, path: str, suffix: str) -> RequestFailed:
    if status == 407:
        text = f"The proxy requires another login for {path} (407){suffix}"
        return RequestFailed(text, remedy=PROXY_REMEDY)
    return RequestFailed(f"GitHub answered {status} for {path}{suffix}")


def _refusal(answer: RawAnswer, path: str, reason: Reason) -> IngestError:
    known = find_refusal_by_message(reason.message)
    if known is not None:
        text = f"GitHub refused {path} ({answer.status}){reason.suffix}"
        remedy = sso_remedy(answer.headers) or known.remedy
        return known.error(text, remedy=remedy)
    if answer.status == 401:
        return BadCredentials(f"GitHub rejected the credential (401){reason.suffix}")
    if answer.status == 451:
        return RepositoryUnavailable(
            f"GitHub blocks {path} for legal reasons (451){reason.suffix}",
            remedy="Remove the repository, or wait until its owner has settled it with GitHub.",
        )
    return AccessDenied(
        f"GitHub denied access to {path} ({answer.status}){reason.suffix}",
        remedy=sso_remedy(answer.headers) or permission_remedy(answer.headers),
    )


def _missing(status: int, path: str, suffix: str) -> IngestError:
    if status in (404, 410) and _REPOSITORY_ITSELF.fullmatch(path):
        return RepositoryUnavailable(
            f"GitHub does not show {path} to the credential ({status}){suffix}",
            remedy="Check the repository's name and that the credential may read it: GitHub "
            "answers 404 for private repositories that it hides.",
        )
    if status == 410:
        return Gone(f"GitHub has deleted {path} (410){suffix}")
    # 409: the repository is empty; 422: no such commit, or a list was asked past its end.
    return NotFound(f"GitHub has nothing at {path} ({status}){suffix}")
