"""What to do where AWS cannot be reached, or denies access."""

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
_REGION_HINT = "set AWS_DEFAULT_REGION to the region of the bucket"
_CHECKSUM_HINT = "set AWS_REQUEST_CHECKSUM_CALCULATION=when_supported"


def denial_remedy(code: str, reason: str) -> str:
    """Return what to do where AWS denied access with this error code and message."""
    if is_clock_error(reason):
        return CLOCK_REMEDY
    if "Expired" in code:
        return "The credentials have expired: renew them."
    if code == "InvalidObjectState":
        return "A rule of the bucket has archived this object: restore it."
    if "kms" in code.lower():
        return "Enable the KMS key, and allow these credentials to use it."
    setting = setting_hint(code, reason)
    return f"{setting[0].upper()}{setting[1:]}." if setting else POLICY_REMEDY


def setting_hint(code: str, reason: str) -> str:
    """Return which setting to change after S3 refused a request; empty where none is known.

    The region is not the bucket's own, or objects of a bucket with Object Lock need a checksum.
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    if code in ("PermanentRedirect", "IllegalLocationConstraintException"):
        return _REGION_HINT
    # An empty access key has this code too.
    if code == "AuthorizationHeaderMalformed" and re.search("region|scope", reason):
        return _REGION_HINT
    return _CHECKSUM_HINT if code == "InvalidRequest" and "x-amz-checksum-" in reason else ""
