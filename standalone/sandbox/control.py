"""The sandbox's own addresses, below /_sandbox/: its statistics, its truth and its faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from .answers import Answer, error_answer, json_answer
from .incoming import Request
from .scenario import fault_from
from .state import State
from .truth import truth


def control_answer(state: State, incoming: Request) -> Answer:
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
