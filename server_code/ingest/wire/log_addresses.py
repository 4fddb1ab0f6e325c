"""Where a log may be read from, and what its host's answers mean.

A redirect must not be used against this machine's own network. So it is followed to http and https
only, to http only where the API itself is http, and to a private address only where the API is on
one.
"""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import GithubUnavailable, LogExpired, LogPending, RequestFailed
from .fields import mapping, text
from .reasons import parse_reason, printable

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: https://www.iana.org/assignments/iana-ipv6-special-registry: all that is routed on the internet.
_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")

#: Some clouds serve their credentials here; Python's ``is_global`` includes it in part.
_IPV4_PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")

#: IPv4-compatible, IPv4-mapped, IPv4-translated, and NAT64 (RFC 4291, 6145, 6052).
_IPV4_IN_LAST_BITS = tuple(
    map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
)


#: How Azure, Amazon and Google name a request, which their support asks for.
_REQUEST_IDS = ("x-ms-request-id", "x-amz-request-id", "x-guploader-uploadid")


def require_allowed_url(url: str, *, api_url: str) -> None:
    """Raise GithubUnavailable where a log's address must not be requested."""
    try:
        there, api = urlsplit(url), urlsplit(api_url)
        host, port = there.hostname, there.port
    except ValueError:
        raise GithubUnavailable("GitHub redirects a log to an invalid address.") from None
    schemes = {"https"} if api.scheme == "https" else {"http", "https"}
    if there.scheme not in schemes or not host:
        raise GithubUnavailable(
            f"GitHub redirects a log to {there.scheme}://{host or ''}, which is not allowed: "
            f"the API itself is {api.scheme}."
        )
    if (host, port) == (api.hostname, api.port) or is_private(api.hostname or ""):
        return
    if is_private(host):
        raise GithubUnavailable(
            f"GitHub redirects a log to {host}, an address of a private network."
        )


def raise_for_log_host_status(status: int, headers: Mapping[str, str], start: str) -> None:
    """Raise the error for a status of a log's host; GitHub has just given its address.

    Header names are in lower case; ``start`` is the beginning of the body.
    """
    if status == 404:
        raise LogPending("The log's host does not have it (404).")
    if status == 410:
        raise LogExpired("The log's host has deleted it (410).")
    if status != 200:
        # 401 and 403: the address is valid for one minute only, and a new one is fetched.
        # 202 and 204 have no log, and are no empty one.
        reason = parse_reason(headers, start)
        request_id = next(filter(None, map(headers.get, _REQUEST_IDS)), None)
        raise GithubUnavailable(
            f"The log's host answered {status}{reason.suffix}",
            remedy=request_id and f"Its request ID: {printable(request_id)}.",
        )


def require_log(content_type: str, start: bytes) -> None:
    """Raise RequestFailed for a web page, or for an answer of GitHub's API.

    ``start``: the first piece of the body, which is the whole body where it is small.
    """
    kind = content_type.lower()
    if "text/html" in kind:
        raise RequestFailed(
            "A web page was answered in place of a log.",
            remedy="Check proxies and the sign-in pages between this machine and GitHub.",
        )
    if "json" not in kind:
        return
    message = _api_message(start)
    if message is not None:
        raise RequestFailed(f"An error was answered in place of a log: {message}")


def is_private(host: str) -> bool:
    """Return whether a host is on a private network, or this machine, as far as its name shows."""
    name = _in_ascii(host.strip("[]")).rstrip(".").lower()
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        return True
    address = _parse(name.partition("%")[0])
    return address is not None and not _is_public(address)


def _api_message(start: bytes) -> str | None:
    """Return the message of an object of the API; None for anything that can begin a log."""
    if not start.strip():
        return "an empty body."
    try:
        payload = json.loads(start)
    except (ValueError, RecursionError):
        return None
    message = text(mapping(payload).get("message"))
    return None if message is None else printable(message)


def _in_ascii(name: str) -> str:
    """Return a name as resolvers and proxies see it: Unicode has other digits and dots as well."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        return address.is_global and address in _IPV6_UNICAST
    return address.is_global and not address.is_multicast and address not in _IPV4_PROTOCOLS


def _parse(name: str) -> _Address | None:
    """Read an address in any form that a resolver takes, such as ``127.1`` or ``0x7f000001``."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name))
        except (OSError, ValueError):
            return None
    return _embedded_ipv4(address) or address


def _embedded_ipv4(address: _Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, or is translated to."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in prefix for prefix in _IPV4_IN_LAST_BITS):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour
