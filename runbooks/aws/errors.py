"""botocore's errors as a sentence and a next step. Pure: names and fields of the error decide, nothing is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """What went wrong with AWS, and what to do about it."""

    message: str
    next_step: str


# By class name, nearest ancestor first.
BY_CLASS: dict[str, Explanation] = {
    "NoCredentialsError": Explanation(
        "AWS credentials were not found",
        'run `aws sso login` or set AWS_PROFILE; in the lab: eval "$(runbook lab env)"',
    ),
    "PartialCredentialsError": Explanation(
        "AWS credentials are incomplete", "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    ),
    "ProfileNotFound": Explanation(
        "the AWS profile does not exist", "see `aws configure list-profiles`, or mend AWS_PROFILE"
    ),
    "NoRegionError": Explanation("no AWS Region was given", "set AWS_REGION, or a region in the profile"),
    "TokenRetrievalError": Explanation("the AWS SSO session has expired", "run `aws sso login`"),
    "UnauthorizedSSOTokenError": Explanation("the AWS SSO session has expired", "run `aws sso login`"),
    "SSOTokenLoadError": Explanation("there is no AWS SSO session", "run `aws sso login`"),
    "EndpointConnectionError": Explanation(
        "the AWS endpoint could not be reached",
        "check the network and AWS_ENDPOINT_URL; in the lab: is it up? `runbook lab status`",
    ),
    "ConnectTimeoutError": Explanation(
        "the AWS endpoint did not answer in time", "check the network, proxy and VPC endpoints"
    ),
    "ReadTimeoutError": Explanation("AWS did not answer in time", "run again with the same run id"),
    "ConnectionClosedError": Explanation(
        "AWS closed the connection without an answer", "run again with the same run id"
    ),
    "ProxyConnectionError": Explanation("the proxy could not be reached", "check HTTPS_PROXY and NO_PROXY"),
    "SSLError": Explanation(
        "the AWS endpoint's certificate could not be verified", "check AWS_CA_BUNDLE and the proxy"
    ),
}

# By AWS's error code.
BY_CODE: dict[str, str] = {
    "AccessDenied": "give the role this action; `runbook policy VERB` prints all that a runbook needs",
    "AccessDeniedException": "give the role this action; `runbook policy VERB` prints all that a runbook needs",
    "UnauthorizedOperation": "give the role this action; `runbook policy VERB` prints all that a runbook needs",
    "ExpiredToken": "log in again: the session has expired",
    "ExpiredTokenException": "log in again: the session has expired",
    "InvalidClientTokenId": "check the credentials: AWS does not know this key",
    "UnrecognizedClientException": "check the credentials: AWS does not know this key",
    "SignatureDoesNotMatch": "check the secret key and this machine's clock",
    "Throttling": "AWS limits calls per second: wait a minute, then run again with the same run id",
    "ThrottlingException": "AWS limits calls per second: wait a minute, then run again with the same run id",
    "RequestLimitExceeded": "AWS limits calls per second: wait a minute, then run again with the same run id",
    "DBClusterNotFoundFault": "check the identifier, the Region and the account",
    "InvalidDBClusterStateFault": "wait until the cluster is available, then run again",
    "InvalidDBInstanceState": "wait until the instance is available, then run again",
}


# Actions of IAM that are called otherwise than their operations: AWS does not always say which one it misses.
CALLED_OTHERWISE: dict[str, str] = {"ListObjectsV2": "s3:ListBucket"}


def explain(error: BaseException) -> Explanation:
    """Say what a botocore error means; an error that is in no table keeps AWS's own words."""
    response: dict[str, Any] = getattr(error, "response", {})
    if response:
        return _explain_answer(error, response)
    known = next((BY_CLASS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in BY_CLASS), None)
    if known is None:
        return Explanation(f"AWS could not be called: {error}", "see the message; RUNBOOK_TRACEBACK=1 shows where")
    endpoint = getattr(error, "kwargs", {}).get("endpoint_url")
    return Explanation(f"{known.message}{f' ({endpoint})' if endpoint else ''}", known.next_step)


def _explain_answer(error: BaseException, response: dict[str, Any]) -> Explanation:
    code = str(response.get("Error", {}).get("Code", "Unknown"))
    text = str(response.get("Error", {}).get("Message", "")).strip() or "no further words"
    operation = str(getattr(error, "operation_name", "a call"))
    if operation in CALLED_OTHERWISE:
        operation = f"{operation} ({CALLED_OTHERWISE[operation]})"
    return Explanation(
        f"{operation} was refused by AWS: {text} ({code})",
        BY_CODE.get(code, "see AWS's message, mend the cause, run again"),
    )
