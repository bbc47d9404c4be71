"""CloudWatch: what moto's leaves out."""

from __future__ import annotations

from moto.cloudwatch import urls
from moto.cloudwatch.models import CloudWatchBackend


class LabCloudWatchBackend(CloudWatchBackend):  # type: ignore[misc]
    """moto's CloudWatch, whose dashboards can be tagged too.

    API reference, TagResource: "the only CloudWatch resources that can be tagged are alarms, dashboards, metric
    streams and Contributor Insights rules"; moto knows alarms only.
    """

    _url_module = urls

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        if arn in {dashboard.arn for dashboard in self.dashboards.values()}:
            self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
        else:
            super().tag_resource(arn, tags)
