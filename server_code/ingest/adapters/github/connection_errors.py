"""The errors of requests to GitHub that got no complete answer, and what to do about them."""

from __future__ import annotations

import re

from ...domain.clock_errors import CLOCK_REMEDY, is_clock_error
from ...errors import (
    OPEN_FILES_REMEDY,
    GithubUnavailable,
    RequestFailed,
    has_too_many_open_files,
)
from ...wire.answers import PROXY_REMEDY
from ...wire.reasons import printable
from .certificates import certificates_variable
from .origins import origin_of, proxy_for

#: What Python's errors of TLS say besides the reason.
_OPENSSL_PLACE = re.compile(r"^_ssl\.c:\d+: |^\[SSL[^\]]*\] | \(_ssl\.c:\d+\)$")

#: By what OpenSSL says of a certificate; the last one is for any other fault. ``variable``: the
#: environment variable whose certificates are trusted.
_CERTIFICATE_REMEDIES = {
    "mismatch": "Use an address that the certificate is for.",
    "has expired": "Renew it on the server, or set the clock of this machine if it is ahead.",
    "": "If it comes from a private CA, set {variable} to the PEM file of that CA.",
}


def connection_error(error: Exception, url: str, *, read_seconds: float) -> GithubUnavailable:
    """Build the error for a request that got no complete answer."""
    from urllib3.exceptions import SSLError

    remedy = "Check GITHUB_API_URL and the network: name, proxy and firewall."
    if isinstance(error, SSLError):
        remedy += " If the server does not use TLS, begin GITHUB_API_URL with http://."
    if (not_connected := _connect_error(error, url, remedy)) is not None:
        return not_connected
    origin = origin_of(url)
    if was_silent(error):
        return RequestFailed(f"{origin} sent nothing for {read_seconds:g} seconds.")
    kind = type(error).__name__
    return RequestFailed(f"{origin} ended the connection before its answer was complete ({kind}).")


def log_host_error(error: Exception, url: str) -> GithubUnavailable:
    """Build the error for a log that did not arrive from the host that GitHub redirected to."""
    remedy = "GitHub keeps logs on this host: let this machine reach it (name, proxy, firewall)."
    return _connect_error(error, url, remedy) or GithubUnavailable(
        f"The log's host did not deliver the whole log ({type(error).__name__})."
    )


def _connect_error(error: Exception, url: str, remedy: str) -> GithubUnavailable | None:
    """Build the error for a connection that was not made, or whose TLS failed; None for others.

    ``remedy``: what to check there, unless it is this machine, a certificate or a proxy.
    """
    from urllib3.exceptions import (
        ConnectTimeoutError,
        NewConnectionError,
        ProxyError,
        SSLError,
    )

    origin, reason = origin_of(url), _reason_of(error)
    if has_too_many_open_files(error):
        return GithubUnavailable(f"{origin} could not be reached.", remedy=OPEN_FILES_REMEDY)
    if isinstance(error, SSLError):
        return _tls_error(str(error), origin, remedy)
    if isinstance(error, ValueError) and proxy_for(origin) is not None:
        text = f"The address of the proxy for {origin} is not valid."
        return GithubUnavailable(text, remedy=PROXY_REMEDY)
    if isinstance(error, ProxyError):
        text = f"The proxy did not connect to {origin} ({reason})."
        return GithubUnavailable(text, remedy=PROXY_REMEDY)
    if isinstance(error, (ConnectTimeoutError, NewConnectionError)):
        return GithubUnavailable(f"{origin} could not be reached ({reason}).", remedy=remedy)
    return None


def _reason_of(error: BaseException) -> str:
    """Return the reason of the system or the proxy; without one, the class of the error.

    The text of the error itself may contain the address of a proxy, with its password.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and (reason := cause.strerror or str(cause)):
            return printable(_OPENSSL_PLACE.sub("", reason))
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def was_silent(error: Exception) -> bool:
    """Return whether the server sent nothing for too long, before or during its answer."""
    from urllib3.exceptions import ReadTimeoutError

    return isinstance(error, ReadTimeoutError)


def _tls_error(text: str, origin: str, remedy: str) -> GithubUnavailable:
    fault = text.partition(" (_ssl")[0]
    _, found, certificate_fault = fault.partition("certificate verify failed: ")
    if not found:
        reason = fault.rpartition("] ")[2]
        return GithubUnavailable(f"The TLS of {origin} failed: {reason}.", remedy=remedy)
    remedies = (each for said, each in _CERTIFICATE_REMEDIES.items() if said in certificate_fault)
    remedy = next(remedies).format(variable=certificates_variable())
    return GithubUnavailable(
        f"The certificate of {origin} could not be verified: {certificate_fault.rstrip('.')}.",
        remedy=CLOCK_REMEDY if is_clock_error(text) else remedy,
    )
