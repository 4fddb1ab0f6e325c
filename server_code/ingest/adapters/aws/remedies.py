"""What to do where AWS is not reached, or refuses."""

from __future__ import annotations

NETWORK_REMEDY = (
    "Check AWS_ENDPOINT_URL, the region, and the network: proxy, firewall, certificate."
)
POLICY_REMEDY = (
    "Check the AWS credentials and region; `runstream setup --print-iam` prints the policy that "
    "they need."
)
