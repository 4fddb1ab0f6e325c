"""`run` uses what is configured, and the sandbox stands alone."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from support.command_line import ROOT, CommandLine, stop, wait_until
from support.fault_proxy import Cut, FaultProxy
from support.processes import run_program

from standalone.local.local_environment import find_aws, open_local_environment


def test_what_is_configured_is_used(cli: CommandLine):
    """A GitHub, an AWS and a repository of one's own leave nothing to start."""
    with cli.started("run", "octo/api", "--terminal") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith("2 runs"))
        ended = stop(process, signal.SIGINT)
    assert "From   GitHub, as GITHUB_TOKEN is set" in ended.stdout
    assert "To     SQS, configured by AWS_ENDPOINT_URL" in ended.stdout
    assert str(cli.folder / "runstream.db") in ended.stdout
    assert "Collected 2 runs" in ended.stdout


def test_a_local_sqs_that_cannot_be_reached_for_a_moment_is_tried_again(bare: CommandLine):
    """All attempts of the client at the first request are cut; the queues are created after it."""
    own = {name: value for name, value in bare.environment.items() if not name.startswith("AWS_")}
    with closing(FaultProxy(bare.aws.endpoint_url)) as proxy:
        proxy.faults.extend([Cut(), Cut()])
        own |= {"HTTP_PROXY": proxy.endpoint_url, "NO_PROXY": urlsplit(bare.github.url).netloc}
        with replace(bare, environment=own).started("run", "octo/api", "--terminal") as process:
            assert process.stderr is not None
            assert "Trying again for 5 min." in process.stderr.readline()
            next(line for line in process.stderr if line.startswith("2 runs"))
            stop(process, signal.SIGINT)
    assert proxy.operations.count("CreateQueue") > 0


def test_the_commands_that_it_prints_work_where_it_was_started(cli: CommandLine):
    """In a checkout whose environment is not activated as well."""
    unset = {"PATH": os.defpath, "GITHUB_API_URL": "", "GITHUB_TOKEN": ""}
    with cli.started("run", "--terminal", **unset) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = next(line for line in process.stdout if line.startswith("Status "))
        next(line for line in process.stderr if re.match(r"[1-9]\d* runs", line))
        done = run_program(
            ["bash", "-c", line.removeprefix("Status ")],
            folder=cli.folder,
            environment=cli.whole_environment(unset),
        )
        stop(process, signal.SIGINT)
    assert "Pipeline Monitoring Agent" in done.stdout, done.stderr


def test_the_commands_that_it_prints_work_in_folders_with_blanks(monkeypatch, tmp_path: Path):
    """The program is named by its path where it is not on PATH, and so is the folder."""
    folder = tmp_path / "my folder"
    program = folder / "bin" / "runstream"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$1 of $DATABASE_URL"\n')
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    environment = {"PATH": os.defpath, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with open_local_environment([], environment=environment) as local:
        command = local.live_view_lines[0].removeprefix("Status ")
        done = run_program(["bash", "-c", command], folder=tmp_path, environment=environment)
    assert done.stdout.startswith(f"status of {folder}"), done.stderr


def test_aws_of_ones_own_is_found_in_the_environment(monkeypatch):
    """An endpoint, keys, or a container's credentials each say where AWS is."""
    assert find_aws({}) is None
    assert find_aws({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}) == "AWS_ENDPOINT_URL"
    container = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    assert find_aws({container: "http://169.254.170.23/v1"}) == container
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert find_aws({}) == "what AWS calls env"


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "LOGS_QUEUE": "logs.fifo"},
            ["To     SQS, configured by AWS_ENDPOINT_URL", "Read   ci_cd_metrics_queue, logs.fifo"],
        ),
        (
            {"EVENT_BUS": "pubsub", "METRICS_QUEUE": "metrics"},
            ["To     pubsub, configured by EVENT_BUS", "Read   metrics, ci_cd_logs_queue"],
        ),
    ],
)
def test_the_bus_and_the_queues_that_are_configured_are_named(settings, lines: list[str]):
    """Beside another bus no SQS is started, whose queues would be created on that bus instead."""
    with open_local_environment([], environment={"GITHUB_TOKEN": "t", **settings}) as local:
        assert local.lines[1:] == lines
        assert not local.has_local_aws


def test_what_is_blank_is_not_configured():
    """Compose files pass a variable that is not set as an empty text, or with its quotes."""
    environment = {
        "GITHUB_TOKEN": '""',
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "DATABASE_URL": " ",
    }
    with open_local_environment([], environment=environment) as local:
        assert local.has_sandbox
        assert {"GITHUB_TOKEN", "DATABASE_URL"} <= local.settings.keys()


@pytest.mark.parametrize("sources", [[], ["octo/api"]])
def test_an_app_of_this_machine_is_used(tmp_path: Path, sources: list[str]):
    """All commands use the file of `github-app`; a sandbox would be asked with the App's key."""
    app = {"GITHUB_APP_ID": "7", "GITHUB_APP_PRIVATE_KEY": "key"}
    file = tmp_path / "github-app.json"
    file.write_text(json.dumps(app))
    environment = {"GITHUB_APP_FILE": str(file), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with open_local_environment(sources, environment=environment) as local:
        assert local.settings == {}
        assert local.lines[0] == "From   GitHub, with the App of this machine (github-app)"


def test_aws_of_ones_own_is_found_in_its_files(monkeypatch, tmp_path: Path):
    """A file that is there and wrong also says that AWS is meant."""
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = key\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    assert find_aws({}) == "what AWS calls shared-credentials-file"
    file.write_text("[default]\naws_access_key_id = key\n")
    assert find_aws({}) == "AWS's configuration"


def test_the_sandbox_serves_although_nobody_reads_what_it_prints(bare: CommandLine):
    """As in `sandbox --port 8080 | true`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    with bare.started("sandbox", "--port", port) as sandbox:
        assert sandbox.stdout is not None
        sandbox.stdout.close()
        wait_until(lambda: sandbox.poll() is not None or can_connect(port))
        sandbox.send_signal(signal.SIGTERM)
        assert sandbox.wait(60) == 0


def can_connect(port: str) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=60):
        return True
    return False


def test_the_sandbox_serves_until_it_is_stopped(bare: CommandLine):
    """It prints address, token, repositories and an example, and Ctrl-C is an orderly end."""
    with bare.started("sandbox", "--port", "0", "--repositories", "2") as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stderr is not None
        url = sandbox.stdout.readline().split()[2]
        answer = requests.get(f"{url}/repos/octo/api", timeout=60)
        sandbox.send_signal(signal.SIGINT)
        # communicate() would not see what readline() has read ahead.
        stdout, stderr = sandbox.stdout.read(), sandbox.stderr.read()
        sandbox.wait(60)
    assert answer.json()["full_name"] == "octo/api"
    assert "sandbox-token" in stdout
    assert "octo/api, octo/web" in stdout
    assert "runstream collect octo/api" in stdout
    assert (sandbox.returncode, stderr) == (0, "")


def test_help_comes_quickly():
    """No vendor is imported before a command needs it."""
    code = (
        "import sys; from standalone.cli import cli; cli(['--help'], standalone_mode=False);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "collect" in done.stdout
    slow = {"boto3", "botocore", "github", "requests", "rich", "psycopg2", "waitress", "yaml"}
    assert slow & set(done.stderr.split()) == set()
