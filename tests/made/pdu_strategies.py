"""Hypothesis strategies for PDUs."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from transcode.message import location
from transcode.model import HeaderValue, MessageFields, Part
from transcode.wire.mm1.pdu_types import PDU_TYPES

CONTROLS = "".join(map(chr, [*range(0x20), 0x7F]))
plain = st.text(st.characters(codec="utf-8", exclude_characters=CONTROLS), max_size=40)
# Readers remove a leading byte order mark.
address = plain.filter(lambda text: not text.startswith("\ufeff"))
line = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=60).filter(
    lambda text: not text.startswith("\ufeff")
)
token = st.from_regex(r"[!#$%&'*+.^_`|~0-9a-z-]{1,12}", fullmatch=True)
number = st.one_of(st.integers(0, 300), st.integers(0, 1 << 40))
time_value = st.tuples(st.sampled_from(["absolute", "relative"]), number)
header: st.SearchStrategy[tuple[str, HeaderValue]] = st.one_of(
    st.tuples(
        st.sampled_from(
            ["X-Mms-Delivery-Report", "X-Mms-Read-Report", "X-Mms-Adaptation-Allowed", "X-Mms-DRM-Content"]
        ),
        st.booleans(),
    ),
    st.tuples(st.just("X-Mms-Message-Class"), st.one_of(st.sampled_from(["Personal", "Auto"]), token)),
    st.tuples(st.just("X-Mms-Priority"), st.sampled_from(["Low", "Normal", "High"])),
    st.tuples(st.just("X-Mms-Retrieve-Status"), st.sampled_from(["Ok", "Error-transient-failure", 0xC9])),
    st.tuples(st.sampled_from(["X-Mms-Expiry", "X-Mms-Delivery-Time"]), time_value),
    st.tuples(st.sampled_from(["Date", "X-Mms-Message-Size", "X-Mms-Start"]), number),
    st.tuples(st.sampled_from(["Message-ID", "X-Mms-Content-Location", "X-Mms-Applic-ID"]), plain),
    st.tuples(st.sampled_from(["X-Mms-Retrieve-Text", "X-Mms-Response-Text"]), line),
    st.tuples(st.just("X-Mms-Previously-Sent-By"), st.tuples(number, address)),
    st.tuples(st.just("X-Mms-Previously-Sent-Date"), st.tuples(number, number)),
    st.tuples(st.just("X-Mms-MM-Flags"), st.tuples(st.sampled_from(["add", "filter"]), line)),
    st.tuples(st.just("X-Mms-Attributes"), st.sampled_from(["To", "Content-Type", "x-own"])),
    st.tuples(st.sampled_from(["Content", "Additional-headers"]), st.binary(max_size=40).map(bytes.hex)),
    st.tuples(
        st.just("X-Mms-Element-Descriptor"),
        st.tuples(plain, st.sampled_from(["type", "x-own"]), st.sampled_from(["image/jpeg", "x/y"])),
    ),
    st.tuples(st.just("X-Mms-Mbox-Totals"), st.tuples(st.sampled_from(["messages", "octets"]), number)),
    st.tuples(token.map(lambda name: f"X-Own-{name}"), plain),
)
parameter = st.one_of(
    st.tuples(st.sampled_from(["start", "start-info", "level", "x-own"]), plain),
    st.tuples(st.just("type"), st.sampled_from(["application/smil", "text/html"])),
)
media_type = st.one_of(
    st.sampled_from(["image/jpeg", "application/smil", "text/plain", "audio/amr", "text/x-vcard"]),
    st.from_regex(r"x-[a-z0-9]{1,9}/[a-z0-9.+-]{1,9}", fullmatch=True),
)
data = st.one_of(st.binary(max_size=40), st.sampled_from([127, 128, 16384]).map(bytes))
part = st.builds(
    Part,
    content_type=media_type,
    data=data,
    content_id=st.none() | plain.filter(lambda text: text == text.strip('<>" ')),
    content_location=st.none() | plain.map(location.uri),
    name=st.none() | plain,
    charset=st.none() | st.sampled_from(["utf-8", "utf-16", "us-ascii", "*", "mib-2999", "x-own"]),
    disposition=st.sampled_from(["inline", "attachment", "form-data", "x-own"]),
    filename=st.none() | plain,
    parameters=st.lists(parameter, max_size=2).map(tuple),
    headers=st.lists(st.tuples(token.map(lambda name: f"x-{name}"), plain), max_size=2).map(tuple),
)
part = part | part.map(lambda part: replace(part, disposition=None, filename=None))
addresses = st.lists(address, max_size=2).map(tuple)
bodiless = st.builds(
    MessageFields,
    message_type=st.sampled_from(list(PDU_TYPES)),
    transaction_id=st.none() | plain,
    version=st.sampled_from(["1.0", "1.2", "1.3", "1", "7.14"]),
    sender=st.none() | address,
    to=addresses,
    cc=addresses,
    bcc=addresses,
    subject=st.none() | line,
    headers=st.lists(header, max_size=4).map(tuple),
    content_type=st.none(),
)
multipart = st.builds(
    replace,
    bodiless,
    message_type=st.sampled_from(["m-send-req", "m-retrieve-conf"]),
    content_type=st.sampled_from(
        [
            "application/vnd.wap.multipart.related",
            "application/vnd.wap.multipart.mixed",
            "multipart/mixed",
            "multipart/related",
        ]
    ),
    parameters=st.lists(parameter, max_size=3).map(tuple),
    parts=st.lists(part, max_size=4).map(tuple),
)


def single(message: MessageFields, part: Part) -> MessageFields:
    """A message whose body is a single part without a multipart."""
    bare = replace(part, content_id=None, content_location=None, disposition=None, filename=None, headers=())
    return replace(message, content_type=bare.content_type, parameters=(), parts=(bare,))


messages = st.one_of(bodiless, multipart, st.builds(single, multipart, part))
