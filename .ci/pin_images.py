"""Pin the images that files name, as in ``python:3.12-slim``, to the digests of their registry.

The digest of an image is never written by hand: ``docker buildx imagetools inspect`` reads it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

#: An image with a tag in a Dockerfile or a compose file, with or without a digest.
IMAGE = re.compile(
    r"^(?P<before>FROM |\s+image: )(?P<image>[\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?",
    re.MULTILINE,
)
INSPECT = ("docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}")


def main() -> None:
    """Rewrite each file in place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    for file in parser.parse_args().files:
        file.write_text(IMAGE.sub(_pinned, file.read_text()))


def _pinned(found: re.Match[str]) -> str:
    return f"{found['before']}{found['image']}@{read_digest(found['image'])}"


def read_digest(image: str) -> str:
    """Return the digest of an image; exit if the registry does not return one."""
    done = subprocess.run(
        [*INSPECT, image], capture_output=True, text=True, check=False, timeout=120
    )
    digest = done.stdout.strip()
    if done.returncode or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise SystemExit(f"{image}: its registry returned no digest: {digest or done.stderr}")
    return digest


if __name__ == "__main__":
    main()
