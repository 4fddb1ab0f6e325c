"""A log of any size takes the agent no more memory than a small one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from logs.rig import OpenRig, Rig, a_world

from standalone.sandbox.specs import LogSpec

MIB = 1 << 20
MAX_KIB = 32 * 1024

#: The real size takes minutes; LOG_PROOF=full proves it.
GIANT_BYTES = 1024 * MIB if os.environ.get("LOG_PROOF") == "full" else 64 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
@pytest.mark.parametrize("bucket", [True, False], ids=["claim check", "parts"])
@pytest.mark.parametrize("mode", ["live", "economy"])
def test_a_giant_log_takes_at_most_32_mib_more_than_idle(
    rig: OpenRig, mode: str, bucket: bool
) -> None:
    """From GitHub over the disk to S3 or to the queue, and into the viewer's cache; only once."""
    if not bucket and mode == "economy":
        pytest.skip("parts are made alike in both modes")
    world = a_world().repository("octo/warm").run(seconds=60).job(log=b"x" * 2 * MIB)
    world.repository("octo/giant").run(seconds=60)
    world.job("giant", log=LogSpec(seed="giant", giant_bytes=GIANT_BYTES)).job("other", log=b"y")
    here = rig(world, bucket=bucket, LOG_MODE=mode)
    script = str(Path(__file__).with_name("measure.py"))
    with here.start(script, "octo/warm", "octo/giant") as process:
        printed, said = process.communicate(timeout=280)
    assert process.returncode == 0, said.decode()
    measured = json.loads(printed)
    print(mode, bucket, measured)
    assert measured["peak_kib"] - measured["idle_kib"] <= MAX_KIB, measured
    assert here.count(here.logs) >= 3
    assert log_requests(here) == {"addresses": 2, "blobs": 2}, "a log was downloaded again"


def log_requests(here: Rig) -> dict[str, int]:
    """Count requests for where logs and archives are, and for their content."""
    kinds = here.github.stats()["endpoints"]
    addresses = (kinds.get(name, {}) for name in ("get_job_log", "get_attempt_log"))
    return {
        "addresses": sum(kind.get("requests", 0) for kind in addresses),
        "blobs": kinds["blob"]["requests"],
    }
