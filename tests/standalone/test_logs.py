"""The log on stderr: lines for people and for programs, and no secret in either."""

from __future__ import annotations

import json
import logging
import os
import sys

import pytest
from support.command_line import CommandLine, stop, wait_until

from standalone.environment import secret_values
from standalone.logs import JsonFormatter, Mask, TextFormatter

SECRET = 'pass"word\nof two lines'


def record(message: str, *, error: Exception | None = None, **extra: object) -> logging.LogRecord:
    """Make a record as a logger does."""
    made = logging.makeLogRecord({"msg": message, "levelname": "WARNING", "created": 0.5, **extra})
    if error is not None:
        try:
            raise error
        except type(error):
            made.exc_info = sys.exc_info()
    return made


@pytest.mark.parametrize(
    "token",
    [
        "ghp_0123456789abcdef",
        "gho_0123456789",
        "ghs_0123456789",
        "github_pat_11ABC_0123456789",
        "ghs_1234_eyJhbGciOi.eyJpc3M-iOjE.c2ln-bmF0_dXJl",
        "v1." + 40 * "a",
    ],
)
def test_what_looks_like_a_github_token_is_masked(token: str):
    """Also one that is not a setting, such as an installation token."""
    assert Mask([])(f"Authorization: token {token}, and more") == (
        "Authorization: token ***, and more"
    )


def test_a_secret_that_is_a_part_of_another_leaves_nothing_of_it():
    """The longer one goes first."""
    assert Mask(["secret", "secret-and-more"])("x secret-and-more y secret") == "x *** y ***"


def test_a_short_word_is_no_secret():
    """A key named `local` must not blacken every other sentence."""
    assert Mask(["local", ""])("on this local machine") == "on this local machine"


def test_every_configured_secret_is_known():
    """Tokens singly, keys also line by line, and a database's password in both spellings."""
    known = set(
        secret_values(
            {
                "GITHUB_TOKEN": "token-one, token-two",
                "GITHUB_APP_PRIVATE_KEY": "first line\nsecond line",
                "AWS_SECRET_ACCESS_KEY": "aws-secret",
                "DATABASE_URL": "postgresql://me:p%40ssword@host/x",
            }
        )
    )
    assert {
        "token-one",
        "token-two",
        "second line",
        "aws-secret",
        "p%40ssword",
        "p@ssword",
    } <= known
    assert "host" not in known


def test_the_password_of_each_repository_is_known():
    """Whoever pastes a clone URL without its scheme, or a password with a slash, does so too."""
    given = "octo/a, me:one@github.com/octo/b,https://me:t/wo@github.com/octo/c,git@github.com:o/d"
    assert {"one", "t/wo"} < set(secret_values({"REPOSITORIES": given}))


def test_a_password_among_the_options_of_a_database_url_is_known():
    """PostgreSQL's URLs may have it after the question mark."""
    url = "postgresql://me@host/x?password=one%2Ftwo,three&sslmode=require&sslpassword=four"
    known = set(secret_values({"DATABASE_URL": url}))
    assert {"one%2Ftwo,three", "one/two,three", "four"} <= known
    assert "require" not in known


def test_a_secret_in_quotes_is_known_without_them():
    """Docker's env files keep quotes, and Runstream sends what is between them."""
    quoted = {
        "GITHUB_TOKEN": '"token-one", "token-two"',
        "DATABASE_URL": "'postgresql://me:password@host/x'",
    }
    assert {"token-one", "token-two", "password"} <= set(secret_values(quoted))


def test_a_database_url_that_is_none_has_a_password():
    """What is wrong with it is said elsewhere."""
    assert set(secret_values({"DATABASE_URL": "postgresql://[me:x@/"})) == {"", "x"}


def test_a_line_for_people_is_one_line():
    """Time, level, message and what was added to it; of an error its kind and text."""
    write = TextFormatter(Mask([]), with_traceback=False).format
    line = write(record("attempt published", error=ValueError("no"), run_id=7))
    assert line == "00:00:00 warning: attempt published run_id=7 (ValueError: no)"


def test_text_from_outside_cannot_forge_a_log_line():
    """It cannot write escape sequences to the terminal either."""
    write = TextFormatter(Mask([]), with_traceback=False).format
    line = write(record("a\n00:00:00 error: b", error=ValueError("x\r\ny"), name="\x1b[2J"))
    assert line == "00:00:00 warning: a 00:00:00 error: b (ValueError: x y)"


def test_a_traceback_forges_no_line_and_moves_no_cursor():
    """Its lines are indented, and an error's own text is among them."""
    write = TextFormatter(Mask([]), with_traceback=True).format
    lines = write(record("a", error=ValueError("x\n00:00:00 error: b\x1b[2J"))).split("\n")
    assert len(lines) > 1
    assert all(line.startswith("  ") and line.isprintable() for line in lines[1:])


def test_a_line_for_programs_is_one_object():
    """Numbers stay numbers, and the rest is text."""
    write = JsonFormatter(Mask([]), with_traceback=False).format
    line = write(record("attempt published", run_id=7, key=("a", 1)))
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "warning",
        "logger": None,
        "message": "attempt published",
        "run_id": 7,
        "key": "('a', 1)",
    }


@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter])
def test_no_log_line_shows_a_secret_however_it_is_encoded(formatter):
    """A secret is masked also where JSON escapes quotes and line ends."""
    write = formatter(Mask([SECRET]), with_traceback=True).format
    line = write(record(f"got {SECRET}", error=ValueError(SECRET), header=SECRET))
    assert "pass" not in line
    assert "Traceback" in line


@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter])
@pytest.mark.parametrize("text", ["%d of %s", "%q", "%(name)s"])
def test_a_faulty_log_call_of_a_package_does_not_fail_its_work(formatter, text: str):
    """As with the handlers of the standard library, which print a traceback instead."""
    write = formatter(Mask(["a secret"]), with_traceback=False).format
    line = write(record(text, args=("a secret",)))
    assert text in line
    assert "secret" not in line


def test_a_json_line_is_json_whatever_its_fields():
    """Text where JSON has no number, no character that controls a terminal, each field once."""
    write = JsonFormatter(Mask([SECRET]), with_traceback=False).format
    extra = {"level": "debug", SECRET: 1, "share": float("nan"), "text": "\x7f\x1b\x9b\u2028"}
    line = write(record("m", **extra))
    assert line.isascii()
    assert line.isprintable()
    read = json.loads(line, parse_constant=pytest.fail)
    assert (read["level"], read["share"], read["***"]) == ("warning", "nan", 1)
    assert read["text"] == extra["text"]


def test_a_json_log_contains_nothing_else(cli: CommandLine):
    """A stop and an error are records of it."""
    with cli.started("collect", "octo/api", "--log-format", "json") as process:
        wait_until(lambda: cli.count_messages("LOGS_QUEUE") >= 3)
        ended = stop(process)
    messages = [json.loads(line)["message"] for line in ended.stderr.splitlines()]
    assert any("Stopping" in message for message in messages)
    failed = cli.run("collect", "octo/missing", "--log-format", "json", "--log-level", "error")
    (line,) = failed.stderr.splitlines()
    assert "octo/missing" in json.loads(line)["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--log-format", "json", "--nope"], "No such option '--nope'"),
        (["--log-format=json", "--http"], "'--http' requires an argument"),
        (["--log-format", "json", "--once", "--http", "8080"], "--once and --http exclude"),
    ],
)
def test_a_wrong_command_line_is_a_record_of_a_json_log(
    bare: CommandLine, arguments: list[str], said: str
):
    """Where click refuses it, and where the command does."""
    done = bare.run("collect", *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert said in json.loads(line)["message"]


def test_an_unknown_command_is_a_record_of_a_json_log(bare: CommandLine):
    done = bare.run("collekt", "--log-format", "json")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "No such command 'collekt'" in json.loads(line)["message"]


@pytest.mark.parametrize("mask", [0o000, 0o277])
def test_no_other_user_can_read_what_a_command_creates(cli: CommandLine, mask: int):
    """The state, its journal and its index of the journal, whatever the umask."""
    before = os.umask(mask)
    try:
        with cli.started("collect", "octo/api") as process:
            wait_until((cli.folder / "runstream.db-shm").exists)
            modes = {file.name: file.stat().st_mode & 0o777 for file in cli.folder.glob("*.db*")}
            stop(process)
    finally:
        os.umask(before)
    assert modes == {f"runstream.db{suffix}": 0o600 for suffix in ("", "-wal", "-shm")}
