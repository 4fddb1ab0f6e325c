"""Microsoft's exceptions in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...domain.clock_words import CLOCK_REMEDY, is_of_clock
from ...errors import AccessDenied, QueueMissing, QueueUnavailable

_DENIED_STATUSES = (401, 403)


@contextmanager
def azure_errors(subject: str) -> Iterator[None]:
    """Translate what a request raises; ``subject`` begins the message."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, ResourceNotFoundError
    from azure.servicebus.exceptions import (
        MessagingEntityNotFoundError,
        ServiceBusAuthenticationError,
        ServiceBusAuthorizationError,
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
        raise _denied(subject, error) from error
    except AzureError as error:
        if getattr(error, "status_code", None) in _DENIED_STATUSES:
            raise _denied(subject, error) from error
        reason = str(error).rstrip(".")
        remedy = CLOCK_REMEDY if is_of_clock(reason) else None
        raise QueueUnavailable(f"{subject} cannot be used now: {reason}.", remedy=remedy) from error


def _denied(subject: str, error: Exception) -> AccessDenied:
    first_line = str(error).partition("\n")[0]
    if is_of_clock(str(error)):
        return AccessDenied(f"{subject} refuses the credentials ({first_line}). {CLOCK_REMEDY}")
    return AccessDenied(
        f"{subject} refuses the credentials ({first_line}). Check the key of the connection "
        "string, or grant the identity the roles that `runstream setup --print-bicep` prints."
    )
