"""A Dask cluster: connecting to it, and tasks whose requests are sent to its workers once.

What a task returns does not depend on where it runs. Columns travel in the smallest integers that
hold them, and one that several tasks need is sent once; no worker reads a file.
"""

import hashlib
import logging
import platform
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import InputError, LimitError
from kvproof.scheduling.exact import smallest
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.notices import tell
from kvproof.scheduling.request_columns import given_away
from kvproof.scheduling.words import counted

#: Seconds for a scheduler to answer, and for a worker to be there.
PATIENCE = 10
#: Seconds after which it is asked whether workers are left.
_ASK = 2.0
#: Whose loggers show tracebacks of what is said in one line here.
_LOUD = ("asyncio", "distributed", "tornado")


class Cluster:
    """A cluster that is connected; :func:`connect` makes one."""

    def __init__(self, client: Any, workers: int) -> None:
        self._client = client
        self.workers = workers

    def map(self, function: Callable[..., Any], *columns: Sequence[Any]) -> Iterator[Any]:
        """Yield what the function makes of the columns' entries, in order.

        Raises
        ------
        LimitError
            Workers, or what was sent to them, were lost before the answer.
        InputError
            A worker lacks a module that a task needs.
        """
        return self._results(self._client.map(function, *columns, pure=False))

    def over(
        self, function: Callable[..., Any], instances: Sequence[Instance], *columns: Sequence[Any]
    ) -> Iterator[Any]:
        """Send it all; yield what the function makes of each instance and its entries, in order.

        Raises as :meth:`map` does.
        """
        tell(
            f"{counted(len(instances), 'task')} on {counted(self.workers, 'Dask worker')}; the "
            "schedule of one replica is one task: each start depends on all before"
        )
        different = {id(instance): instance for instance in instances}
        packed = {one: _packed(instance) for one, instance in different.items()}
        keys = {one: [_digest(column) for column in made] for one, made in packed.items()}
        uses = Counter(key for instance in instances for key in keys[id(instance)])
        sent: dict[bytes, Any] = {}
        with _in_words():
            for one, made in packed.items():
                for column, key in zip(made, keys[one], strict=True):
                    if key not in sent:
                        (sent[key],) = self._client.scatter([column], broadcast=uses[key] > 1)
        futures = [
            self._client.submit(
                _run, function, instance.memory, [sent[key] for key in keys[id(instance)]], *rest,
                pure=False,
            )
            for instance, *rest in zip(instances, *columns, strict=True)
        ]  # fmt: skip
        return self._results(futures)

    def _results(self, futures: list[Any]) -> Iterator[Any]:
        for number, future in enumerate(futures):
            with _in_words():
                answer = self._result(future)
            futures[number] = None  # the cluster may forget it
            yield answer

    def _result(self, future: Any) -> Any:
        while True:
            try:
                return future.result(timeout=_ASK)
            except TimeoutError:
                if not self._client.nthreads():
                    raise LimitError(
                        "the Dask cluster has lost its workers before the answer; start workers, "
                        "with more memory if they ran out of it, and run it again"
                    ) from None


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """Connect to a cluster by the address of its scheduler.

    Raises
    ------
    InputError
        The package is not installed, that is no address, Dask has no certificates for one of TLS,
        no scheduler answers there, it has no worker, or a worker has another version of this
        package or of Python.
    """
    if not address:  # the package would start a cluster of its own
        raise InputError("--dask needs the address of a scheduler, as tcp://HOST:8786")
    try:
        import distributed
        from distributed.comm.addressing import get_address_host
    except ImportError:
        raise InputError("--dask needs the package distributed; it is not installed") from None
    package: Any = distributed
    try:  # before there is a client: one that has never begun to connect takes 20 s to close
        with _quietly():
            get_address_host(address)
            security = package.Security().get_connection_args("client")
        _ = urlsplit(address if "//" in address else f"//{address}").port  # is it in range?
    except (ValueError, ImportError, OSError, Warning) as error:  # a Warning: as of ucx://
        why = str(error).strip().rstrip(".")
        raise InputError(
            f"--dask {address}: {why}; give the address of a scheduler, as tcp://HOST:8786"
        ) from error
    if address.startswith("tls://") and security["ssl_context"] is None:
        raise InputError(
            f"--dask {address}: Dask's configuration has no certificates (distributed.comm.tls); "
            "give them there, or an address as tcp://HOST:8786"
        )
    with _quietly():
        try:
            client = package.Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(f"no Dask scheduler answers at {address}: {error}") from error
        try:
            yield Cluster(client, _checked_workers(client, address))
        finally:
            client.close()


def connected(address: str | None) -> AbstractContextManager[Cluster | None]:
    """Connect, as :func:`connect` does, where there is an address."""
    return nullcontext() if address is None else connect(address)


def _checked_workers(client: Any, address: str) -> int:
    """Return how many workers there are, all of them of these versions."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise InputError(
            f"the Dask scheduler at {address} has no worker; start one: dask worker {address}"
        ) from None
    found = client.run(versions, on_error="return")
    for worker, theirs in found.items():
        if isinstance(theirs, Exception):
            raise InputError(
                f"the Dask worker {worker} cannot import kvproof ({theirs}); install it there"
            )
        for name, version in versions().items():
            if theirs.get(name) != version:
                raise InputError(
                    f"the Dask worker {worker} has {name} {theirs.get(name)}, and here it is "
                    f"{version}; install the same"
                )
    return len(found)


def versions() -> dict[str, str]:
    """Return what must be the same wherever tasks run, so that results are."""
    import kvproof

    return {
        "kvproof": kvproof.__version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "NumPy": np.__version__,
    }


@contextmanager
def _quietly() -> Iterator[None]:
    """Let the package log and warn of nothing: what went wrong is said in one line."""
    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in _LOUD]
    loggers = [logging.getLogger(name) for name in known]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in the words of this package what can become of a task on a cluster."""
    from distributed.scheduler import KilledWorker

    try:
        yield
    except KilledWorker as error:
        raise LimitError(
            f"a task took one Dask worker after the other with it, the last one "
            f"{error.last_worker.address}; it may have run out of memory (--limit, --sample)"
        ) from error
    except (CancelledError, OSError) as error:
        raise LimitError(
            f"the Dask cluster, or requests that were sent to it, was lost before the answer "
            f"({type(error).__name__}); see its logs, and run it again"
        ) from error
    except ImportError as error:
        raise InputError(f"a Dask worker cannot run a task: {error}; install it there") from error


Packed = npt.NDArray[Any]


def _packed(instance: Instance) -> list[Packed]:
    """Return arrival, prompt, output, and count if there is one, in small integers."""
    columns = (instance.arrival, instance.prompt, instance.output, instance.count)
    return [smallest(column) for column in columns if column is not None]


def _digest(column: Packed) -> bytes:
    hasher = hashlib.sha256(column.dtype.str.encode())
    hasher.update(np.ascontiguousarray(column).data)
    return hasher.digest()


def _run(function: Callable[..., Any], memory: int, columns: Sequence[Packed], *rest: Any) -> Any:
    """Run a task where the columns of its instance are."""
    names = ("arrival", "prompt", "output", "count")
    wide = [given_away(column.astype(np.int64)) for column in columns]
    return function(Instance(memory=memory, **dict(zip(names, wide, strict=False))), *rest)
