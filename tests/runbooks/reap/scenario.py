"""Two expired clones reaped, one with all that can hang on it, beside what must stay, for the matrices."""

from __future__ import annotations

from estate.names import TAG_EXPIRES, TAG_PURPOSE, TAG_RUN, TAG_SOURCE
from tests.runbooks.reap.region import (
    FUTURE,
    SOURCE,
    SOURCE_ARN,
    add_endpoint_and_scaling,
    clusters,
    groups,
    make_clone,
    make_quarantine,
    make_source,
    secrets,
    snapshots,
    tags,
)
from tests.support.scenario import Cloud, Scenario


def _set_up(cloud: Cloud) -> None:
    make_source(cloud)
    group = make_quarantine(cloud, "dev", tags("r1"))
    make_clone(cloud, "dev", tags("r1"), VpcSecurityGroupIds=[group], CopyTagsToSnapshot=True)
    add_endpoint_and_scaling(cloud, "dev", tags("r1"))
    make_clone(cloud, "next", tags("r2", expires=FUTURE))
    make_quarantine(cloud, "next", tags("r2", expires=FUTURE))
    cloud.client("route53").create_hosted_zone(Name="shop.internal", CallerReference="c")
    make_clone(cloud, "bystander", tags("", purpose="", source="", expires=""))


def _done(cloud: Cloud) -> None:
    assert clusters(cloud) == {SOURCE, "next", "bystander"}
    (final,) = snapshots(cloud).items()
    assert final[0] == "dev-final-matrix"
    assert TAG_EXPIRES not in final[1]
    assert final[1][TAG_RUN] == "matrix"
    assert final[1][TAG_PURPOSE] == "reap"
    assert final[1][TAG_SOURCE] == SOURCE_ARN.replace(SOURCE, "dev")
    assert "next-quarantine" in groups(cloud)
    assert "dev-quarantine" not in groups(cloud)
    assert secrets(cloud) == {"aurora-estate/next/master"}
    instances = cloud.client("rds").describe_db_instances()["DBInstances"]
    assert len(instances) == 5
    targets = cloud.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="rds")
    assert targets["ScalableTargets"] == []
    assert not cloud.client("ssm").describe_parameters()["Parameters"]


SCENARIOS = (Scenario(name="reap", words=("reap",), set_up=_set_up, done=_done, cluster="dev", target="dev"),)
