"""The manifests and the chart, validated with Kubernetes' own schemas.

The chart is rendered by Helm's own library, whose wheel is for Linux on x86-64. Custom resources
(KEDA, Prometheus, External Secrets) have no schema here: their references are checked instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from standalone.http.webhook_app import PATH

ROOT = Path(__file__).parents[2]
KUSTOMIZE = ROOT / "deploy" / "kustomize"
CHART = ROOT / "deploy" / "helm" / "runstream"
VERSION = "1.31"
CUSTOM = {"ExternalSecret", "ScaledObject", "ServiceMonitor", "TriggerAuthentication"}
AGENTS = ("metrics", "logs")

Manifest = dict[str, Any]

VALUES: dict[str, Manifest] = {
    "defaults": {"secret": {"values": {"GITHUB_TOKEN": "t"}}},
    "aws": {
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r"}},
        "settings": {"AWS_DEFAULT_REGION": "eu-central-1", "POLL_SECONDS": 30},
        "secret": {"existingName": "mine"},
        "keda": {"enabled": True, "metadata": {"queueURL": "https://q", "awsRegion": "x"}},
    },
    "azure": {
        "podLabels": {"azure.workload.identity/use": "true"},
        "keda": {"enabled": True, "bus": "servicebus", "metadata": {"queueName": "jobs"}},
    },
    "google": {
        "keda": {
            "enabled": True,
            "bus": "pubsub",
            "metadata": {"subscriptionName": "jobs"},
            "authenticationName": "mine",
        },
    },
    "external secrets and monitoring": {
        "secret": {"external": {"enabled": True, "storeName": "vault", "remoteKey": "runstream"}},
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    },
    "webhooks": {
        "secret": {"values": {"GITHUB_WEBHOOK_SECRET": "s"}},
        "webhooks": {
            "enabled": True,
            "host": "hooks.example.com",
            "ingressClassName": "nginx",
            "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
            "tlsSecretName": "hooks-tls",
        },
    },
    "placement": {
        "image": {"repository": "example.com/runstream", "digest": "sha256:" + "0" * 64},
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "podDisruptionBudget": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "logs": {"replicas": 3},
    },
}


def kustomized() -> list[Manifest]:
    """Read the manifests that the kustomization lists."""
    listed = yaml.safe_load((KUSTOMIZE / "kustomization.yaml").read_text())["resources"]
    texts = [(KUSTOMIZE / name).read_text() for name in listed]
    return [each for text in texts for each in yaml.safe_load_all(text)]


def rendered_files(values: Manifest) -> dict[str, str]:
    """Render the chart as Helm does, its notes included."""
    helm = pytest.importorskip("helm_python")
    with helm.Chart.load(str(CHART)) as chart:
        files: dict[str, str] = chart.render(
            {"repositories": ["octo/api"], **values}, name="runstream"
        )
    return files


def rendered(values: Manifest) -> list[Manifest]:
    """Render the chart as `helm template` does."""
    files = rendered_files(values)
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def of_kind(manifests: Iterable[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def validate(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] not in CUSTOM:
            kubernetes_validate.validate(manifest, VERSION, strict=True)


def check_deployments(manifests: list[Manifest]) -> None:
    """Each agent runs in a Deployment of its own, unprivileged, with what it refers to."""
    deployments = of_kind(manifests, "Deployment")
    assert set(deployments) == {f"runstream-{agent}" for agent in AGENTS}
    for agent in AGENTS:
        pod = deployments[f"runstream-{agent}"]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["args"][:2] == ["collect", f"--only={agent}"]
        assert container["args"][-1] == "octo/api"
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        assert pod["securityContext"]["runAsNonRoot"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
        assert container["resources"]["limits"]["memory"]
        assert pod["serviceAccountName"] in of_kind(manifests, "ServiceAccount")


def test_numbers_among_the_values_stay_as_they_are() -> None:
    """An App's id is a number of many digits, which Helm reads as a float."""
    settings = {"GITHUB_APP_ID": 1234567, "POLL_SECONDS": 2.5, "ARTIFACTS": True}
    found = rendered({"settings": settings, "secret": {"values": {"MCP_TOKEN": 12345678901}}})
    (container,) = of_kind(found, "Deployment")["runstream-logs"]["spec"]["template"]["spec"][
        "containers"
    ]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert {name: environment[name] for name in settings} == {
        "GITHUB_APP_ID": "1234567",
        "POLL_SECONDS": "2.5",
        "ARTIFACTS": "true",
    }
    assert of_kind(found, "Secret")["runstream"]["stringData"] == {"MCP_TOKEN": "12345678901"}


@pytest.mark.parametrize(
    ("secret", "is_warned"),
    [
        ({"values": {"GITHUB_TOKEN": "t"}}, True),
        ({"values": {"DATABASE_URL": "postgresql://db/runstream"}}, False),
        ({"existingName": "mine"}, False),
        ({"external": {"enabled": True, "storeName": "vault", "remoteKey": "r"}}, False),
    ],
)
def test_the_notes_warn_where_the_agents_share_no_state(secret: Manifest, *, is_warned: bool):
    """Each pod would keep a state of its own, and the log agent would reject all work."""
    notes = rendered_files({"secret": secret})["runstream/templates/NOTES.txt"]
    assert ("DATABASE_URL is not set" in notes) is is_warned


def test_a_misspelled_value_is_refused() -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    validator = jsonschema.Draft7Validator(json.loads((CHART / "values.schema.json").read_text()))
    for values in VALUES.values():
        validator.validate({**defaults, **values})
    for wrong in (
        {"repos": []},
        {"settings": {"poll_seconds": 5}},
        {"secret": {"vals": {}}},
        {"webhooks": {"hosts": []}},
    ):
        assert not validator.is_valid({**defaults, **wrong})


def test_the_manifests_are_valid() -> None:
    manifests = kustomized()
    validate(manifests)
    check_deployments(manifests)
    pods = [
        m["spec"]["template"]["metadata"]["labels"]
        for m in manifests
        if "template" in m.get("spec", {})
    ]
    for budget in of_kind(manifests, "PodDisruptionBudget").values():
        wanted = budget["spec"]["selector"]["matchLabels"].items()
        assert sum(wanted <= labels.items() for labels in pods) == 1


@pytest.mark.parametrize("name", VALUES)
def test_the_chart_is_valid(name: str) -> None:
    manifests = rendered(VALUES[name])
    validate(manifests)
    check_deployments(manifests)


@pytest.mark.parametrize("way", ["kustomize", "chart"])
def test_the_network_policy_lets_each_bus_through(way: str) -> None:
    """SQS and Pub/Sub use HTTPS; Service Bus uses AMQP over TLS, port 5671."""
    manifests = kustomized() if way == "kustomize" else rendered(VALUES["azure"])
    (policy,) = of_kind(manifests, "NetworkPolicy").values()
    ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
    assert ports >= {53, 443, 5432, 5671}


def test_webhooks_reach_the_monitoring_agent() -> None:
    """The host leads through the Service to the port where its pods listen, and to them alone."""
    manifests = rendered(VALUES["webhooks"])
    (ingress,) = of_kind(manifests, "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"]) == ("hooks.example.com", PATH)
    backend = path["backend"]["service"]
    service = of_kind(manifests, "Service")[backend["name"]]
    (port,) = service["spec"]["ports"]
    assert port["name"] == backend["port"]["name"]
    listening = set()
    for agent, deployment in of_kind(manifests, "Deployment").items():
        template = deployment["spec"]["template"]
        (container,) = template["spec"]["containers"]
        found = {each["name"]: each["containerPort"] for each in container["ports"]}
        if service["spec"]["selector"].items() <= template["metadata"]["labels"].items():
            assert f"--webhooks=0.0.0.0:{found[port['targetPort']]}" in container["args"]
            listening.add(agent)
        else:
            assert "webhooks" not in found
    assert listening == {"runstream-metrics"}
    (policy,) = of_kind(manifests, "NetworkPolicy").values()
    admitted = [each["port"] for rule in policy["spec"]["ingress"] for each in rule["ports"]]
    assert port["targetPort"] in admitted


def test_webhooks_without_a_host_have_a_service_alone() -> None:
    manifests = rendered({"webhooks": {"enabled": True}})
    assert "runstream-webhooks" in of_kind(manifests, "Service")
    assert not of_kind(manifests, "Ingress")
    assert "runstream-webhooks" not in of_kind(rendered({}), "Service")


def test_the_log_agent_scales_with_its_queue() -> None:
    """KEDA owns the number of log agents: the Deployment declares none."""
    manifests = rendered(VALUES["aws"])
    (scaled,) = of_kind(manifests, "ScaledObject").values()
    target = scaled["spec"]["scaleTargetRef"]["name"]
    assert "replicas" not in of_kind(manifests, "Deployment")[target]["spec"]
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["type"] == "aws-sqs-queue"
    assert trigger["metadata"]["queueURL"] == "https://q"
    assert trigger["authenticationRef"]["name"] in of_kind(manifests, "TriggerAuthentication")


def test_the_chart_is_released_with_the_package() -> None:
    from importlib.metadata import version

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == version("runstream")
