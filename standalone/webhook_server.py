"""A small HTTP server that takes in GitHub's webhooks for a headless collector."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from ingest.bootstrap import Collector
from ingest.errors import BadSettings, IngestError, InvalidSignature, Rejected, Skippable
from ingest.ports import Clock, StateStore
from ingest.services.receive_webhook import receive_webhook
from ingest.settings import Secret
from ingest.wire.webhooks import MAX_BODY_BYTES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

#: Where GitHub is told to send its webhooks; Anvil's hosts take them at ``/_/api`` + this.
PATH = "/github/webhook"

SECONDS_A_CONNECTION = 15
THREADS = 4


class WebhookServer:
    """Listen for webhooks on threads of this process, from construction until ``close``."""

    def __init__(
        self, store: StateStore, clock: Clock, *, secret: Secret, host: str, port: int
    ) -> None:
        from waitress.server import create_server

        self._connections: dict[int, Any] = {}
        server = create_server(
            WebhookApp(store, clock, secret),
            map=self._connections,
            host=host,
            port=port,
            threads=THREADS,
            max_request_body_size=MAX_BODY_BYTES,
            channel_timeout=SECONDS_A_CONNECTION,
            ident="runstream",
            clear_untrusted_proxy_headers=True,
        )
        # One address gives a server with a port; several, one that has none of its own.
        self._server = cast("Any", server)
        port_or_none = getattr(self._server, "effective_port", None)
        if port_or_none is None:
            raise BadSettings([f"{host} has several addresses: name one of them"])
        self.port = int(port_or_none)
        self._thread = threading.Thread(target=self._server.run, name="webhooks")
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and wait for the answers under way."""
        from waitress import wasyncore

        self._server.task_dispatcher.shutdown(timeout=SECONDS_A_CONNECTION)
        # The loop ends when it has no connection left, and its own thread alone may take them.
        self._server.trigger.pull_trigger(
            lambda: wasyncore.close_all(self._connections, ignore_all=True)
        )
        self._thread.join()


@contextmanager
def webhooks_taken_in(collector: Collector, *, host: str, port: int | None) -> Iterator[None]:
    """Listen while the block runs; without a port do nothing. Raises BadSettings."""
    if port is None:
        yield
        return
    secret, world = collector.settings.github.webhook_secret, collector.world
    if secret is None:
        raise BadSettings(
            ["--webhooks needs GITHUB_WEBHOOK_SECRET: the secret that GitHub signs with"]
        )
    try:
        server = WebhookServer(world.store, world.clock, secret=secret, host=host, port=port)
    except OSError as error:
        raise BadSettings([f"webhooks cannot be taken in at {host}:{port}: {error}"]) from error
    logger.info("webhooks are taken in", extra={"address": f"http://{host}:{port}{PATH}"})
    try:
        yield
    finally:
        server.close()


class WebhookApp:
    """Answer GitHub's deliveries (WSGI)."""

    def __init__(self, store: StateStore, clock: Clock, secret: Secret) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; GitHub waits 10 s, and this takes a few queries of the state."""
        status, text = self._answer(environ)
        body = f"{text}\n".encode()
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> tuple[str, str]:
        if environ["PATH_INFO"] not in (PATH, f"/_/api{PATH}"):
            return "404 Not Found", f"Webhooks are taken at {PATH}."
        if environ["REQUEST_METHOD"] != "POST":
            return "405 Method Not Allowed", "Webhooks are sent by POST."
        try:
            done = receive_webhook(
                self._store,
                _headers(environ),
                environ["wsgi.input"].read(),
                secret=self._secret,
                now=self._clock.now(),
            )
        except InvalidSignature as error:
            return "401 Unauthorized", str(error)
        except (Rejected, Skippable) as error:
            return "400 Bad Request", str(error)
        except IngestError:
            # GitHub lists it as failed, and it is made good from that list.
            logger.exception("webhook not kept")
            return "503 Service Unavailable", "The webhook could not be kept."
        return "202 Accepted", done


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
