"""Pytest fixtures of real clusters; load them with `pytest_plugins = ["ocr_cluster.fixtures"]`.

Each test session starts new clusters under new names. It never uses the demo's cluster, or a cluster of the
machine's kubeconfig. If a cluster cannot be started, the test fails; it is not skipped.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml

from ocr_cluster import lifecycle, sandbox
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError

_RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@pytest.fixture(scope="session")
def light_cluster() -> Iterator[Cluster]:
    """A real control plane with three fake nodes (KWOK): pods become Ready, but nothing runs."""
    yield from _session_cluster("light", light=True, node_count=3)


@pytest.fixture(scope="session")
def full_cluster() -> Iterator[Cluster]:
    """A real single node: containers run, volumes keep data, and this machine can reach Services."""
    yield from _session_cluster("full")


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """A new namespace in the cluster that the test uses, removed afterwards."""
    with _namespace(_cluster_of(request)) as name:
        yield name


@pytest.fixture
def restricted_namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same, with the restricted Pod Security Standard enforced."""
    with _namespace(_cluster_of(request), _RESTRICTED) as name:
        yield name


def require_test_cluster(cluster: Cluster) -> None:
    """Raises `ClusterError` unless the kubeconfig leads to this cluster's network namespace."""
    servers = [
        each["cluster"]["server"] for each in yaml.safe_load(cluster.kubeconfig.read_text())["clusters"]
    ]
    node = str(cluster.record.addresses.node)
    if servers != [f"https://{node}:6443"] or node not in sandbox.node_addresses(
        cluster.record.supervisor.pid
    ):
        raise ClusterError(
            f"{cluster.kubeconfig} names {servers}, not the test cluster {cluster.name}: refusing to test"
        )


def _session_cluster(kind: str, **options: object) -> Iterator[Cluster]:
    lifecycle.sweep()
    with lifecycle.running(f"test-{kind}-{os.getpid()}", **options) as cluster:
        require_test_cluster(cluster)
        yield cluster


def _cluster_of(request: pytest.FixtureRequest) -> Cluster:
    """The cluster among the test's fixtures."""
    used = [name for name in ("light_cluster", "full_cluster") if name in request.fixturenames]
    if len(used) != 1:
        raise ClusterError(
            f"a test with a namespace must use either light_cluster or full_cluster; it uses {used}"
        )
    cluster: Cluster = request.getfixturevalue(used[0])
    return cluster


@contextmanager
def _namespace(cluster: Cluster, *labels: str) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    if labels:
        cluster.kubectl("label", "namespace", name, *labels)
    cluster.wait(
        lambda: cluster.get("serviceaccount", "default", f"--namespace={name}"),
        f"the service account of {name}",
    )
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
        # So that they put no load on the next test.
        pods = ("pods", f"--namespace={name}")
        cluster.wait(lambda: not cluster.get(*pods).get("items"), f"the pods of {name} to end", 120)
