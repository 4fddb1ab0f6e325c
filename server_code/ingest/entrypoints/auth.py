"""Who may enter: people with an account that is enabled, and nobody else.

https://anvil.works/docs/users/authentication_choices: a session outlives the disabling of its
account, so that is looked at with every call.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import anvil.server
import anvil.users

from ..errors import BadSettings, IngestError, Rejected
from .request_context import RequestContext

logger = logging.getLogger(__name__)

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Unexpected(IngestError):
    """Say that something went wrong that nobody foresaw; the app's log says more."""


def login_required(function: _Function) -> _Function:
    """Let a function be called from the web app by people who are logged in.

    It is handed a Desk, and then what the page sends. What goes wrong arrives at the page as a
    sentence; an error that nobody foresaw is logged and told without its inside.
    """

    @functools.wraps(function)
    def answer(*args: object, **kwargs: object) -> object:
        with_sentences = as_sentences(function)
        return with_sentences(RequestContext(actor=_who()), *args, **kwargs)

    anvil.server.callable(require_user=may_enter)(answer)
    return function


def may_enter(user: Any) -> bool:  # noqa: ANN401 - a row of the users table
    """Tell whether an account is enabled."""
    return user is not None and bool(user["enabled"])


def as_sentences(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let only errors through whose text is for people."""

    @functools.wraps(function)
    def answer(*args: object, **kwargs: object) -> object:
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise Rejected(f"{function.__name__} cannot be asked so: {error}.") from None
        try:
            return function(*args, **kwargs)
        except BadSettings as error:
            faults = [f"Settings need a look: {fault}" for fault in error.faults]
            raise BadSettings(faults) from error
        except (IngestError, anvil.server.AnvilWrappedError):
            raise
        except Exception as error:
            logger.exception("call failed", extra={"function": function.__name__})
            raise Unexpected(
                f"Something went wrong here ({type(error).__name__}); the app's log says more. "
                "Nothing was lost: try again."
            ) from None

    return answer


def _who() -> str:
    user = anvil.users.get_user()
    return str(user["email"]) if user is not None else "somebody"
