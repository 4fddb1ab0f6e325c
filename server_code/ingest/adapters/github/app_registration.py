"""The exchange of a manifest's code for the App that GitHub has registered."""

from __future__ import annotations

from ...domain.counters import Counters
from ...errors import BadRequest, NotFound, Rejected, RepositoryUnavailable
from ...ports import Clock
from ...wire.answers import MANIFESTS_PATH
from ...wire.app_manifest import RegisteredApp, parse_registered_app
from .client import GithubClient
from .credentials import StaticToken
from .request import Request


def exchange_code(code: str, *, api_url: str, clock: Clock) -> RegisteredApp:
    """Exchange a code, which GitHub accepts once and within an hour.

    Raises Rejected for a code that GitHub does not accept, and what ``GithubClient.post`` does.
    """
    client = GithubClient(
        credential=StaticToken(None), api_url=api_url, clock=clock, counters=Counters()
    )
    try:
        request = Request.to(MANIFESTS_PATH + "{}/conversions", code)
        return parse_registered_app(client.post(request).json())
    except (NotFound, RepositoryUnavailable) as error:
        raise Rejected(
            "GitHub does not accept this code: it is used or older than one hour. "
            "Create the App again."
        ) from error
    except BadRequest as error:
        raise Rejected(
            f"{error} The App can be received again for an hour after it was created; if GitHub "
            "keeps rejecting it, delete the App on GitHub and create another one."
        ) from error
    finally:
        client.close()
