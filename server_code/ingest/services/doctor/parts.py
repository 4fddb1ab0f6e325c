"""The checks, in parts that a page requests one by one.

Each has a time limit, except where it reads the state: in "state", and first in "GitHub".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...errors import IngestError, Rejected
from ...ports.inspection import CheckResult
from ..time_limits import call_with_timeout
from .checks import (
    DoctorTarget,
    StateContents,
    check_github,
    check_queues_and_bucket,
    check_state,
    check_webhook_secret,
)
from .machine import check_machine

#: A call of Anvil ends after 30 seconds.
PART_SECONDS = 20.0


def run_checks_of_part(
    target: DoctorTarget, part: str, *, seconds: float = PART_SECONDS
) -> list[CheckResult]:
    """Return the checks of a part that end in time, and a failed one if the time is over.

    Raises Rejected for a part that is not in PARTS. The state is read in the calling thread,
    because Anvil's tables cannot be used in another.
    """
    if part == "state":
        return list(check_state(target, StateContents()))
    if part not in PARTS:
        raise Rejected(f"The checks have no part {part}. The parts are {', '.join(PARTS)}.")
    contents = StateContents()
    if part == "GitHub":
        list(check_state(target, contents))  # its checks are those of "state"
    results: list[CheckResult] = []
    try:
        call_with_timeout(
            seconds, part, lambda: results.extend(_TIMED_PARTS[part](target, contents))
        )
    except IngestError as error:
        return [*results, CheckResult.failed(part, error, error.remedy or _remedy_of_timeout(part))]
    return results


def _remedy_of_timeout(part: str) -> str:
    if part == "machine":
        return "Check the disk of the temporary folder, or set TMPDIR to a folder on another one."
    return "Check its address in the settings, the network, the proxy and the firewall."


_TIMED_PARTS: Mapping[str, Callable[[DoctorTarget, StateContents], Iterable[CheckResult]]] = {
    "GitHub": check_github,
    "queues": lambda target, _: check_queues_and_bucket(target),
    "webhook": lambda target, _: [check_webhook_secret(target.settings)],
    "machine": lambda *_: check_machine(),
}

#: The parts in the order of a page; "state" comes first, because nothing works without it.
PARTS = ("state", *_TIMED_PARTS)
