"""Dask: processes of this machine, or any cluster that a client of it speaks with; reached here and nowhere else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import ssl
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.core.config import shown

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["EXTRA", "ClusterError", "connected", "dask_package", "dask_setup"]

EXTRA: Final = 'pip install "unet_explorer[cluster]"'
_PATIENCE: Final = 10.0
"""Seconds within which a scheduler has to answer."""
_STARTING: Final = 10.0
"""Seconds that a first worker is waited for."""
_SCHEMES: Final = ("tcp", "tls", "ucx", "ws", "wss", "inproc")
_ENCRYPTED: Final = ("tls://", "wss://")
_TLS: Final = {
    "ca_file": "distributed.comm.tls.ca-file",
    "cert": "distributed.comm.tls.client.cert",
    "key": "distributed.comm.tls.client.key",
}
"""What Dask calls the files with which a client proves itself, and its settings of their paths."""
_OWN: Final = ("unet_explorer", "keras", "tensorflow", "numpy")
"""Packages of which all processes must have the same version, or results would differ."""


class ClusterError(RuntimeError):
    """A cluster that is missing, does not answer, or does not fit; it says what to do."""


def dask_package() -> Any:
    """The package ``distributed``, loaded when it is asked for.

    Raises:
        ClusterError: If it is not installed; it names the command that brings it.

    Example:
        >>> dask_package().__name__
        'distributed'
    """
    try:
        import distributed
    except ImportError:
        raise ClusterError(f"Dask is missing, which runs work in several processes: {EXTRA}") from None
    return distributed


@contextmanager
def connected(client: Client | str | None = None, *, workers: int | None = None) -> Iterator[Client]:
    """A client of Dask: the one that is given, one of the scheduler at an address, or one of processes made for it.

    Processes that are made here listen on this machine alone, have one thread each, and end with the block. A client
    that was given is left as it was found. In a script, whatever makes processes stands below
    ``if __name__ == "__main__":``, as each of them reads the script anew.

    A scheduler at ``"tls://…"`` wants certificates: Dask takes their paths from ``distributed.comm.tls.ca-file``,
    ``distributed.comm.tls.client.cert`` and ``distributed.comm.tls.client.key`` of its configuration.

    Args:
        client: A ``distributed.Client``; the address of a scheduler, such as ``"tcp://127.0.0.1:8786"`` or
            ``"tls://…"``; or None.
        workers: How many processes are made; left out, one for each processor that may be used.

    Yields:
        The client.

    Raises:
        ValueError: If it is none of these.
        ClusterError: If Dask is missing, nobody answers, certificates do not do, processes do not start, there is no
            worker, or versions differ.

    Example:
        >>> with connected(workers=1) as client:
        ...     client.submit(sum, [1, 2]).result()
        3
    """
    if isinstance(client, str):
        _check_address(client)
    elif client is not None and not _is_client(client):
        raise ValueError(f"client={shown(client)} is not allowed: give a distributed.Client, an address, or None.")
    distributed = dask_package()
    if client is None:
        with _local(distributed, workers) as made:
            yield made
    elif isinstance(client, str):
        if client.startswith(_ENCRYPTED):
            _check_certificates(client)
        with _at(distributed, client) as found:
            _check(found)
            yield found
    else:
        _check(client)
        yield client


def dask_setup(worker: object) -> None:
    """Leave Ctrl + C to the process that has started these; Dask calls this in each of them.

    Args:
        worker: Of Dask.

    Example:
        >>> import signal
        >>> before = signal.getsignal(signal.SIGINT)
        >>> dask_setup(None)
        >>> signal.signal(signal.SIGINT, before) is signal.SIG_IGN
        True
    """
    # A terminal sends it to all processes at once, and each would print where it was.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _is_client(client: object) -> bool:
    # A class of a package that is not loaded has no instances.
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(client, distributed.Client) and not client.asynchronous


def _check_address(address: str) -> None:
    scheme, between, place = address.partition("://")
    if not between or scheme not in _SCHEMES or not place:
        raise ValueError(
            f'client={shown(address)} is no address: give one such as "tcp://127.0.0.1:8786", a distributed.Client, or '
            "None."
        )


@contextmanager
def _local(distributed: Any, workers: int | None) -> Iterator[Any]:
    """Processes of this machine: nobody else's, and no page of theirs.

    Raises:
        ClusterError: If they do not start.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        # One of these, about to read the script anew that has started it: whoever waits for it says what is wrong.
        raise SystemExit(1)
    count = workers or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
    with warnings.catch_warnings():
        # Dask warns where a port it would like is taken, and takes another.
        warnings.simplefilter("ignore")
        try:
            cluster = distributed.LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                # Half of the memory is no reason to write to disc: what fits is known before.
                memory_limit=0,
                # What goes wrong is said in our own words.
                silence_logs="CRITICAL",
                # Dask calls `dask_setup` there.
                preload=__name__,
            )
        except RuntimeError as error:
            raise ClusterError(_not_started(error)) from None
    try:
        client = distributed.Client(cluster, timeout=_PATIENCE)
        try:
            yield client
        finally:
            client.close()
    finally:
        cluster.close()


def _not_started(error: RuntimeError) -> str:
    words = f"The processes of Dask have not started ({str(error).rstrip('.')})"
    if getattr(sys.modules["__main__"], "__file__", None) is None:
        return f"{words}."
    return (
        f'{words}. In a script, whatever starts them must stand below `if __name__ == "__main__":`, for each of them '
        "reads the script anew."
    )


def _check_certificates(address: str) -> None:
    """See that Dask knows what to prove itself with; it would speak of an `ssl_context`, or name no file.

    Raises:
        ClusterError: If something is missing.
    """
    from distributed import Security

    known = Security().get_tls_config_for_role("client")
    # A certificate may have its key in the same file.
    missing = [name for word, name in _TLS.items() if not known[word] and (word != "key" or not known["cert"])]
    if missing:
        raise ClusterError(
            f"{shown(address)} asks for certificates, and Dask does not know yours: set {', '.join(missing)} in "
            "its configuration to the paths of your files, or give a distributed.Client with security=… as client."
        )
    for word, name in _TLS.items():
        # Dask takes a text with lines as the certificate itself.
        path = known[word]
        if path and "\n" not in path and not os.path.isfile(path):
            raise ClusterError(f"{name} is {shown(path)} in Dask's configuration, and no such file is there.")


@contextmanager
def _at(distributed: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(address, timeout=_PATIENCE)
    except (OSError, TimeoutError, ValueError, RuntimeError, TypeError) as error:
        raise ClusterError(f"{_unanswered(address, error)}.") from None
    try:
        yield client
    finally:
        client.close()


def _unanswered(address: str, error: Exception) -> str:
    """Why there is no client of a scheduler."""
    kind = type(error).__name__
    if isinstance(error, ssl.SSLError) or kind == "FatalCommClosedError":
        return (
            f"The certificates of the scheduler at {shown(address)} and yours do not go together "
            f"({getattr(error, 'reason', None) or kind}): look at {', '.join(_TLS.values())} in Dask's configuration"
        )
    if "encryption required" in str(error):
        return (
            f"Dask's configuration (distributed.comm.require-encryption) refuses {shown(address)}: give an address "
            "that begins with tls://"
        )
    look = "look at the address"
    if kind == "CommClosedError" and not address.startswith(_ENCRYPTED):
        look = "look at the address, which begins with tls:// where certificates are asked for"
    return f"No scheduler of Dask answers at {shown(address)} ({kind}): start one with `dask scheduler`, or {look}"


def _check(client: Any) -> None:
    """Refuse a cluster that would compute something else, or nothing.

    Raises:
        ClusterError: In words.
    """
    if client.status != "running":
        raise ClusterError(f"The client of Dask is {client.status}: connect it anew.")
    try:
        # One that has been started a moment ago may still be on its way.
        client.wait_for_workers(1, timeout=_STARTING)
    except TimeoutError:
        raise ClusterError("The scheduler of Dask has no worker: start one with `dask worker ADDRESS`.") from None
    here = _versions()
    try:
        everywhere = client.run(_versions)
    except Exception as error:  # noqa: BLE001  # what a worker cannot load it says in its own way
        raise ClusterError(
            f"A worker of Dask cannot load this package ({str(error)[:200] or type(error).__name__}): install it there "
            f"as well, in the same version: {EXTRA}"
        ) from None
    for worker, there in everywhere.items():
        for package, version in here.items():
            if there.get(package) != version:
                has = f"has {package} {there[package]}" if there.get(package) else f"lacks {package}"
                raise ClusterError(
                    f"The worker {worker} {has}, here it is {version}: install the same everywhere, or results would "
                    "differ."
                )


def _versions() -> dict[str, str]:
    """Versions of what results depend on, without loading any of it."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in _OWN:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
