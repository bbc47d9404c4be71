"""EC2: moto's, behind the overlay's own answers."""

from __future__ import annotations

from moto.ec2.models import EC2Backend

from lab.cloud.ec2 import urls


class LabEC2Backend(EC2Backend):  # type: ignore[misc]
    """moto's EC2 with the operations of `LabEC2Response`."""

    _url_module = urls
