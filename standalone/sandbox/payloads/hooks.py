"""The webhook objects: a hook, and its deliveries.

https://docs.github.com/rest/repos/webhooks
"""

from __future__ import annotations

import json

from ..deliveries import Delivery
from ..specs import HookSpec, Json, RepositorySpec
from ..times import iso


def hook_payload(spec: RepositorySpec, hook: HookSpec, base: str) -> Json:
    """Describe a hook; its secret is masked."""
    url = f"{base}/repos/{spec.full_name}/hooks/{hook.id}"
    config = {"content_type": "json", "insecure_ssl": "0", "url": hook.url}
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": True,
        "events": ["workflow_run", "workflow_job"],
        "config": {**config, "secret": "********"} if hook.secret else config,
        "updated_at": iso(spec.created_at),
        "created_at": iso(spec.created_at),
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def delivery_payload(delivery: Delivery) -> Json:
    """Describe a delivery as a list of deliveries shows it."""
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": iso(delivery.delivered_at),
        "redelivery": False,
        "duration": 0.12,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": None,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def full_delivery_payload(delivery: Delivery, hook: HookSpec) -> Json:
    """Describe a delivery with its request and its response."""
    return {
        **delivery_payload(delivery),
        "url": hook.url,
        "request": {"headers": delivery.headers, "payload": json.loads(delivery.body)},
        "response": {"headers": {}, "payload": ""},
    }
