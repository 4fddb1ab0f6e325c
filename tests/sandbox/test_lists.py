"""Lists of runs: their order, their pages, their filters and their two caps."""

from __future__ import annotations

import pytest
from support.world_builder import WorldBuilder

RUNS = "/repos/octo/api/actions/runs"


def many(count: int) -> WorldBuilder:
    """Build a world with a run every ten seconds."""
    builder = WorldBuilder().repository("octo/api", id=4711)
    for number in range(count):
        builder.run(created=number * 10, id=100 + number)
    return builder


def test_the_newest_run_comes_first(serve):
    """Runs are ordered by their creation, a re-run keeps its place."""
    builder = many(3).run("failure", id=7, created=5).rerun(at=500)
    assert [run["id"] for run in serve(builder).runs()] == [102, 101, 7, 100]


def test_a_run_that_is_not_yet_created_is_not_there(serve):
    """The list grows with the clock."""
    api = serve(many(3), at=10)
    assert len(api.runs()) == 2
    api.server.advance(10)
    assert len(api.runs()) == 3


def test_pages_are_linked_by_the_repository_number(serve):
    """The first page links next and last, a middle one all, the last one prev and first only."""
    api = serve(many(5))
    first, middle, last = (
        api.get(f"{RUNS}?per_page=2&page={page}").headers["Link"] for page in (1, 2, 3)
    )
    root = f"{api.server.url}/repositories/4711/actions/runs?per_page=2"
    assert first == f'<{root}&page=2>; rel="next", <{root}&page=3>; rel="last"'
    assert [part.split('rel="')[1][:-1] for part in middle.split(", ")] == [
        "prev",
        "next",
        "last",
        "first",
    ]
    assert last == f'<{root}&page=2>; rel="prev", <{root}&page=1>; rel="first"'


def test_a_single_page_has_no_link(serve):
    """A list that fits one page says nothing of others."""
    assert "Link" not in serve(many(3)).get(RUNS).headers


def test_the_runs_of_a_renamed_repository_have_its_new_name(serve):
    """Also if they were read before, under the old one."""
    api = serve(many(1))
    before = [*api.runs(), api.get(f"{RUNS}/100").json()]
    api.server.world.change("octo/api", full_name="octo/web")
    after = [*api.runs(repository="octo/web"), api.get("/repos/octo/web/actions/runs/100").json()]
    assert [run["repository"]["full_name"] for run in before] == ["octo/api"] * 2
    assert [run["repository"]["full_name"] for run in after] == ["octo/web"] * 2


def test_a_page_holds_30_and_at_most_100(serve):
    """The size of a page has a default and a bound."""
    api = serve(many(120), at=2000)
    assert len(api.runs()) == 30
    assert len(api.runs("?per_page=500")) == 100


def test_linked_pages_answer(serve):
    """The numeric address of a page is served, below a prefix too."""
    api = serve(many(5))
    link = api.get(f"/api/v3{RUNS}?per_page=2").headers["Link"]
    url = link.split(">")[0][1:]
    assert "/api/v3/repositories/4711/" in url
    assert len(api.get(url).json()["workflow_runs"]) == 2


def test_an_unfiltered_list_ends_at_its_cap_with_422(serve):
    """Past its cap the unfiltered list refuses."""
    api = serve(many(25), unfiltered_cap=20)
    assert api.get(f"{RUNS}?per_page=10&page=2").status_code == 200
    refused = api.get(f"{RUNS}?per_page=10&page=3")
    assert refused.status_code == 422
    assert "pagination is limited" in refused.json()["message"]


def test_a_filtered_list_stops_at_its_cap_though_its_total_reports_more(serve):
    """Filters reach the first items only."""
    api = serve(many(25), filtered_cap=20)
    pages = [api.get(f"{RUNS}?event=push&per_page=10&page={page}").json() for page in (1, 2, 3)]
    assert [len(page["workflow_runs"]) for page in pages] == [10, 10, 0]
    assert {page["total_count"] for page in pages} == {25}


def test_the_documented_caps_are_the_default(serve):
    """Without settings, filters stop at 1,000."""
    api = serve(many(1010), at=20_000)
    assert api.get(f"{RUNS}?event=push").json()["total_count"] == 1010
    assert len(api.runs("?event=push&per_page=100&page=10")) == 100
    assert api.runs("?event=push&per_page=100&page=11") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failure", [3]),
        ("status=completed", [3, 2]),
        ("status=in_progress", [5]),
        ("status=queued", [4]),
        ("status=startup_failure", []),
        ("event=schedule", [2]),
        ("branch=dev", [3]),
        ("actor=hubot", [4]),
        ("head_sha=abc123", [5]),
        ("event=push&branch=dev", [3]),
        ("created=2026-01-05T08:00:10Z..2026-01-05T08:00:20Z", [3, 2]),
        ("created=%3E%3D2026-01-05T08:00:30Z", [5, 4]),
        ("created=%3E2026-01-05T08:00:30Z", [5]),
        ("created=*..2026-01-05T08:00:10Z", [2]),
        ("created=%3C2026-01-05T08:00:10Z", []),
        ("created=2026-01-05", [5, 4, 3, 2]),
        ("created=2026-01-04", []),
        ("created=2026-01-05T09:00:20%2B01:00", [3]),
    ],
)
def test_filters_select(serve, query, expected):
    """Each filter selects what GitHub documents."""
    builder = (
        WorldBuilder()
        .repository("octo/api")
        .run("success", id=2, created=10, event="schedule")
        .run("failure", id=3, created=20, branch="dev")
        .run(id=4, created=30, starts_after=None, seconds=None, actor="hubot")
        .run(id=5, created=40, seconds=None, sha="abc123")
    )
    assert [run["id"] for run in serve(builder).runs(f"?{query}")] == expected


@pytest.mark.parametrize(
    ("created", "expected"),
    [("%3E2026-01-05T08:00:00Z", [3, 2]), ("%3C2026-01-05T08:00:02Z", [2, 1])],
)
def test_a_range_begins_and_ends_between_two_seconds(serve, created, expected):
    """A second is in the range before it and in the one after it, also its fractions."""
    builder = WorldBuilder().repository("octo/api")
    for number, at in enumerate((0, 1.5, 2.5), start=1):
        builder.run(id=number, created=at)
    assert [run["id"] for run in serve(builder).runs(f"?created={created}")] == expected


def test_a_filter_that_cannot_be_read_is_refused(serve):
    """Nonsense for a date answers 422."""
    assert serve(many(1)).get(f"{RUNS}?created=soon").status_code == 422


def test_filtered_lists_lag_behind_the_world(serve):
    """A filter shows the world as it was, the unfiltered list as it is."""
    api = serve(many(3), at=25, index_lag=10)
    assert [run["id"] for run in api.runs("?event=push")] == [101, 100]
    assert [run["status"] for run in api.runs("?event=push")] == ["in_progress", "in_progress"]
    assert len(api.runs()) == 3


def test_jobs_beyond_a_hundred_lie_on_further_pages(serve):
    """More than 100 jobs need a second page."""
    api = serve(WorldBuilder().repository("octo/api").run(id=1).jobs(130))
    pages = [
        api.get(f"{RUNS}/1/attempts/1/jobs?per_page=100&page={page}").json() for page in (1, 2)
    ]
    assert [len(page["jobs"]) for page in pages] == [100, 30]
    assert {page["total_count"] for page in pages} == {130}


def test_files_of_a_commit_stop_at_300_a_page_and_3000_in_all(serve):
    """Statistics count every file, the pages do not show them all."""
    builder = WorldBuilder().repository("octo/api").commit("feed", files=3500, additions=7000)
    api = serve(builder)
    first = api.get("/repos/octo/api/commits/feed")
    assert len(first.json()["files"]) == 300
    assert 'page=10>; rel="last"' in first.headers["Link"]
    assert first.json()["stats"]["additions"] == 7000
    assert len(api.get("/repos/octo/api/commits/feed?page=10").json()["files"]) == 300
    assert api.get("/repos/octo/api/commits/feed?page=11").json()["files"] == []
