"""A client of a sandbox for tests, and GitHub's own description of its answers."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import jsonschema
import requests
from support.recorded_data import LARGE_CORPUS, SAMPLE

from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import DEFAULT_TOKEN

API_DESCRIPTION = LARGE_CORPUS / "openapi" / "api.github.com.deref.json.gz"


class Api:
    """Ask a sandbox; never follows a redirect by itself."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, path: str, *, token: str | None = DEFAULT_TOKEN, **headers: str) -> Any:
        """GET a path; underscores in the names of headers become hyphens."""
        return self.send("GET", path, token=token, headers=headers)

    def post(self, path: str, body: object = None, *, token: str | None = DEFAULT_TOKEN) -> Any:
        """POST JSON to a path."""
        return self.send("POST", path, token=token, body=body)

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = DEFAULT_TOKEN,
        headers: dict[str, str] | None = None,
        body: object = None,
    ) -> Any:
        """Send a request to a path of the API, or to a whole address."""
        url = path if path.startswith("http") else self.server.url + path
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body)
        return self._session.request(
            method, url, headers=sent, data=data, allow_redirects=False, timeout=60
        )

    def runs(self, query: str = "", repository: str = "octo/api") -> list[dict[str, Any]]:
        """Return the runs of one page."""
        runs: list[dict[str, Any]] = self.get(f"/repos/{repository}/actions/runs{query}").json()[
            "workflow_runs"
        ]
        return runs

    def log(self, path: str) -> Any:
        """Follow a log's redirect to the logs' host, without a token."""
        return self.get(self.get(path).headers["Location"], token=None)

    def close(self) -> None:
        """Stop asking and serving."""
        self._session.close()
        self.server.close()


@cache
def _descriptions() -> tuple[dict[str, Any], ...]:
    """Read the sample's description of GitHub's answers, and the whole one where it is present."""
    sample = json.loads((SAMPLE / "answers.schema.json").read_text("utf-8"))
    if not API_DESCRIPTION.exists():
        return (sample,)
    with gzip.open(API_DESCRIPTION, "rt", encoding="utf-8") as file:
        return sample, _shaped(json.load(file))


def _shaped(description: dict[str, Any]) -> dict[str, Any]:
    """Bring GitHub's OpenAPI document into the shape of the sample."""
    return {
        "answers": {
            path: {
                status: _plain(answer["content"]["application/json"]["schema"])
                for status, answer in operations["get"]["responses"].items()
                if "application/json" in answer.get("content", {})
            }
            for path, operations in description["paths"].items()
        },
        "webhooks": {
            name: _plain(hook["post"]["requestBody"]["content"]["application/json"]["schema"])
            for name, hook in description["x-webhooks"].items()
        },
        "$defs": {},
    }


def check(body: object, path: str, status: int = 200) -> None:
    """Check a body against the description of an operation's answer."""
    described = [each for each in _descriptions() if path in each["answers"]]
    assert described, f"{path} is not described"
    for description in described:
        _check(body, description["answers"][path][str(status)], description)


def check_webhook(payload: object, name: str) -> None:
    """Check a payload against the description of a webhook, such as `workflow-job-queued`."""
    for description in _descriptions():
        _check(payload, description["webhooks"][name], description)


def _check(body: object, schema: dict[str, Any], description: dict[str, Any]) -> None:
    jsonschema.Draft7Validator({**schema, "$defs": description["$defs"]}).validate(body)


def _plain(schema: Any) -> Any:
    """Turn OpenAPI's `nullable` into plain JSON Schema."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain
