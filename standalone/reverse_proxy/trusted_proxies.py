"""Which proxies may name a client's address, and which address that is."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of the proxies in front of this server; this machine is always trusted."""

    networks: tuple[IPNetwork, ...] = ()

    def __contains__(self, address: str) -> bool:
        """Return whether a proxy at this address may name its client."""
        parsed = _parse_address(address)
        if parsed is None:
            return False
        return parsed.is_loopback or any(parsed in each for each in self.networks)

    def find_client(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """Return the address of the client of a connection from ``peer``.

        Each proxy appends the address of its own client to X-Forwarded-For. From the right, the
        first address that is not a trusted proxy's is the client's. Those left of it may be forged.
        """
        client = _parse_address(peer)
        hops = [hop for value in forwarded_for for hop in value.split(",")]
        while hops and client is not None and str(client) in self:
            named = _parse_address(hops.pop())
            if named is None:
                break
            client = named
        return peer if client is None else str(client)


def _parse_address(text: str) -> IPAddress | None:
    """Return an address that has a port or none; None if the text is no address (``unknown``)."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
