"""Translation of Google's exceptions to those of Runstream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ...domain.clock_errors import CLOCK_REMEDY, is_clock_error
from ...errors import AccessDenied, QueueMissing, QueueUnavailable

#: What to do where the service cannot be reached.
NETWORK_REMEDY = (
    "Check the application default credentials, and the way to googleapis.com or "
    "PUBSUB_EMULATOR_HOST: proxy, firewall, certificate."
)

#: What the libraries gRPC and requests put before the reason for a failed connection.
_UNREACHABLE = re.compile(
    "failed to connect to all addresses|errors resolving|DNS resolution failed|Max retries exceeded"
)

#: What the metadata server answers where the machine has no service account, or may not use it.
_NO_ACCOUNT = re.compile(r"metadata service\. (Status: 4\d\d[^,<]*)")


@contextmanager
def translate_google_errors(subject: str) -> Iterator[None]:
    """Translate what a request raises; ``subject`` begins the message."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError, TransportError
    from requests import RequestException

    try:
        yield
    except exceptions.NotFound as error:
        raise QueueMissing(
            f"{subject} does not exist. Create it with `runstream setup`, or correct its name."
        ) from error
    except (exceptions.Forbidden, exceptions.Unauthorized) as error:
        raise AccessDenied(
            f"{subject} refuses the credentials ({error.message}): grant the roles of the guide."
        ) from error
    except (exceptions.GoogleAPIError, GoogleAuthError, RequestException) as error:
        if (answer := _NO_ACCOUNT.search(str(error))) is not None:
            raise _without_credentials(subject, answer[1].strip("'\" ")) from error
        if not isinstance(error, GoogleAuthError) or isinstance(error, TransportError):
            raise _unavailable(subject, error) from error
        if error.retryable or isinstance(error.__cause__, TransportError):
            reason = f"{subject}: no access token was issued ({error})."
            raise QueueUnavailable(reason, remedy=NETWORK_REMEDY) from error
        if is_clock_error(str(error)):
            raise AccessDenied(f"{subject}: {error}. {CLOCK_REMEDY}") from error
        raise _without_credentials(subject, str(error)) from error


@contextmanager
def translate_credential_errors(subject: str) -> Iterator[None]:
    """Translate what reading the credentials raises, for which Google has not always a class.

    Their file may be a folder, or JSON of another form.
    """
    from google.auth.exceptions import GoogleAuthError

    with translate_google_errors(subject):
        try:
            yield
        except (OSError, ValueError, AttributeError, TypeError) as error:
            if isinstance(error, GoogleAuthError):
                raise
            reason = f"{type(error).__name__} in reading them"
            raise _without_credentials(subject, reason) from error


def _without_credentials(subject: str, reason: str) -> AccessDenied:
    return AccessDenied(
        f"{subject}: no application default credentials are valid ({reason}). Set "
        "GOOGLE_APPLICATION_CREDENTIALS, give this machine a service account, or run `gcloud "
        "auth application-default login`."
    )


def _unavailable(subject: str, error: Exception) -> QueueUnavailable:
    """Return the error of a service that fails or cannot be reached, with its own reason."""
    last = getattr(error, "cause", None) or error  # a RetryError holds the last error
    message = str(last).rstrip(".")
    if is_clock_error(message):
        return QueueUnavailable(f"{subject} cannot be used now: {message}.", remedy=CLOCK_REMEDY)
    if _UNREACHABLE.search(message) is None:
        return QueueUnavailable(f"{subject} cannot be used now: {message}.")
    reason = message.rpartition(": ")[2].rpartition("] ")[2].rstrip("]')\".")
    return QueueUnavailable(f"{subject} cannot be reached: {reason}.", remedy=NETWORK_REMEDY)
