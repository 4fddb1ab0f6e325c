"""Answers with an ETag, which clients send back in `If-None-Match`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..answers import Answer, json_bytes
from ..body_cache import DigestedBody, with_digest
from ..calls import Call
from ..pages import link_header, requested_page
from ..specs import Json

T = TypeVar("T")


def conditional_json(value: object) -> Answer:
    """Answer with JSON and an ETag."""
    return conditional(with_digest(json_bytes(value)))


def conditional(digested: DigestedBody) -> Answer:
    """Answer with a body and an ETag."""
    headers = (("Link", digested.link),) if digested.link else ()
    return Answer(body=digested.body, digest=digested.digest, headers=headers)


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
    return conditional(with_digest(json_bytes(wrap(len(items), described)), link))
