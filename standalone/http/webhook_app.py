"""The endpoint that receives GitHub's webhooks on hosts other than Anvil."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from ingest.errors import IngestError
from ingest.ports import Clock, StateStore
from ingest.services.monitoring.receive_webhook import receive_webhook, webhook_error_response
from ingest.settings import Secret

from .server import WsgiApp, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: The path to which GitHub sends webhooks; on Anvil it is below ``/_/api``.
PATH = "/github/webhook"


def webhook_routes(store: StateStore, clock: Clock, secret: Secret) -> dict[str, WsgiApp]:
    """Return the app by path: at its own path, and at the path that it has on Anvil."""
    app = WebhookApp(store, clock, secret)
    return {PATH: app, f"/_/api{PATH}": app}


@dataclass(frozen=True, slots=True)
class WebhookApp:
    """The WSGI application that receives GitHub's deliveries."""

    store: StateStore
    clock: Clock
    secret: Secret

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, with a few queries of the state; GitHub waits 10 s for the answer."""
        status, text = self._answer(environ)
        return respond(start_response, status, f"{text}\n")

    def _answer(self, environ: WSGIEnvironment) -> tuple[str, str]:
        if environ["REQUEST_METHOD"] != "POST":
            return "405 Method Not Allowed", "Webhooks are sent by POST."
        try:
            response_text = receive_webhook(
                self.store,
                _headers(environ),
                environ["wsgi.input"].read(),
                secret=self.secret,
                now=self.clock.now(),
            )
        except IngestError as error:
            status, text = webhook_error_response(error)
            return f"{status} {HTTPStatus(status).phrase}", text
        return "202 Accepted", response_text


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
