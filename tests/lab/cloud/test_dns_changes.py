"""Route 53's changes take their time: PENDING, then INSYNC (ChangeResourceRecordSets and GetChange, API reference)."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from lab.cloud.client import client
from lab.cloud.delays import NONE, Delays
from lab.cloud.install import install, reset_backends


def _change(value: str) -> dict[str, object]:
    record = {"Name": "db.staging.internal", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": value}]}
    return {"Comment": "a run", "Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}


def test_a_change_is_pending_until_every_server_answers_with_it() -> None:
    install(delays=Delays(modifying_s=0.05))
    reset_backends()
    route53 = client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name="staging.internal", CallerReference="a")["HostedZone"]["Id"]
    first = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=_change("one.test"))["ChangeInfo"]
    second = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=_change("two.test"))["ChangeInfo"]
    assert (first["Status"], first["Comment"]) == ("PENDING", "a run")
    assert first["Id"] != second["Id"]
    while route53.get_change(Id=second["Id"])["ChangeInfo"]["Status"] == "PENDING":
        time.sleep(0.01)
    assert route53.get_change(Id=first["Id"].rpartition("/")[2])["ChangeInfo"]["Status"] == "INSYNC"


def test_a_change_that_nobody_made_is_not_found() -> None:
    install(delays=NONE)
    reset_backends()
    with pytest.raises(ClientError) as caught:
        client("route53", "us-east-1").get_change(Id="C0NOBODY")
    assert caught.value.response["Error"]["Code"] == "NoSuchChange"
