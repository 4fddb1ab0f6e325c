"""The sandbox's own addresses: its clock, its faults, its statistics and its truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .answers import Answer, error_answer, json_answer
from .faults import Fault
from .incoming import Request
from .scenario import fault_from
from .state import State
from .times import iso, parse_time
from .truth import truth


class Control:
    """The endpoints below /_sandbox/; `on_step` is called after the clock was moved."""

    def __init__(self, state: State, on_step: Callable[[], None]) -> None:
        self._state = state
        self._on_step = on_step
        self._answers: dict[tuple[str, str], Callable[[Request], object]] = {
            ("GET", "/_sandbox/stats"): lambda _: self._state.statistics.snapshot(),
            ("POST", "/_sandbox/stats/reset"): self._reset,
            ("GET", "/_sandbox/truth"): self._truth,
            ("GET", "/_sandbox/clock"): self._clock,
            ("POST", "/_sandbox/clock"): self._advance,
            ("GET", "/_sandbox/faults"): self._faults,
            ("POST", "/_sandbox/faults"): self._replace_faults,
        }

    def answer(self, incoming: Request) -> Answer:
        """Handle one request."""
        handler = self._answers.get((incoming.method, incoming.path))
        if handler is None:
            return error_answer(404, f"The sandbox has no {incoming.method} {incoming.path}.")
        try:
            return json_answer(handler(incoming))
        except (KeyError, TypeError, ValueError) as error:
            return error_answer(422, f"The sandbox cannot do that: {error}")

    def advance(self, seconds: float) -> None:
        """Step the clock, and let everything that became due happen."""
        self._state.clock.advance(seconds)
        self._on_step()

    def _reset(self, _incoming: Request) -> object:
        self._state.statistics.reset()
        return self._state.statistics.snapshot()

    def _truth(self, incoming: Request) -> object:
        since = incoming.args.get("since")
        attempts = truth(
            self._state,
            self._state.clock.now(),
            since=parse_time(since.replace(" ", "+")) if since else None,
            with_logs=incoming.args.get("logs") != "0",
        )
        return {"attempts": attempts}

    def _clock(self, _incoming: Request) -> object:
        now = self._state.clock.now()
        return {"now": iso(now), "seconds": now, "speed": self._state.clock.speed}

    def _advance(self, incoming: Request) -> object:
        self.advance(float(_object(incoming)["advance_seconds"]))
        return self._clock(incoming)

    def _faults(self, _incoming: Request) -> object:
        return {"faults": [_to_json(rule) for rule in self._state.faults.rules]}

    def _replace_faults(self, incoming: Request) -> object:
        rules = json.loads(incoming.body)
        if isinstance(rules, dict):
            rules = rules["faults"]
        self._state.faults.replace([fault_from(rule) for rule in rules])
        return self._faults(incoming)


def _object(incoming: Request) -> Mapping[str, Any]:
    value = json.loads(incoming.body or b"{}")
    if not isinstance(value, dict):
        raise TypeError("a JSON object was expected")
    return value


def _to_json(rule: Fault) -> dict[str, object]:
    return {name: getattr(rule, name) for name in Fault.__dataclass_fields__}
