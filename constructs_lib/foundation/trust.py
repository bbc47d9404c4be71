"""Who may take a role."""

from __future__ import annotations

from typing import Any


def service_trust(service: str) -> dict[str, Any]:
    """Trust one AWS service, acting for this account only."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            }
        ],
    }
