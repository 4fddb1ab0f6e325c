"""Webhook deliveries that failed: GitHub does not repeat them, but it lists them for 3 days.

https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...domain.timestamps import parse_timestamp
from ...wire.fields import integer, mapping, objects
from .client import GithubClient, Request

_EVENTS = frozenset({"workflow_run", "workflow_job"})
_DELIVERIES = "/repos/{}/hooks/{}/deliveries"

#: Pages of 100 deliveries that are looked through; more have failed than single runs matter.
MAX_PAGES = 10


def failed_delivery_runs(client: GithubClient, repository: str, since: datetime) -> set[int]:
    """Fetch the ids of runs that failed deliveries spoke of, over all hooks of a repository.

    Raises NotFound or AccessDenied where the token may not read hooks.
    """
    hooks = objects(client.get(Request.to("/repos/{}/hooks", repository, per_page=100)).json())
    runs: set[int] = set()
    for hook in hooks:
        hook_id = integer(hook.get("id"))
        if hook_id is None or not _EVENTS & set(hook.get("events") or ()):
            continue
        for delivery in _failed(client, repository, hook_id, since):
            runs.update(_run_of(client, repository, hook_id, delivery))
    return runs


def _failed(
    client: GithubClient, repository: str, hook_id: int, since: datetime
) -> Iterator[Mapping[str, Any]]:
    """Walk a hook's deliveries, newest first; those made good by a later one are passed over."""
    cursor: dict[str, str | int] = {}
    delivered: set[str] = set()
    for _ in range(MAX_PAGES):
        request = Request.to(_DELIVERIES, repository, hook_id, per_page=100, **cursor)
        response = client.get(request)
        for delivery in objects(response.json()):
            at = parse_timestamp(delivery.get("delivered_at"))
            if at is None or at < since:
                return
            guid = str(delivery.get("guid"))
            if delivery.get("status") == "OK" or guid in delivered:
                delivered.add(guid)
            elif delivery.get("event") in _EVENTS:
                yield delivery
        following = _next_cursor(response.headers.get("link", ""))
        if following is None:
            return
        cursor = {"cursor": following}


def _run_of(
    client: GithubClient, repository: str, hook_id: int, delivery: Mapping[str, Any]
) -> Iterator[int]:
    """Look the failed delivery up: only its whole form holds the payload."""
    delivery_id = integer(delivery.get("id"))
    if delivery_id is None:
        return
    request = Request.to(_DELIVERIES + "/{}", repository, hook_id, delivery_id)
    whole = mapping(client.get(request).json())
    payload = mapping(mapping(whole.get("request")).get("payload"))
    run_id = integer(mapping(payload.get("workflow_run")).get("id"))
    run_id = run_id or integer(mapping(payload.get("workflow_job")).get("run_id"))
    if run_id is not None:
        yield run_id


def _next_cursor(link: str) -> str | None:
    """Take the cursor out of a Link header; None on the last page."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            _, _, cursor = address.partition("cursor=")
            return cursor.strip("<> ").split("&")[0] or None
    return None
