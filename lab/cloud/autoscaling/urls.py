"""Where requests for Application Auto Scaling arrive; moto finds this module by the backend's own module name."""

from moto.applicationautoscaling.urls import url_bases

from lab.cloud.autoscaling.responses import ScalingResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": ScalingResponse.dispatch}
