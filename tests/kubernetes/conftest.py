import os
from pathlib import Path

import pytest

from tests.kubernetes.cluster import KUBECONFIG, NEEDS_CLUSTER, started

PLUGINS = str(Path(__file__).resolve().parents[2] / "plugins")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skipif(KUBECONFIG is None, reason=NEEDS_CLUSTER))
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    os.umask(0o022)
    with started(tmp_path_factory.mktemp("pods"), toys=True) as running:
        yield running
