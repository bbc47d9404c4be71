"""Where requests for AWS Backup arrive; moto finds this module by the backend's own module name."""

from moto.backup.urls import url_bases
from moto.backup.urls import url_paths as moto_paths

from lab.cloud.backup.responses import LabBackupResponse

__all__ = ["url_bases", "url_paths"]

_OWN = (
    "{0}/restore-testing/plans/?$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/?$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections/?$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections/(?P<selection>[^/]+)/?$",
)
url_paths = dict.fromkeys((*moto_paths, *_OWN), LabBackupResponse.dispatch)
