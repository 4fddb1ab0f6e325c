"""Whether the list shows a run, also where a server or proxy ignores the filter by time."""

from __future__ import annotations

import pytest
from ingest.domain.runs import WorkflowRun
from ingest.domain.timestamps import format_timestamp
from ingest.ports import Answer, RunPage, RunQuery
from ingest.ports.github import MAX_RUN_PAGES
from ingest.services.listed_runs import is_run_listed
from support.changed_ports import Changed
from support.state_records import a_run, at

REPOSITORY = "octo/api"


class RunList:
    """A server with one run a second, the last ones in the same second, in pages of ten."""

    def __init__(self, *, runs: int, in_one_second: int = 1, has_filter: bool) -> None:
        times = [at(0)] * in_one_second + [at(number + 1) for number in range(runs)]
        self.runs = [a_run(number + 1, created_at=time) for number, time in enumerate(times)][::-1]
        self.has_filter, self.requests = has_filter, 0

    def fetch_runs(
        self, _repository: str, query: RunQuery, _validator: str | None = None
    ) -> Answer[RunPage]:
        """Answer one page."""
        self.requests += 1
        runs = self.runs
        if self.has_filter:
            first = str(query.created).split("..")[0]
            runs = [run for run in runs if format_timestamp(run.created_at) == first]
        end = query.page * 10
        page = RunPage(
            runs=tuple(runs[end - 10 : end]), total_count=len(runs), has_next=end < len(runs)
        )
        return Answer(page, None)

    def shows(self, run: WorkflowRun) -> bool:
        """Return whether the list shows a run."""
        github = Changed(None, fetch_runs=self.fetch_runs)
        return is_run_listed(github, REPOSITORY, run.run_id, created_at=run.created_at)


@pytest.mark.parametrize("has_filter", [True, False])
@pytest.mark.parametrize("place", [0, 9, 10, 499, 1_234, 2_499])
def test_a_run_is_listed_until_it_is_deleted(has_filter, place):
    """A server that ignores the filter lists it on a later page."""
    listed = RunList(runs=2_499, has_filter=has_filter)
    run = listed.runs[place]
    assert listed.shows(run)
    listed.runs.pop(place)
    listed.requests = 0
    assert not listed.shows(run)
    assert listed.requests <= (1 if has_filter else 12)


@pytest.mark.parametrize("has_filter", [True, False])
def test_a_run_is_found_among_pages_of_one_second(has_filter):
    """Such a second has further pages with the filter, too."""
    listed = RunList(runs=300, in_one_second=75, has_filter=has_filter)
    for place in (300, 333, 374):
        assert listed.shows(listed.runs[place])
    gone = listed.runs.pop(333)
    assert not listed.shows(gone)


def test_a_run_that_lies_deeper_than_can_be_read_is_not_taken_for_deleted():
    """The requests are bounded all the same."""
    listed = RunList(runs=MAX_RUN_PAGES * 10 + 200, has_filter=False)
    gone = listed.runs.pop(-1)
    assert listed.shows(gone)
    assert listed.requests <= 22
