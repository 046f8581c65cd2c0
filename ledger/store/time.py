"""By which clock the time of a directory is told."""

from ledger.clock import MACHINE, ChainClock, Machine, RealClock, ScriptedClock
from ledger.errors import ScriptRefused
from ledger.settings import Settings, read_connections
from ledger.store.chain_log import freshness
from ledger.store.engine import Store


def clock_of(
    settings: Settings,
    store: Store,
    *,
    is_demo: bool,
    machine: Machine = MACHINE,
    offset: float | None = None,
) -> RealClock | ChainClock | ScriptedClock:
    """A chain's elsewhere, else a demo's script, else the machine's; before the store's watcher.

    `offset` is that of the process whose real time this shall be. Raises ScriptRefused for
    scripted time where it is no demo's.
    """
    if settings.clock_file is not None and not is_demo:
        raise ScriptRefused()
    if read_connections(settings.directory).rpc_url is not None:
        chain = ChainClock(lambda: _head_time(store), machine)
        store.changes.listen(chain.look)
        return chain
    if settings.clock_file is not None:
        return ScriptedClock(settings.clock_file)
    return RealClock(machine, offset=offset)


def _head_time(store: Store) -> int:
    with store.reading() as reading:
        return freshness(reading).head_time
