"""Where requests for CloudFormation arrive; moto finds this module by the backend's own module name."""

from moto.cloudformation.urls import url_bases

from lab.cloud.cloudformation.responses import LabCloudFormationResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": LabCloudFormationResponse.dispatch}
