"""Objects in Blob Storage: the port BlobStore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ...errors import AccessDenied, BadSettings, NotFound, QueueMissing
from ...messaging.claim_check import LogObjects, content_url_message
from ...messaging.encoding import QueueMessage
from ...messaging.envelope import Envelope
from ...ports import BlobReference, BlobStore
from .clients import AzureClients
from .errors import translate_azure_errors

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_TIMEOUT_SECONDS = 60
_PROBE_KEY = "runstream-doctor"


class AzureBlobStore(BlobStore):
    """A store of objects in one container, which its URL names."""

    def __init__(self, clients: AzureClients, url: str) -> None:
        self._clients = clients
        self._url = url.rstrip("/")
        self._container: ContainerClient = clients.container(self._url)
        # Messages have the URL, but a connection string alone selects the account.
        host, stored_at = urlsplit(self._url).hostname, urlsplit(self._container.url).hostname
        if host != stored_at:
            fault = f"LOG_BUCKET is at {host}, but AZURE_STORAGE_CONNECTION_STRING at {stored_at}"
            remedy = "set both to one account; a domain of your own is its BlobEndpoint"
            raise BadSettings([f"{fault}: {remedy}"])

    def require_bucket(self) -> None:
        """Raise QueueMissing if the container does not exist and the credentials may check it."""
        try:
            with translate_azure_errors(f"Container {self._url}"):
                exists = self._container.exists(timeout=_TIMEOUT_SECONDS)
        except AccessDenied:
            return
        if not exists:
            raise QueueMissing(
                f"Container {self._url} does not exist. Create it with `runstream setup`."
            )

    def check_can_store(self) -> None:
        """Store an empty object and delete it. Raises AccessDenied, QueueMissing."""
        from azure.core.exceptions import ResourceNotFoundError

        with translate_azure_errors(f"Container {self._url}"):
            blob = self._container.upload_blob(
                _PROBE_KEY, b"", overwrite=True, timeout=_TIMEOUT_SECONDS
            )
            with suppress(ResourceNotFoundError):  # a check at the same time has deleted it
                blob.delete_blob(timeout=_TIMEOUT_SECONDS)

    def create_if_missing(self) -> str:
        """Create the container where it is missing; return what was done."""
        from azure.core.exceptions import ResourceExistsError

        with translate_azure_errors(f"Container {self._url}"):
            try:
                self._container.create_container(timeout=_TIMEOUT_SECONDS)
            except ResourceExistsError:
                return f"Container {self._url} exists."
        return f"Container {self._url} created."

    def put(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> BlobReference:
        """Store an object in blocks; readers see it once all blocks are committed."""
        from azure.storage.blob import ContentSettings

        settings = ContentSettings(content_type=content_type)
        with translate_azure_errors(f"Container {self._url}"):
            self._container.upload_blob(
                key,
                chunks,
                overwrite=True,
                content_settings=settings,
                timeout=_TIMEOUT_SECONDS,
            )
        return BlobReference(self._url, key)

    def claim_check(self, envelope: Envelope, log: LogObjects) -> QueueMessage:
        """Encode the message of the log with the address of its content."""
        return content_url_message(envelope, f"{log.plain_log.bucket}/{quote(log.plain_log.key)}")

    @contextmanager
    def open(self, reference: BlobReference) -> Iterator[Iterator[bytes]]:
        """Read an object in chunks as it is stored; raises NotFound."""
        from azure.core.exceptions import ResourceNotFoundError

        container = self._container
        if reference.bucket != self._url:
            container = self._clients.container(reference.bucket)
        with translate_azure_errors(f"Container {reference.bucket}"):
            try:
                download = container.download_blob(
                    reference.key, timeout=_TIMEOUT_SECONDS, decompress=False
                )
            except ResourceNotFoundError as error:
                missing = f"Container {reference.bucket} has no object {reference.key}."
                raise NotFound(missing) from error
            yield download.chunks()
