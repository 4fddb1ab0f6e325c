"""One request to GitHub's API, and an answer that is no error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

from ...errors import BadRequest
from ...wire.answers import RawAnswer, parse_json
from ...wire.purposes import Purpose
from ...wire.rate_limits import parse_http_date

#: GitHub does not count it: https://docs.github.com/en/rest/rate-limit/rate-limit
RATE_LIMIT = "/rate_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``endpoint`` is the pattern of its path, by which GitHub's limits count.

    ``log_file``: a seekable file for a log. GitHub redirects to another host for it; if a server
    sends the log itself, it is written into the file, and the answer has no body.
    ``purpose``: why it is sent; less urgent requests leave a part of the rate limit to others.
    """

    endpoint: str
    path: str
    parameters: Mapping[str, str | int]
    validator: str | None = None
    log_file: BinaryIO | None = None
    purpose: Purpose = Purpose.POLLING

    @staticmethod
    def to(pattern: str, *values: str | int, **parameters: str | int | None) -> Request:
        """Fill a pattern such as ``/repos/{}/actions/runs/{}``. Raises BadRequest.

        Values are quoted except for ``/``, which the full name of a repository has; ``.``, ``..``
        and empty segments are refused. Parameters of None are left out.
        """
        for value in values:
            if any(segment in {"", ".", ".."} for segment in str(value).split("/")):
                raise BadRequest(f"{value!r} does not name anything on GitHub.")
        filled = pattern.format(*(quote(str(value), safe="/") for value in values))
        given = {name: value for name, value in parameters.items() if value is not None}
        return Request(endpoint=pattern, path=filled, parameters=given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(RawAnswer):
    """An answer that is no error: 2xx, 302 or 304.

    ``validator``: its ETag, with the name of the credential that got it.
    ``was_redirected``: it came from another URL than was requested, as for a renamed repository.
    """

    validator: str | None
    path: str
    api_url: str
    was_redirected: bool = False

    @property
    def is_unchanged(self) -> bool:
        """Return whether nothing changed since the validator (304, which GitHub does not count)."""
        return self.status == 304

    @property
    def answered_at(self) -> datetime | None:
        """Return the time of the answer by GitHub's clock."""
        return parse_http_date(self.headers.get("date"))

    def json(self) -> object:
        """Parse the body. Raises RequestFailed."""
        return parse_json(self, self.path, api_url=self.api_url)
