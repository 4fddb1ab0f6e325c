"""What to do where AWS is not reached, or refuses."""

from __future__ import annotations

import re

from ...domain.clock_errors import CLOCK_REMEDY, is_clock_error

CREDENTIALS_REMEDY = "Check the program or endpoint that provides them."
NETWORK_REMEDY = (
    "Check AWS_ENDPOINT_URL, the region, and the network: proxy, firewall, certificate."
)
POLICY_REMEDY = (
    "Check the AWS credentials and region; `runstream setup --print-iam` prints the policy that "
    "they need."
)
_REGION = "set AWS_DEFAULT_REGION to the region of the bucket"
_CHECKSUM = "set AWS_REQUEST_CHECKSUM_CALCULATION=when_supported"


def remedy_of(code: str, said: str) -> str:
    """Return what to do where AWS denied access with this error code and message."""
    if is_clock_error(said):
        return CLOCK_REMEDY
    if "Expired" in code:
        return "The credentials have expired: renew them."
    if "kms" in code.lower():
        return "Enable the KMS key, and allow these credentials to use it."
    setting = setting_of(code, said)
    return f"{setting[0].upper()}{setting[1:]}." if setting else POLICY_REMEDY


def setting_of(code: str, said: str) -> str:
    """Return the setting that ends a refusal of a bucket; empty where none is known to.

    The region is not the bucket's own, or objects of a bucket with a lock need a checksum.
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    if code in ("PermanentRedirect", "IllegalLocationConstraintException"):
        return _REGION
    # Also of an empty access key.
    if code == "AuthorizationHeaderMalformed" and re.search("region|scope", said):
        return _REGION
    return _CHECKSUM if code == "InvalidRequest" and "x-amz-checksum-" in said else ""
