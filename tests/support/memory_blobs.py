"""A bucket in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ingest.errors import NotFound
from ingest.messaging.claim_check import LogObjects, pointer_message
from ingest.messaging.encoding import QueueMessage
from ingest.messaging.envelope import Envelope
from ingest.ports import BlobReference, BlobStore

_READ_BYTES = 64 * 1024


class MemoryBlobStore(BlobStore):
    """Keep objects until the process ends."""

    def __init__(self, bucket: str = "memory") -> None:
        self._bucket = bucket
        self._lock = threading.Lock()
        self._objects: dict[BlobReference, bytes] = {}

    def put(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> BlobReference:
        """Store an object once its chunks are all there."""
        content = b"".join(chunks)
        reference = BlobReference(self._bucket, key)
        with self._lock:
            self._objects[reference] = content
        return reference

    def claim_check(self, envelope: Envelope, log: LogObjects) -> QueueMessage:
        """Encode a pointer as the Amazon SQS Extended Client Library reads it."""
        return pointer_message(envelope, log.payload, payload_bytes=log.payload_bytes)

    @contextmanager
    def open(self, reference: BlobReference) -> Iterator[Iterator[bytes]]:
        """Read an object in chunks; raises NotFound."""
        with self._lock:
            content = self._objects.get(reference)
        if content is None:
            raise NotFound(f"Bucket {reference.bucket} has no object {reference.key}.")
        yield (
            content[start : start + _READ_BYTES] for start in range(0, len(content), _READ_BYTES)
        )

    def keys(self) -> list[str]:
        """List all keys, for tests."""
        with self._lock:
            return sorted(reference.key for reference in self._objects)
