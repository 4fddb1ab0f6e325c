"""Where a redirect of GitHub's API leads, and when it is followed.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
"""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from ...errors import GithubUnavailable, IngestError
from ...wire.answers import RawAnswer, api_address_remedy
from ...wire.links import redirect_target
from ...wire.reasons import parse_reason

#: Redirects of one request that are followed, on the API's own host only.
MAX_REDIRECTS = 5

#: GitHub documents 302 and 307 as temporary, 301 and 308 for renamed repositories.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_REMEDY = "Set GITHUB_API_URL to the address that answers without a redirect."

#: Prefixes of the API's own paths: a log under another path of its host needs no credential.
_API_PATHS = ("/repos/", "/repositories/")

#: Some proxies write the usual port into the address of a redirect.
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Redirects:
    """The redirects of one GET. ``is_log``: a redirect to a log's own host is not followed."""

    def __init__(self, url: str, *, path: str, api_url: str, is_log: bool) -> None:
        self._requested = {url}
        self._url = url
        self._path = path
        self._api_url = api_url
        self._is_log = is_log

    def follow(self, answer: RawAnswer) -> str | None:
        """Return the URL to request next; None for an answer that is not to be followed.

        Raises GithubUnavailable where it leads nowhere, in a circle, too far, or to another host or
        scheme: the credential is not sent there.
        """
        if answer.status not in _REDIRECTS:
            return None
        address = answer.headers.get("location")
        if not address:
            raise GithubUnavailable(
                f"GitHub redirects {self._path} ({answer.status}) without an address"
                f"{_reason_in(answer)}"
            )
        location = _with_parameters(redirect_target(self._url, address), self._url)
        if self._is_log and not self._is_of_api(location):
            return None
        self._require_same_host(location)
        if location in self._requested:
            raise GithubUnavailable(f"{self._path} redirects in a circle{_reason_in(answer)}")
        if len(self._requested) > MAX_REDIRECTS:
            raise GithubUnavailable(
                f"{self._path} redirects more than {MAX_REDIRECTS} times{_reason_in(answer)}"
            )
        self._requested.add(location)
        self._url = location
        return location

    def _is_of_api(self, location: str) -> bool:
        """Return whether a URL is one of the API, which requires the credential."""
        there, api = urlsplit(location), urlsplit(self._api_url)
        if _origin(there) != _origin(api):
            return False
        return there.path.startswith(tuple(f"{api.path}{prefix}" for prefix in _API_PATHS))

    def _require_same_host(self, location: str) -> None:
        here, there = urlsplit(self._url), urlsplit(location)
        if _origin(here) != _origin(there):
            # A web server redirects to its login page if /api/v3 is missing.
            path_remedy = api_address_remedy(self._api_url)
            raise GithubUnavailable(
                f"{self._api_url} redirects to {there.scheme}://{there.netloc.rpartition('@')[2]}.",
                remedy=_REMEDY if path_remedy is None else f"{_REMEDY} {path_remedy}",
            )


def _reason_in(answer: RawAnswer) -> str:
    return parse_reason(answer.headers, answer.body).suffix


def require_no_redirect(answer: RawAnswer, url: str, error: type[IngestError]) -> None:
    """Raise an error for a redirected POST to ``url``, which clients would repeat as a GET."""
    if answer.status not in _REDIRECTS:
        return
    target = urlsplit(redirect_target(url, answer.headers.get("location", "")))
    raise error(
        f"GitHub redirects {urlsplit(url).path} ({answer.status}) to "
        f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}.",
        remedy=_REMEDY,
    )


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))


def _with_parameters(location: str, requested: str) -> str:
    """Add the requested parameters that a redirect's URL lacks: some servers drop them."""
    if "?" not in requested:
        return location
    parts = urlsplit(location)
    named = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    lacking = [pair for pair in parse_qsl(urlsplit(requested).query) if pair[0] not in named]
    query = "&".join(filter(None, (parts.query, urlencode(lacking))))
    return parts._replace(query=query).geturl()
