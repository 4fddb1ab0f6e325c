"""The answers that a fault sends in place of the correct one."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from .answers import (
    SSO_MESSAGE,
    Answer,
    Headers,
    blob_not_found,
    error_answer,
    json_bytes,
    not_found,
    sso_headers,
)
from .faults import Fault
from .limits import Limiter
from .times import UnixSeconds, http_date

_PAGE = (
    "<!DOCTYPE html>\n<html>\n  <head><title>Unicorn! &middot; GitHub</title></head>\n"
    "  <body><p>We had issues producing the response to your request.</p></body>\n</html>\n"
)
_REFUSALS: dict[str, tuple[int, str, Headers]] = {
    "sso": (403, SSO_MESSAGE, sso_headers("octo")),
    "suspended": (403, "This installation has been suspended", ()),
    "blocked": (451, "Repository access blocked", ()),
    "unauthorized": (401, "Bad credentials", ()),
    "gone": (410, "Gone", ()),
}


def fault_answer(fault: Fault, path: str) -> Answer | None:
    """Return the answer of a fault that replaces the handling of a request, or None."""
    if fault.do == "reset":
        return Answer(status=502, cost=0)  # never read: `send` closes the connection
    if fault.do in {"error", "busy"}:
        return error_page(fault)
    if fault.do in _REFUSALS:
        status, message, headers = _REFUSALS[fault.do]
        if fault.do == "sso" and fault.status == 404:
            status, message = 404, "Not Found"
        return error_answer(status, message, headers=headers, cost=0)
    if fault.do == "missing":
        refusal = blob_not_found() if path.endswith("/logs") else not_found()
        return refusal.answer
    return None


def error_page(fault: Fault) -> Answer:
    """Answer with a server error, as an HTML page or as JSON."""
    if fault.html:
        body = _PAGE.encode()
        return Answer(status=fault.status, body=body, content_type="text/html", cost=0)
    wait = (("Retry-After", str(math.ceil(fault.seconds))),) if fault.do == "busy" else ()
    body = json_bytes({"message": "Server Error"})
    return Answer(status=fault.status, body=body, headers=wait, cost=0)


def block_by_fault(fault: Fault, limiter: Limiter, key: str, now: UnixSeconds) -> Answer | None:
    """Block a token as a secondary limit does, if the fault is `secondary`."""
    if fault.do != "secondary":
        return None
    status = fault.status if fault.status in {403, 404, 429} else 403
    answer = limiter.block(
        key, now, seconds=fault.seconds, status=status, retry_after=fault.retry_after
    )
    if not fault.retry_after_date:
        return answer
    return replace(answer, headers=(("Retry-After", http_date(now + fault.seconds)),))


def break_redirect(fault: Fault, answer: Answer, closed_port_url: str) -> Answer:
    """Point a redirect to a closed port, if the fault is `dead_redirect`."""
    if fault.do != "dead_redirect" or answer.status != 302:
        return answer
    return replace(answer, headers=(("Location", closed_port_url),))


def damage_answer(fault: Fault, answer: Answer) -> Answer:
    """Damage the body of a successful answer, if the fault does so; its ETag changes or is lost."""
    if answer.status != 200 or answer.stream is not None:
        return answer
    if fault.do == "broken_json":
        return replace(answer, body=answer.body[: len(answer.body) // 2], digest=None)
    if fault.do not in {"empty_list", "malformed"}:
        return answer
    value = json.loads(answer.body)
    # the answer may itself be the list; a list of texts, as of labels, stays as it is
    lists = value if isinstance(value, dict) else {"": value}
    for name, items in lists.items():
        if isinstance(items, list) and items and isinstance(items[0], dict):
            damaged = {**items[0], "id": None}
            lists[name] = [] if fault.do == "empty_list" else [damaged, *items[1:]]
    body = json_bytes(value if lists is value else lists[""])
    digest = None if answer.digest is None else f"{answer.digest}-{fault.do}"
    return replace(answer, body=body, digest=digest)
