"""The parts of a request that the sandbox uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

Environ = dict[str, Any]

# GitHub Enterprise Server has its REST API below the first prefix, and GraphQL below the second
PREFIXES = ("/api/v3", "/api")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; `path` lacks the prefix, `base` is this server's address including it."""

    method: str
    path: str
    query: str
    args: dict[str, str]
    base: str
    authorization: str | None
    if_none_match: str
    accept: str
    body: bytes


def read_request(environ: Environ) -> Request:
    """Read a request from a WSGI environment."""
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    prefix = next((item for item in PREFIXES if f"{path}/".startswith(item + "/")), "")
    query = environ.get("QUERY_STRING", "")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path[len(prefix) :].rstrip("/") or "/",
        query=query,
        args=dict(parse_qsl(query, keep_blank_values=True)),
        base=f"http://{environ.get('HTTP_HOST', 'localhost')}{prefix}",
        authorization=environ.get("HTTP_AUTHORIZATION"),
        if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
        accept=environ.get("HTTP_ACCEPT", "*/*"),
        body=environ["wsgi.input"].read(length) if length else b"",
    )
