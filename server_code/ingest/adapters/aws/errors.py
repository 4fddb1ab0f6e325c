"""The conversion of the errors of AWS and botocore into those of Runstream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from traceback import walk_tb
from typing import TYPE_CHECKING

from ...domain.clock_errors import CLOCK_REMEDY, is_clock_error
from ...errors import (
    DOCTOR_REMEDY,
    OPEN_FILES_REMEDY,
    AccessDenied,
    BadSettings,
    IngestError,
    NotFound,
    QueueMissing,
    QueueUnavailable,
    has_too_many_open_files,
)
from .remedies import CREDENTIALS_REMEDY, NETWORK_REMEDY, denial_remedy, setting_hint

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

#: The last words of error codes; AWS prefixes some, as in ``KMS.AccessDeniedException``. Their HTTP
#: status does not distinguish them: throttling comes as 400, 403, 429 or 503, a bad receipt as 404.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
#: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_BUSY = frozenset(
    {
        "BadDigest",
        "ClientDisconnected",
        "ConditionalRequestConflict",
        "ConflictException",
        "IDPCommunicationError",
        "IncompleteBody",
        "InvalidPart",
        "NoSuchUpload",
        "OperationAborted",
        "OverLimit",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "QueueDeletedRecently",
        "RateExceeded",
        "ReplicationOperation",
        "TemporaryRedirect",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "XAmzContentSHA256Mismatch",
    }
)
#: Parts of other codes of a busy service: of ``SlowDownRead`` as of ``KMS.ThrottlingException``.
_BUSY_PARTS = ("throttl", "internal", "timeout", "unavailable", "limitexceeded", "slowdown")
#: From a proxy or a store that is not Amazon's: the request was too slow, too early or one of too
#: many, or the resource is locked.
_BUSY_STATUSES = frozenset({408, 423, 425, 429})
#: For an answer without a body, such as one to HEAD, botocore uses the HTTP status as the code.
_MISSING = frozenset(
    {"404", "InvalidAddress", "NonExistentQueue", "NoSuchBucket", "QueueDoesNotExist"}
)
_NOT_FOUND = frozenset({"NoSuchKey", "NoSuchVersion"})
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "AllAccessDisabled",
        "AccountProblem",
        "DisabledException",
        "InvalidGrantException",
        "InvalidIdentityToken",
        "InvalidObjectState",
        "QuotaExceeded",
        "TokenRefreshRequired",
        "InvalidSecurity",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

#: A message with one of these codes is refused every time. Every other code may depend on the
#: queue's key, policy or limits, so it is not final.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors
_INVALID_MESSAGE = frozenset(
    {
        "BatchRequestTooLong",  # of a single message
        "InvalidAttributeName",
        "InvalidAttributeValue",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "MessageTooLong",
        "MissingParameter",
    }
)


#: What an endpoint has before its host, and a header that cannot be sent: either may be a secret.
_LOGIN = re.compile(r"(?<=//)[^\s\"']*@")
_HEADER_VALUE = re.compile(r"(Invalid header value).*", re.DOTALL)


class ErrorKind(Enum):
    """A kind of error answer, by what to do about it."""

    BUSY = "try again later"
    MISSING = "the queue or bucket does not exist"
    NOT_FOUND = "the object does not exist"
    DENIED = "the credentials may not do this"
    REFUSED = "the request itself is wrong, and will be wrong next time"


def error_kind_of(code: str, status: int = 400) -> ErrorKind:
    """Return the kind of an error code and the HTTP status it came with.

    KMS's errors come as ``KMS.DisabledException`` from S3 and as ``KmsDisabled`` from SQS. A key
    that is disabled, awaits its deletion or may not be used can be enabled again.
    """
    base, is_about_key = _base_code(code), "kms" in code.lower()
    # 501 is an operation that a store does not support; the answer to a HEAD has no code.
    is_server_fault = 500 <= status < 600 and status != 501
    is_busy = base in _BUSY or status in _BUSY_STATUSES or is_server_fault
    if any(part in code.lower() for part in _BUSY_PARTS) or (is_busy and not is_about_key):
        return ErrorKind.BUSY
    if base in _NOT_FOUND:
        return ErrorKind.NOT_FOUND
    if base in _DENIED or is_about_key:
        return ErrorKind.DENIED
    if base in _MISSING:
        return ErrorKind.MISSING
    return ErrorKind.DENIED if status in (401, 403) else ErrorKind.REFUSED


def error_kind_in(error: ClientError) -> ErrorKind:
    """Return the kind of an error answer that botocore raised."""
    return error_kind_of(_code(error), _status(error))


def is_invalid_message(code: str) -> bool:
    """Return whether a message that is refused with this code is refused every time."""
    return _base_code(code) in _INVALID_MESSAGE


def without_secrets(text: object) -> str:
    """Return the text of an error without a login in an address, or the value of a header."""
    return _HEADER_VALUE.sub(r"\1", _LOGIN.sub("…@", str(text)))


@contextmanager
def translate_aws_errors(subject: str) -> Iterator[None]:
    """Raise our errors for botocore's; ``subject`` names the queue or bucket in their text.

    QueueUnavailable: no connection, no answer, throttling, 5xx, or a provider that returns no
    credentials (yet). AccessDenied: no credentials, wrong ones, or a file of them that cannot be
    read. QueueMissing: no such queue or bucket. NotFound: no such object. BadSettings: a setting
    or value that AWS or botocore does not understand.
    """
    from botocore.exceptions import BotoCoreError, ClientError, UndefinedModelAttributeError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _from_answer(error, subject) from error
    except BotoCoreError as error:
        raise _from_botocore(error, subject) from error
    except ResponseParserError as error:
        reason = without_secrets(error)
        raise QueueUnavailable(f"{subject}: the answer is not AWS's: {reason}") from error
    except UndefinedModelAttributeError as error:
        raise BadSettings([f"botocore does not know what {subject} needs: {error}"]) from error
    except Exception as error:
        if isinstance(error, IngestError) or not is_credential_error(error):
            raise
        if isinstance(error, FileNotFoundError | PermissionError):
            raise AccessDenied(
                f"{subject}: the AWS credentials cannot be read: {error.strerror}:"
                f" {error.filename}. Correct AWS_WEB_IDENTITY_TOKEN_FILE, or the setting of AWS"
                " that names this file or program."
            ) from error
        reason = f"{type(error).__name__}: {without_secrets(error)}"
        raise _no_credentials_returned(subject, reason) from error


def is_credential_error(error: BaseException) -> bool:
    """Return whether botocore raised an error while it loaded or renewed credentials.

    It has no error class for answers that are not JSON or lack fields, or for expired credentials.
    """
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__") == "botocore.credentials" for frame in frames)


def _from_answer(error: ClientError, subject: str) -> IngestError:
    code = _code(error)
    reason = f"{error.response.get('Error', {}).get('Message') or 'no reason given'} ({code})"
    match error_kind_in(error):
        case ErrorKind.BUSY:
            return QueueUnavailable(f"{subject} does not accept requests now: {reason}.")
        case ErrorKind.MISSING:
            return QueueMissing(
                f"{subject} does not exist: {reason}. Create it with `runstream setup`."
            )
        case ErrorKind.NOT_FOUND:
            return NotFound(f"{subject} has no such object: {reason}.")
        case ErrorKind.DENIED:
            remedy = denial_remedy(code, reason)
            return AccessDenied(f"AWS denied access to {subject}: {reason}. {remedy}")
        case ErrorKind.REFUSED:
            setting = setting_hint(code, reason)
            return BadSettings(
                [f"{subject} refused the request: {reason}{setting and f'; {setting}'}"]
            )


def _from_botocore(error: BotoCoreError, subject: str) -> IngestError:
    from botocore import exceptions as botocore

    unreachable = (
        botocore.ConnectionError,
        botocore.HTTPClientError,
        botocore.IncompleteReadError,
        botocore.ChecksumError,
        botocore.FlexibleChecksumError,
        botocore.CapacityNotAvailableError,
        botocore.WaiterError,
    )
    logged_out = (
        botocore.TokenRetrievalError,
        botocore.NoAuthTokenError,
        botocore.SSOError,
        botocore.LoginError,
    )
    without_credentials = (
        botocore.NoCredentialsError,
        botocore.PartialCredentialsError,
        botocore.RefreshWithMFAUnsupportedError,
    )
    text = without_secrets(error)
    if isinstance(error, unreachable):
        return _unreachable(subject, error)
    if isinstance(error, botocore.CredentialRetrievalError | botocore.MetadataRetrievalError):
        return _no_credentials_returned(subject, text.strip())
    missing = f"There are no usable AWS credentials for {subject}: {text.rstrip('.')}."
    if isinstance(error, logged_out):
        return AccessDenied(f"{missing} Log in with this profile: `aws sso login`.")
    if isinstance(error, without_credentials):
        return AccessDenied(
            f"{missing} Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a"
            " role."
        )
    return BadSettings([f"{subject} cannot be used: {text}"])


def _no_credentials_returned(subject: str, reason: str) -> QueueUnavailable:
    """Return the error of a credential provider, which may start later than this process."""
    text = f"{subject}: no valid AWS credentials were returned ({reason})."
    return QueueUnavailable(text, remedy=CREDENTIALS_REMEDY)


def _unreachable(subject: str, error: BotoCoreError) -> QueueUnavailable:
    text = f"{subject} cannot be reached: {without_secrets(error).rstrip('.')}."
    if has_too_many_open_files(error):
        return QueueUnavailable(f"{text} {OPEN_FILES_REMEDY}")
    remedy = f"{NETWORK_REMEDY} {DOCTOR_REMEDY}"
    return QueueUnavailable(text, remedy=CLOCK_REMEDY if is_clock_error(text) else remedy)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))


def _base_code(code: str) -> str:
    return code.replace("#", ".").rsplit(".", 1)[-1]
