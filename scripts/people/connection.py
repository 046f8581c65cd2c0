"""Which service a verb speaks to and as whom: options, profile, environment, directory."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from api.client import Client, Signer, resource
from api.client.exchange import Exchange
from api.client.refusals import ServiceUnavailable
from api.fields import IDENTIFIER_FIELDS
from identity.keys import address_of
from ledger.settings import Settings
from scripts.output import language, text
from scripts.people.files import read_text
from scripts.people.profiles import Profile, profile_of

NOBODY = "none"  # of --sign-with: whoever signs does it elsewhere


@dataclass(frozen=True)
class Connection:
    """What the options of one command say; nothing is asked before it is needed."""

    directory: Path
    as_json: bool = False
    url: str | None = None
    as_name: str | None = None
    token_file: Path | None = None
    sign_with: str | None = None
    passphrase_file: Path | None = None

    @cached_property
    def profile(self) -> Profile:
        """Who one is; raises ProfileInvalid."""
        return Profile() if self.as_name is None else profile_of(self.as_name, self.directory)

    @cached_property
    def exchange(self) -> Exchange:
        return Exchange(self.service_url, language=language())

    def close(self) -> None:
        """Let go of the service, if it was spoken to."""
        if "exchange" in self.__dict__:
            self.exchange.close()

    @property
    def service_url(self) -> str:
        """`--url`, the profile's, `$CARBONLEDGER_URL`, or where DIR is served."""
        told = self.url or self.profile.url or os.environ.get("CARBONLEDGER_URL")
        if told:
            return told
        file = Settings(self.directory).service_file
        try:
            return str(json.loads(file.read_text("utf-8"))["url"])
        except (OSError, ValueError, LookupError, TypeError):
            raise ServiceUnavailable(str(file), "not_served") from None

    @cached_property
    def client(self) -> Client:
        """The client with a token that was given, else as the profile's signer, else as nobody."""
        token = self._token()
        if token is not None:
            return Client(self.exchange, token=token)
        has_key = self.profile.key is not None or self.profile.keystore is not None
        if self.profile.participant is None or not has_key:
            return Client(self.exchange)
        return Client(self.exchange, signer=self.signer())

    def client_signing(self, message: dict[str, Any]) -> Client:
        """A client that can carry this message: with a token, or as whoever signs it."""
        if self.client.signer is not None or self._token() is not None:
            return self.client
        return Client(self.exchange, signer=self._found_signer(message))

    def signer(self) -> Signer:
        """The profile's signer."""
        assert self.profile.participant is not None, "asked for a profile with a participant"
        return Signer(self.profile.participant, self.profile.person, self.key)

    @cached_property
    def key(self) -> bytes:
        """The private key of `--sign-with` or of the profile; raises KeystoreUnreadable."""
        given = self.sign_with if self.sign_with != NOBODY else None
        if given is None and self.profile.key is not None:
            return self.profile.key
        file = Path(given) if given is not None else self.profile.keystore
        if file is None:
            raise typer.BadParameter(text("usage.who_signs"), param_hint="--sign-with")
        return read_key(file, passphrase_file=self.passphrase_file or self.profile.passphrase_file)

    def _token(self) -> str | None:
        file = self.token_file or self.profile.token_file
        if file is not None:
            return read_text(file).strip()
        return os.environ.get("CARBONLEDGER_TOKEN")

    def _found_signer(self, message: dict[str, Any]) -> Signer:
        """Whose key it is, among those whom the message names and who own what it names."""
        anyone, mine = Client(self.exchange), "0x" + address_of(self.key).hex()
        named = [value for name, value in message.items() if name in IDENTIFIER_FIELDS and value]
        for participant in [*named, *(_owner(anyone, name) for name in named)]:
            if participant is None:
                continue
            for key in anyone.items("/v1/keys", identifier=participant):
                if key["key"] == mine:
                    return Signer(participant, key["person"], self.key)
        raise typer.BadParameter(text("usage.not_your_key", key=mine), param_hint="--sign-with")


def _owner(client: Client, identifier: str) -> str | None:
    owner: str | None = client.get(resource("identifiers", identifier))["owner"]
    return owner


def read_key(file: Path, *, passphrase_file: Path | None) -> bytes:
    """The private key in a key file; the passphrase is a file's or typed."""
    from identity.keystore import read_keystore

    if passphrase_file is not None:
        passphrase = read_text(passphrase_file)
    else:
        passphrase = typer.prompt(text("prompt.passphrase"), hide_input=True, err=True)
    return read_keystore(file, passphrase=passphrase)
