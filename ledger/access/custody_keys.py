"""Signing keys that the service holds for persons without a key in hand, sealed at rest.

What such a key may do stands on chain like any other's; here lies only who it was made for.
"""

from sqlalchemy import Connection, insert, select

from identity.keys import address_of, generate_key
from identity.sealing import open_sealed, seal
from identity.signer import LocalSigner, Signer
from ledger.access.model import custody_key_table
from ledger.store.rows import Row, every_row, first_row


def make_custody_key(
    connection: Connection, participant: bytes, *, person: int, sealing_key: bytes, now: int
) -> Row:
    """A fresh key for this person of the participant (32 bytes), kept sealed."""
    private_key = generate_key()
    context = _context(participant, person)
    row = {
        "address": address_of(private_key),
        "participant": participant,
        "person": person,
        "sealed": seal(sealing_key, private_key, context=context),
        "created_at": now,
    }
    connection.execute(insert(custody_key_table).values(**row))
    return row


def custody_keys(connection: Connection, participant: bytes, *, person: int) -> list[Row]:
    """The keys held for this person, newest first."""
    table = custody_key_table
    mine = (table.c.participant == participant) & (table.c.person == person)
    return every_row(connection, select(table).where(mine).order_by(table.c.seq.desc()))


def custody_key_by_address(connection: Connection, address: bytes) -> Row | None:
    """The key of this address, if it is held here."""
    query = select(custody_key_table).where(custody_key_table.c.address == address)
    return first_row(connection, query)


def signer_of(row: Row, *, sealing_key: bytes) -> Signer:
    """What signs with this key; raises SealBroken when the row is not as it was written."""
    context = _context(row["participant"], row["person"])
    return LocalSigner(open_sealed(sealing_key, row["sealed"], context=context))


def _context(participant: bytes, person: int) -> bytes:
    """A key moved to another person's row does not open there."""
    return b"custody" + participant + person.to_bytes(4)
