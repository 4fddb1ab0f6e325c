"""Every reader of bytes from outside raises its own errors only, whatever the bytes are.

The nightly workflow runs the same targets for longer, guided by coverage.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from fuzz.seeds import seeds
from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.strategies import JSON

EXAMPLES = settings(suppress_health_check=[HealthCheck.too_slow])


@st.composite
def damaged(draw: st.DrawFn, target: str) -> bytes:
    """Draw a valid input with some bytes changed, cut out, repeated or cut off."""
    data = bytearray(draw(st.sampled_from(seeds(target))))
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        change = draw(st.sampled_from(["set", "insert", "delete", "repeat", "cut"]))
        piece = draw(st.binary(min_size=1, max_size=8))
        if change == "set":
            data[place : place + len(piece)] = piece
        elif change == "insert":
            data[place:place] = piece
        elif change == "delete":
            del data[place : place + len(piece)]
        elif change == "repeat":
            data[place:place] = data[place : place + 60]
        else:
            del data[place + 1 :]
    return bytes(data)


@st.composite
def altered(draw: st.DrawFn, target: str) -> bytes:
    """Draw a valid JSON input in which some values are replaced by any other."""
    value: Any = json.loads(draw(st.sampled_from(seeds(target))))
    for _ in range(draw(st.integers(1, 4))):
        place = value
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys))
            inner = place[key]
            if not isinstance(inner, (dict, list)) or not inner or draw(st.booleans()):
                break
            place = inner
        place[key] = draw(JSON)
        if not value:
            break
    return json.dumps(value).encode()


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
@EXAMPLES
def test_damaged_bytes_raise_our_errors_only(target, data):
    """From an archive with one damaged byte to a body that ends in the middle."""
    TARGETS[target](data.draw(damaged(target)))


@pytest.mark.parametrize("target", ["payload", "webhook", "work-item", "log-object"])
@given(data=st.data())
@EXAMPLES
def test_any_json_raises_our_errors_only(target, data):
    """Values of another type, of any depth, with any character."""
    TARGETS[target](data.draw(altered(target)))


@pytest.mark.parametrize("target", TARGETS)
@given(garbage=st.binary(max_size=300))
@EXAMPLES
def test_any_bytes_raise_our_errors_only(target, garbage):
    """Nothing is assumed of what comes from outside."""
    TARGETS[target](garbage)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("deep", [b"[", b'{"a":', b'{"data":['])
def test_deep_json_raises_our_errors_only(target, deep):
    """A hundred thousand brackets are more than any parser's stack."""
    TARGETS[target](deep * 100_000)


@pytest.mark.parametrize("place", range(0, 600, 29))
@pytest.mark.parametrize("method", range(4))
def test_one_damaged_byte_of_an_archive_is_an_error_of_ours(method, place):
    """Once, one such byte ended the collector at every start."""
    archive = bytearray(seeds("archive")[method])
    for value in (0x00, 0xFF, archive[place] ^ 0x40):
        TARGETS["archive"](bytes(archive[:place]) + bytes([value]) + bytes(archive[place + 1 :]))
