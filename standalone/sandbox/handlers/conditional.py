"""Answers that can be asked for again with `If-None-Match`."""

from __future__ import annotations

from ..answers import Answer, json_bytes
from ..rendering import Rendered, rendered


def conditional_json(value: object) -> Answer:
    """Answer with JSON and an ETag."""
    return conditional(rendered(json_bytes(value)))


def conditional(kept: Rendered) -> Answer:
    """Answer with something rendered and an ETag."""
    headers = (("Link", kept.link),) if kept.link else ()
    return Answer(body=kept.body, digest=kept.digest, headers=headers)
