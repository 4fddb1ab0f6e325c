"""Webhook deliveries that failed: GitHub does not repeat them, but it lists them for 3 days.

https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...domain.timestamps import parse_timestamp
from ...wire.fields import integer, mapping
from .lists import ListReader, ListRequest
from .repository_client import RepositoryClient
from .request import Request

_EVENTS = frozenset({"workflow_run", "workflow_job"})
_DELIVERIES = "/repos/{}/hooks/{}/deliveries"

#: Deliveries of one hook that are read; where more have failed, the sweep finds their runs.
MAX_DELIVERIES = 1000


def failed_delivery_runs(
    client: RepositoryClient, lists: ListReader, repository: str, since: datetime
) -> set[int]:
    """Fetch the ids of runs that failed deliveries were about, over all hooks of a repository.

    Raises NotFound or AccessDenied where the token may not read hooks.
    """
    hooks = ListRequest(request=Request.to("/repos/{}/hooks", repository), key=None)
    runs: set[int] = set()
    for hook in lists.fetch(client, hooks).items or ():
        hook_id = integer(hook.get("id"))
        if hook_id is None or not _EVENTS & set(hook.get("events") or ()):
            continue
        for delivery in _failed(client, lists, repository, hook_id, since):
            runs.update(_run_of(client, repository, hook_id, delivery))
    return runs


def _failed(
    client: RepositoryClient, lists: ListReader, repository: str, hook_id: int, since: datetime
) -> Iterator[Mapping[str, Any]]:
    """Fetch a hook's failed deliveries, newest first, without those that succeeded later."""

    def is_older(delivery: Mapping[str, Any]) -> bool:
        at = parse_timestamp(delivery.get("delivered_at"))
        return at is None or at < since

    request = Request.to(_DELIVERIES, repository, hook_id)
    wanted = ListRequest(request=request, key=None, max_items=MAX_DELIVERIES, stop_at=is_older)
    delivered: set[str] = set()
    for delivery in lists.fetch(client, wanted).items or ():
        if is_older(delivery):
            return
        guid = str(delivery.get("guid"))
        if delivery.get("status") == "OK" or guid in delivered:
            delivered.add(guid)
        elif delivery.get("event") in _EVENTS:
            yield delivery


def _run_of(
    client: RepositoryClient, repository: str, hook_id: int, delivery: Mapping[str, Any]
) -> Iterator[int]:
    """Fetch a failed delivery: only its whole form holds the payload."""
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
