"""The recordings that every test here runs over: the sample, and the large corpus if present."""

from __future__ import annotations

import pytest
from corpus.cases import CORPUS_CASES, SAMPLE_CASES
from corpus.recordings import Recordings
from support.recorded_data import FOLDERS, SAMPLE


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def recordings(request: pytest.FixtureRequest) -> Recordings:
    """Return the recordings of one folder."""
    is_sample = request.param == SAMPLE
    return Recordings(request.param, SAMPLE_CASES if is_sample else CORPUS_CASES)
