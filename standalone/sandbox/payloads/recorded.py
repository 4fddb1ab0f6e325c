"""Serve a recorded object unchanged, except that its API addresses lead to this server."""

from __future__ import annotations

import json
import re
from typing import cast

from ..specs import Json

# the API of github.com, or of a GitHub Enterprise Server, which has a prefix
_API = re.compile(r"https?://(?:api\.github\.com|[^/\"\s]+/api/v3)(?=[/\"{?]|$)")


def with_api_base(recorded: Json, base: str) -> Json:
    """Return a recorded object with `base` in every API address; nothing else is changed."""
    text = json.dumps(recorded, ensure_ascii=False)
    return cast("Json", json.loads(_API.sub(lambda _: base, text)))
