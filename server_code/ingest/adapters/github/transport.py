"""HTTP to GitHub: bounded in time and size, no redirects, no cookies, no credentials of its own."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from ...domain.clock_words import CLOCK_REMEDY, is_of_clock
from ...errors import (
    OPEN_FILES_REMEDY,
    RequestFailed,
    SourceUnavailable,
    has_too_many_open_files,
)
from ...wire.answers import RawAnswer
from ...wire.log_bodies import require_log
from .read_timeouts import ReadTimeouts

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10

#: The longest that one answer may take to arrive, and the most that it may hold.
TOTAL_SECONDS = 60
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

#: The longest that one log may take to arrive, and how much of it is in memory.
LOG_SECONDS = 1800
LOG_CHUNK_BYTES = 256 * 1024


_TLS_REMEDY = (
    "If its certificate comes from a private CA, set SSL_CERT_FILE to the PEM file of that CA. If "
    "it does not use TLS, begin GITHUB_API_URL with http://."
)

#: The first that is set names the trusted certificates.
_CERTIFICATE_VARIABLES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)

_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_PROXY_VARIABLES = (*_PROXY_NAMES, *map(str.upper, _PROXY_NAMES))


class Transport:
    """A session per thread. Safe for many threads; never retries, never follows a redirect."""

    def __init__(self, read_timeouts: ReadTimeouts | None = None) -> None:
        self._read_timeouts = read_timeouts or ReadTimeouts()
        self._threads = threading.local()
        self._opened: list[requests.Session] = []
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        log: BinaryIO | None = None,
    ) -> RawAnswer:
        """Send one request; the body of a 200 is written into ``log`` where that is given.

        Raises SourceUnavailable, or RequestFailed for half an answer.
        """
        import requests

        started = time.monotonic()
        read_seconds = self._read_timeouts.seconds(url)
        try:
            with self._session().request(
                method,
                url,
                headers=dict(headers),
                data=body,
                timeout=(CONNECT_SECONDS, read_seconds),
                proxies=environment_proxies(url),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._read_timeouts.note_answer(url, took_seconds=time.monotonic() - started)
                is_log = log is not None and response.status_code == 200
                if log is not None and is_log:
                    write_log(response, log, deadline=started + LOG_SECONDS)
                content = b"" if is_log else _read(response, started + TOTAL_SECONDS)
                received = {name.lower(): value for name, value in response.headers.items()}
        except requests.exceptions.RequestException as error:
            if was_silent(error):
                self._read_timeouts.note_silence(url)
            raise connection_error(error, url, read_seconds=read_seconds) from error
        except OSError as error:
            raise _certificates_error(error) from error
        except ValueError as error:
            # requests raises it for an invalid redirect address or chunk length.
            raise RequestFailed("GitHub's answer is not valid HTTP.") from error
        return RawAnswer(status=response.status_code, headers=received, body=_decode(content))

    def close(self) -> None:
        """Close every thread's connections."""
        with self._lock:
            for session in self._opened:
                session.close()
            self._opened.clear()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = open_session()
            with self._lock:
                self._opened.append(session)
        return session


def open_session() -> requests.Session:
    """Open a session that sends nothing but what it is given: no netrc entry and no cookies.

    Its requests name their proxies: requests would search the environment anew for each.
    """
    import requests

    session = requests.Session()
    session.trust_env = False
    session.auth = _add_nothing
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = _certificates()
    return session


def resolve(host: str) -> set[str]:
    """Return the addresses of a host; none where its name does not resolve."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()


def has_proxy(url: str) -> bool:
    """Return whether the environment names a proxy for an address."""
    from requests.utils import select_proxy

    return select_proxy(url, environment_proxies(url)) is not None


def environment_proxies(url: str) -> dict[str, str]:
    """Return the proxies that the environment names for the host of an address."""
    parts = urlsplit(url)
    variables = tuple(map(os.environ.get, _PROXY_VARIABLES))
    return _find_proxies(f"{parts.scheme}://{parts.netloc}", variables)


@lru_cache(maxsize=64)
def _find_proxies(origin: str, _variables: tuple[str | None, ...]) -> dict[str, str]:
    from requests.utils import get_environ_proxies

    return dict(get_environ_proxies(origin))


def connection_error(error: Exception, url: str, *, read_seconds: float) -> SourceUnavailable:
    """Build the error for a request that failed on its way, with what to do about it."""
    import requests

    host, kind = _host_of(url), type(error).__name__
    if has_too_many_open_files(error):
        return SourceUnavailable(f"{host} could not be reached.", remedy=OPEN_FILES_REMEDY)
    if isinstance(error, requests.exceptions.SSLError):
        return SourceUnavailable(
            f"The certificate of {host} could not be verified: {_certificate_fault(error)}.",
            remedy=CLOCK_REMEDY if is_of_clock(str(error)) else _TLS_REMEDY,
        )
    # requests' error for a proxy of an unknown scheme is a ValueError too.
    is_unusable = isinstance(error, ValueError) and has_proxy(url)
    if isinstance(error, requests.exceptions.ProxyError) or is_unusable:
        return SourceUnavailable(
            f"The proxy did not connect to {host} ({kind}).",
            remedy="Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
        )
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        return SourceUnavailable(
            f"{host} could not be reached ({kind}).",
            remedy="Check GITHUB_API_URL and the network: name, proxy and firewall.",
        )
    if was_silent(error):
        return RequestFailed(f"{host} sent nothing for {read_seconds:g} seconds.")
    return RequestFailed(f"{host} ended the connection before its answer was complete ({kind}).")


def was_silent(error: Exception) -> bool:
    """Return whether a connection was kept and nothing came: before the answer, or amid it."""
    import requests
    from urllib3.exceptions import ReadTimeoutError

    is_amid = any(isinstance(each, ReadTimeoutError) for each in error.args)
    return is_amid or isinstance(error, requests.exceptions.ReadTimeout)


def write_log(response: requests.Response, log: BinaryIO, *, deadline: float) -> None:
    """Write an answer's body into a file, from its beginning.

    Raises SourceUnavailable for a body that is no log, and what ``requests`` raises.
    """
    log.seek(0)
    log.truncate()
    start: bytes | None = None
    for chunk in response.iter_content(LOG_CHUNK_BYTES):
        if start is None:
            start = chunk
            require_log(response.headers.get("content-type", ""), start)
        log.write(chunk)
        if time.monotonic() >= deadline:
            raise SourceUnavailable(f"A log took longer than {LOG_SECONDS} s to arrive.")
    if start is None:
        require_log(response.headers.get("content-type", ""), b"")


def _read(response: requests.Response, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise RequestFailed(f"GitHub's answer is larger than {MAX_ANSWER_BYTES:,} bytes.")
        if time.monotonic() > deadline:
            raise RequestFailed(f"GitHub's answer took longer than {TOTAL_SECONDS} s to arrive.")
    return b"".join(chunks)


def _decode(content: bytes) -> str:
    """Decode an answer as JSON: a proxy may have recoded it to UTF-16, with or without its mark."""
    return content.decode(json.detect_encoding(content), "replace")


def _add_nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _certificates() -> str | bool:
    """Return where trusted certificates are: requests ignores OpenSSL's own variables.

    Its own, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE, come first.
    """
    return next(filter(None, map(os.environ.get, _CERTIFICATE_VARIABLES)), True)


def _certificates_error(error: OSError) -> SourceUnavailable:
    """Build the error for an OSError, which is how requests reports a missing bundle."""
    return SourceUnavailable(
        f"The certificates of this machine cannot be read: {error}.",
        remedy="Set SSL_CERT_FILE to a PEM file of certificates that exists.",
    )


def _certificate_fault(error: Exception) -> str:
    words = str(error)
    _, found, fault = words.partition("certificate verify failed: ")
    return fault.split(" (_ssl")[0] if found else "the TLS handshake failed"


def _never_connected(error: Exception) -> bool:
    from urllib3.exceptions import NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)


def _host_of(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('/')[0].rpartition('@')[2]}"
