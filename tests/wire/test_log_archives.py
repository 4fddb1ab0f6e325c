"""A file of the archive is a job's log only where nothing else can be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.wire.log_archives import find_step_files, match_job_files, match_step_files
from support.strategies import UGLY_TEXT

NAMES = st.one_of(
    UGLY_TEXT,
    st.sampled_from(["build", "build (1)", "build (2)", "Build", "test / a", "x" * 90, "x" * 91]),
)


def test_a_file_is_named_after_its_job():
    """Numbered in no order that means anything."""
    files = ["1_build.txt", "0_test (3.12).txt", "build/1_Set up job.txt", "build/system.txt"]
    assert match_job_files(files, {7: "build", 8: "test (3.12)"}) == {
        7: "1_build.txt",
        8: "0_test (3.12).txt",
    }


@pytest.mark.parametrize(
    ("job_name", "file_name"),
    [
        ("call / build", "0_call  build.txt"),
        ('a"b:c*d?e<f>g|h\\i', "0_abcdefghi.txt"),
        ("tab\there", "0_tabhere.txt"),
        ("  padded  ", "0_padded.txt"),
        ("deploy 🚀", "0_deploy 🚀.txt"),
        ("x" * 120, f"0_{'x' * 90}.txt"),
        ("x" * 89 + " y", f"0_{'x' * 89}.txt"),
        ("é" * 100, f"0_{'é' * 90}.txt"),
        ("🚀" * 60, f"0_{'🚀' * 45}.txt"),
        ("x" + "🚀" * 60, f"0_x{'🚀' * 44}\ufffd.txt"),
        ("v1.txt", "0_v1.txt.txt"),
        ("1_2", "10_1_2.txt"),
    ],
)
def test_names_are_cleaned_and_cut_as_github_does(job_name, file_name):
    """Forbidden characters go, 90 UTF-16 units stay, and a cut character is U+FFFD."""
    assert match_job_files([file_name], {7: job_name}) == {7: file_name}


def test_jobs_of_the_same_name_match_nothing():
    """Which file is whose is ambiguous, with or without a suffix."""
    files = ["0_build.txt", "1_build (1).txt", "2_lint.txt"]
    assert match_job_files(files, {7: "build", 8: "build", 9: "lint"}) == {9: "2_lint.txt"}


def test_names_that_are_the_same_once_cleaned_or_cut_match_nothing():
    """The archive does not distinguish them, so neither can we."""
    assert match_job_files(["0_ab.txt"], {7: "a/b", 8: "ab"}) == {}
    assert match_job_files([f"0_{'x' * 90}.txt"], {7: "x" * 91, 8: "x" * 92}) == {}


def test_a_job_whose_name_looks_like_a_repeated_ones_suffix_matches_nothing():
    """`build (1)` may be the second `build`."""
    files = ["0_build.txt", "1_build (1).txt", "2_build (1).txt"]
    assert match_job_files(files[:2], {7: "build", 8: "build", 9: "build (1)"}) == {}
    assert match_job_files(files, {7: "build", 8: "build", 9: "build (1)"}) == {}


def test_numbers_of_a_matrix_are_no_suffixes():
    """Without a repeated `test` they are names like any other."""
    files = ["0_test (1).txt", "1_test (2).txt"]
    assert match_job_files(files, {7: "test (1)", 8: "test (2)"}) == {7: files[0], 8: files[1]}


def test_two_files_for_one_job_match_nothing():
    """One of them is somebody else's."""
    assert match_job_files(["0_build.txt", "1_build.txt"], {7: "build"}) == {}
    assert match_job_files(["0_build.txt", "0_build.txt"], {7: "build"}) == {}


def test_a_job_without_a_file_is_left_out():
    """It can be asked for alone."""
    assert match_job_files(["0_build.txt"], {7: "build", 8: "skipped"}) == {7: "0_build.txt"}
    assert match_job_files([], {7: "build"}) == {}


@pytest.mark.parametrize(
    "hostile",
    [
        "../0_build.txt",
        "/0_build.txt",
        "0_build/../../build.txt",
        "0_../build.txt",
        "0_..\\build.txt",
        "C:\\0_build.txt",
        "build/0_build.txt",
        "-7_build.txt",
        "_build.txt",
        "build.txt",
        "0_build.txt\n",
        "0_build.TXT",
        "0_build.txt.exe",
        "\u0660_build.txt",
        "system.txt",
        "0_.txt",
        "",
    ],
)
def test_a_file_of_any_other_shape_matches_nothing(hostile):
    """Folders, traversals, the old service's negative numbers, and what was never a log."""
    assert match_job_files([hostile], {7: "build", 8: "system", 9: ""}) == {}


@given(st.lists(NAMES, max_size=6), st.lists(NAMES, max_size=6))
def test_every_match_is_one_to_one(file_names, job_names):
    """No file is given to two jobs, and no job gets a file that is not there."""
    files = [f"{place}_{name}.txt" for place, name in enumerate(file_names)]
    matched = match_job_files(files, dict(enumerate(job_names)))
    assert len(set(matched.values())) == len(matched)
    assert set(matched.values()) <= set(files)
    assert not any("/" in name or "\\" in name for name in matched.values())


def test_the_files_of_steps_are_found_in_one_pass_for_all_jobs():
    """An attempt of many jobs has a file for each step of each job; none is read once per job."""
    files = [f"job {job}/{step}_Run.txt" for job in range(300) for step in (2, 10, 1)]
    found = find_step_files(iter([*files, "0_job 0.txt", "job 0/system.txt", "../1_x.txt/1"]))
    for job in range(300):
        steps = {step: f"job {job}/{step}_Run.txt" for step in (1, 2, 10)}
        assert list(match_step_files(found, f"{job}_job {job}.txt").items()) == list(steps.items())


@pytest.mark.parametrize(
    "files",
    [
        ["build/1_a.txt", "build/1_b.txt"],
        ["build/1_a.txt", "buil|d/2_b.txt"],
        ["other/1_a.txt"],
    ],
)
def test_ambiguous_files_of_steps_match_nothing(files):
    """Two files of one number, two folders for one job, or none."""
    assert match_step_files(find_step_files(files), "0_build.txt") == {}
