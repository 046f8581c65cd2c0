"""What several verbs read before they write."""

from typing import Any

from api.client import Client, resource
from scripts.people.connection import Connection


def identifier_of(client: Client, name: str) -> dict[str, Any]:
    """A subject as the service shows it."""
    subject: dict[str, Any] = client.get(resource("identifiers", name))
    return subject


def by_the_rules(connection: Connection, _nothing: str) -> dict[str, Any]:
    """The rule pack that this version of the service computes with."""
    packs = connection.client.get("/v1/rules")["items"]
    return {"rule_pack": packs[-1]["hash"]}
