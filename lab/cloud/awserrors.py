"""AWS errors with AWS's own codes, which are not always the names of their shapes: botocore's model knows both."""

from __future__ import annotations

from functools import cache

from moto.core.exceptions import ServiceException

from lab.cloud.client import service_model


class AwsError(ServiceException):  # type: ignore[misc]
    """An error that moto serialises by the model of the service that raised it."""


@cache
def error_code(service: str, shape: str) -> str:
    """Code on the wire of an error shape: `DBInstanceNotFoundFault` is `DBInstanceNotFound`."""
    for error in service_model(service).error_shapes:
        if error.name == shape:
            return str(error.metadata.get("error", {}).get("code", shape))
    raise LookupError(f"botocore's {service} has no error {shape}")


def aws_error(service: str, shape: str, message: str) -> AwsError:
    return AwsError(error_code(service, shape), message)


def rds_error(shape: str, message: str) -> AwsError:
    return aws_error("rds", shape, message)


def elasticache_error(shape: str, message: str) -> AwsError:
    return aws_error("elasticache", shape, message)


def invalid_value(message: str) -> AwsError:
    """Both services' code for a value that is not allowed; RDS does not model it."""
    return AwsError("InvalidParameterValue", message)


def invalid_combination(message: str) -> AwsError:
    """Both services' code for parameters that do not go together; RDS does not model it."""
    return AwsError("InvalidParameterCombination", message)
