"""An enterprise without a key in hand: invited by its park, signed for by the service."""

from typing import Any

from httpx2 import Response

from api.nouns import NOUN_OF
from ledger.chain.bindings import RIGHTS
from tests.api.next_messages import standing_change
from tests.api.world import World
from tests.messages import allocation
from tests.park import ENTERPRISE_RIGHTS, FOR_EVER

ENTERPRISE, PREFIX = "88.111/ENT.0004", "88.111.4"
KEPT_RIGHTS = ENTERPRISE_RIGHTS | RIGHTS["CUSTODIAL"]


def send(world: World, method: str, path: str, token: str | None, **request: Any) -> Response:
    """A request with that token, writes under a fresh idempotency key."""
    headers = {"Idempotency-Key": f"custody-{next(world.park._numbers)}"}
    headers |= request.pop("headers", {})
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return world.park.http.request(method, path, headers=headers, **request)


def invite(
    world: World, *, by: str = "park", participant: str = ENTERPRISE, **more: Any
) -> Response:
    body = {"participant": participant, "person": 1}
    return send(world, "POST", "/v1/invitations", world.park.token(by), json=body, **more)


def settle(world: World) -> None:
    """Registered and admitted, without a key."""
    park = world.park
    park.register("88.111", "ENT.0004", "enterprise", owner="88/PARK.0001", signer="park")
    park.register("88.111", "4", "prefix", owner=ENTERPRISE, signer="park", wait=True)
    change = standing_change(ENTERPRISE, standing=7, revision=1)
    park.act("StandingChange", change, signer="regulator")


def key_addition(address: str, **changes: Any) -> dict[str, Any]:
    """The park's addition of a custody key."""
    return {
        "participant": ENTERPRISE,
        "added_key": address,
        "person": 1,
        "rights": KEPT_RIGHTS,
        "scheme": "secp256k1",
        "valid_from": None,
        "valid_until": FOR_EVER,
    } | changes


def entrust(world: World) -> str:
    """The enterprise with its custody key on chain and quota; its person's first token."""
    settle(world)
    told = invite(world).json()
    body = world.park.envelope("KeyAddition", key_addition(told["custody_key"]), signer="park")
    answer = world.park.post("KeyAddition", body)
    assert answer.status_code == 200, answer.text
    world.park.act("Allocation", allocation(account=ENTERPRISE, tonnes=90), signer="regulator")
    opened = send(world, "POST", f"/v1/invitations/{told['secret']}", None)
    assert opened.status_code == 201, opened.text
    token: str = opened.json()["token"]
    return token


def post(
    world: World, message_type: str, message: dict[str, Any], token: str | None, **more: Any
) -> Response:
    """A message that the service completes and signs."""
    path = f"/v1/{NOUN_OF[message_type]}{more.pop('query', '?wait=final&wait_seconds=30')}"
    body = {"custody": True, "message": message}
    return send(world, "POST", path, token, json=body, **more)
