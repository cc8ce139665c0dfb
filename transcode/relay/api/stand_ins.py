"""The message of a campaign has room for the longest own text, before anything of it is released."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import transcode
from transcode.relay import own_text
from transcode.relay.api.uploads import LARGEST_TEXT
from transcode.relay.store import campaigns
from transcode.relay.store.campaigns import Action, Campaign, CampaignState

if TYPE_CHECKING:
    from transcode.relay.store import Blobs, SqlStore
    from transcode.relay.store.connection import Connection

__all__ = ["room", "settle"]

_BEFORE = (CampaignState.LOADING, CampaignState.DRAFT)


def room(blobs: Blobs, campaign: Campaign, most: int) -> int:
    """Return how many octets an own text of a campaign may have; 0 or less: none has room.

    Args:
        blobs: the octets.
        campaign: the campaign.
        most: the most octets of its message.
    """
    if campaign.template is None or not own_text.has_fields(campaign.template):
        return LARGEST_TEXT
    message = transcode.read(blobs.get(campaign.blob))
    if own_text.has_fields(campaign.subject):
        longest = own_text.stand_in(own_text.LARGEST_SUBJECT, own_text.LARGEST_SUBJECT)
        message = replace(message, subject=longest)
    return own_text.room(message, campaign.template, most)


def settle(store: SqlStore, blobs: Blobs, name: str, *, is_start: bool = False) -> Campaign:
    """Give the message of a campaign text and subject as long as the longest own ones; return the campaign.

    Where longer texts come meanwhile, it is done again.

    Args:
        store, blobs: where everything is kept.
        name: the campaign.
        is_start: whether it is started in the same transaction.

    Raises:
        LookupError: there is no such campaign.
        WrongState: its state does not allow the start.
    """
    while True:
        read = _there(store, name)
        octets = _with_room(blobs, read)
        blob = read.blob if octets is None else blobs.put(octets)
        size = read.size if octets is None else len(octets)
        write = partial(_settled, read=read, blob=blob, size=size, is_start=is_start)
        is_done = store.write(write).result()
        if octets is not None:
            # Again, after the row names them: a sweep may have been between.
            blobs.put_again(blob, octets)
        if is_done:
            return _there(store, name)


def _with_room(blobs: Blobs, campaign: Campaign) -> bytes | None:
    """Return the octets of a message with a stand-in; None: those that it has need none."""
    if campaign.state not in _BEFORE or not any(
        map(own_text.has_fields, (campaign.template, campaign.subject))
    ):
        return None
    message = transcode.read(blobs.get(campaign.blob))
    return own_text.with_stand_ins(message, campaign).to_mm1(strict=False)


def _settled(connection: Connection, read: Campaign, blob: str, size: int, *, is_start: bool) -> bool:
    has_room = campaigns.set_content(connection, read, blob, size)
    if has_room and is_start:
        campaigns.act(connection, read.id, Action.START, time.time())
    return has_room


def _there(store: SqlStore, name: str) -> Campaign:
    found = campaigns.campaign(store, name)
    if found is None:
        raise LookupError(f"there is no campaign {name}")
    return found
