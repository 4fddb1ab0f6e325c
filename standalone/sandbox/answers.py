"""Answers: what a handler returns, before limits and preconditions are applied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]

JSON = "application/json; charset=utf-8"
DOCS = "https://docs.github.com/rest"

SSO_MESSAGE = (
    "Resource protected by organization SAML enforcement. You must grant your Personal Access "
    "token access to this organization."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer: a `body`, or a `stream` of `length` bytes; a `digest` leads to an ETag."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Headers = ()
    digest: str | None = None
    stream: Iterator[bytes] | None = None
    length: int | None = None
    cost: int = 1
    """Points of the primary limit."""


class Refusal(Exception):
    """An exception that ends a request early with its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_bytes(value: object) -> bytes:
    """Write JSON as GitHub does: compact, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # UTF-8 cannot encode half a surrogate pair: like GitHub, write its JSON escape instead.
    return text.encode(errors="backslashreplace")


def json_answer(value: object, *, status: int = 200) -> Answer:
    """Answer with a JSON value."""
    return Answer(status=status, body=json_bytes(value))


def error_answer(
    status: int, message: str, *, headers: Headers = (), docs: str = DOCS, cost: int = 1
) -> Answer:
    """Answer with GitHub's error object."""
    body = {"message": message, "documentation_url": docs, "status": str(status)}
    return Answer(status=status, body=json_bytes(body), headers=headers, cost=cost)


def sso_headers(owner: str) -> Headers:
    """Return the header with the address at which to authorize a token for single sign-on."""
    url = f"https://github.com/orgs/{owner}/sso?authorization_request=A0"
    return (("X-GitHub-SSO", f"required; url={url}"),)


def not_found() -> Refusal:
    """Return the refusal for something that does not exist, or that the token may not see."""
    return Refusal(error_answer(404, "Not Found"))


def blob_error(status: int, code: str, message: str = "") -> Answer:
    """Answer with an error of the store that holds the logs."""
    head = '\ufeff<?xml version="1.0" encoding="utf-8"?>'
    body = f"{head}<Error><Code>{code}</Code>{message}</Error>"
    return Answer(status=status, body=body.encode(), content_type="application/xml")


def blob_not_found() -> Refusal:
    """Return the refusal for a log that does not exist (yet): GitHub sends its store's XML."""
    message = "<Message>The specified blob does not exist.</Message>"
    return Refusal(blob_error(404, "BlobNotFound", message))


def gone() -> Refusal:
    """Return the refusal for a log that has expired."""
    return Refusal(error_answer(410, "Server Error"))
