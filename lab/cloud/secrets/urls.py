"""Where requests for Secrets Manager arrive; moto finds this module by the backend's own module name."""

from moto.secretsmanager.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
