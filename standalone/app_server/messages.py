"""The messages of `serve`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..environment import secret_values
from ..logs import Mask, write_notice
from .served_app import ServedApp


def masked_echo(
    environment: Mapping[str, str], database: str | None = None
) -> Callable[[str], None]:
    """Return a function that writes a line to stderr, without any secret."""
    database_secrets = secret_values({"DATABASE_URL": database or ""})  # the password in it
    mask = Mask([*secret_values(environment), *database_secrets])
    return lambda line: write_notice(mask(line))


def describe_served_app(served: ServedApp) -> Iterator[str]:
    """Yield lines on where the app is, how to log in, and where its log is."""
    yield f"View   {served.address}"
    account = served.account
    if account is None:
        yield "Login  an account that exists already"
    else:
        yield f"Login  {account.email} with password {account.password} (shown once)"
    yield f"Log    {served.server.log_file}"
