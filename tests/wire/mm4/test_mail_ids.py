"""The Message-ID of a mail."""

from __future__ import annotations

from dataclasses import replace

from transcode.messages.message import Message
from transcode.model import Part
from transcode.wire.forms import form
from transcode.wire.mm4 import mm4
from transcode.wire.mm4.mail_ids import has_mail_id, with_mail_id

DOMAIN = "mms.mnc006.mcc260.3gppnetwork.org"
MAIL = Message(
    message_type="mm4-forward-req",
    version=mm4.VERSION,
    transaction_id="T1",
    sender="+15550001/TYPE=PLMN@a.example",
    to=("+16660002/TYPE=PLMN@b.example",),
    headers=(("X-Mms-Message-ID", "M1"), ("Date", 1_700_000_000)),
    content_type="text/plain",
    parts=(Part("text/plain", b"Hello"),),
)


def test_each_mail_has_its_own() -> None:
    """The same mail has the same one, and any other another one."""
    others = (
        replace(MAIL, transaction_id="T2"),
        replace(MAIL, to=()),
        replace(MAIL, headers=MAIL.headers[:1]),
        replace(MAIL, parts=(Part("text/plain", b"Hellp"),)),
        replace(MAIL, parts=(Part("text/html", b"Hello"),)),
        replace(MAIL, parts=(Part("text/plain", b"Hell"), Part("text/plain", b"o"))),
        replace(MAIL, parts=(Part("text/plain", b"Hel"), Part("text/plain", b"lo"))),
        replace(MAIL, parts=(Part("text/plain", b"Hello", content_location="a.txt"),)),
        replace(MAIL, parameters=(("start", "a"),)),
    )
    ids = [str(with_mail_id(mail, DOMAIN).headers[-1][1]) for mail in (MAIL, MAIL, *others)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 1 + len(others)
    assert all(one.startswith("<") and one.endswith(f"@{DOMAIN}>") for one in ids)


def test_one_that_is_there_stays() -> None:
    """Under any spelling of the header's name."""
    named = replace(MAIL, headers=(("message-id", "<1@a.example>"),))
    assert with_mail_id(named, DOMAIN) is named


def test_a_limit_on_mails_has_room_for_it() -> None:
    """What fits into a limit fits with its Message-ID."""
    named = with_mail_id(MAIL, DOMAIN)
    assert has_mail_id(named)
    whole = len(named.to_mm4())
    assert whole <= form("mm4").length(MAIL, [5])
    assert form("mm4").length(named, [5]) == whole
