"""The registration of a GitHub App from a terminal; GitHub redirects back to a local page."""

from __future__ import annotations

import html
import json
import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ingest.wire.app_manifest import AppRegistration, RegisteredApp

from .http.server import LOCALHOST, Address, HttpServer, Routes, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CALLBACK_PATH = "/created"

#: Exchanges GitHub's temporary code for the App, and saves it.
ExchangeCode = Callable[[str], RegisteredApp]

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Runstream</title>
<meta name="referrer" content="no-referrer"><body style="font: 16px sans-serif; margin: 3em">
{}</body></html>
"""
_FORM = """<h1>Create the GitHub App</h1>
<form action="{action}" method="post"><input type="hidden" name="manifest" value="{manifest}">
<button>Continue on GitHub</button></form>
<script>document.forms[0].submit()</script>"""


@dataclass(slots=True)
class RegistrationPages:
    """The pages of one registration; ``app`` is done when GitHub has answered.

    ``lock`` is held meanwhile: a browser may load the callback again, and the code works once.
    ``state`` is OAuth's parameter: GitHub returns it to the callback, and nobody else knows it.
    """

    web_url: str
    exchange_code: ExchangeCode
    organization: str | None = None
    webhook_url: str | None = None
    name: str = ""
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    app: Future[RegisteredApp] = field(default_factory=Future)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    start_path: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(16)}", repr=False)
    base_url: str = ""

    def open(self) -> HttpServer:
        """Listen on a free port; other users of this machine cannot guess the form's path."""
        routes = Routes({self.start_path: self.show_form, CALLBACK_PATH: self.handle_callback})
        server = HttpServer(routes, Address(LOCALHOST, 0))
        self.base_url = f"http://{LOCALHOST}:{server.port}"
        return server

    def show_form(
        self, _environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer with a form that posts the manifest to GitHub by itself."""
        request = AppRegistration(
            redirect_url=f"{self.base_url}{CALLBACK_PATH}",
            name=self.name,
            webhook_url=self.webhook_url,
            organization=self.organization,
        )
        form = _FORM.format(
            action=html.escape(request.registration_url(self.web_url, self.state)),
            manifest=html.escape(json.dumps(request.as_manifest())),
        )
        return respond(start_response, "200 OK", _PAGE.format(form), content_type="text/html")

    def handle_callback(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Check the state, save the App once, and redirect to its installation."""
        query = parse_qs(environ.get("QUERY_STRING", ""))
        state, code = query.get("state", [""])[0], query.get("code", [""])[0]
        if not secrets.compare_digest(state.encode(), self.state.encode()) or not code:
            # The registration continues: any process on this machine could have sent this.
            return _refuse(start_response, "This page was not opened from this command.")
        with self.lock:
            if not self.app.done():
                try:
                    self.app.set_result(self.exchange_code(code))
                except Exception as error:  # noqa: BLE001 - the command waits for it
                    self.app.set_exception(error)
        if (failure := self.app.exception()) is not None:
            return _refuse(start_response, str(failure))
        location = self.app.result().installation_url(self.web_url)
        start_response("303 See Other", [("Location", location), ("Content-Length", "0")])
        return [b""]


def _refuse(start_response: StartResponse, sentence: str) -> list[bytes]:
    page = _PAGE.format(f"<p>{html.escape(sentence)}</p>")
    return respond(start_response, "400 Bad Request", page, content_type="text/html")
