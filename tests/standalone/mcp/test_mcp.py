"""`mcp`, asked by the SDK's own client: over stdio, and over HTTP with a token."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests
from support.command_line import CommandLine, wait_until
from support.mcp_clients import over_http, over_stdio
from support.processes import run_program

from standalone.local.free_port import free_port
from standalone.version import installed_version

if TYPE_CHECKING:
    from mcp import Client

MCP_TOKEN = "a-token-of-agents"

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "an agent", "version": "1"},
    },
}


@pytest.fixture
def collected(cli: CommandLine) -> CommandLine:
    done = cli.run("collect", "--once", "octo/api")
    assert done.returncode == 0, done.stderr
    return cli


async def ask(client: Client, tool: str, **arguments: object) -> dict:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer
    return json.loads(answer.content[0].text)


def run_apart(talk: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a coroutine in a thread: a browser of other tests may keep a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(talk())).result()


async def refuse_wrong_arguments(client: Client) -> None:
    """A misspelled filter must not select everything, and no id reaches a state that lacks it."""
    for tool in (await client.list_tools()).tools:
        assert tool.input_schema["additionalProperties"] is False
        assert "\n  " not in tool.description
    wrong: list[tuple[str, dict[str, object]]] = [
        ("list_failures", {"repo": "octo/api"}),
        ("list_runs", {"repository": "octo"}),
        ("get_run", {"run_id": 2**63}),
        ("get_run", {"run_id": 1, "repository": "octo/a\0i"}),
        ("get_job_log", {"run_id": 1, "job_id": 0}),
        ("get_collection_status", {"verbose": True}),
    ]
    for name, arguments in wrong:
        answer = await client.call_tool(name, arguments)
        assert answer.is_error, name
        assert list(arguments)[-1] in answer.content[0].text


def test_an_agent_finds_a_failure_and_reads_its_error(collected: CommandLine) -> None:
    """In the order in which it would ask; what does not exist is an error of the tool."""
    from standalone.mcp.server import NOTICE, SCHEMAS

    async def talk() -> None:
        async with over_stdio(collected.whole_environment(), collected.folder) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == {
                "get_collection_status",
                "list_runs",
                "list_failures",
                "get_run",
                "get_job_log",
            }
            assert all(tool.annotations.read_only_hint for tool in tools.values())
            status = await ask(client, "get_collection_status")
            assert status["repositories"]["watched"] == 1
            assert "setup" not in status  # the settings of this process are not the collector's
            failures = await ask(client, "list_failures")
            assert failures["untrusted_content"] == NOTICE
            runs = (await ask(client, "list_runs", repository="OCTO/API", limit=1))["runs"]
            run = await ask(client, "get_run", run_id=runs[0]["run_id"])
            job = run["run"]["jobs"][0]
            ids = {"run_id": runs[0]["run_id"], "job_id": job["job_id"]}
            log = await ask(client, "get_job_log", **ids, count=2)
            assert [line["number"] for line in log["lines"]] == [1, 2]
            text = log["lines"][0]["text"].split()[-1]
            found = await ask(client, "get_job_log", **ids, search=text)
            assert found["lines"][0]["number"] == 1
            step = next(each for each in job["steps"] if each["conclusion"] != "skipped")
            lines = (await ask(client, "get_job_log", **ids, step=step["number"]))["lines"]
            assert step["step_name"] in lines[0]["text"]
            place = {"repository": "Octo/API", "run_attempt": 1}
            assert (await ask(client, "get_run", run_id=ids["run_id"], **place))["run"] == run[
                "run"
            ]
            same = await ask(client, "get_job_log", **ids, **place, count=2)
            assert same["lines"] == log["lines"]
            for other in ({"run_attempt": 2}, {"repository": "octo/web"}):
                missing = await client.call_tool("get_job_log", {**ids, **other})
                assert missing.is_error
                assert str(next(iter(other.values()))) in missing.content[0].text
            nowhere = await client.call_tool("get_job_log", {**ids, "step": 999})
            assert "not known" in nowhere.content[0].text
            log = await ask(client, "get_job_log", **ids, first_line=log["next_line"], count=1)
            assert [line["number"] for line in log["lines"]] == [3]
            rest = await ask(client, "get_job_log", **ids, first_line=4, count=500)
            assert (rest["lines"][-1]["number"], rest["next_line"]) == (rest["total_lines"], None)
            errors = await ask(client, "get_job_log", **ids, around_errors=True)
            assert len(errors["lines"]) <= 500

            assert client.server_info.version == installed_version()
            unknown = await client.call_tool("get_run", {"run_id": 404})
            assert unknown.is_error
            assert "404" in unknown.content[0].text
            listed = (await client.list_resources()).resources
            assert {each.name for each in listed} == {path.stem for path in SCHEMAS.glob("*.json")}
            read = await client.read_resource("runstream://schemas/workflow_run.json")
            assert json.loads(read.contents[0].text)["$schema"]
            await refuse_wrong_arguments(client)

    run_apart(talk)


def test_a_client_that_leaves_before_its_answer_is_no_fault(collected: CommandLine) -> None:
    """As an editor that is closed while it waits: nobody reads the answer."""
    unread, answers = os.pipe()
    os.close(unread)
    done = subprocess.run(
        [sys.executable, "-m", "standalone", "mcp"],
        env=collected.whole_environment(),
        cwd=collected.folder,
        input=json.dumps(HELLO) + "\n",
        stdout=answers,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    os.close(answers)
    assert (done.returncode, done.stderr) == (0, "")


def test_over_http_a_token_is_required(collected: CommandLine) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"

    def is_up() -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.post(url, json={}, timeout=60).status_code == 401
        return False

    async def talk() -> None:
        headers = {"Authorization": f"bearer {MCP_TOKEN}", "Host": "agents.example.com"}
        async with over_http(url, headers) as client:
            assert (await ask(client, "list_runs"))["total"] > 0

    refused = collected.run("mcp", "--http", str(port))
    assert refused.returncode == 78
    assert "MCP_TOKEN is not set" in refused.stderr
    with collected.started("mcp", "--http", str(port), MCP_TOKEN=MCP_TOKEN) as server:
        wait_until(is_up)
        wrong = {"Authorization": "Bearer wrong"}
        assert requests.post(url, json={}, headers=wrong, timeout=60).status_code == 401
        run_apart(talk)
        second = collected.run("mcp", "--http", str(port), MCP_TOKEN=MCP_TOKEN)
        assert second.returncode == 78
        assert "Address already in use" in second.stderr
        server.terminate()
        assert (server.wait(60), server.stderr.read()) == (0, "")


def test_over_http_a_signal_ends_it_while_clients_are_connected(bare: CommandLine) -> None:
    """A client keeps a stream of events open, and another has sent half a request."""
    bare.run("sources", "add", "octo/api")
    port = free_port()
    address = ("127.0.0.1", port)
    head = f"HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {MCP_TOKEN}\r\n"
    stream = f"GET /mcp {head}Accept: text/event-stream\r\n\r\n"
    half = f"POST /mcp {head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"

    def is_up() -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(address, timeout=5).close()
            return True
        return False

    with bare.started("mcp", "--http", str(port), MCP_TOKEN=MCP_TOKEN) as server:
        wait_until(is_up)
        with socket.create_connection(address) as first, socket.create_connection(address) as other:
            first.sendall(stream.encode())
            assert first.recv(1024).startswith(b"HTTP/1.1 200")
            other.sendall(half.encode())
            server.terminate()
            assert (server.wait(60), server.stderr.read()) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_on_stdio_a_signal_ends_it_while_its_client_says_nothing(
    bare: CommandLine, number: signal.Signals
) -> None:
    """As Ctrl-C in a terminal, or a client that ends its servers before it closes their stdin."""
    bare.run("sources", "add", "octo/api")
    with subprocess.Popen(
        [sys.executable, "-m", "standalone", "mcp"],
        env=bare.whole_environment(),
        cwd=bare.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            server.stdin.write(json.dumps(HELLO) + "\n")
            server.stdin.flush()
            assert json.loads(server.stdout.readline())["id"] == HELLO["id"]
            server.send_signal(number)
            assert (server.wait(60), server.stderr.read()) == (0, "")
        finally:
            server.kill()


def test_without_its_packages_the_extra_is_named(bare: CommandLine) -> None:
    """No setting is wrong: a package is missing."""
    blocked = (
        "import sys; sys.modules['uvicorn'] = None; from standalone.__main__ import main; main()"
    )
    done = run_program(
        [sys.executable, "-c", blocked, "mcp"],
        folder=bare.folder,
        environment=bare.whole_environment(),
    )
    assert done.returncode
    assert done.stderr == "`mcp` needs packages that are missing: pip install 'runstream[mcp]'\n"
