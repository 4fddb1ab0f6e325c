"""Webhook deliveries that failed: GitHub does not repeat them, but it lists them for 3 days.

https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...domain.timestamps import parse_timestamp
from ...wire.fields import integer, mapping
from .lists import ListRequest
from .repository_client import RepositoryClient
from .request import Request

_EVENTS = frozenset({"workflow_run", "workflow_job"})

#: What a hook that gets every event lists in place of them.
_ALL_EVENTS = "*"
_DELIVERIES = "/repos/{}/hooks/{}/deliveries"

#: Deliveries of one hook that are read; where more have failed, the sweep finds their runs.
MAX_DELIVERIES = 1000


def failed_delivery_runs(client: RepositoryClient, since: datetime) -> set[int]:
    """Fetch the ids of the runs of failed deliveries, of all hooks of a repository.

    Raises NotFound or AccessDenied where the token may not read hooks.
    """
    hooks = ListRequest(request=Request.to("/repos/{}/hooks", client.repository), items_field=None)
    runs: set[int] = set()
    for hook in client.fetch_list(hooks).items or ():
        hook_id = integer(hook.get("id"))
        if hook_id is None or not {*_EVENTS, _ALL_EVENTS} & set(hook.get("events") or ()):
            continue
        for delivery in _failed_deliveries(client, hook_id, since):
            runs |= _run_ids_of(client, hook_id, delivery)
    return runs


def _failed_deliveries(
    client: RepositoryClient, hook_id: int, since: datetime
) -> Iterator[Mapping[str, Any]]:
    """Fetch a hook's failed deliveries, newest first, unless a redelivery has succeeded."""

    def is_older(delivery: Mapping[str, Any]) -> bool:
        at = parse_timestamp(delivery.get("delivered_at"))
        return at is None or at < since

    request = Request.to(_DELIVERIES, client.repository, hook_id)
    wanted = ListRequest(
        request=request, items_field=None, max_items=MAX_DELIVERIES, stop_at=is_older
    )
    delivered: set[str] = set()
    for delivery in client.fetch_list(wanted).items or ():
        if is_older(delivery):
            return
        guid = str(delivery.get("guid"))
        if delivery.get("status") == "OK" or guid in delivered:
            delivered.add(guid)
        elif delivery.get("event") in _EVENTS:
            yield delivery


def _run_ids_of(client: RepositoryClient, hook_id: int, delivery: Mapping[str, Any]) -> set[int]:
    """Fetch the id of a delivery's run, if it has one: the list of deliveries holds no payloads."""
    delivery_id = integer(delivery.get("id"))
    if delivery_id is None:
        return set()
    request = Request.to(_DELIVERIES + "/{}", client.repository, hook_id, delivery_id)
    whole = mapping(client.get(request).json())
    payload = mapping(mapping(whole.get("request")).get("payload"))
    run_id = integer(mapping(payload.get("workflow_run")).get("id"))
    run_id = run_id or integer(mapping(payload.get("workflow_job")).get("run_id"))
    return set() if run_id is None else {run_id}
