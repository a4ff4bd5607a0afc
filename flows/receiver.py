"""Who receives the Care Record feed, by the settings."""

from __future__ import annotations

from typing import assert_never

from casebook.store import Casebook
from connectors.drop import drop
from connectors.drop.in_folder import DropFolder
from connectors.fhir_rest import place as fhir_rest
from connectors.fhir_rest.receiver import RestReceiver
from connectors.sftp import place as sftp
from flows.delivery import deliver
from flows.origin import sftp_place
from flows.outcome import Delivery
from schemas.delivery import Receiver
from schemas.errors import CpliError
from settings.feed import RestPlace
from settings.settings import Settings
from settings.sources import FolderPlace, SftpPlace, SqlPlace

KEEPER = "the Care Record's team"
Destination = sftp.SftpPlace | DropFolder | fhir_rest.RestPlace


def destination_of(settings: Settings) -> Destination | None:
    """Return where exports go as its connector knows it; None where they stay with the night."""
    name = settings.feed.place
    if name is None or name not in settings.places:
        return None
    place = settings.places[name]
    match place:
        case SftpPlace():
            return sftp_place(name, place)
        case FolderPlace():
            return DropFolder(name=name, path=place.path, keeper=KEEPER)
        case RestPlace():
            return rest_place(name, place)
        case SqlPlace():
            raise ValueError("settings with a feed into a database were let through")
    assert_never(place)


def rest_place(name: str, place: RestPlace) -> fhir_rest.RestPlace:
    """Return a FHIR server as its connector knows it."""
    return fhir_rest.RestPlace(
        name=name,
        base_url=place.url,
        token=place.token.get_secret_value() if place.token else None,
        ca_file=place.ca_file,
        batch_size=place.batch_size,
        keeper=KEEPER,
        timeouts=fhir_rest.Timeouts(read=place.timeout_seconds),
    )


def receiver_of(destination: Destination, *, known: bool = False) -> Receiver:
    """Return what delivers to a place; `known` is one that something was delivered to before."""
    if isinstance(destination, fhir_rest.RestPlace):
        return RestReceiver(destination)
    return drop.Drop.at(destination, known=known)


def deliver_to_receiver(casebook: Casebook, settings: Settings) -> Delivery | None:
    """Take what waits to the Care Record; None where nobody receives.

    Whatever is in the way is in what is returned: the night itself is done.
    """
    try:
        destination = destination_of(settings)
        if destination is None:
            return None
        # A FHIR server answers there and then, a drop by a file that comes later.
        answers_at_once = isinstance(destination, fhir_rest.RestPlace)
        name = destination.name
        receiver = receiver_of(destination, known=casebook.outbox().has_received(name))
        return deliver(casebook, receiver, name=name, answers_at_once=answers_at_once)
    except CpliError as error:
        trouble = str(error)
    return Delivery(waiting=len(casebook.outbox().waiting()), troubles=(trouble,))
