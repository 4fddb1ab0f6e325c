"""A wrong clock is recognized in the words of each service."""

from __future__ import annotations

import pytest
from ingest.domain.clock_errors import is_clock_error


@pytest.mark.parametrize(
    "text",
    [
        "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z",
        "Signature not yet current: 20260101T020000Z is still later than 20260101T013000Z",
        "The difference between the request time and the current time is too large.",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
        "Request has expired",
        "Server failed to authenticate the request.\nRequest date header too old: 'Sun, 1 Jan'",
        "AADSTS700024: Client assertion is not within its valid time range.",
        "Invalid JWT: Token must be a short-lived token. Check your iat and exp values in the JWT",
        "Token used too early, 1767225600 < 1767229200. Check that your computer's clock is set",
        "'Expiration time' claim ('exp') is too far in the future",
        "'Issued at' claim ('iat') must be an Integer representing the time of the assertion",
        "certificate verify failed: certificate is not yet valid (_ssl.c:1006)",
    ],
)
def test_words_of_a_wrong_clock_are_known(text: str) -> None:
    assert is_clock_error(text)


@pytest.mark.parametrize(
    "text",
    [
        "The security token included in the request is expired",
        "The request signature we calculated does not match the signature you provided.",
        "certificate verify failed: self-signed certificate",
        "Bad credentials",
    ],
)
def test_other_refusals_are_not_of_the_clock(text: str) -> None:
    assert not is_clock_error(text)
