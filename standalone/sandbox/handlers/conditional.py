"""Answers with an ETag, which clients send back in `If-None-Match`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..answers import Answer, json_bytes
from ..calls import Call
from ..pages import link_header, requested_page
from ..specs import Json

T = TypeVar("T")


def conditional(body: bytes, link: str = "") -> Answer:
    """Answer with a body and an ETag."""
    digest = hashlib.sha256(body + link.encode()).hexdigest()
    return Answer(body=body, digest=digest, headers=(("Link", link),) if link else ())


def conditional_json(value: object, link: str = "") -> Answer:
    """Answer with JSON and an ETag."""
    return conditional(json_bytes(value), link)


def conditional_page(
    call: Call,
    items: Sequence[T],
    describe: Callable[[T], Json],
    wrap: Callable[[int, list[Json]], object] = lambda _, page: page,
) -> Answer:
    """Answer with the requested page of a list; `wrap(total, page)` returns the whole body."""
    page = requested_page(call.args)
    described = [describe(each) for each in items[page.start : page.start + page.size]]
    link = link_header(call.list_url, call.args, page, len(items))
    return conditional_json(wrap(len(items), described), link)
