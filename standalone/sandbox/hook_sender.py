"""Send signed webhooks when they become due, with the faults that are configured.

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
from .specs import HookSpec, Json
from .state import State
from .times import UnixSeconds

PAUSE_SECONDS = 0.02  # of real time, between two checks for due webhooks
TIMEOUT_SECONDS = 10.0
NOT_CONNECTED = (502, "failed to connect to host")


class HookSender:
    """The sender of all webhooks, with a thread of its own if any repository has a hook."""

    def __init__(self, state: State, base: str) -> None:
        """Ping every hook, then send what is due, until `close`; `base` is the API's URL."""
        self._state = state
        self._base = base
        self._repositories = [item for item in state.world.repositories if item.hooks]
        self._feed = HookFeed(self._repositories, state.clock.now())
        self._delayed: list[tuple[UnixSeconds, int, Callable[[], None]]] = []
        self._order = itertools.count()
        timeout = urllib3.Timeout(total=TIMEOUT_SECONDS)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout)
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sandbox hooks", daemon=True)
        if self._repositories:
            self._thread.start()

    def deliver_due(self) -> None:
        """Send everything that is due by now."""
        with self._lock:
            now = self._state.clock.now()
            for hook_event in self._feed.due(now):
                for hook in hook_event.repository.hooks:
                    self._send_or_delay(hook, hook_event, now)
            while self._delayed and self._delayed[0][0] <= now:
                heapq.heappop(self._delayed)[2]()

    def close(self) -> None:
        """Stop sending; wait for the answer to what is sent already."""
        self._stop.set()
        if self._repositories:
            self._thread.join(timeout=TIMEOUT_SECONDS + 1)
        self._pool.clear()

    def _watch(self) -> None:
        for repository in self._repositories:
            for hook in repository.hooks:
                self._ping(repository, hook)
        while not self._stop.wait(PAUSE_SECONDS):
            self.deliver_due()

    def _ping(self, repository: Repository, hook: HookSpec) -> None:
        body = {
            "zen": "Keep it logically awesome.",
            "hook_id": hook.id,
            "hook": hook_payload(repository.spec, hook, self._base),
        }
        with self._lock:
            self._post(hook, _delivery(hook, repository, f"{hook.id}:ping", "ping", body))

    def _send_or_delay(self, hook: HookSpec, hook_event: HookEvent, now: UnixSeconds) -> None:
        faults, key = self._state.settings.hook_faults, f"{hook.id}:{hook_event.key}"
        body = event_payload(hook_event, self._base)
        delivery = _delivery(hook, hook_event.repository, key, hook_event.event, body)
        copies = 2 if self._fraction(key, "doubled") < faults.doubled else 1
        if self._fraction(key, "lost") < faults.lost:
            copies = 0
        send: Callable[[], None] = partial(self._send, hook, delivery, copies)
        if self._fraction(key, "late") < faults.late:
            self._state.statistics.count_event("webhooks.delayed")
            heapq.heappush(self._delayed, (now + faults.late_seconds, next(self._order), send))
        else:
            send()

    def _send(self, hook: HookSpec, delivery: Delivery, copies: int) -> None:
        if not copies:
            self._record(delivery, "lost", *NOT_CONNECTED)
        for copy in range(copies):
            if copy:
                self._state.statistics.count_event("webhooks.doubled")
            self._post(hook, delivery)

    def _post(self, hook: HookSpec, delivery: Delivery) -> None:
        if self._stop.is_set():
            return
        try:
            answer = self._pool.request(
                "POST", hook.url, body=delivery.body, headers=delivery.headers, redirect=False
            )
        except urllib3.exceptions.HTTPError:
            self._record(delivery, "failed", *NOT_CONNECTED)
            return
        if 200 <= answer.status < 300:
            self._record(delivery, "sent", answer.status, "OK")
        else:
            reason = f"Invalid HTTP Response: {answer.status}"
            self._record(delivery, "failed", answer.status, reason)

    def _record(self, delivery: Delivery, outcome: str, status_code: int, status: str) -> None:
        self._state.statistics.count_event(f"webhooks.{outcome}")
        now = self._state.clock.now()
        self._state.deliveries.add(
            replace(delivery, delivered_at=now, status=status, status_code=status_code)
        )

    def _fraction(self, key: str, what: str) -> float:
        return seeded_fraction(self._state.world.seed, key, what)


def _delivery(
    hook: HookSpec, repository: Repository, key: str, event: str, payload: Json
) -> Delivery:
    guid = str(uuid.UUID(seeded_sha("delivery", key)[:32]))
    body = json_bytes(payload)
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
        action=payload.get("action"),
        repository_id=repository.spec.id,
        body=body,
        headers=headers,
    )
