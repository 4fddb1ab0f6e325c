"""What Anvil's client raises where the state does not answer."""

from __future__ import annotations

import pytest
from ingest.adapters.data_tables.errors import translating_errors
from ingest.errors import StateUnavailable
from support.origin_server import origin_server
from ws4py.client import WebSocketBaseClient


def test_a_proxy_whose_server_is_away_is_a_state_that_does_not_answer():
    """Anvil's client connects again in whichever thread calls next, by this WebSocket library."""
    with origin_server() as proxy:
        proxy.answers["/_/uplink"] = lambda request: request.respond(b"away", status=503)
        link = WebSocketBaseClient(f"ws://127.0.0.1:{proxy.port}/_/uplink")
        with (
            pytest.raises(StateUnavailable, match="do not answer: Invalid response status"),
            translating_errors(),
        ):
            link.connect()


def test_a_defect_stays_what_it_is():
    with pytest.raises(KeyError), translating_errors():
        raise KeyError("of Runstream's own")
