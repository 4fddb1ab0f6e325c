"""What goes wrong ends in a sentence: what happened, to what, and what to do."""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ingest.errors import BadSettings, NotFound, ResourceExhausted
from ingest.services.log_ingestion.log_results import as_ingest_error
from support.command_line import POWERLESS, TOKEN, CommandLine
from support.processes import run_program

from standalone.failures import MISCONFIGURED, UNAVAILABLE, exit_code_for, sentence_for

#: Fails as CPython does in various places where memory is refused, with a module that then cannot
#: be imported either.
_REFUSED = """
import sys
from standalone.__main__ import main

class Finder:
    is_met = False
    def find_spec(name, *_rest):
        Finder.is_met = Finder.is_met or name == "standalone.commands.collect"
        if Finder.is_met:
            raise ERROR

sys.meta_path.insert(0, Finder)
sys.argv[1:] = ["collect", "octo/api"]
main()
"""

ROOT = Path(__file__).parents[2]
ONCE = ("collect", "octo/api", "--once")
WRONG_TOKEN = "ghp_WrongToken0123456789abcd"
PASSWORD = "hunter2-hunter2"


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Expect a failure that says these words, and nothing that a person must not see."""
    assert done.returncode not in (0, 2), done
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    # A slow machine writes how far it is before the failure.
    lines = [each for each in done.stderr.splitlines() if not each.startswith("0 runs, 0 jobs")]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    for secret in (TOKEN, WRONG_TOKEN, POWERLESS, PASSWORD):
        assert secret not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (ONCE, {"GITHUB_TOKEN": WRONG_TOKEN}, ["rejected the credential", "GITHUB_TOKEN"]),
        (ONCE, {"GITHUB_TOKEN": POWERLESS}, ["denied access", "actions"]),
        (["collect", "octo/none", "--once"], {}, ["octo/none", "404"]),
        (["collect", "octo/none"], {}, ["octo/none", "404"]),
        (["collect", "https://gitlab.com/octo/api"], {}, ["gitlab.com", "owner/name"]),
        (["collect", "octo/api/x"], {}, ["'octo/api/x' is not a repository", "owner/name"]),
        (["collect"], {}, ["No repository is watched yet", "collect octo/api"]),
        (ONCE, {"DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:1/x"}, ["127.0.0.1:1"]),
        (ONCE, {"DATABASE_URL": "mysql://x"}, ["DATABASE_URL names mysql", "postgresql://"]),
        (ONCE, {"DATABASE_URL": "/dev/full"}, ["/dev/full", "disk is full"]),
        (ONCE, {"DATABASE_URL": "/no/such/folder/state.db"}, ["/no/such/folder", "create it"]),
        (ONCE, {"METRICS_QUEUE": "no-such-queue"}, ["no-such-queue", "runstream setup"]),
        (ONCE, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, ["127.0.0.1:9", "runstream doctor"]),
        (ONCE, {"POLL_SECONDS": "soon"}, ["POLL_SECONDS is 'soon'", "from 1 to 600"]),
        (["status"], {}, ["No state exists", "runstream collect", "DATABASE_URL"]),
    ],
)
def test_what_a_person_must_fix_is_one_sentence(
    cli: CommandLine, arguments: list[str], environment: dict[str, str], words: list[str]
):
    """Every fault of the environment is named with its subject and its remedy."""
    assert_one_sentence(cli.run(*arguments, **environment), *words)


@pytest.mark.parametrize(
    ("repositories", "faults", "words"),
    [
        (["octo/api"], {"POLL_SECONDS": "soon", "LOG_MODE": "never"}, ["'soon'", "'never'"]),
        (["octo api", "https://gitlab.com/octo/api", "octo/api"], {}, ["'octo api'", "gitlab.com"]),
    ],
)
def test_all_faults_are_named_at_once(
    cli: CommandLine, repositories: list[str], faults: dict[str, str], words: list[str]
):
    """Whoever fixes the one sees the other already."""
    done = cli.run("collect", *repositories, "--once", **faults)
    assert done.returncode == MISCONFIGURED
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["collect", "--nope"],
        ["nope"],
        ["sandbox", "--port", "70000"],
        ["sandbox", "--port", "0", "--host", "256.0.0.1"],
        ["sandbox", "--corpus", ".", "--webhook-url", "http://127.0.0.1:9/"],
        ["sandbox", "--corpus", ".", "--history-days", "1"],
        ["sandbox", "--port", "0", "--webhook-secret", "s3cret"],
        ["run", "--seconds", "0"],
        ["setup", "--print-iam", "--print-cloudformation"],
    ],
)
def test_a_wrong_command_line_is_a_usage_error(bare: CommandLine, arguments: list[str]):
    """The exit code is 2, as everywhere, and nothing was started."""
    done = bare.run(*arguments)
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "named"),
    [("limitz: 3\n", "limitz"), ("faults: [{path: '(', do: error}]\n", "unterminated subpattern")],
)
def test_a_scenario_that_is_none_is_a_usage_error(bare: CommandLine, text: str, named: str):
    """The file is named, and what it may say."""
    file = bare.folder / "scenario.yaml"
    file.write_text(text)
    done = bare.run("sandbox", "--scenario", str(file))
    assert done.returncode == 2
    assert "scenario.yaml is not a scenario" in done.stderr
    assert named in done.stderr


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ("", "has no runs.jsonl"),
        ("\n{\n", "runs.jsonl, line 2, is no object"),
        ("[]\n", "runs.jsonl, line 1, is no object"),
        ('{"id": 7}\n', "runs.jsonl, line 1, is no object"),
        ('{"url": "https://api.github.com/repos/octo/api/actions/runs/7"}\n', "'created_at'"),
    ],
)
def test_a_corpus_that_is_none_is_a_usage_error(bare: CommandLine, lines: str, named: str):
    (bare.folder / "runs.jsonl").write_text(lines)
    done = bare.run("sandbox", "--port", "0", "--corpus", str(bare.folder))
    assert done.returncode == 2
    assert named in done.stderr


def test_a_port_that_is_taken_is_named(bare: CommandLine):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bare.run("sandbox", "--port", str(port))
    assert done.returncode == MISCONFIGURED
    assert f"nothing can be served at 127.0.0.1:{port}" in done.stderr


def test_a_state_that_cannot_grow_is_reported_to_be_full(cli: CommandLine):
    """A file of 64 KiB at most stands in for a full disk, and fills while runs are saved."""
    limited = (
        f"import resource, runpy, sys; resource.setrlimit({resource.RLIMIT_FSIZE}, (65536, 65536));"
        "sys.argv[1:] = ['collect', 'octo/api', '--once'];"
        "runpy.run_module('standalone', run_name='__main__')"
    )
    done = replace(cli, program=(sys.executable, "-c", limited)).run()
    assert_one_sentence(done, "runstream.db", "disk")


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"POLL_SECONDS": "soon"}, MISCONFIGURED),
        ({"GITHUB_TOKEN": WRONG_TOKEN}, MISCONFIGURED),
        ({"METRICS_QUEUE": "no-such-queue"}, MISCONFIGURED),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, UNAVAILABLE),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, UNAVAILABLE),
    ],
)
def test_a_supervisor_learns_whether_to_start_it_again(
    cli: CommandLine, environment: dict[str, str], code: int
):
    """What is down comes up; what a person must fix does not fix itself."""
    assert cli.run(*ONCE, **environment).returncode == code


def test_too_little_memory_is_the_machine_s_fault_wherever_it_is_noticed():
    """Work waits for it, a supervisor starts the process again, and a person learns what to do."""
    for raised in (
        MemoryError(),
        RuntimeError("can't start new thread"),
        ImportError("_pydantic_core.so: failed to map segment from shared object"),
        OSError(errno.ENOMEM, ""),
    ):
        for error in (raised, as_ingest_error(raised, "the collection")):
            assert exit_code_for(error) == UNAVAILABLE
            assert "1 GiB" in sentence_for(error)


def test_a_thread_that_is_refused_may_lack_more_than_memory():
    """A container's limit of pids and `ulimit -u` refuse it with the same words."""
    raised = RuntimeError("can't start new thread")
    for error in (raised, as_ingest_error(raised, "the collection")):
        assert "ulimit -u" in sentence_for(error)
    assert "ulimit -u" not in sentence_for(MemoryError())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_what_the_machine_lacks_is_no_log_s_fault(number: int):
    """The log waits, and its work is no dead letter."""
    error = as_ingest_error(OSError(number, os.strerror(number)), "the log of job 1")
    assert isinstance(error, ResourceExhausted)
    assert os.strerror(number) in str(error)


def test_what_nobody_knows_a_remedy_for_ends_with_one():
    """A thing that is not there may be wrong, or not there yet."""
    errors = (NotFound("none"), ZeroDivisionError(), OSError(28, "full"))
    assert [exit_code_for(error) for error in errors] == [1, 1, 1]


def test_a_mistyped_repository_is_not_remembered(cli: CommandLine):
    """The next start collects what is there, and does not ask for it again."""
    cli.run("collect", "octo/none", "--once")
    assert cli.json(*ONCE)["runs"] == 2
    assert [each["full_name"] for each in cli.json("status")["repositories"]] == ["octo/api"]


def test_a_failure_still_reports_what_was_collected(cli: CommandLine):
    """A program gets its object, and learns of the failure by the exit code."""
    cli.run("collect", "octo/api", "octo/web", "--once")
    done = cli.run("collect", "--once", "--json", GITHUB_TOKEN=WRONG_TOKEN)
    assert done.returncode == MISCONFIGURED
    assert json.loads(done.stdout)["errors"] > 0
    assert "rejected the credential" in done.stderr


def test_the_traceback_is_for_those_who_ask(cli: CommandLine):
    """Both ways to ask show it, and neither shows the token."""
    by_option = cli.run(*ONCE, "--debug", GITHUB_TOKEN=WRONG_TOKEN)
    by_variable = cli.run(*ONCE, GITHUB_TOKEN=WRONG_TOKEN, RUNSTREAM_DEBUG="1")
    for done in (by_option, by_variable):
        assert done.returncode == MISCONFIGURED
        assert "Traceback" in done.stderr
        assert WRONG_TOKEN not in done.stderr


def test_an_unexpected_error_reports_its_kind_only():
    """Its text may hold anything; how to see it is said."""
    sentence = sentence_for(ZeroDivisionError(PASSWORD))
    assert "ZeroDivisionError" in sentence
    assert "--debug" in sentence
    assert PASSWORD not in sentence


def test_an_error_of_the_system_names_the_file():
    """Errors of the operating system say what it refused, and where."""
    error = OSError(28, "No space left on device", "/tmp/x")
    assert "No space left on device (/tmp/x)" in sentence_for(error)


def test_our_own_errors_speak_for_themselves():
    """Their text is a sentence already."""
    assert sentence_for(NotFound("There is no such thing.")) == "There is no such thing."
    assert sentence_for(BadSettings(["X is wrong"])) == "A setting is wrong: X is wrong."


def assert_memory_is_named(code: str) -> None:
    """Run Python code, and check that it ends with the sentence about memory."""
    done = run_program([sys.executable, "-c", code], folder=ROOT)
    assert done.returncode == UNAVAILABLE
    assert_one_sentence(done, "too little memory", "1 GiB")


@pytest.mark.parametrize(
    "error",
    [
        "MemoryError",
        "OSError(12, 'Cannot allocate memory')",
        "SystemError('<built-in function compile> returned NULL without setting an exception')",
    ],
)
def test_memory_that_is_refused_to_every_import_is_named(error: str):
    """What explains the failure needs no module that is not there yet."""
    assert_memory_is_named(_REFUSED.replace("ERROR", error))


def test_memory_that_is_refused_to_the_report_is_named():
    """No module, and no object of any size, is needed for the last sentence."""
    formatter = "sys.modules['logging'].Formatter.__init__"
    refusing = _REFUSED.replace("raise ERROR", f"{formatter} = refuse; refuse()")
    code = f"def refuse(*_, **__): raise MemoryError\n{refusing}"
    assert_memory_is_named(code)
