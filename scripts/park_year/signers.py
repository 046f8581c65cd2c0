"""Everybody of the story signs in with his own key; the first founder's token carries all acts."""

from scripts.park_year.cast import FOUNDERS, PERSONS
from scripts.park_year.client import Client, Signer
from scripts.park_year.scripted_time import ScriptedTime
from scripts.park_year.secrets_file import Secrets


def client_of(url: str, time: ScriptedTime, secrets: Secrets) -> Client:
    """The client of everybody in the story."""
    signers = {
        person.name: Signer(person.participant, person.number, secrets.keys[person.name])
        for person in PERSONS
    }
    return Client(url, time, signers=signers, courier=FOUNDERS[0])
