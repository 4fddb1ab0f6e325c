"""What a collector serves over HTTP, if it is given an address: webhooks, health and metrics.

Webhooks come from outside, health and metrics are read from within, so each has its own address;
if both are the same, one server serves both. Health has its own threads and waits for no webhook.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ingest.bootstrap.collector import Collector
from ingest.bootstrap.queues import count_dead_letters
from ingest.errors import BadSettings
from ingest.services.context import AGENTS
from ingest.wire.webhooks import MAX_BODY_BYTES

from ..query_runner import QueryRunner, query_directly
from .health import HEALTH_PATH, HealthApp
from .server import Address, HttpServer, Routes, WsgiApp, cannot_listen

logger = logging.getLogger(__name__)


@contextmanager
def serve_endpoints(
    collector: Collector,
    *,
    webhooks: Address | None = None,
    health_and_metrics: Address | None = None,
    run_query: QueryRunner = query_directly,
    agents: Sequence[str] = AGENTS,
) -> Iterator[None]:
    """Serve each endpoint that is given an address, until the block ends. Raises BadSettings.

    Health and metrics query the state through ``run_query``, which may limit the time of a query.
    ``agents``: those that this process runs, whose health is served.
    """
    routes_by_address: dict[Address, dict[str, WsgiApp]] = {}
    if webhooks is not None:
        routes_by_address.setdefault(webhooks, {}).update(_webhooks(collector))
    if health_and_metrics is not None:
        more = _health_and_metrics(collector, run_query, agents)
        routes_by_address.setdefault(health_and_metrics, {}).update(more)
    with ExitStack() as servers:
        for address, routes in routes_by_address.items():
            servers.callback(_open(address, routes).close)
        yield


def _open(address: Address, routes: dict[str, WsgiApp]) -> HttpServer:
    try:
        server = HttpServer(
            Routes(routes),
            address,
            max_signed_body_bytes=MAX_BODY_BYTES,
            paths_with_own_threads={HEALTH_PATH} & routes.keys(),
        )
    except OSError as error:
        raise cannot_listen(address, error) from error
    paths = " ".join(routes)
    logger.info("served over HTTP", extra={"address": f"http://{address}", "paths": paths})
    return server


def _webhooks(collector: Collector) -> dict[str, WsgiApp]:
    from .webhook_app import webhook_routes

    secret, context = collector.settings.github.webhook_secret, collector.context
    if secret is None:
        raise BadSettings(
            ["--webhooks needs GITHUB_WEBHOOK_SECRET: the secret that GitHub signs with"]
        )
    return webhook_routes(context.store, context.clock, secret)


def _health_and_metrics(
    collector: Collector, run_query: QueryRunner, agents: Sequence[str]
) -> dict[str, WsgiApp]:
    from .metrics import METRICS_PATH, DeadLetterCount, metrics_app

    context, settings = collector.context, collector.settings
    letters = DeadLetterCount(lambda: count_dead_letters(settings))
    return {
        HEALTH_PATH: HealthApp(context, run_query, agents),
        METRICS_PATH: metrics_app(context, run_query, letters.latest),
    }
