"""What a collector serves over HTTP: webhooks, health and metrics, where it is wanted.

Webhooks come from outside and the rest is for those within, so each has an address of its own;
where the two are the same, one server serves both. Health has threads of its own.
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

from ..state_query import StateQuery, query_directly
from .dead_letters import DeadLetterCount
from .health import HEALTH_PATH, HealthApp
from .server import Address, HttpServer, Routes, Wsgi, cannot_listen

logger = logging.getLogger(__name__)


@contextmanager
def served(
    collector: Collector,
    *,
    webhooks: Address | None = None,
    operations: Address | None = None,
    ask: StateQuery = query_directly,
    agents: Sequence[str] = AGENTS,
) -> Iterator[None]:
    """Serve while the block runs what has an address; health and metrics ``ask`` the state.

    Health is that of ``agents``, which this process runs. Raises BadSettings.
    """
    places: dict[Address, dict[str, Wsgi]] = {}
    if webhooks is not None:
        places.setdefault(webhooks, {}).update(_webhooks(collector))
    if operations is not None:
        places.setdefault(operations, {}).update(_operations(collector, ask, agents))
    with ExitStack() as servers:
        for address, routes in places.items():
            servers.callback(_open(address, routes).close)
        yield


def _open(address: Address, routes: dict[str, Wsgi]) -> HttpServer:
    try:
        server = HttpServer(
            Routes(routes),
            address,
            max_signed_body_bytes=MAX_BODY_BYTES,
            reserved_paths={HEALTH_PATH} & routes.keys(),
        )
    except OSError as error:
        raise cannot_listen(address, error) from error
    paths = " ".join(routes)
    logger.info("served over HTTP", extra={"address": f"http://{address}", "paths": paths})
    return server


def _webhooks(collector: Collector) -> dict[str, Wsgi]:
    from .webhook_app import webhook_routes

    secret, context = collector.settings.github.webhook_secret, collector.context
    if secret is None:
        raise BadSettings(
            ["--webhooks needs GITHUB_WEBHOOK_SECRET: the secret that GitHub signs with"]
        )
    return webhook_routes(context.store, context.clock, secret)


def _operations(collector: Collector, ask: StateQuery, agents: Sequence[str]) -> dict[str, Wsgi]:
    from .metrics import METRICS_PATH, metrics_app

    context, settings = collector.context, collector.settings
    letters = DeadLetterCount(lambda: count_dead_letters(settings))
    return {
        HEALTH_PATH: HealthApp(context, ask, agents=agents),
        METRICS_PATH: metrics_app(context, ask, dead_letters=letters.latest),
    }
