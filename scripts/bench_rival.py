"""The idiomatic way to take signed evidence in: typed body, eth-account, one ORM commit each."""

from pathlib import Path

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from api.fields import from_wire
from ledger.chain.bindings import MESSAGES

FIELDS = MESSAGES["Evidence"]["fields"]
TYPES = {"Evidence": [{"name": name, "type": kind} for name, kind in FIELDS]}
DOMAIN = {"name": "Emissions", "version": "1"}
PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"


class Evidence(BaseModel):
    facility: str
    period: str
    follows: str
    month: str
    root: str
    leaves: int
    deadline: str


class Envelope(BaseModel):
    message: Evidence
    domain: dict[str, int | str]
    signature: str


class Base(DeclarativeBase): ...


class Submission(Base):
    __tablename__ = "submission"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[bytes] = mapped_column(unique=True)
    type: Mapped[str]
    key: Mapped[bytes]
    payload: Mapped[bytes]
    signature: Mapped[bytes]
    deadline: Mapped[int]


def create_rival(database: Path) -> FastAPI:
    """Its application, on a fresh SQLite file with write-ahead log and full sync."""
    engine = create_engine(f"sqlite:///{database}")
    event.listen(engine, "connect", lambda connection, _: connection.executescript(PRAGMAS))
    Base.metadata.create_all(engine)
    sessions, app = sessionmaker(engine), FastAPI()

    @app.post("/v1/evidence", status_code=202)
    def post(body: Envelope) -> dict[str, str]:
        wire, signature = body.message.model_dump(), bytes.fromhex(body.signature[2:])
        values = {name: from_wire(name, kind, wire[name], pointer=name) for name, kind in FIELDS}
        domain = DOMAIN | {"chainId": body.domain["chain_id"]}
        domain |= {"verifyingContract": body.domain["contract"]}
        signable = encode_typed_data(domain, TYPES, values)
        key = bytes.fromhex(Account.recover_message(signable, signature=signature)[2:])
        payload = encode([kind for _, kind in FIELDS], list(values.values()))
        act_id = signable.body[:31] + b"\x00"
        row = {"id": act_id, "type": "Evidence", "key": key, "payload": payload}
        row |= {"signature": signature, "deadline": values["deadline"]}
        with sessions.begin() as session:
            session.add(Submission(**row))
        return {"id": "0x" + act_id.hex()}

    return app
