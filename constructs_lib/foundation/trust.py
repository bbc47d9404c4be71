"""Who may take a role."""

from __future__ import annotations

from typing import Any


def service_trust(service: str, *, source_arn: str | None = None) -> dict[str, Any]:
    """Trust one AWS service, acting for this account only, or for one resource of it."""
    source = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}, "aws:SourceArn": source_arn}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {key: value for key, value in source.items() if value is not None}},
            }
        ],
    }
