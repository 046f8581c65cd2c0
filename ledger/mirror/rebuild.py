"""A new mirror from the chain beside the served one, and the turn to it."""

from ledger.chain.reader import Reader
from ledger.mirror.follower import MirrorFile, remove_mirror
from ledger.store.engine import Store
from ledger.store.manifest import Manifest, serve_mirror


def rebuild(store: Store, reader: Reader, manifest: Manifest) -> tuple[int, int]:
    """Rebuild the mirror and serve it: its generation and the last block read.

    What is served stays so until the new file has read the whole chain.
    """
    generation = store.mirror_generation() + 1
    path = store.mirror_path(generation)
    remove_mirror(path)  # left half-made by an earlier try
    rebuilt = MirrorFile(path, reader, manifest)
    try:
        rebuilt.follow()
        number, _ = rebuilt.head()
    finally:
        rebuilt.close()
    with store.keeping() as connection:
        serve_mirror(connection, generation)
    return generation, number
