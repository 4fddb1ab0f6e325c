"""The clients of Azure: the credentials, time limits and retries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ...errors import BadSettings
from ...settings import AzureSettings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.servicebus import ServiceBusClient
    from azure.servicebus.management import ServiceBusAdministrationClient
    from azure.storage.blob import ContainerClient

T = TypeVar("T", "ServiceBusClient", "ServiceBusAdministrationClient")

#: The time limit of one operation with its retries; the collector sends again what failed.
OPERATION_SECONDS = 30

#: A host name, without scheme, port and path; Azure's own domain may be left out.
_NAMESPACE = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

#: The one queue or topic that a connection string is for.
_ENTITY = re.compile(r"(?:^|;)\s*EntityPath\s*=\s*([^;]+)", re.IGNORECASE)

#: The time limits of one HTTP request.
_TIMEOUTS: dict[str, Any] = {"connection_timeout": 30, "read_timeout": 30}

_RETRIES: dict[str, Any] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
    "retry_backoff_max": 5,
}

#: By default Blob Storage waits for more than a minute between its retries.
_STORAGE_RETRIES: dict[str, Any] = {
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 1,
    "random_jitter_range": 1,
}


class AzureClients:
    """The clients of one namespace and its containers; each is opened when it is needed."""

    def __init__(self, azure: AzureSettings) -> None:
        self._azure = azure
        self._opened = ExitStack()
        self._containers: dict[str, ContainerClient] = {}

    @cached_property
    def service_bus(self) -> ServiceBusClient:
        """Open the client of messages. Raises BadSettings."""
        from azure.servicebus import ServiceBusClient

        return self._open_namespace(ServiceBusClient, _RETRIES)

    @cached_property
    def administration(self) -> ServiceBusAdministrationClient:
        """Open the client that creates and reads queues. Raises BadSettings."""
        from azure.servicebus.management import ServiceBusAdministrationClient

        return self._open_namespace(ServiceBusAdministrationClient, _TIMEOUTS)

    def container(self, url: str) -> ContainerClient:
        """Open the client of a container, given by its URL, once. Raises BadSettings."""
        if url not in self._containers:
            self._containers[url] = self._opened.enter_context(self._new_container(url))
        return self._containers[url]

    def _new_container(self, url: str) -> ContainerClient:
        from azure.storage.blob import BlobServiceClient, ContainerClient

        address = urlsplit(url)
        name = address.path.rpartition("/")[2]
        if address.scheme not in {"https", "http"} or not name:
            expected = "https://ACCOUNT.blob.core.windows.net/CONTAINER"
            raise BadSettings(
                [f"LOG_BUCKET {url} is not a container of Blob Storage: set {expected}"]
            )
        secret = self._azure.storage_connection
        if secret is None:
            return ContainerClient.from_container_url(
                url, self._credential, **_TIMEOUTS, **_STORAGE_RETRIES
            )
        with _connection_errors("AZURE_STORAGE_CONNECTION_STRING"):
            service = BlobServiceClient.from_connection_string(
                secret.reveal(), **_TIMEOUTS, **_STORAGE_RETRIES
            )
        return service.get_container_client(name)

    def _open_namespace(self, client_class: type[T], options: dict[str, Any]) -> T:
        secret = self._azure.servicebus_connection
        if secret is None:
            client = client_class(self._namespace, self._credential, **options)
        else:
            _require_namespace(secret.reveal())
            with _connection_errors("SERVICEBUS_CONNECTION_STRING"):
                client = client_class.from_connection_string(secret.reveal(), **options)
        return self._opened.enter_context(client)

    def close(self) -> None:
        """Close the clients that were opened."""
        self._opened.close()

    @property
    def _namespace(self) -> str:
        namespace = self._azure.servicebus_namespace or ""
        if not _NAMESPACE.fullmatch(namespace):
            expected = "octo-ci.servicebus.windows.net"
            raise BadSettings([f"SERVICEBUS_NAMESPACE is {namespace!r}: expected {expected}"])
        return namespace if "." in namespace else f"{namespace}.servicebus.windows.net"

    @cached_property
    def _credential(self) -> TokenCredential:
        from azure.identity import DefaultAzureCredential

        return self._opened.enter_context(DefaultAzureCredential())


def _require_namespace(connection: str) -> None:
    """Raise BadSettings for the connection string of a single queue, whose key fits no other."""
    if found := _ENTITY.search(connection):
        fault = f"SERVICEBUS_CONNECTION_STRING is that of {found[1]!r} alone (EntityPath)"
        raise BadSettings([f"{fault}: copy one from the shared access policies of the namespace"])


@contextmanager
def _connection_errors(setting: str) -> Iterator[None]:
    """Raise BadSettings with the setting's name; the library's message does not show the key."""
    try:
        yield
    except ValueError as error:
        fault = f"{setting} is not valid: copy it from the Azure portal ({error})"
        raise BadSettings([fault]) from None
