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
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import urllib3

from .answers import json_bytes
from .deliveries import Delivery
from .hook_feed import HookEvent, HookFeed, event_payload
from .payloads.hooks import hook_payload
from .repository import Repository
from .rng import seeded_fraction, seeded_sha
from .specs import HookSpec
from .state import State
from .times import Timestamp

PAUSE = 0.02  # real seconds between two looks at the clock
TIMEOUT = 10.0
REFUSED = 502


class HookSender:
    """A thread that sends the deliveries of the repositories' hooks while there are any."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._with_hooks = [item for item in state.world.repositories if item.hooks]
        self._feed = HookFeed(self._with_hooks, state.clock.now())
        self._late: list[tuple[Timestamp, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._base = ""
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)
        self._lock = threading.RLock()
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
        with self._lock:
            now = self._state.clock.now()
            for hook_event in self._feed.due(now):
                for hook in hook_event.repository.hooks:
                    self._send_or_delay(hook, hook_event, now)
            while self._late and self._late[0][0] <= now:
                heapq.heappop(self._late)[2]()

    def redeliver(self, hook: HookSpec, delivery: Delivery) -> None:
        """Send a delivery once more, under the same delivery id."""
        with self._lock:
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
        delivery = _delivery(hook, repository, ("ping", hook.id), "ping", None, json_bytes(body))
        with self._lock:
            self._post(hook, delivery)

    def _send_or_delay(self, hook: HookSpec, hook_event: HookEvent, now: Timestamp) -> None:
        if hook_event.event not in hook.events:
            return
        faults, name = self._state.settings.hooks, f"{hook.id}:{hook_event.name}"
        delivery = _delivery(
            hook,
            hook_event.repository,
            (name,),
            hook_event.event,
            hook_event.action,
            json_bytes(event_payload(hook_event, self._base)),
        )
        copies = 2 if self._fraction(name, "doubled") < faults.doubled else 1
        if self._fraction(name, "lost") < faults.lost:
            copies = 0
        send: Callable[[], None] = partial(self._send, hook, delivery, copies)
        delay = 0.0
        if self._fraction(name, "late") < faults.late:
            delay = self._fraction(name, "by") * faults.late_seconds
        elif self._fraction(name, "order") < faults.out_of_order:
            # long enough for the next change of the same run to overtake it
            delay = faults.late_seconds
        if delay:
            self._state.statistics.count("webhooks.delayed")
            heapq.heappush(self._late, (now + delay, next(self._order), send))
        else:
            send()

    def _send(self, hook: HookSpec, delivery: Delivery, copies: int) -> None:
        if not copies:
            self._state.statistics.count("webhooks.lost")
            self._note(delivery, REFUSED, "failed to connect to host")
        for copy in range(copies):
            if copy:
                self._state.statistics.count("webhooks.doubled")
            self._post(hook, delivery)

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
        now = self._state.clock.now()
        self._state.deliveries.add(
            replace(delivery, delivered_at=now, status=status, status_code=status_code)
        )

    def _fraction(self, name: str, what: str) -> float:
        return seeded_fraction(self._state.world.seed, name, what)


def _delivery(  # noqa: PLR0913, PLR0917 - what a delivery consists of
    hook: HookSpec,
    repository: Repository,
    name: tuple[object, ...],
    event: str,
    action: str | None,
    body: bytes,
) -> Delivery:
    guid = str(uuid.UUID(seeded_sha("delivery", *name)[:32]))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a0d2f1",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-GitHub-Hook-Installation-Target-ID": str(repository.spec.id),
    }
    if hook.secret:
        signature = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature-256"] = f"sha256={signature}"
    return Delivery(
        hook_id=hook.id,
        guid=guid,
        event=event,
        action=action,
        repository_id=repository.spec.id,
        body=body,
        headers=headers,
    )
