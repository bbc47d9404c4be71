"""Errors of the CloudFormation API, with the codes that AWS's clients look for."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ValidationError(ServiceException):  # type: ignore[misc]
    """The request or the template is wrong, or the stack does not exist."""

    code = "ValidationError"


class ChangeSetNotFoundError(ServiceException):  # type: ignore[misc]
    """The CDK CLI asks for its change set before it makes one, and looks for exactly this code."""

    code = "ChangeSetNotFound"


class InvalidChangeSetStatusError(ServiceException):  # type: ignore[misc]
    """The change set was executed already or could not be created."""

    code = "InvalidChangeSetStatus"


class AlreadyExistsError(ServiceException):  # type: ignore[misc]
    """A stack or change set of that name exists."""

    code = "AlreadyExistsException"


class ResourceError(RuntimeError):
    """A resource could not be created, changed or deleted; the text becomes the stack event's reason."""


def no_such_stack(name: str) -> ValidationError:
    return ValidationError(f"Stack with id {name} does not exist")
