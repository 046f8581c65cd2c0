"""A new mirror from the chain beside the served one, and the turn to it."""

from ledger.chain.reader import Reader
from ledger.mirror.follower import Mirror
from ledger.store.engine import Store
from ledger.store.manifest import Manifest


def rebuild(store: Store, reader: Reader, manifest: Manifest) -> tuple[int, int]:
    """Rebuild the mirror and serve it: its generation and the last block read.

    What is served stays so until the new one has read the whole chain.
    """
    generation = store.mirror_generation() + 1
    store.remove_mirror(generation)  # left half-made by an earlier try
    rebuilt = Mirror(store.mirror_writer(generation), reader, manifest)
    try:
        rebuilt.follow()
        number = rebuilt.tip().number
    finally:
        rebuilt.close()
    store.serve_mirror(generation)
    return generation, number
