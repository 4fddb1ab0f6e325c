"""Coverage-guided fuzzing of one target, for the nightly workflow.

    python tests/fuzz/__main__.py TARGET -max_total_time=300

Needs ``pip install atheris``. Options are libFuzzer's: https://llvm.org/docs/LibFuzzer.html
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

for folder in ("server_code", "tests"):
    sys.path.insert(0, str(Path(__file__).parents[2] / folder))

with atheris.instrument_imports(include=["ingest", "fuzz", "zipfile"]):
    from fuzz.seeds import seeds
    from fuzz.targets import TARGETS


def main(target: str, *options: str) -> None:
    """Fuzz a target from its valid inputs until an option ends it."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds(target)):
            Path(corpus, str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *options, corpus], TARGETS[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
