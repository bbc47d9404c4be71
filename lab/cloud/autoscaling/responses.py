"""Application Auto Scaling operations that moto lacks: tags and activities."""

from __future__ import annotations

import json
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from lab.cloud.autoscaling.models import KINDS, Activity


class ScalingResponse(ApplicationAutoScalingResponse):  # type: ignore[misc]
    """moto's with the overlay's backend behind it."""

    def _validate_params(self) -> None:
        """moto's, except where it does not know what is modelled here."""
        if self._get_param("ServiceNamespace") not in KINDS:
            super()._validate_params()

    def register_scalable_target(self) -> str:
        answer: str = super().register_scalable_target()
        tags = self._get_param("Tags")
        if tags:
            self.backend.tags.setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(tags)
        return answer

    @property
    def backend(self) -> Any:
        return self.applicationautoscaling_backend

    def describe_scaling_policies(self) -> str:
        """By name, too, which moto does not look at."""
        answer = json.loads(super().describe_scaling_policies())
        names = self._get_param("PolicyNames")
        if names:
            answer["ScalingPolicies"] = [each for each in answer["ScalingPolicies"] if each["PolicyName"] in names]
        return json.dumps(answer)

    def tag_resource(self) -> str:
        arn = self._get_param("ResourceARN")
        self.backend.target_by_arn(arn)
        self.backend.tags.setdefault(arn, {}).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self) -> str:
        arn = self._get_param("ResourceARN")
        self.backend.target_by_arn(arn)
        for key in self._get_param("TagKeys"):
            self.backend.tags.get(arn, {}).pop(key, None)
        return "{}"

    def list_tags_for_resource(self) -> str:
        arn = self._get_param("ResourceARN")
        self.backend.target_by_arn(arn)
        return json.dumps({"Tags": self.backend.tags.get(arn, {})})

    def describe_scaling_activities(self) -> str:
        wanted = self._get_param("ResourceId")
        place = (self._get_param("ServiceNamespace"), self._get_param("ScalableDimension"))
        found = [
            each
            for each in reversed(self.backend.activities)
            if wanted in {None, each.resource_id} and each.namespace == place[0] and place[1] in {None, each.dimension}
        ]
        return json.dumps({"ScalingActivities": [_shown(each) for each in found]})


def _shown(activity: Activity) -> dict[str, Any]:
    said = f"{activity.description[0].lower()}{activity.description[1:]}"
    return {
        "ActivityId": activity.id,
        "ServiceNamespace": activity.namespace,
        "ResourceId": activity.resource_id,
        "ScalableDimension": activity.dimension,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.start.timestamp(),
        "EndTime": activity.start.timestamp(),
        "StatusCode": "Failed" if activity.refusal else "Successful",
        "StatusMessage": f"Failed to set: {activity.refusal}" if activity.refusal else f"Successfully {said}",
    }
