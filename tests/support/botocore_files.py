"""botocore's descriptions of services and endpoints, parsed once in a process.

botocore parses them again for each session, which takes 60 ms for a client of SQS and one of S3.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader


def keep_parsed_files() -> None:
    """Let all sessions of this process share what was parsed."""
    parse = JSONFileLoader.load_file

    @cache
    def parsed(path: str) -> Any:
        return parse(JSONFileLoader(), path)

    JSONFileLoader.load_file = lambda _self, path: parsed(path)
