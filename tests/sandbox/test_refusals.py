"""Behaviours of GitHub that public bug reports describe."""

from __future__ import annotations

import io
import zipfile
from email.utils import parsedate_to_datetime

import pytest
import requests
from sandbox.support import check
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.logs import BOM
from standalone.sandbox.settings import TokenSpec

RUNS = "/repos/octo/api/actions/runs"


def world() -> WorldBuilder:
    """Build a world with one job."""
    return WorldBuilder().repository("octo/api").run(id=1).job(id=9, log=b"x" * 1000)


def check_error(answer) -> None:
    """Check an error's body: GitHub's description gives all errors one form."""
    check(answer.json(), "/repos/{owner}/{repo}", 404)


def test_a_list_fails_at_large_pages_only(serve):
    """502 above 50 items a page, and the list at 50 and below."""
    api = serve(world(), faults=(Fault(path="/runs$", do="error", above_page_size=50),))
    codes = [api.get(f"{RUNS}?per_page={size}").status_code for size in (100, 50, 25, 10)]
    assert codes == [502, 200, 200, 200]
    check_error(api.get(f"{RUNS}?per_page=100"))


@pytest.mark.parametrize(
    ("do", "status", "words"),
    [
        ("sso", 403, "SAML"),
        ("suspended", 403, "suspended"),
        ("blocked", 451, "blocked"),
        ("unauthorized", 401, "credentials"),
        ("gone", 410, "Gone"),
    ],
)
def test_a_credential_or_a_repository_is_refused(serve, do, status, words):
    """The refusal has GitHub's status and message; SSO has its header."""
    answer = serve(world(), faults=(Fault(path="/runs$", do=do),)).get(RUNS)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    check_error(answer)
    assert ("X-GitHub-SSO" in answer.headers) is (do == "sso")


@pytest.mark.parametrize("status", [429, 503])
def test_one_path_is_busy_while_others_are_answered(serve, status):
    """It asks to wait, and blocks nothing else of the token."""
    api = serve(world(), faults=(Fault(path="/runs$", do="busy", status=status, seconds=40),))
    answer = api.get(RUNS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "40")
    check_error(answer)
    assert api.get("/repos/octo/api").status_code == 200


def test_a_repository_is_hidden_for_lack_of_a_single_sign_on(serve):
    """GitHub answers 404 to some tokens, with the header all the same."""
    answer = serve(world(), faults=(Fault(path="/runs$", do="sso", status=404),)).get(RUNS)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")
    assert answer.headers["X-GitHub-SSO"].startswith("required; url=https://")


def test_an_html_page_comes_with_200(serve):
    """The status is 200, and the body is not JSON."""
    fault = Fault(path="/runs$", do="error", status=200, html=True, count=1)
    answer = serve(world(), faults=(fault,)).get(RUNS)
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("do", "ids"), [("empty_list", []), ("malformed", [None])])
def test_a_list_is_spoiled_under_an_etag_of_its_own(serve, do, ids):
    """It counts what it does not list, and the good list is no 304 of it."""
    api = serve(world(), faults=(Fault(path="/jobs$", do=do, count=1),))
    spoiled = api.get(f"{RUNS}/1/jobs")
    assert spoiled.json()["total_count"] == 1
    assert [job["id"] for job in spoiled.json()["jobs"]] == ids
    if not ids:
        check(spoiled.json(), "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs")
    good = api.get(f"{RUNS}/1/jobs", If_None_Match=spoiled.headers["ETag"])
    assert [job["id"] for job in good.json()["jobs"]] == [9]


@pytest.mark.parametrize(("do", "ids"), [("empty_list", []), ("malformed", [None])])
def test_an_answer_that_is_itself_the_list_is_spoiled(serve, do, ids):
    """As a list of repositories is, which has no name within the answer."""
    api = serve(world(), faults=(Fault(path="/repos$", do=do, count=1),))
    spoiled, good = (api.get("/orgs/octo/repos").json() for _ in range(2))
    assert [each["id"] for each in spoiled] == ids
    assert len(good) == 1


@pytest.mark.parametrize(("do", "steps"), [("empty_list", 0), ("malformed", 1)])
def test_the_objects_of_one_job_are_spoiled_and_its_labels_are_not(serve, do, steps):
    """A label is a text, which has no id."""
    builder = world().job(id=10, steps=["Build"])
    api = serve(builder, faults=(Fault(path="/jobs/10$", do=do),))
    job = api.get("/repos/octo/api/actions/jobs/10").json()
    assert len(job["steps"]) == steps
    assert job["labels"] == ["ubuntu-latest"]


def test_a_body_stops_in_the_middle_though_its_length_is_right(serve):
    """The answer arrives whole, and is no JSON."""
    answer = serve(world(), faults=(Fault(path="/runs$", do="broken_json"),)).get(RUNS)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"JSON|Expecting|Unterminated"):
        answer.json()


@pytest.mark.parametrize("status", [403, 404, 429])
def test_a_secondary_limit_names_a_date(serve, status):
    """Retry-After is an HTTP date, a minute after the answer's own."""
    fault = Fault(
        path="/runs$", do="secondary", status=status, seconds=60, retry_after_date=True, count=1
    )
    answer = serve(world(), faults=(fault,)).get(RUNS)
    assert answer.status_code == status
    check_error(answer)
    waits = parsedate_to_datetime(answer.headers["Retry-After"]) - parsedate_to_datetime(
        answer.headers["Date"]
    )
    assert waits.total_seconds() == 60


def test_a_revoked_token_stays_unknown(serve):
    """Every later request with it is 401, in the form of an error."""
    api = serve(world(), faults=(Fault(path="/runs$", do="revoked", count=1),))
    answers = [api.get(path) for path in (RUNS, RUNS, "/repos/octo/api")]
    assert [answer.status_code for answer in answers] == [401] * 3
    for answer in answers:
        check_error(answer)


def test_a_log_is_answered_in_place_of_its_address(serve):
    """With 200, and whole."""
    api = serve(world(), faults=(Fault(path="/logs$", do="direct_log"),))
    answer = api.get("/repos/octo/api/actions/jobs/9/logs")
    assert (answer.status_code, answer.content) == (200, b"x" * 1000)
    assert zipfile.is_zipfile(io.BytesIO(api.get(f"{RUNS}/1/attempts/1/logs").content))


def test_a_cache_that_is_wrong_says_unchanged_to_every_etag(serve):
    """Whoever sends none gets the answer."""
    api = serve(world(), faults=(Fault(path="/runs$", do="unchanged"),))
    assert api.get(RUNS, **{"If-None-Match": '"of yesterday"'}).status_code == 304
    assert api.get(RUNS).status_code == 200


@pytest.mark.parametrize(
    ("do", "sizes"), [("archive_lacks", []), ("archive_empty", [0]), ("archive_differs", [1000])]
)
def test_an_archive_spoils_the_first_log(serve, do, sizes):
    """The job's own file is missing, empty or without its mark, while its folder is there."""
    marked = WorldBuilder().repository("octo/api").run(id=1).job(id=9, log=BOM + b"x" * 1000)
    api = serve(marked, faults=(Fault(path=r"logs\.zip$", do=do),))
    where = api.get(f"{RUNS}/1/attempts/1/logs").headers["Location"]
    content = requests.get(where, timeout=60).content
    entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    assert [entry.file_size for entry in entries if "/" not in entry.filename] == sizes
    assert any("/" in entry.filename for entry in entries)


def test_a_job_stays_queued_in_a_run_that_has_ended(serve):
    """The run is completed, and its job never is."""
    api = serve(WorldBuilder().repository("octo/api").run(id=1).job(id=9, stays_queued=True))
    api.server.advance(10_000)
    assert api.get(f"{RUNS}/1").json()["status"] == "completed"
    assert api.get("/repos/octo/api/actions/jobs/9").json()["status"] == "queued"


def test_two_owners_do_not_see_each_other(serve):
    """Each token reads its own repository, and the other one is 404."""
    names = ("octo/secret", "hubot/secret")
    builder = WorldBuilder()
    for number, name in enumerate(names, 1):
        builder.repository(name, private=True).run(id=number)
    tokens = tuple(TokenSpec(value=name, repositories=frozenset({name})) for name in names)
    api = serve(builder, tokens=tokens)
    codes = [[api.get(f"/repos/{name}", token=who).status_code for name in names] for who in names]
    assert codes == [[200, 404], [404, 200]]
