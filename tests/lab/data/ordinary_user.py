"""Run by test_plane.py as an ordinary user: a cluster fails over and keeps its rows, a cache starts, nothing stays."""

from __future__ import annotations

from lab.data.plane import ProcessPlane
from lab.plane import CacheRequest
from tests.lab.data.support import Load, make_rig


def main() -> None:
    plane = ProcessPlane(dns_delay_s=0)
    try:
        rig = make_rig(plane, "mine", ("a", "b"))
        with Load(rig) as load:
            plane.failover(rig.cluster_id, rig.instance("b"))
            rig.healthy("a")
            load.more()
        lost = load.lost()
        plane.create_cache(CacheRequest(group_id="mine-cache", port=6380, cluster_mode=False, shards=(("n1", "n2"),)))
    finally:
        plane.close()
    print("lost" if lost or plane.base_dir.exists() else "kept")


if __name__ == "__main__":
    main()
