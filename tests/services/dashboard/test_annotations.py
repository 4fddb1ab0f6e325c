"""Annotations lead to their file or to the log."""

from __future__ import annotations

from ingest.domain.annotations import Annotation, AnnotationList
from ingest.services.dashboard.annotations import annotation_rows, commit_files_url

ROOT = commit_files_url("https://github.com", "octo/api", "abc")


def an_annotation(**values) -> Annotation:
    names = ("path", "start_line", "end_line", "start_column", "end_column")
    more = ("level", "title", "message", "raw_details")
    return Annotation(**{**dict.fromkeys((*names, *more)), **values})


def rows(*annotations: Annotation, root: str | None = ROOT):
    return annotation_rows(AnnotationList(items=annotations, total=None), files_url=root)


def test_an_annotation_of_a_file_leads_to_its_lines():
    [row] = rows(an_annotation(path="src/a b.py", start_line=3, end_line=5, message="no"))
    assert row["place"] == "src/a b.py:3"
    assert row["url"] == "https://github.com/octo/api/blob/abc/src/a%20b.py#L3-L5"


def test_an_annotation_of_one_line_names_one_line():
    [row] = rows(an_annotation(path="a.py", start_line=3, end_line=3))
    assert row["url"].endswith("/a.py#L3")


def test_what_the_runner_says_belongs_to_no_file():
    [row] = rows(an_annotation(path=".github", start_line=7, message="exit code 1"))
    assert (row["place"], row["url"]) == (None, None)
    assert row["message"] == "exit code 1"


def test_without_a_commit_a_file_is_named_without_a_link():
    [row] = rows(
        an_annotation(path="a.py"), root=commit_files_url("https://github.com", "o/r", None)
    )
    assert (row["place"], row["url"]) == ("a.py", None)


def test_a_job_whose_annotations_were_not_read_has_none():
    assert annotation_rows(None, files_url=ROOT) == []
