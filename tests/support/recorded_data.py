"""Where recorded GitHub data lies: a sample in the checkout, and much more beside some."""

from __future__ import annotations

from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "data" / "github"
LARGE_CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

#: The sample always; the large corpus as well where it is present.
FOLDERS = [SAMPLE, *([LARGE_CORPUS] if LARGE_CORPUS.is_dir() else [])]
