"""Where requests for EC2 arrive; moto finds this module by the backend's own module name."""

from moto.ec2.urls import url_bases

from lab.cloud.ec2.responses import LabEC2Response

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/": LabEC2Response.dispatch}
