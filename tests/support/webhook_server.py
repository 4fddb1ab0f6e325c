"""A server of webhooks and nothing else."""

from __future__ import annotations

from ingest.ports import Clock, StateStore
from ingest.settings import Secret
from ingest.wire.webhooks import MAX_BODY_BYTES

from standalone.http.server import Address, HttpServer, Routes
from standalone.http.webhook_app import webhook_routes


class WebhookServer(HttpServer):
    """A server of webhooks only, from construction until ``close``."""

    def __init__(
        self, store: StateStore, clock: Clock, *, secret: Secret, host: str, port: int
    ) -> None:
        routes = Routes(webhook_routes(store, clock, secret))
        super().__init__(routes, Address(host, port), max_signed_body_bytes=MAX_BODY_BYTES)
