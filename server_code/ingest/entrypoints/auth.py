"""Access to callables: only for users with an enabled account.

https://anvil.works/docs/users/authentication_choices: a session continues after its account was
disabled, so every call checks the account.
"""

from __future__ import annotations

import functools
import inspect
import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import anvil
import anvil.server
import anvil.users

from ..errors import BadSettings, IngestError, Rejected, Unexpected
from .request_context import RequestContext
from .roles import Role, require_role, stored_role

logger = logging.getLogger(__name__)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def login_required(required: Role) -> Callable[[_Function], _Function]:
    """Register a function as a callable for users with the required role or a higher one.

    The function gets a RequestContext and then the arguments of the call. Errors reach the page
    as sentences; unexpected ones are logged and reported without details.
    With ``as_json``, as pages call, the answer is a text: Anvil handles each value of an answer by
    itself, in each process that it passes. A file stays a file.
    """

    def register(function: _Function) -> _Function:
        @functools.wraps(function)
        def answer(*args: object, as_json: bool = False, **kwargs: object) -> object:
            user = _require_user(function.__name__)
            role = stored_role(user["role"])
            require_role(role, required)
            request = RequestContext(actor=str(user["email"]), role=role)
            found = with_readable_errors(function)(request, *args, **kwargs)
            is_text = as_json and not isinstance(found, anvil.Media)
            return json.dumps(found, ensure_ascii=False) if is_text else found

        anvil.server.callable(answer)
        return function

    return register


def is_enabled(user: Any) -> bool:  # noqa: ANN401 - a row of the users table
    """Return whether an account is enabled."""
    return user is not None and bool(user["enabled"])


def _require_user(function: str) -> Any:  # noqa: ANN401 - a row of the users table
    """Return the account that is logged in, as ``require_user`` of ``anvil.server.callable`` does.

    ``require_user`` does not pass the account to the function, which would read it with another
    request.
    """
    user = anvil.users.get_user()
    if user is None:
        raise anvil.users.AuthenticationFailed(f"You must be logged in to call {function}.")
    if not is_enabled(user):
        raise anvil.server.PermissionDenied(f"You do not have permission to call {function}.")
    return user


def with_readable_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that each of its errors has a text that a person can read."""

    @functools.wraps(function)
    def answer(*args: object, **kwargs: object) -> object:
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise Rejected(
                f"{function.__name__} was called with wrong arguments: {error}."
            ) from None
        try:
            return function(*args, **kwargs)
        except BadSettings as error:
            faults = [f"Invalid settings: {fault}" for fault in error.faults]
            raise BadSettings(faults) from error
        except (IngestError, anvil.server.AnvilWrappedError):
            raise
        except Exception as error:
            logger.exception("call failed", extra={"function": function.__name__})
            raise Unexpected(
                f"An unexpected error occurred ({type(error).__name__}). Try again. "
                "The app's log has the details."
            ) from None

    return answer
