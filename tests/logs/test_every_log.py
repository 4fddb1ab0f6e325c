"""Every log, recorded or made up, is rebuilt from the queue as GitHub had it, byte for byte."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from logs.rig import OpenRig, Rig, a_world
from support.recorded_data import FOLDERS

from standalone.sandbox.corpus import recorded_logs
from standalone.sandbox.specs import LogSpec

MIB = 1 << 20

#: LOG_PROOF=full proves it with the sizes that take minutes: 1 GiB, and one line of 100 MB.
IS_FULL = os.environ.get("LOG_PROOF") == "full"
GIANT_BYTES = 1024 * MIB if IS_FULL else 12 * MIB
LINE_BYTES = 100_000_000 if IS_FULL else 4_000_000

RANDOM = random.Random(4)
MADE_UP = {
    "empty": b"",
    "one byte": b"x",
    "CRLF": b"first\r\nsecond\r\n\rthird" * 50,
    "BOM mid-file": b"\xef\xbb\xbfstart\n" * 3 + b"mid \xef\xbb\xbf file\n",
    "NUL and ESC": b"\x00\x1b[31mred\x1b[0m\x07\x7f\x85\n" * 1000 + bytes(range(32)),
    "every byte": bytes(range(256)) * 1000,
    "random": RANDOM.randbytes(MIB + MIB // 2),
    "ends in half a character": "日本語😀".encode()[:-1],
    "noncharacters": "\ufffe\uffff\U0010ffff\u2028".encode() * 500,
    "surrogates that are none": b"\xed\xa0\x80\xed\xb0\x80 text\n",
    "JSON and quotes": b'{"a":"\\"}}","log_content":"\\u0000"}\n' * 2000,
    "just over a message": b"y" * 1_048_576,
}


def check(here: Rig, logs: int) -> None:
    """Rebuild with the extended client and with the example; both must give GitHub's bytes."""
    summary = here.collect()
    assert (summary["logs"], summary["logs_unavailable"]) == (logs, 0)
    truth = here.truth()
    assert len(truth) == logs
    assert here.read_by_extended_client() == truth
    assert here.read_by_example() == truth
    assert here.count(here.logs) == 0
    assert here.github.stats()["leaked_tokens"] == 0


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("bucket", [True, False], ids=["claim checks", "parts"])
def test_every_recorded_log_is_rebuilt(rig: OpenRig, folder: Path, bucket: bool) -> None:
    """What GitHub really wrote, with a bucket and without one."""
    logs = [log for found in recorded_logs(folder).values() for log in found]
    assert len(logs) >= 5
    world = a_world().run(seconds=60)
    for number, log in enumerate(logs):
        world.job(f"recorded {number}", log=log)
    check(rig(world, bucket=bucket), len(logs))


@pytest.mark.parametrize(("mode", "bucket"), [("live", False), ("economy", True)])
def test_every_made_up_log_is_rebuilt(rig: OpenRig, mode: str, bucket: bool) -> None:
    """Bytes that are no text, control characters, marks in the middle, nothing at all."""
    world = a_world().run(seconds=60)
    for name, log in MADE_UP.items():
        world.job(name, log=log)
    check(rig(world, bucket=bucket, LOG_MODE=mode), len(MADE_UP))


def test_a_copy_of_the_log_alone_is_in_the_bucket(rig: OpenRig) -> None:
    """Whoever opens it over HTTP gets its bytes, or any range of them."""
    text, other = "日本\x1b[0m\n".encode() * 200_000, RANDOM.randbytes(2 * MIB)
    world = a_world().run(seconds=60).job("text", log=text).job("other", log=other)
    here = rig(world)
    here.collect()
    bucket = here.environment["LOG_BUCKET"]
    keys = [each["Key"] for each in here.s3.list_objects_v2(Bucket=bucket)["Contents"]]
    found = [here.s3.get_object(Bucket=bucket, Key=key) for key in keys if key.endswith(".txt")]
    assert {each["ContentType"] for each in found} == {"text/plain; charset=utf-8", "text/plain"}
    assert {each["Body"].read() for each in found} == {text, other}
    assert len(keys) == 4


@pytest.mark.slow
def test_giant_logs_are_rebuilt(rig: OpenRig) -> None:
    """One of many lines, and one of a single line."""
    world = a_world().run(seconds=60)
    world.job("giant", log=LogSpec(seed="giant", giant_bytes=GIANT_BYTES))
    world.job("line", log=b"z" * LINE_BYTES)
    check(rig(world), 2)
