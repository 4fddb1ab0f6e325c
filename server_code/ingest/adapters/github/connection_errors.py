"""The errors of requests to GitHub that got no complete answer, and what to do about them."""

from __future__ import annotations

from ...domain.clock_errors import CLOCK_REMEDY, is_clock_error
from ...errors import (
    OPEN_FILES_REMEDY,
    GithubUnavailable,
    RequestFailed,
    has_too_many_open_files,
)
from .origins import origin_of, proxy_for

_TLS_REMEDY = (
    "If its certificate comes from a private CA, set SSL_CERT_FILE to the PEM file of that CA. If "
    "it does not use TLS, begin GITHUB_API_URL with http://."
)


def connection_error(error: Exception, url: str, *, read_seconds: float) -> GithubUnavailable:
    """Build the error for a request that got no complete answer."""
    remedy = "Check GITHUB_API_URL and the network: name, proxy and firewall."
    if (not_connected := _connect_error(error, url, remedy)) is not None:
        return not_connected
    host = origin_of(url)
    if was_silent(error):
        return RequestFailed(f"{host} sent nothing for {read_seconds:g} seconds.")
    kind = type(error).__name__
    return RequestFailed(f"{host} ended the connection before its answer was complete ({kind}).")


def log_host_error(error: Exception, url: str) -> GithubUnavailable:
    """Build the error for a log that did not arrive from the host that GitHub redirected to."""
    remedy = "GitHub keeps logs on this host: let this machine reach it (name, proxy, firewall)."
    return _connect_error(error, url, remedy) or GithubUnavailable(
        f"The log's host did not deliver the whole log ({type(error).__name__})."
    )


def _connect_error(error: Exception, url: str, remedy: str) -> GithubUnavailable | None:
    """Build the error for a connection that failed; None where there was a connection.

    ``remedy``: what to check where the host cannot be reached.
    """
    from urllib3.exceptions import (
        ConnectTimeoutError,
        NewConnectionError,
        ProxyError,
        SSLError,
    )

    host, kind = origin_of(url), type(error).__name__
    if has_too_many_open_files(error):
        return GithubUnavailable(f"{host} could not be reached.", remedy=OPEN_FILES_REMEDY)
    if isinstance(error, SSLError):
        return GithubUnavailable(
            f"The certificate of {host} could not be verified: {_certificate_fault(error)}.",
            remedy=CLOCK_REMEDY if is_clock_error(str(error)) else _TLS_REMEDY,
        )
    is_unusable = isinstance(error, ValueError) and proxy_for(host) is not None
    if isinstance(error, ProxyError) or is_unusable:
        return GithubUnavailable(
            f"The proxy did not connect to {host} ({kind}).",
            remedy="Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
        )
    if isinstance(error, (ConnectTimeoutError, NewConnectionError)):
        return GithubUnavailable(f"{host} could not be reached ({kind}).", remedy=remedy)
    return None


def was_silent(error: Exception) -> bool:
    """Return whether the server sent nothing for too long, before or during its answer."""
    from urllib3.exceptions import ReadTimeoutError

    return isinstance(error, ReadTimeoutError)


def _certificate_fault(error: Exception) -> str:
    text = str(error)
    _, found, fault = text.partition("certificate verify failed: ")
    return fault.split(" (_ssl")[0] if found else "the TLS handshake failed"
