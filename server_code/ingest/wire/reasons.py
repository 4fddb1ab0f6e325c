"""The message of an error answer, of GitHub or a log's host: shortened, and safe to show."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .fields import load_json, mapping, objects, text

MAX_REASON_CHARS = 400

#: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
#: An installation token may be a JWT behind the App's id, which has dots and hyphens as well.
_TOKENS = re.compile(
    r"\b(?:(?:gh[a-z]_|github_pat_)[A-Za-z0-9_.-]{7,}[A-Za-z0-9_-]|v1\.[0-9a-f]{40})"
)
#: The fields that contain the message of an answer in JSON, of GitHub, OAuth and clouds.
_MESSAGE_FIELDS = ("error", "code", "message", "error_description", "detail")

#: How much of a body that is not JSON is searched for a message.
_READ_CHARS = 4000
_PAGE_TITLE = re.compile(r"<(?:title|h1)\b[^>]*>([^<]+)", re.IGNORECASE)
_XML_FIELDS = re.compile(r"<(?:Code|Message)>([^<]+)")

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """The reason that an answer gives. ``is_web_page``: it is a web page, which no API sends."""

    message: str
    documentation_url: str | None
    request_id: str | None
    is_web_page: bool

    @property
    def suffix(self) -> str:
        """Return GitHub's message as the end of a sentence."""
        return f": {self.message.rstrip('.')}." if self.message else "."

    def with_reference(self, remedy: str | None) -> str | None:
        """Add GitHub's documentation and the id of the request, for which its support asks."""
        parts = [
            remedy,
            self.documentation_url and f"See {self.documentation_url}.",
            self.request_id and f"GitHub's request ID: {self.request_id}.",
        ]
        return " ".join(part for part in parts if part) or None


def parse_reason(headers: Mapping[str, str], body: str) -> Reason:
    """Read GitHub's message, documentation link and request id from an answer."""
    try:
        payload = load_json(body)
        message = _message_of(payload)
    except (ValueError, RecursionError):
        payload, message = None, _read_message(body[:_READ_CHARS])
    fields = mapping(payload)
    link = fields.get("documentation_url") or mapping(fields.get("block")).get("html_url")
    return Reason(
        message=printable(message),
        documentation_url=https_link(text(link)),
        request_id=printable(headers.get("x-github-request-id", "")) or None,
        is_web_page=_is_web_page(headers, body),
    )


def _read_message(start: str) -> str:
    """Return a web page's title, XML's code and message, or else the beginning of a text."""
    found = _PAGE_TITLE.findall(start)[:1] or _XML_FIELDS.findall(start)
    if found:
        return html.unescape(": ".join(found))
    return "" if start.lstrip().startswith(("<", "{", "[")) else start


def _message_of(payload: object) -> str:
    """Return the message of an answer in JSON, which has it in a few usual places."""
    fields = mapping(payload)
    places = (fields, mapping(fields.get("error")), *objects(fields.get("errors"))[:1])
    found = ([text(place.get(name)) for name in _MESSAGE_FIELDS] for place in places)
    return next((": ".join(filter(None, parts)) for parts in found if any(parts)), "")


def printable(value: str) -> str:
    """Return a text without control characters and tokens, at most MAX_REASON_CHARS long."""
    cleaned = mask_tokens(_UNPRINTABLE.sub(" ", value)).strip()
    return cleaned if len(cleaned) <= MAX_REASON_CHARS else cleaned[:MAX_REASON_CHARS] + "…"


def mask_tokens(value: str) -> str:
    """Return a text with ``***`` in place of whatever looks like a token of GitHub."""
    return _TOKENS.sub("***", value)


def https_link(value: str | None) -> str | None:
    """Return an https link that may be shown; None for anything else."""
    if value is None or not re.fullmatch(r"https://[!-~]{1,400}", value):
        return None
    return value


def _is_web_page(headers: Mapping[str, str], body: str) -> bool:
    start = body[:200].lstrip().lower()
    return "text/html" in headers.get("content-type", "") or start.startswith(
        ("<!doctype html", "<html")
    )
