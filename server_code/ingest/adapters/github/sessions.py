"""HTTP that sends nothing but what it is given: no netrc entry, no cookies, no redirects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .connections import open_adapter
from .proxies import environment_proxies

if TYPE_CHECKING:
    import requests
    from requests.adapters import HTTPAdapter

CONNECT_SECONDS = 10

#: The first that is set names the trusted certificates.
_CERTIFICATE_VARIABLES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


class PlainSession:
    """The connections of one thread, through an adapter of requests.

    A session of requests would merge settings, cookies and credentials into each request, of which
    there are none here: a sixth of a request's CPU.
    """

    def __init__(self, adapter: HTTPAdapter | None = None) -> None:
        import requests

        self._adapter = adapter or open_adapter()
        self._default_headers = requests.utils.default_headers()
        self._verify = _certificates()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        read_seconds: float,
    ) -> requests.Response:
        """Send one request; its answer is not read. Raises what requests raises."""
        import requests

        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.prepare_url(url, None)
        request.prepare_headers({**self._default_headers, **headers})
        request.prepare_body(body, None)
        return self._adapter.send(
            request,
            stream=True,
            timeout=(CONNECT_SECONDS, read_seconds),
            verify=self._verify,
            proxies=environment_proxies(url),
        )

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


def _certificates() -> str | bool:
    """Return where trusted certificates are: requests ignores OpenSSL's own variables.

    Its own, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE, come first.
    """
    return next(filter(None, map(os.environ.get, _CERTIFICATE_VARIABLES)), True)
