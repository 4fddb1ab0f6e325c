"""Send webhooks as they become due: signed, and as unreliable as configured.

https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import itertools
import threading
import uuid
from dataclasses import dataclass, replace

import urllib3

from .answers import json_bytes
from .deliveries import Delivery
from .hook_feed import HookEvent, HookFeed, payload_of
from .payloads.hooks import hook_payload
from .repository import Repository
from .rng import fraction_for, sha_for
from .specs import HookSpec
from .state import State
from .times import Timestamp

PAUSE = 0.02  # real seconds between two looks at the clock
TIMEOUT = 10.0
REFUSED = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingDelivery:
    """One delivery that is to be made."""

    hook: HookSpec
    repository: Repository
    guid: str
    event: str
    action: str | None
    body: bytes
    copies: int = 1
    lost: bool = False


class HookSender:
    """A thread that sends the deliveries of the repositories' hooks while there are any."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._with_hooks = [item for item in state.world.repositories if item.hooks]
        self._feed = HookFeed(self._with_hooks, state.clock.now())
        self._late: list[tuple[Timestamp, int, OutgoingDelivery]] = []
        self._order = itertools.count()
        self._base = ""
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)
        self._turn = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, base: str) -> None:
        """Ping every hook, and begin to watch the clock; `base` is the API's address."""
        self._base = base
        if not self._with_hooks:
            return
        self._thread = threading.Thread(target=self._watch, name="sandbox hooks", daemon=True)
        self._thread.start()

    def deliver_due(self) -> None:
        """Send everything that is due by now."""
        with self._turn:
            now = self._state.clock.now()
            for hook_event in self._feed.due(now):
                for hook in hook_event.repository.hooks:
                    self._send_or_delay(hook, hook_event, now)
            while self._late and self._late[0][0] <= now:
                self._send(heapq.heappop(self._late)[2])

    def redeliver(self, hook: HookSpec, delivery: Delivery) -> None:
        """Send a delivery once more, under the same delivery id."""
        with self._turn:
            self._post(hook, replace(delivery, redelivery=True))

    def close(self) -> None:
        """Stop sending."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=TIMEOUT + 1)
        self._pool.clear()

    def _watch(self) -> None:
        for repository in self._with_hooks:
            for hook in repository.hooks:
                self._ping(repository, hook)
        while not self._stop.wait(PAUSE):
            self.deliver_due()

    def _ping(self, repository: Repository, hook: HookSpec) -> None:
        body = {
            "zen": "Keep it logically awesome.",
            "hook_id": hook.id,
            "hook": hook_payload(repository.spec, hook, self._base),
        }
        guid = _guid("ping", hook.id)
        with self._turn:
            self._send(
                OutgoingDelivery(
                    hook=hook,
                    repository=repository,
                    guid=guid,
                    event="ping",
                    action=None,
                    body=json_bytes(body),
                )
            )

    def _send_or_delay(self, hook: HookSpec, hook_event: HookEvent, now: Timestamp) -> None:
        if hook_event.event not in hook.events:
            return
        chances, name = self._state.settings.hooks, f"{hook.id}:{hook_event.name}"
        outgoing = OutgoingDelivery(
            hook=hook,
            repository=hook_event.repository,
            guid=_guid(name),
            event=hook_event.event,
            action=hook_event.action,
            body=json_bytes(payload_of(hook_event, self._base)),
            copies=2 if self._draw(name, "doubled") < chances.doubled else 1,
            lost=self._draw(name, "lost") < chances.lost,
        )
        delay = 0.0
        if self._draw(name, "late") < chances.late:
            delay = self._draw(name, "by") * chances.late_seconds
        elif self._draw(name, "order") < chances.out_of_order:
            # long enough for the next change of the same run to overtake it
            delay = chances.late_seconds
        if delay:
            self._state.statistics.count("webhooks.delayed")
            heapq.heappush(self._late, (now + delay, next(self._order), outgoing))
        else:
            self._send(outgoing)

    def _send(self, outgoing: OutgoingDelivery) -> None:
        delivery = Delivery(
            id=0,
            hook_id=outgoing.hook.id,
            guid=outgoing.guid,
            event=outgoing.event,
            action=outgoing.action,
            repository_id=outgoing.repository.spec.id,
            delivered_at=0.0,
            status="",
            status_code=0,
            redelivery=False,
            headers=_headers(outgoing),
            body=outgoing.body,
        )
        if outgoing.lost:
            self._state.statistics.count("webhooks.lost")
            self._note(delivery, REFUSED, "failed to connect to host")
            return
        for copy in range(outgoing.copies):
            if copy:
                self._state.statistics.count("webhooks.doubled")
            self._post(outgoing.hook, delivery)

    def _post(self, hook: HookSpec, delivery: Delivery) -> None:
        try:
            answer = self._pool.request(
                "POST", hook.url, body=delivery.body, headers=delivery.headers, redirect=False
            )
        except urllib3.exceptions.HTTPError:
            self._state.statistics.count("webhooks.failed")
            self._note(delivery, REFUSED, "failed to connect to host")
            return
        good = 200 <= answer.status < 300
        self._state.statistics.count("webhooks.sent" if good else "webhooks.failed")
        reason = "OK" if good else f"Invalid HTTP Response: {answer.status}"
        self._note(delivery, answer.status, reason)

    def _note(self, delivery: Delivery, status_code: int, status: str) -> None:
        deliveries = self._state.deliveries
        deliveries.add(
            replace(
                delivery,
                id=deliveries.next_id(),
                delivered_at=self._state.clock.now(),
                status=status,
                status_code=status_code,
            )
        )

    def _draw(self, name: str, what: str) -> float:
        return fraction_for(self._state.world.seed, name, what)


def _headers(outgoing: OutgoingDelivery) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a0d2f1",
        "X-GitHub-Event": outgoing.event,
        "X-GitHub-Delivery": outgoing.guid,
        "X-GitHub-Hook-ID": str(outgoing.hook.id),
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-GitHub-Hook-Installation-Target-ID": str(outgoing.repository.spec.id),
    }
    if outgoing.hook.secret:
        key = outgoing.hook.secret.encode()
        signature = hmac.new(key, outgoing.body, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature-256"] = f"sha256={signature}"
    return headers


def _guid(*parts: object) -> str:
    return str(uuid.UUID(sha_for("delivery", *parts)[:32]))
