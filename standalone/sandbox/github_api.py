"""A WSGI application that behaves as GitHub's REST API, and the addresses of the sandbox itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from .answers import Answer, Refusal, error_answer, json_answer
from .exchange import Exchange
from .fault_answers import fault_answer
from .faults import Fault
from .incoming import Environ, Request, read_request
from .pages import requested_page
from .routes import find_route
from .scenario import fault_from
from .sending import StartResponse, send
from .state import State
from .statistics import NOT_SENT
from .times import UnixSeconds
from .truth import truth
from .web import web_answer


class GithubApi:
    """The WSGI application, which serves the API, web pages, and the sandbox's own addresses."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request."""
        incoming = read_request(environ)
        now = self._state.clock.now()
        if incoming.path.startswith("/_sandbox/"):
            return send(environ, start_response, _own_answer(self._state, incoming), now=now)
        page = web_answer(self._state, incoming)
        if page is not None:
            return send(environ, start_response, page, now=now)
        page_size = requested_page(incoming.args).size
        fault = self._state.next_fault(incoming.path, page_size, incoming.query)
        answer = self._answer(incoming, fault, now)
        return send(environ, start_response, answer, now=now, fault=fault)

    def _answer(self, incoming: Request, fault: Fault, now: UnixSeconds) -> Answer:
        try:
            route = find_route(incoming.method, incoming.path)
        except Refusal as refusal:
            self._state.statistics.count_request("unknown", 404)
            return refusal.answer
        instead = fault_answer(fault, incoming.path)
        if instead is None:
            return Exchange(self._state, incoming, route, now).answer(fault)
        status = NOT_SENT if fault.do == "reset" else instead.status
        self._state.statistics.count_request(route.endpoint, status)
        return instead


def _own_answer(state: State, incoming: Request) -> Answer:
    """Answer a request to the sandbox itself."""
    handler = _HANDLERS.get((incoming.method, incoming.path))
    if handler is None:
        return error_answer(404, f"The sandbox has no {incoming.method} {incoming.path}.")
    try:
        return json_answer(handler(state, incoming))
    except (TypeError, ValueError, re.error) as error:
        return error_answer(422, f"The sandbox cannot do that: {error}")


def _replace_faults(state: State, incoming: Request) -> object:
    faults = [fault_from(values) for values in json.loads(incoming.body)]
    state.faults.replace(faults)
    return {"faults": len(faults)}


_HANDLERS: dict[tuple[str, str], Callable[[State, Request], object]] = {
    ("GET", "/_sandbox/stats"): lambda state, _: state.statistics.snapshot(),
    ("GET", "/_sandbox/truth"): lambda state, _: {"attempts": truth(state, state.clock.now())},
    ("POST", "/_sandbox/faults"): _replace_faults,
}
