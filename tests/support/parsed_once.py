"""What libraries parse again and again, parsed once in a process.

botocore parses its descriptions of services and endpoints for each session: 60 ms for a client of
SQS and one of S3. PyJWT parses and checks a private key for each token.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader
from jwt import algorithms


def parse_once() -> None:
    """Let this process keep what was parsed."""
    parse = JSONFileLoader.load_file

    @cache
    def parsed(path: str) -> Any:
        return parse(JSONFileLoader(), path)

    JSONFileLoader.load_file = lambda _self, path: parsed(path)
    algorithms.load_pem_private_key = cache(algorithms.load_pem_private_key)
