"""The webhooks of a repository, and their deliveries.

https://docs.github.com/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
"""

from __future__ import annotations

from ..answers import Answer, not_found
from ..calls import Call
from ..pages import requested_page
from ..payloads.hooks import delivery_payload, full_delivery_payload, hook_payload
from ..specs import HookSpec
from .conditional import conditional_json


def list_hooks(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/hooks."""
    call.identity.require_permission("hooks")
    spec = call.repository.spec
    return conditional_json([hook_payload(spec, hook, call.base) for hook in call.repository.hooks])


def list_deliveries(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries, page by page with a cursor."""
    hook = _requested_hook(call)
    size = requested_page(call.args).size
    newest = call.state.deliveries.newest_first(hook.id)
    if call.args.get("cursor"):
        newest = [item for item in newest if f"v1_{item.id}" <= call.args["cursor"]]
    link = ""
    if len(newest) > size:
        url = f"{call.url_by_id}?per_page={size}&cursor=v1_{newest[size].id}"
        link = f'<{url}>; rel="next"'
    return conditional_json([delivery_payload(item) for item in newest[:size]], link)


def get_delivery(call: Call) -> Answer:
    """Answer GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}."""
    hook = _requested_hook(call)
    delivery = call.state.deliveries.find(hook.id, call.params["delivery_id"])
    if delivery is None:
        raise not_found()
    return conditional_json(full_delivery_payload(delivery, hook))


def _requested_hook(call: Call) -> HookSpec:
    call.identity.require_permission("hooks")
    hook_id = call.params["hook_id"]
    found = next((hook for hook in call.repository.hooks if hook.id == hook_id), None)
    if found is None:
        raise not_found()
    return found
