"""What several verbs read before they write."""

from typing import Any

from api.client import Client, resource


def identifier_of(client: Client, name: str) -> dict[str, Any]:
    """A subject as the service shows it."""
    subject: dict[str, Any] = client.get(resource("identifiers", name))
    return subject


def current_rule_pack(client: Client) -> str:
    """The hash of the rule pack that this version of the service computes with."""
    packs = client.get("/v1/rules")["items"]
    return str(packs[-1]["hash"])
