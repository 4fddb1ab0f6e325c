"""A GitHub App's key in every form that people have to write it."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ingest.wire.app_keys import parse_private_keys

PEM = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    .decode()
)


@pytest.mark.parametrize(
    "given",
    [
        PEM,
        PEM.strip().replace("\n", "\\n"),
        '"' + PEM.strip().replace("\n", "\\n") + '"',
        "'" + PEM.replace("\n", "\\n") + "'",
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", "\\r\\n"),
        PEM.strip().replace("\n", "\\\\n"),
        PEM.strip().replace("\n", " "),
        "\n".join("    " + line for line in PEM.splitlines()),
        base64.b64encode(PEM.encode()).decode(),
        base64.encodebytes(PEM.encode()).decode(),
        base64.urlsafe_b64encode(PEM.encode()).decode().rstrip("="),
        base64.b64encode(PEM.strip().replace("\n", "\\n").encode()).decode(),
    ],
)
def test_a_key_is_read_in_every_form(given):
    """Environment files and consoles hold one line."""
    [key] = parse_private_keys(given)
    assert key == PEM
    serialization.load_pem_private_key(key.encode(), None)


@pytest.mark.parametrize("given", ["not a key", "AAAA", "-----BEGIN RSA PRIVATE KEY-----"])
def test_what_is_no_key_stays_as_it_is(given):
    """Signing with it reports the fault."""
    assert parse_private_keys(given) == [given]


def test_several_keys_are_separated_by_commas():
    """One for each app."""
    one_line = PEM.strip().replace("\n", "\\n")
    assert parse_private_keys(f"{one_line},{one_line}") == [PEM, PEM]
    assert parse_private_keys(" , ") == []
