"""Recorded logs, by the job that wrote them."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path


def recorded_logs(folder: Path) -> dict[int | None, list[bytes]]:
    """Read the logs of a folder by job id; under None are the logs of unknown jobs."""
    logs: dict[int | None, list[bytes]] = defaultdict(list)
    manifest = folder / "manifest.json"
    files = json.loads(manifest.read_text("utf-8"))["files"] if manifest.exists() else {}
    for path in sorted((folder / "logs").glob("*.txt*")):
        notes = files.get(f"logs/{path.name}", {})
        logs[notes.get("job_id")].append(_content(path))
    return logs


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
