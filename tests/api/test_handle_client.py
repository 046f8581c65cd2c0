"""A Handle client that is not ours resolves our identifiers over TLS, knowing only a CA."""

import gc
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLError

import pytest
import requests
import trustme
from pyhandle.client.resthandleclient import RESTHandleClient
from pyhandle.handleexceptions import GenericHandleError, HandleNotFoundException

from api.app import create_app
from tests.api.conftest import served
from tests.api.world import World

ENTERPRISE, METER = "88.111/ENT.0001", "88.111.1/MTR.0001"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a CA's certificate `ca.pem` and a server's `server.pem` for loopback."""
    directory = tmp_path_factory.mktemp("authority")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(directory / "ca.pem"))
    server = ca.issue_cert("127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(str(directory / "server.pem"))
    return directory


@pytest.fixture(scope="module")
def secure_url(world: World, authority: Path) -> Iterator[str]:
    """The world's API over TLS."""
    app = create_app(world.park.ledger)
    with served(app, certificate=authority / "server.pem") as address:
        yield address
        gc.collect()  # pyhandle closes its connections no sooner, and the server waits for that


def _client(url: str, authority: Path) -> RESTHandleClient:
    """A client for one test: the value of a fixture, and its connection, outlive the server."""
    return RESTHandleClient.instantiate_for_read_access(
        handle_server_url=url, HTTPS_verify=str(authority / "ca.pem")
    )


@pytest.mark.parametrize(
    "handle", [ENTERPRISE, METER, "88/REG.310000", "88.111.1/fac.0001", "0.NA/88.111"]
)
def test_resolve_gives_the_record_when_another_client_asks(
    world: World, secure_url: str, authority: Path, handle: str
) -> None:
    name = handle.removeprefix("0.NA/").upper()
    shown = world.park.get(f"/v1/identifiers/{name}")
    record = _client(secure_url, authority).retrieve_handle_record(handle)
    assert record["URL"] == f"{secure_url}/v1/identifiers/{name}"
    assert record["CL_KIND"] == shown["kind"]
    assert record["CL_OWNER"] == shown["owner"]
    assert record.get("CL_RECORD") == shown["record"]


def test_resolve_gives_one_value_when_another_client_asks_for_its_type(
    world: World, secure_url: str, authority: Path
) -> None:
    client = _client(secure_url, authority)
    digest = world.park.get(f"/v1/identifiers/{METER}")["record"]
    assert client.get_value_from_handle(METER, "CL_RECORD") == digest
    assert client.get_value_from_handle(METER, "CL_PUBKEY") is None
    filtered = client.retrieve_handle_record(METER, indices=[2, 100])
    assert list(filtered) == ["CL_KIND", "HS_ADMIN"]


def test_resolve_says_not_found_when_another_client_asks_for_nothing_there(
    secure_url: str, authority: Path
) -> None:
    client = _client(secure_url, authority)
    assert client.retrieve_handle_record("88.111.1/NOPE") is None
    with pytest.raises(HandleNotFoundException):
        client.get_value_from_handle("88.111.1/NOPE", "URL")


def test_resolve_is_refused_when_another_client_asks_for_a_foreign_prefix(
    secure_url: str, authority: Path
) -> None:
    client = _client(secure_url, authority)
    with pytest.raises(GenericHandleError, match='"responseCode":301'):
        client.retrieve_handle_record("10.1000/1")


def test_connect_fails_when_another_client_does_not_know_the_authority(secure_url: str) -> None:
    stranger = RESTHandleClient.instantiate_for_read_access(handle_server_url=secure_url)
    with pytest.raises((requests.exceptions.SSLError, SSLError)):
        stranger.retrieve_handle_record(METER)
