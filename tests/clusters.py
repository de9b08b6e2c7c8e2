"""A cluster of Dask in this process, and certificates for it: starting processes that load TensorFlow takes long."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from distributed import Client, LocalCluster, Security

TLS = {
    "ca_file": "distributed.comm.tls.ca-file",
    "cert": "distributed.comm.tls.client.cert",
    "key": "distributed.comm.tls.client.key",
}
"""Settings of Dask, by what it calls them."""


@contextmanager
def in_threads(workers=1, security=None):
    """A client of workers in threads. All that they are sent is packed, and goes through the system, as elsewhere."""
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            protocol="tcp://" if security is None else "tls://",
            security=security,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def certificates():
    """Certificates for a while."""
    pytest.importorskip("cryptography", reason="cryptography, which makes certificates, is not installed")
    return Security.temporary()


def settings_of(security, folder=None):
    """How Dask is told of the certificates of a client: by their text, or by files that are written to a folder."""
    known = security.get_tls_config_for_role("client")
    if folder is None:
        return {name: known[word] for word, name in TLS.items()}
    for word in TLS:
        (folder / f"{word}.pem").write_text(known[word])
    return {name: str(folder / f"{word}.pem") for word, name in TLS.items()}
