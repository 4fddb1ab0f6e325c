"""Objects in Cloud Storage: the port BlobStore."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...errors import AccessDenied, NotFound, QueueMissing
from ...messaging.claim_check import LogObjects, content_url_message
from ...messaging.encoding import QueueMessage
from ...messaging.envelope import Envelope
from ...ports import BlobReference, BlobStore
from .clients import brief_retry
from .errors import translate_credential_errors, translate_google_errors

if TYPE_CHECKING:
    from google.cloud.storage import Client

#: A multiple of 256 KiB, as resumable uploads require.
CHUNK_BYTES = 8 * 1024 * 1024
_READ_BYTES = 64 * 1024
_TIMEOUT_SECONDS = 60

#: A person may wait for the log; by default a read is retried for two minutes.
_READ_RETRY_SECONDS = 5.0
_CREATE_PERMISSION = "storage.objects.create"


def open_storage(project: str) -> Client:
    """Open the client of Cloud Storage, without requests of its own.

    By default it also requests the bucket's metadata, for OpenTelemetry: in a thread that retries
    for two minutes, and with a permission (storage.buckets.get) that a collector does not need.
    """
    from google.cloud.storage import Client

    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    with translate_credential_errors("Cloud Storage"):
        return Client(project=project)


class GcsBlobStore(BlobStore):
    """A store of objects in one bucket, given as ``gs://BUCKET`` or by its name."""

    def __init__(self, client: Client, bucket: str) -> None:
        self._bucket = client.bucket(bucket.removeprefix("gs://"))
        self._client = client

    def require_bucket(self) -> None:
        """Raise QueueMissing if the bucket does not exist and the credentials may check it."""
        try:
            with translate_google_errors(f"Bucket {self._bucket.name}"):
                exists = self._bucket.exists(retry=brief_retry(), timeout=_TIMEOUT_SECONDS)
        except AccessDenied:
            return
        if not exists:
            raise QueueMissing(
                f"Bucket {self._bucket.name} does not exist. Create it with `runstream setup`."
            )

    def check_can_store(self) -> None:
        """Raise AccessDenied where objects may not be created."""
        with translate_google_errors(f"Bucket {self._bucket.name}"):
            granted = self._bucket.test_iam_permissions(
                [_CREATE_PERMISSION], retry=brief_retry(), timeout=_TIMEOUT_SECONDS
            )
        if _CREATE_PERMISSION not in granted:
            raise AccessDenied(f"Bucket {self._bucket.name} does not grant {_CREATE_PERMISSION}.")

    def create_if_missing(self) -> str:
        """Create the bucket where it is missing; return what was done.

        Raises AccessDenied where it exists and may not be read: its name may be someone else's.
        """
        from google.api_core.exceptions import Conflict

        name = self._bucket.name
        with translate_google_errors(f"Bucket {name}"):
            try:
                self._bucket.create(retry=brief_retry(), timeout=_TIMEOUT_SECONDS)
            except Conflict:
                with translate_google_errors(f"Bucket {name}, which may be someone else's,"):
                    self._bucket.reload(retry=brief_retry(), timeout=_TIMEOUT_SECONDS)
                return f"Bucket {name} exists."
        return f"Bucket {name} created."

    def put(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> BlobReference:
        """Store an object by a resumable upload, which ends when all chunks are sent."""
        blob: Any = self._bucket.blob(key, chunk_size=CHUNK_BYTES)
        with (
            _storage_errors(f"Bucket {self._bucket.name}"),
            blob.open("wb", content_type=content_type, timeout=_TIMEOUT_SECONDS) as file,
        ):
            for chunk in chunks:
                file.write(chunk)
        return BlobReference(str(self._bucket.name), key)

    def claim_check(self, envelope: Envelope, log: LogObjects) -> QueueMessage:
        """Encode the message of the log with the address of its content."""
        return content_url_message(envelope, f"gs://{log.plain_log.bucket}/{log.plain_log.key}")

    @contextmanager
    def open(self, reference: BlobReference) -> Iterator[Iterator[bytes]]:
        """Read an object in chunks as it is stored; raises NotFound."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        blob: Any = self._client.bucket(reference.bucket).blob(reference.key)
        options = {"retry": DEFAULT_RETRY.with_timeout(_READ_RETRY_SECONDS)}
        with translate_google_errors(f"Bucket {reference.bucket}"):
            if not blob.exists(timeout=_TIMEOUT_SECONDS, **options):
                raise NotFound(f"Bucket {reference.bucket} has no object {reference.key}.")
            with blob.open("rb", chunk_size=CHUNK_BYTES, raw_download=True, **options) as file:
                yield iter(lambda: file.read(_READ_BYTES), b"")


@contextmanager
def _storage_errors(subject: str) -> Iterator[None]:
    """Translate what an upload raises; InvalidResponse is none of the API's own exceptions."""
    from google.api_core.exceptions import from_http_status
    from google.cloud.storage.exceptions import InvalidResponse

    with translate_google_errors(subject):
        try:
            yield
        except InvalidResponse as error:
            raise from_http_status(error.response.status_code, str(error)) from error
