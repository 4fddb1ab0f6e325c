"""Lists end where GitHub's links end, and come in pages of a size that the server answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.adapters.github import GithubActions, GithubRepositories, open_token_pool
from ingest.domain.counters import Counters
from ingest.domain.runs import AttemptKey
from ingest.errors import RequestFailed
from ingest.ports import RepositoryListQuery, RunQuery
from ingest.settings import GithubSettings, Secret
from support.stub_github import StillClock, a_page, stub_github

KEY = AttemptKey("octo/api", 7, 1)


def actions_of(github, clock=None):
    settings = GithubSettings(api_url=github.url, tokens=(Secret("token"),))
    counters = Counters()
    pool = open_token_pool(settings, clock=clock or StillClock(), counters=counters)
    return GithubActions(pool, counters)


def jobs(count):
    return [{"id": number + 1, "run_id": 7, "status": "queued"} for number in range(count)]


def sizes(github):
    return [asked.size for asked in github.asked]


@pytest.mark.parametrize(("bearable", "count"), [(50, 88), (25, 88), (10, 88), (50, 250), (10, 7)])
@pytest.mark.parametrize(
    "failure", [(502, "<html>Unicorn</html>"), (200, '{"jobs": [{"id"'), (504, "")]
)
def test_a_list_that_fails_is_asked_for_in_smaller_pages(bearable, count, failure):
    """A 5xx and half an answer alike; every job is read once."""
    status, body = failure

    def answer(asked):
        if asked.size > bearable:
            return status, {}, body
        return a_page(asked, jobs(count), "jobs")

    with stub_github(answer) as github:
        found = actions_of(github).fetch_jobs(KEY).value
    assert sorted(job.job_id for job in found.jobs) == list(range(1, count + 1))
    assert found.matches_total_count


def test_a_page_that_fails_in_the_middle_keeps_those_before_it():
    """They were paid for."""

    def answer(asked):
        if (asked.page - 1) * asked.size >= 100 and asked.size > 25:
            return 502, {}, ""
        return a_page(asked, jobs(130), "jobs")

    with stub_github(answer) as github:
        assert len(actions_of(github).fetch_jobs(KEY).value.jobs) == 130
        assert [(asked.size, asked.page) for asked in github.asked] == [
            (100, 1),
            (100, 2),
            (50, 3),
            (25, 5),
            (25, 6),
        ]


def fails_if_conditional(asked):
    return "if-none-match" in asked.headers


def fails_at_100(asked):
    return asked.size == 100


@pytest.mark.parametrize("fails", [fails_if_conditional, fails_at_100])
def test_a_known_list_that_fails_as_it_is_known_is_read_anew(fails):
    """In its size, or with a condition: it would never be read again."""
    broken = []

    def answer(asked):
        if broken and fails(asked):
            return 502, {}, ""
        status, headers, body = a_page(asked, jobs(3 + len(broken)), "jobs")
        return status, {**headers, "ETag": f'"{asked.size}"'}, body

    with stub_github(answer) as github:
        actions = actions_of(github)
        known = actions.fetch_jobs(KEY).validator
        broken.append("")
        found = actions.fetch_jobs(KEY, known)
        assert len(found.value.jobs) == 4
        assert len(actions.fetch_jobs(KEY, found.validator).value.jobs) == 4


def test_a_known_list_costs_one_request_while_it_fails():
    """Once it has failed in every size."""

    def answer(asked):
        if broken:
            return 502, {}, ""
        status, headers, body = a_page(asked, jobs(3), "jobs")
        return status, {**headers, "ETag": '"1"'}, body

    broken = []
    with stub_github(answer) as github:
        actions = actions_of(github)
        known = actions.fetch_jobs(KEY).validator
        broken.append("")
        for asked in (1, 6, 7, 8):
            assert len(github.asked) == asked
            with pytest.raises(RequestFailed):
                actions.fetch_jobs(KEY, known)
        broken.clear()
        assert actions.fetch_jobs(KEY, known).value is not None


def test_a_size_that_failed_twice_is_not_asked_for_again():
    """One failure may have passed by itself; two in a row are the list's own."""
    with stub_github(
        lambda asked: (502, {}, "") if asked.size > 50 else a_page(asked, jobs(60), "jobs")
    ) as github:
        actions = actions_of(github)
        for _ in range(3):
            assert len(actions.fetch_jobs(KEY).value.jobs) == 60
        assert sizes(github) == [100, 50, 50, 100, 50, 50, 50, 50]


def test_a_server_that_answers_no_size_raises_its_first_failure():
    """Four requests, and after that one size at a time, each in turn."""
    with stub_github(lambda asked: (500 + asked.size % 7, {}, "")) as github:
        actions = actions_of(github)
        with pytest.raises(RequestFailed, match="502"):
            actions.fetch_jobs(KEY)
        for _ in range(4):
            with pytest.raises(RequestFailed):
                actions.fetch_jobs(KEY)
        assert sizes(github) == [100, 50, 25, 10, 50, 25, 10, 100]


def test_an_outage_costs_one_request_for_each_further_list():
    """Several lists that fail are no matter of sizes; one that is answered ends the outage."""
    is_down = [True]

    def answer(asked):
        return (502, {}, "") if is_down[0] else a_page(asked, jobs(1), "jobs")

    with stub_github(answer) as github:
        actions = actions_of(github)
        for run_id in range(1, 6):
            with pytest.raises(RequestFailed):
                actions.fetch_jobs(replace(KEY, run_id=run_id))
        assert sizes(github) == [100, 50, 25, 10] * 3 + [100, 100]
        is_down[0] = False
        actions.fetch_jobs(replace(KEY, run_id=6))
        is_down[0] = True
        with pytest.raises(RequestFailed):
            actions.fetch_jobs(replace(KEY, run_id=7))
        assert sizes(github)[14:] == [100, 100, 50, 25, 10]


def test_a_list_ends_where_its_links_end():
    """A count that says more makes it incomplete; one that says less hides nothing."""
    with stub_github(lambda asked: a_page(asked, jobs(130), "jobs", total=20)) as github:
        assert len(actions_of(github).fetch_jobs(KEY).value.jobs) == 130
    with stub_github(lambda asked: a_page(asked, jobs(30), "jobs", total=140)) as github:
        found = actions_of(github).fetch_jobs(KEY).value
        assert (len(found.jobs), found.matches_total_count) == (30, False)
        assert len(github.asked) == 1


def test_jobs_that_move_between_two_pages_make_a_list_incomplete():
    """One appears twice and another not at all, though GitHub counts as many as it sent."""
    is_moved = [False]

    def answer(asked):
        listed = jobs(250)
        if asked.page == 2 and not is_moved[0]:
            is_moved[0] = True
        elif asked.page == 1 and not is_moved[0]:
            return a_page(asked, listed, "jobs")
        return a_page(asked, [listed[-1], *listed[:-1]], "jobs")

    with stub_github(answer) as github:
        actions = actions_of(github)
        found = actions.fetch_jobs(KEY).value
        assert (len(found.jobs), found.matches_total_count) == (249, False)
        again = actions.fetch_jobs(KEY).value
        assert (len(again.jobs), again.matches_total_count) == (250, True)


def test_a_job_that_is_listed_twice_is_no_other_job():
    """GitHub's count of three is right."""
    listed = [*jobs(3), *jobs(1)]
    with stub_github(lambda asked: a_page(asked, listed, "jobs", total=3)) as github:
        found = actions_of(github).fetch_jobs(KEY).value
    assert (len(found.jobs), found.matches_total_count) == (3, True)


def artifacts(count):
    return [{"id": number + 1, "name": str(number + 1)} for number in range(count)]


def test_artifacts_that_move_between_two_pages_are_all_read_once():
    """They are read for one message only: what was missed then was lost."""
    is_moved = [False]

    def answer(asked):
        listed = artifacts(130)
        if not is_moved[0]:
            is_moved[0] = True
            return a_page(asked, listed, "artifacts")
        return a_page(asked, [listed[-1], *listed[:-1]], "artifacts")

    with stub_github(answer) as github:
        found = actions_of(github).fetch_artifacts("octo/api", 7)
        assert sorted(each.id for each in found) == list(range(1, 131))
        assert len(github.asked) == 4


def test_a_deleted_artifact_makes_none_of_the_next_page_missing():
    """The next page begins one artifact later."""
    is_deleted = [False]

    def answer(asked):
        listed = artifacts(130)[1 if is_deleted[0] else 0 :]
        is_deleted[0] = True
        return a_page(asked, listed, "artifacts")

    with stub_github(answer) as github:
        found = actions_of(github).fetch_artifacts("octo/api", 7)
    assert {each.id for each in found} >= set(range(2, 131))


def test_a_count_of_artifacts_that_is_wrong_for_good_is_not_believed_for_ever():
    """A single page cannot have moved, and is read once."""
    for listed, requests in ((130, 6), (30, 2)):
        with stub_github(
            lambda asked, n=listed: a_page(asked, artifacts(n), "artifacts", total=200)
        ) as github:
            assert len(actions_of(github).fetch_artifacts("octo/api", 7)) == listed
            assert len(github.asked) <= requests


def test_a_size_that_failed_is_no_page_of_artifacts():
    with stub_github(
        lambda asked: (
            (502, {}, "")
            if asked.size > 50
            else a_page(asked, artifacts(30), "artifacts", total=40)
        )
    ) as github:
        assert len(actions_of(github).fetch_artifacts("octo/api", 7)) == 30
        assert sizes(github) == [100, 50]


@pytest.mark.parametrize(
    ("count", "total", "requests"), [(130, 130, 2), (200, 200, 2), (100, 130, 2), (30, 130, 1)]
)
def test_a_full_page_without_a_link_is_not_the_last_one_that_is_counted(count, total, requests):
    """A proxy drops the links; a page that is not full, or an empty one, ends the list."""

    def answer(asked):
        status, _, body = a_page(asked, jobs(count), "jobs")
        return status, {}, {**body, "total_count": total}

    with stub_github(answer) as github:
        found = actions_of(github).fetch_jobs(KEY).value
        assert len(found.jobs) == count
        assert found.matches_total_count == (count == total)
        assert len(github.asked) == requests


def test_links_without_end_are_followed_to_a_bound():
    """A page that repeats the one before ends the list; new ones are read up to the bound."""
    link = {"Link": '<http://x/y?page=2>; rel="next"'}
    with stub_github(lambda _: (200, link, {"total_count": 1, "jobs": jobs(1)})) as github:
        assert len(actions_of(github).fetch_jobs(KEY).value.jobs) == 1
        assert len(github.asked) == 2

    def endless(asked):
        page = [{"id": asked.page * 1000 + n, "run_id": 7} for n in range(asked.size)]
        return 200, link, {"total_count": 10**6, "jobs": page}

    with stub_github(endless) as github:
        found = actions_of(github).fetch_jobs(KEY).value
        assert (len(found.jobs), found.matches_total_count) == (5000, False)
        assert len(github.asked) == 50


@pytest.mark.parametrize("body", [{}, [], None, {"total_count": 0, "jobs": None}, '"text"'])
def test_an_answer_without_the_list_is_no_empty_list(body):
    """Else a run would have no jobs because a server was in trouble."""
    with stub_github(lambda _: (200, {}, body)) as github, pytest.raises(RequestFailed):
        actions_of(github).fetch_jobs(KEY)


def test_pages_that_did_not_change_are_not_read_again():
    """Of three pages one changed: the others are asked for once more, the list as a whole not."""
    every = jobs(250)

    def answer(asked):
        status, headers, body = a_page(asked, every, "jobs")
        etag = f'"{len(every)}-{asked.page if asked.page < 3 else every[-1]["status"]}"'
        if asked.headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return status, {**headers, "ETag": etag}, body

    with stub_github(answer) as github:
        actions = actions_of(github)
        first = actions.fetch_jobs(KEY)
        assert actions.fetch_jobs(KEY, first.validator).value is None
        assert len(github.asked) == 6
        every[-1] = {**every[-1], "status": "completed"}
        changed = actions.fetch_jobs(KEY, first.validator)
        assert changed.value.jobs[-1].status == "completed"
        assert len(changed.value.jobs) == 250
        assert actions.fetch_jobs(KEY, changed.validator).value is None


@pytest.mark.parametrize("count", [100, 200])
def test_a_list_without_a_count_that_grows_behind_a_full_page_is_no_known_list(count):
    """An ETag is of the page's body alone: the full page stays as it is, but gets a link."""
    every = [{"id": number, "full_name": f"octo/{number:04}"} for number in range(count)]

    def answer(asked):
        status, headers, body = a_page(asked, every, None)
        etag = f'"{body[-1]["id"] if body else ""}"'
        if asked.headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, None
        return status, {**headers, "ETag": etag}, body

    with stub_github(answer) as github:
        settings = GithubSettings(api_url=github.url, tokens=(Secret("token"),))
        pool = open_token_pool(settings, clock=StillClock(), counters=Counters())
        lists, query = GithubRepositories(pool), RepositoryListQuery(pool.clients()[0].name, "*")
        first = lists.fetch_repositories(query)
        every.append({"id": count, "full_name": f"octo/{count:04}"})
        second = lists.fetch_repositories(query, first.validator)
        assert len(second.value.repositories) == count + 1
        assert lists.fetch_repositories(query, second.validator).value is None


def test_a_page_of_runs_has_a_hundred_runs_in_however_many_requests():
    """Pages of the port stay the same where GitHub's are smaller."""
    runs = [{"id": number + 1} for number in range(230)]
    with stub_github(
        lambda asked: (502, {}, "") if asked.size > 25 else a_page(asked, runs, "workflow_runs")
    ) as github:
        actions = actions_of(github)
        pages = [actions.fetch_runs("octo/api", RunQuery(page=page)).value for page in (1, 2, 3)]
    assert [len(page.runs) for page in pages] == [100, 100, 30]
    assert [page.has_next for page in pages] == [True, True, False]
    assert [run.run_id for page in pages for run in page.runs] == list(range(1, 231))


def test_a_commits_files_are_counted_in_smaller_pages_too():
    """GitHub's own page has 300 files; a huge commit may need far smaller ones."""
    files = [{"filename": str(number)} for number in range(320)]

    def answer(asked):
        if asked.path == "/graphql":
            return 404, {}, {"message": "Not Found"}
        size = int(asked.query.get("per_page", 300))
        if size > 100:
            return 502, {}, ""
        status, headers, body = a_page(asked, files, "files")
        return status, headers, {**body, "sha": "a" * 40, "stats": {"additions": 5, "deletions": 1}}

    with stub_github(answer) as github:
        commit = actions_of(github).fetch_commit("octo/api", "a" * 40)
    assert (commit.files_changed_count, commit.additions) == (320, 5)
