"""Google's exceptions in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...domain.clock_words import CLOCK_REMEDY, is_of_clock
from ...errors import AccessDenied, QueueMissing, QueueUnavailable


@contextmanager
def google_errors(subject: str) -> Iterator[None]:
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
    except (exceptions.GoogleAPIError, TransportError, RequestException) as error:
        reason = str(error).rstrip(".")
        remedy = CLOCK_REMEDY if is_of_clock(reason) else None
        raise QueueUnavailable(f"{subject} cannot be used now: {reason}.", remedy=remedy) from error
    except GoogleAuthError as error:
        if is_of_clock(str(error)):
            raise AccessDenied(f"{subject}: {error}. {CLOCK_REMEDY}") from error
        raise AccessDenied(
            f"{subject}: no application default credentials are valid ({error}). Set "
            "GOOGLE_APPLICATION_CREDENTIALS, give this machine a service account, or run `gcloud "
            "auth application-default login`."
        ) from error
