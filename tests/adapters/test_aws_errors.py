"""Nothing that botocore raises leaves the adapter as botocore's."""

from __future__ import annotations

import errno
import inspect
import os
import string

import botocore.exceptions
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
    ValidationError,
    WaiterError,
)
from botocore.parsers import ResponseParserError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from ingest.adapters.aws.clients import sqs_client
from ingest.adapters.aws.errors import (
    ErrorKind,
    error_kind_of,
    is_invalid_message,
    translate_aws_errors,
)
from ingest.errors import (
    AccessDenied,
    BadSettings,
    IngestError,
    NotFound,
    QueueMissing,
    QueueUnavailable,
)
from ingest.settings import AwsSettings

VENDOR_ERRORS = sorted(
    (
        kind
        for _, kind in inspect.getmembers(botocore.exceptions, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__ == botocore.exceptions.__name__
    ),
    key=lambda kind: kind.__name__,
)


def a_client_error(code: str, status: int = 400, said: str = "So it is") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": said},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "SendMessageBatch",
    )


def an_error_of(kind: type[Exception]) -> Exception:
    if issubclass(kind, ClientError):
        return kind({"Error": {"Code": "Odd", "Message": "odd"}}, "SendMessageBatch")
    if kind is WaiterError:
        return kind("bucket_exists", "it took too long", {})
    names = {name for _, name, _, _ in string.Formatter().parse(getattr(kind, "fmt", "")) if name}
    extra = {"error", "endpoint_url", "request"} if "error" in names else set()
    return kind(**dict.fromkeys(names | extra, "something"))


def error_from(error: Exception) -> IngestError:
    with pytest.raises(IngestError) as caught, translate_aws_errors("Queue ci_cd_logs_queue"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize("kind", VENDOR_ERRORS, ids=lambda kind: kind.__name__)
def test_no_exception_of_botocore_is_left_unmapped(kind: type[Exception]) -> None:
    """Each has one of our errors, which names the queue and keeps the cause."""
    assert "ci_cd_logs_queue" in str(error_from(an_error_of(kind)))


def test_an_unreadable_answer_is_an_outage() -> None:
    """A proxy's HTML page in place of an answer passes."""
    assert isinstance(error_from(ResponseParserError("<html>")), QueueUnavailable)


RETRIED_BY_BOTOCORE = {
    *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
    *TransientRetryableChecker._TRANSIENT_ERROR_CODES,
}


@pytest.mark.parametrize("code", sorted(RETRIED_BY_BOTOCORE))
def test_what_botocore_itself_tries_again_passes(code: str) -> None:
    """A later release may add codes, which then fail here."""
    assert error_kind_of(code) is ErrorKind.BUSY


@pytest.mark.parametrize("status", [408, 423, 425, 429, 500, 502, 503, 504, 507])
def test_what_stands_before_aws_answers_with_a_status_alone_and_passes(status: int) -> None:
    """Botocore names an answer without AWS's body by its status."""
    assert error_kind_of(str(status), status) is ErrorKind.BUSY


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("RequestThrottled", 403, QueueUnavailable),
        ("ThrottlingException", 400, QueueUnavailable),
        ("KMS.ThrottlingException", 400, QueueUnavailable),
        ("OverLimit", 403, QueueUnavailable),
        ("SlowDown", 503, QueueUnavailable),
        ("Whatever", 500, QueueUnavailable),
        ("Whatever", 429, QueueUnavailable),
        ("NoSuchUpload", 404, QueueUnavailable),
        ("ConditionalRequestConflict", 409, QueueUnavailable),
        ("ConflictException", 409, QueueUnavailable),
        ("ClientDisconnected", 400, QueueUnavailable),
        ("SlowDownException", 400, QueueUnavailable),
        ("AWS.SimpleQueueService.QueueDeletedRecently", 400, QueueUnavailable),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, QueueMissing),
        ("com.amazonaws.sqs#QueueDoesNotExist", 400, QueueMissing),
        ("NoSuchBucket", 404, QueueMissing),
        ("404", 404, QueueMissing),
        ("NoSuchKey", 404, NotFound),
        ("AccessDenied", 403, AccessDenied),
        ("KMS.AccessDeniedException", 400, AccessDenied),
        ("KMS.DisabledException", 400, AccessDenied),
        ("KMS.KMSInvalidStateException", 400, AccessDenied),
        ("KMS.NotFoundException", 400, AccessDenied),
        ("KmsDisabled", 400, AccessDenied),
        ("KmsThrottled", 400, QueueUnavailable),
        ("Throttled", 400, QueueUnavailable),
        ("RateExceeded", 400, QueueUnavailable),
        ("LimitExceeded", 400, QueueUnavailable),
        ("ReplicationOperation", 409, QueueUnavailable),
        ("KMS.KMSInternalException", 400, QueueUnavailable),
        ("KMS.DependencyTimeoutException", 400, QueueUnavailable),
        ("KMS.KeyUnavailableException", 400, QueueUnavailable),
        ("DisabledException", 400, AccessDenied),
        ("TokenRefreshRequired", 400, AccessDenied),
        ("InvalidIdentityToken", 400, AccessDenied),
        ("IDPCommunicationError", 400, QueueUnavailable),
        ("TemporaryRedirect", 307, QueueUnavailable),
        ("XAmzContentSHA256Mismatch", 400, QueueUnavailable),
        ("NotImplemented", 501, BadSettings),
        ("501", 501, BadSettings),
        ("PermanentRedirect", 301, BadSettings),
        ("InvalidAccessKeyId", 403, AccessDenied),
        ("SlowDownWrite", 503, QueueUnavailable),
        ("XMinioStorageFull", 507, QueueUnavailable),
        ("InvalidClientTokenId", 403, AccessDenied),
        ("SignatureDoesNotMatch", 403, AccessDenied),
        ("ExpiredToken", 400, AccessDenied),
        ("RequestTimeTooSkewed", 403, AccessDenied),
        ("NeverHeardOf", 403, AccessDenied),
        ("ReceiptHandleIsInvalid", 404, BadSettings),
        ("InvalidParameterValue", 400, BadSettings),
    ],
)
def test_an_answer_is_sorted_by_what_follows_from_it(
    code: str, status: int, kind: type[IngestError]
) -> None:
    """What passes is retriable, what needs a person is fatal."""
    error = error_from(a_client_error(code, status))
    assert type(error) is kind
    assert f"So it is ({code})" in str(error)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AccessDenied", "setup --print-iam"),
        ("ExpiredToken", "renew them"),
        ("InvalidObjectState", "restore it"),
        ("RequestTimeTooSkewed", "clock"),
        ("AWS.SimpleQueueService.NonExistentQueue", "runstream setup"),
    ],
)
def test_a_person_is_reported_what_to_do(code: str, remedy: str) -> None:
    """Every fatal error says what to do."""
    assert remedy in str(error_from(a_client_error(code)))


@pytest.mark.parametrize(
    ("code", "said", "setting"),
    [
        ("PermanentRedirect", "must be addressed using the specified endpoint", "DEFAULT_REGION"),
        (
            "AuthorizationHeaderMalformed",
            "the region 'a' is wrong; expecting 'b'",
            "DEFAULT_REGION",
        ),
        ("AuthorizationHeaderMalformed", "unexpected scope: 20261124/a/s3", "DEFAULT_REGION"),
        ("AuthorizationHeaderMalformed", "an Access Key must be provided", "credentials"),
        ("IllegalLocationConstraintException", "incompatible for it", "DEFAULT_REGION"),
        ("InvalidRequest", "Missing: Content-MD5 OR x-amz-checksum-*", "CHECKSUM_CALCULATION"),
        ("InvalidRequest", "the region", "refused"),
    ],
)
def test_a_bucket_s_refusal_names_the_setting_that_ends_it(
    code: str, said: str, setting: str
) -> None:
    """AWS and other stores name the region or the header, but not where to set it."""
    assert setting in str(error_from(a_client_error(code, 400, said)))


@pytest.mark.parametrize(
    "error",
    [
        TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
        SSOTokenLoadError(error_msg="Token for work does not exist"),
        UnauthorizedSSOTokenError(),
    ],
)
def test_an_ended_login_is_not_a_missing_key(error: Exception) -> None:
    """A person logs in again; there is no key to set."""
    text = str(error_from(error))
    assert text.endswith(". Log in with this profile: `aws sso login`.")
    assert ".." not in text
    assert "AWS_ACCESS_KEY_ID" not in text


def test_a_lack_of_open_files_is_not_of_the_queue() -> None:
    """Botocore names the endpoint only; the system's words are in what it was raised for."""
    refused = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    error = EndpointConnectionError(endpoint_url="https://sqs.example", error=refused)
    error.__context__ = refused
    assert "raise the limit of open files" in str(error_from(error))


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://user:pa55word@sqs.example:4566/x"),
        EndpointConnectionError(endpoint_url="http://pa55word@sqs.example:4566/"),
        EndpointConnectionError(endpoint_url="http://user:a@pa55word@sqs.example:4566/"),
        EndpointConnectionError(endpoint_url="http://user:a/pa55word@sqs.example:4566/"),
        HTTPClientError(error=ValueError(r"Invalid header value b'token\npa55word'")),
        ValidationError(value="http://u:pa55word@h", param="p", type_name="string"),
    ],
)
def test_no_error_shows_a_secret(error: Exception) -> None:
    """An endpoint may have a login; a token with a line break is in the error of its header."""
    reported = error_from(error)
    assert "pa55word" not in f"{reported} {reported.remedy}"


def test_a_login_in_an_endpoint_that_botocore_refuses_is_not_shown() -> None:
    with pytest.raises(BadSettings, match="AWS_ENDPOINT_URL") as refused:
        sqs_client(AwsSettings(endpoint_url="http://user:pa55word@-"))
    assert "pa55word" not in str(refused.value)


def test_our_own_errors_pass_unchanged() -> None:
    """An error that a chunk's source raised is not AWS's."""
    error = NotFound("gone")
    with pytest.raises(NotFound) as caught, translate_aws_errors("Bucket b"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "said",
    [
        "Signature expired: now is earlier.",
        "Signature not yet current: now is later.",
        "Date in Credential scope does not match YYYYMMDD.",
    ],
)
@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch"])
def test_a_wrong_clock_is_reported_as_the_clocks_fault(code: str, said: str) -> None:
    """SQS speaks of the signature alone."""
    error = ClientError({"Error": {"Code": code, "Message": said}}, "SendMessage")
    with (
        pytest.raises(AccessDenied, match="clock of this machine"),
        translate_aws_errors("Queue q"),
    ):
        raise error


@pytest.mark.parametrize(
    ("code", "is_final"),
    [
        ("InvalidMessageContents", True),
        ("InvalidParameterValue", True),
        ("KMS.DisabledException", False),
        ("AccessDenied", False),
        ("SomethingNew", False),
    ],
)
def test_only_a_messages_own_fault_is_final(code: str, is_final: bool) -> None:
    """Keys, policies and limits change; what nobody has met may, too."""
    assert is_invalid_message(code) is is_final
