"""Where requests for ElastiCache arrive; moto finds this module by the backend's own module name."""

from moto.elasticache.urls import url_bases

from lab.cloud.elasticache.responses import CacheResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": CacheResponse.dispatch}
