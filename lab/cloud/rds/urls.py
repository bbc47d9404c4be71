"""Where requests for RDS arrive; moto finds this module by the backend's own module name."""

from moto.rds.urls import url_bases

from lab.cloud.rds.responses import AuroraResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": AuroraResponse.dispatch}
