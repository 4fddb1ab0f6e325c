"""Only what our secret has signed is read."""

from __future__ import annotations

import ast
import hashlib
import hmac
import inspect
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.errors import InvalidSignature, MalformedPayload
from ingest.wire.webhooks import parse_delivery, verify_signature
from support.builders import job_payload, run_payload
from support.strategies import JSON

SECRET = "It's a Secret to Everybody"
DOCUMENTED = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def signed(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def deliver(payload, *, event="workflow_run", **changes):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "x-hub-signature-256": signed(body),
        "x-github-event": event,
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        **changes,
    }
    return parse_delivery(headers, body, secret=SECRET)


def test_githubs_documented_example_is_accepted():
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries."""
    verify_signature(DOCUMENTED, b"Hello, World!", secret=SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        DOCUMENTED[:-1] + "8",
        DOCUMENTED.upper(),
        DOCUMENTED.removeprefix("sha256="),
        DOCUMENTED + " ",
        DOCUMENTED[:40],
        "sha1=" + hmac.new(SECRET.encode(), b"Hello, World!", hashlib.sha1).hexdigest(),
        "sha256=",
        "sha256=é",
        "sha256=\ud800",
        "💥",
    ],
)
def test_any_other_signature_is_refused(signature):
    """A wrong digit, another algorithm, or characters that no signature has."""
    with pytest.raises(InvalidSignature, match="not signed with the secret"):
        verify_signature(signature, b"Hello, World!", secret=SECRET)


def test_another_body_is_refused():
    """The signature is over the raw bytes."""
    with pytest.raises(InvalidSignature):
        verify_signature(DOCUMENTED, b"Hello, World! ", secret=SECRET)


@pytest.mark.parametrize("secret", ["It's a secret to everybody", SECRET + " ", "é"])
def test_another_secret_is_refused(secret):
    """A guess that is near is as wrong as any."""
    with pytest.raises(InvalidSignature):
        verify_signature(DOCUMENTED, b"Hello, World!", secret=secret)


@pytest.mark.parametrize("signature", [None, ""])
def test_a_missing_signature_is_refused(signature):
    """The header is named."""
    with pytest.raises(InvalidSignature, match="no X-Hub-Signature-256"):
        verify_signature(signature, b"{}", secret=SECRET)


def test_without_a_secret_of_our_own_nothing_is_accepted():
    """An empty secret would be everybody's."""
    with pytest.raises(InvalidSignature, match="GITHUB_WEBHOOK_SECRET"):
        verify_signature(signed(b"{}", ""), b"{}", secret="")


def test_no_refusal_shows_the_right_signature():
    """It would be the key."""
    with pytest.raises(InvalidSignature) as refused:
        verify_signature("sha256=00", b"Hello, World!", secret=SECRET)
    assert DOCUMENTED[7:] not in str(refused.value)


def test_signatures_are_compared_in_constant_time():
    """No comparison of its own stands beside `hmac.compare_digest`."""
    tree = ast.parse(inspect.getsource(verify_signature))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert any(isinstance(call, ast.Attribute) and call.attr == "compare_digest" for call in calls)
    assert not any(isinstance(node, ast.Compare) for node in ast.walk(tree))


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40))
def test_what_is_signed_is_accepted_whatever_its_bytes(body, secret):
    """Also secrets and bodies beyond ASCII."""
    verify_signature(signed(body, secret), body, secret=secret)


@given(st.binary(max_size=200), st.text(max_size=90))
def test_what_is_not_signed_is_refused_and_nothing_else(body, signature):
    """No header breaks the check."""
    with pytest.raises(InvalidSignature):
        verify_signature(signature, body, secret=SECRET)


def test_an_unsigned_body_is_not_even_parsed():
    """Whatever an outsider sends, the signature is what is wrong with it."""
    with pytest.raises(InvalidSignature):
        deliver(b"{not json", **{"x-hub-signature-256": "sha256=00"})


def test_a_delivery_about_a_run_names_it():
    """Event, repository and run."""
    payload = {
        "action": "completed",
        "workflow_run": run_payload(),
        "repository": {"full_name": "octo/api"},
    }
    delivery = deliver(payload)
    assert delivery.delivery_id == "72d3162e-cc78-11e3-81ab-4c9367dc0958"
    assert delivery.event == "workflow_run"
    assert (delivery.repository, delivery.run_id) == ("octo/api", 12_000_000_001)


def test_a_delivery_about_a_job_names_its_run():
    """Collecting goes by runs."""
    delivery = deliver({"workflow_job": job_payload()}, event="workflow_job")
    assert delivery.run_id == 12_000_000_001


@pytest.mark.parametrize("name", ["a b", "100 % + & = é 💥", "payload=x"])
def test_a_form_is_read_like_json(name):
    """It is the content type that GitHub proposes for a new webhook."""
    payload = {"workflow_run": {"id": 7, "name": name}, "repository": {"full_name": "octo/api"}}
    form = urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode()
    delivery = deliver(form)
    assert (delivery.repository, delivery.run_id) == ("octo/api", 7)
    assert delivery.payload == payload


def test_a_delivery_about_something_else_names_no_run():
    """GitHub sends what was not asked for, such as `ping`."""
    delivery = deliver({"zen": "Design for failure.", "workflow_run": {"id": 7}}, event="ping")
    assert (delivery.run_id, delivery.repository) == (None, None)


@pytest.mark.parametrize("missing", ["x-github-event", "x-github-delivery"])
def test_a_delivery_without_its_headers_is_malformed(missing):
    """Without an id it could not be distinguished from a repetition."""
    with pytest.raises(MalformedPayload, match="X-GitHub-Event or X-GitHub-Delivery"):
        deliver({}, **{missing: ""})


@pytest.mark.parametrize("delivery_id", ["x" * 101, "a\0b", "é", "\ud800"])
def test_a_delivery_id_that_no_state_could_keep_is_malformed(delivery_id):
    """It is not signed: whoever replays a body chooses it."""
    with pytest.raises(MalformedPayload, match="X-GitHub-Delivery"):
        deliver({}, **{"x-github-delivery": delivery_id})


@pytest.mark.parametrize("name", ["a\0/b", "\ud800/b", "octo/api?x", "../..", "o/" * 1000])
def test_a_repository_that_has_no_such_name_is_not_named(name):
    """It is neither looked up nor repeated in the answer."""
    assert deliver({"repository": {"full_name": name}}).repository is None


@pytest.mark.parametrize("body", [b"", b"payload=%7B", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_malformed(body):
    """Neither as it is, nor in a form."""
    with pytest.raises(MalformedPayload, match="application/json"):
        deliver(body)


@pytest.mark.parametrize("payload", [[], "text", 7, None])
def test_a_body_that_is_no_object_is_malformed(payload):
    """Every event of GitHub's is one."""
    with pytest.raises(MalformedPayload, match="not a JSON object"):
        deliver(payload)


@given(JSON, JSON, st.sampled_from(["workflow_run", "workflow_job", "push"]))
def test_any_signed_object_is_a_delivery(inner, repository, event):
    """Whatever it holds, reading it raises nothing but MalformedPayload."""
    delivery = deliver({event: inner, "repository": repository, "action": inner}, event=event)
    assert delivery.run_id is None or delivery.run_id >= 0
