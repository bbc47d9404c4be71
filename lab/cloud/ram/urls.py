"""Where requests for RAM arrive; moto finds this module by the backend's own module name."""

from moto.ram.urls import url_bases
from moto.ram.urls import url_paths as moto_paths

from lab.cloud.ram.responses import LabRamResponse

__all__ = ["url_bases", "url_paths"]

_OWN = (
    "{0}/acceptresourceshareinvitation$",
    "{0}/disassociateresourceshare$",
    "{0}/getresourceshareinvitations$",
    "{0}/listpendinginvitationresources$",
    "{0}/listresources$",
)
url_paths = dict.fromkeys((*moto_paths, *_OWN), LabRamResponse.dispatch)
