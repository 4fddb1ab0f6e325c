"""Links of runs, jobs and pull requests that lead elsewhere are removed, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.adapters.github.link_sanitizer import LinkSanitizer
from support.builders import a_commit, a_job, a_pull, a_run

EVIL = "javascript:alert(document.cookie)"


def test_what_leads_to_github_is_the_same_object():
    """Nearly everything does, and is not copied."""
    sanitizer = LinkSanitizer("https://api.github.com")
    run, job, commit = a_run(pull_requests=(a_pull(),)), a_job(), a_commit()
    assert sanitizer.sanitize(run) is run
    assert sanitizer.sanitize(job) is job
    assert sanitizer.sanitize(commit) is commit


@pytest.mark.parametrize("api_url", ["https://api.github.com", "https://ghe.example.com/api/v3"])
def test_what_leads_elsewhere_is_removed(api_url):
    """Everything else of the run, job, commit and pull request stays."""
    sanitizer = LinkSanitizer(api_url)
    pull = replace(a_pull(), html_url="https://evil.example/octo/api/pull/7")
    clean = replace(pull, html_url=None)
    run = replace(a_run(), html_url=EVIL, previous_attempt_url=EVIL, pull_requests=(pull,))
    clean_run = replace(run, html_url=None, previous_attempt_url=None, pull_requests=(clean,))
    assert sanitizer.sanitize(run) == clean_run
    job = replace(a_job(), html_url=EVIL, check_run_url="https://evil.example/check-runs/1")
    assert sanitizer.sanitize(job) == replace(job, html_url=None, check_run_url=None)
    commit = replace(a_commit(), pull_requests=(pull,))
    assert sanitizer.sanitize(commit) == replace(commit, pull_requests=(clean,))
