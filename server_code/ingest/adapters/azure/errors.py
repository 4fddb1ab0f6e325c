"""Translation of Microsoft's exceptions to those of Runstream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ...domain.clock_errors import CLOCK_REMEDY, is_clock_error
from ...errors import AccessDenied, QueueMissing, QueueUnavailable

#: What to do where the service cannot be reached.
NETWORK_REMEDY = (
    "Check SERVICEBUS_CONNECTION_STRING or SERVICEBUS_NAMESPACE, or LOG_BUCKET and its connection "
    "string, and the network: port 5671, proxy, firewall, certificate."
)

#: Finds the reason of the system or OpenSSL in the text that the libraries put around it.
_SYSTEM_REASON = re.compile(
    r"\[(?:Errno -?\d+|SSL: \w+)\] (.+?)(?= \(_ssl\.c|[)'\"]| Error condition|$)"
)
_CONNECTION_PREFIX = re.compile(r"^(?:<[^>]*>|HTTPS?Connection\w*\([^)]*\)): ")

#: The time and the server of an answer: with them each error of the same cause would be another.
_TIME_AND_SERVER = re.compile(r"\nTime:\S+|,? (?:SystemTracker|Timestamp):\S+")


@contextmanager
def translate_azure_errors(subject: str) -> Iterator[None]:
    """Translate what a request raises; ``subject`` begins the message."""
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        ResourceNotFoundError,
        ServiceRequestError,
    )
    from azure.servicebus.exceptions import (
        MessagingEntityNotFoundError,
        ServiceBusAuthenticationError,
        ServiceBusAuthorizationError,
        ServiceBusConnectionError,
    )

    try:
        yield
    except (ResourceNotFoundError, MessagingEntityNotFoundError) as error:
        raise QueueMissing(
            f"{subject} does not exist. Create it with `runstream setup`, or correct its name."
        ) from error
    except (
        ClientAuthenticationError,
        ServiceBusAuthenticationError,
        ServiceBusAuthorizationError,
    ) as error:
        raise _denied(subject, _reason_of(error)) from error
    except (ServiceRequestError, ServiceBusConnectionError) as error:
        raise _unreachable(subject, _reason_of(error)) from error
    except AzureError as error:
        if getattr(error, "status_code", None) in (401, 403):
            raise _denied(subject, _reason_of(error)) from error
        reason = _reason_of(error).rstrip(".")
        remedy = CLOCK_REMEDY if is_clock_error(reason) else None
        raise QueueUnavailable(f"{subject} cannot be used now: {reason}.", remedy=remedy) from error


def _reason_of(error: Exception) -> str:
    return _TIME_AND_SERVER.sub("", str(error))


def _unreachable(subject: str, message: str) -> QueueUnavailable:
    """Return the error of a service that cannot be reached, with the system's own reason."""
    match = _SYSTEM_REASON.search(message)
    reason = match.group(1) if match else _CONNECTION_PREFIX.sub("", message)
    remedy = CLOCK_REMEDY if is_clock_error(message) else NETWORK_REMEDY
    return QueueUnavailable(f"{subject} cannot be reached: {reason.rstrip('.')}.", remedy=remedy)


def _denied(subject: str, message: str) -> AccessDenied:
    first_line = message.partition("\n")[0]
    if is_clock_error(message):
        return AccessDenied(f"{subject} refuses the credentials ({first_line}). {CLOCK_REMEDY}")
    return AccessDenied(
        f"{subject} refuses the credentials ({first_line}). Check the key of the connection "
        "string, or grant the identity the roles that `runstream setup --print-bicep` prints."
    )
