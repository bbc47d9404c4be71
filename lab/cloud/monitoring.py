"""CloudWatch: what moto's leaves out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from moto.cloudwatch import urls
from moto.cloudwatch.models import CloudWatchBackend

from lab.cloud.awserrors import invalid_value

SERVICES = "AWS/"


class LabCloudWatchBackend(CloudWatchBackend):  # type: ignore[misc]
    """moto's CloudWatch, whose dashboards can be tagged too.

    API reference, TagResource: "the only CloudWatch resources that can be tagged are alarms, dashboards, metric
    streams and Contributor Insights rules"; moto knows alarms only.
    """

    _url_module = urls

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """Refuse what is a service's own: "you can't specify a namespace that begins with 'AWS/'; namespaces that begin
        with 'AWS/' are reserved for use by Amazon Web Services products". [CloudWatch API reference, PutMetricData]
        """
        if namespace.startswith(SERVICES):
            raise invalid_value(f"The value {namespace} for parameter Namespace is invalid.")
        super().put_metric_data(namespace, metric_data)

    def record(self, namespace: str, name: str, dimensions: Mapping[str, str], value: float, at: dt.datetime) -> None:
        """A sample that a service of AWS reports of itself."""
        pairs = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        naive = at.astimezone(dt.UTC).replace(tzinfo=None)  # as moto keeps time
        datum = {"MetricName": name, "Dimensions": pairs, "Value": value, "Timestamp": naive}
        super().put_metric_data(namespace, [datum])

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        if arn in {dashboard.arn for dashboard in self.dashboards.values()}:
            self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
        else:
            super().tag_resource(arn, tags)
