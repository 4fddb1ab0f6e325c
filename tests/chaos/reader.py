"""A reader of the queues that shares no code with the product: it keeps what it needs to judge."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import defaultdict
from typing import Any

import boto3

#: What may differ between two sights of one fact.
VOLATILE = frozenset({"updated_at", "code_metrics", "pull_requests", "fetched_at", "completed_at"})


class Reader:
    """Read two queues on threads until closed."""

    def __init__(self, endpoint: str, metrics: str, logs: str) -> None:
        self._sqs = boto3.client("sqs", endpoint_url=endpoint)
        self._done = threading.Event()
        self._lock = threading.Lock()
        self.messages = 0
        self.facts: dict[tuple[Any, ...], dict[str, str]] = defaultdict(dict)
        self.parts: dict[tuple[Any, ...], dict[int, tuple[int, str, bytes]]] = defaultdict(dict)
        self.absent: set[tuple[Any, ...]] = set()
        self._threads = [
            threading.Thread(target=self._read, args=(metrics, self._take_fact)),
            threading.Thread(target=self._read, args=(logs, self._take_log)),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Read what is left, then stop."""
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _read(self, queue: str, take: Any) -> None:
        url = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            messages = answer.get("Messages", [])
            if not messages and self._done.is_set():
                return
            for message in messages:
                with self._lock:
                    self.messages += 1
                    take(json.loads(message["Body"]))
            if messages:
                entries = [
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                    for place, message in enumerate(messages)
                ]
                self._sqs.delete_message_batch(QueueUrl=url, Entries=entries)

    def _take_fact(self, envelope: dict[str, Any]) -> None:
        data = envelope["data"]
        key = (envelope["event_type"], *_identity(data), data.get("job_id"))
        steady = {name: value for name, value in data.items() if name not in VOLATILE}
        self.facts[key][envelope["event_id"]] = _digest(steady)

    def _take_log(self, envelope: dict[str, Any]) -> None:
        data = envelope["data"]
        key = (*_identity(data), data["job_id"])
        if envelope["event_type"] == "job_log_unavailable":
            self.absent.add(key)
            return
        content = data["log_content"].encode()
        if data["log_encoding"] == "base64":
            content = base64.b64decode(content)
        self.parts[key][data["part"]] = (data["parts"], data["log_sha256"], content)

    def log_sha256(self, key: tuple[Any, ...]) -> str | None:
        """Join a log's parts; None where one is missing or they do not add up."""
        parts = self.parts.get(key, {})
        if not parts or len(parts) != parts[min(parts)][0]:
            return None
        digest = hashlib.sha256(b"".join(parts[number][2] for number in sorted(parts))).hexdigest()
        return digest if all(part[1] == digest for part in parts.values()) else None

    def parts_of(self, key: tuple[Any, ...]) -> str:
        """Describe what came of a log."""
        parts = self.parts.get(key, {})
        return f"{len(parts)} parts, {sum(len(part[2]) for part in parts.values())} bytes"


def _identity(data: dict[str, Any]) -> tuple[Any, ...]:
    return data["repo"], data["run_id"], data["run_attempt"]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
