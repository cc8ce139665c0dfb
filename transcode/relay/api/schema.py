"""The values of the API, as JSON has them.

The annotations are read when the program runs, so each value is described once. Words are those of Twilio and
Telnyx where they say the same.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from transcode.profile.model import SizeChoice
from transcode.relay.model import State
from transcode.relay.statuses import CampaignStatus, RecipientStatus, Status

__all__ = [
    "Campaign",
    "CampaignChange",
    "CampaignNotice",
    "CampaignPage",
    "CampaignRecipient",
    "CampaignRecipientPage",
    "CarrierEstimate",
    "Change",
    "Estimate",
    "Fault",
    "Medium",
    "Message",
    "MessagePage",
    "NewCampaign",
    "NewMessage",
    "NewRecipient",
    "NewWebhook",
    "Note",
    "Notice",
    "Pace",
    "Problem",
    "Progress",
    "QuietHours",
    "Recipient",
    "Step",
    "Uploaded",
    "WarmUp",
    "Webhook",
    "WebhookList",
]

_Address = Annotated[
    str,
    Meta(
        pattern=r"^([+(]{0,2}[0-9][0-9 ()./-]{2,38}|[^\s@<>,]{1,64}@[^\s@<>,]{1,190})$",
        description="A number with its country code, such as +15550001 or +1 (555) 000-1234, a short code, or"
        " a mail address. Answers have numbers without what stands between their digits.",
        examples=["+15550001"],
    ),
]
_Url = Annotated[
    str, Meta(max_length=2048, pattern=r"^https?://[^\s]+$", examples=["https://example.com/a.jpg"])
]
_Next = Annotated[
    str | None, Meta(description="The value of after for the next page; null: this is the last one.")
]
_Time = Annotated[datetime, Meta(tz=True, description="A time with its zone (RFC 3339).")]
_Rate = Annotated[float, Meta(gt=0, le=100_000)]
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_MessageId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", description="The id of a message.")]


_Profile = Annotated[
    # No name of a file is one.
    Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9&:_-]{0,80}$")] | None,
    Meta(
        description="A profile, such as us-verizon, whose limit and formats the message is made for."
        " Without one, media stay as the centre takes them, and are adapted to each recipient's phone."
    ),
]


_ProfileSize = Annotated[
    SizeChoice,
    Meta(description="The size of the profile's message, where its sources give several."),
]
_Bearer = Annotated[
    Literal["gprs", "edge"] | None,
    Meta(description="A slow network, whose smaller size holds beside the profile's."),
]


class NewMessage(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A message to be sent."""

    to: Annotated[
        list[_Address], Meta(min_length=1, description="The recipients. One that comes twice counts once.")
    ]
    sender: Annotated[
        _Address | None,
        Meta(description="The sender: one of the numbers of the key; its first one where this is missing."),
    ] = field(name="from", default=None)
    group: Annotated[
        bool, Meta(description="Whether recipients see each other; without it each sees the sender alone.")
    ] = False
    text: Annotated[str | None, Meta(description="The text, which is shown with the first medium.")] = None
    subject: str | None = None
    media_urls: Annotated[
        list[_Url],
        Meta(description="Addresses of pictures, clips, recordings, vCards and calendar entries, in order."),
    ] = []
    text_first: Annotated[bool, Meta(description="Whether the text is above the picture.")] = False
    as_clip: Annotated[
        bool, Meta(description="Whether a recording becomes a clip that shows its waveform.")
    ] = False
    profile: _Profile = None
    profile_size: _ProfileSize = "safe"
    bearer: _Bearer = None
    send_at: Annotated[_Time | None, Meta(description="The earliest delivery.")] = None
    validity_period: Annotated[
        Annotated[int, Meta(ge=60, le=2_592_000)] | None,
        Meta(description="Seconds from send_at, or from now, after which the message is given up."),
    ] = None
    priority: Literal["low", "normal", "high"] | None = None
    message_class: Literal["personal", "advertisement", "informational", "auto"] | None = None
    delivery_report: Annotated[
        bool | None,
        Meta(
            description="Whether other centres are asked what became of it; null: unless the class is auto."
        ),
    ] = None
    read_report: Annotated[bool, Meta(description="Whether phones are asked to say that it was read.")] = (
        False
    )
    show_sender: Annotated[bool, Meta(description="Whether recipients may see the sender.")] = True
    client_reference: Annotated[
        str, Meta(max_length=256, description="A word of your own, which is given back.")
    ] = ""


class Note(Struct, frozen=True):
    """One change to a medium."""

    code: Annotated[str, Meta(description="A stable key, such as metadata-dropped.")]
    text: str


class Medium(Struct, frozen=True):
    """A medium of a message, and what was changed in it before any phone asked."""

    source: Annotated[
        str, Meta(description="The field that it came in, such as media_urls[0], or a file's name.")
    ]
    content_type: Annotated[str, Meta(description="What it is, as its octets say.")]
    size: Annotated[int, Meta(description="Its octets as they came.")]
    notes: list[Note]


class Step(Struct, frozen=True):
    """One line of a recipient's trail."""

    at: _Time
    status: Status
    state: State
    event: Annotated[str, Meta(description="What happened, in words.")]
    detail: Annotated[str, Meta(description="What was said of a failure, or empty.")]


class Recipient(Struct, frozen=True):
    """One recipient of a message, and what became of it."""

    to: Annotated[str, Meta(description="The address; some weeks after the end a word in its place.")]
    status: Status
    state: Annotated[State, Meta(description="The same in the words of the message centre.")]
    updated_at: _Time
    trail: Annotated[
        list[Step] | UnsetType, Meta(description="What happened, oldest first; in one message alone.")
    ] = UNSET


class Message(Struct, kw_only=True, frozen=True):
    """A message that was accepted."""

    id: _MessageId
    sender: Annotated[str, Meta(description="The sender.")] = field(name="from")
    subject: str
    client_reference: str
    created_at: _Time
    send_at: _Time | None
    expires_at: _Time
    size: Annotated[int, Meta(description="Its octets, as the centre keeps it.")]
    media: list[Medium]
    recipients: list[Recipient]


class MessagePage(Struct, frozen=True):
    """Messages, the newest first."""

    data: list[Message]
    next: _Next


class QuietHours(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Hours in which nobody is written to, by the clock where the recipient is."""

    begin: Annotated[str, Meta(pattern=_CLOCK, examples=["21:00"])]
    end: Annotated[str, Meta(pattern=_CLOCK, examples=["08:00"])]
    time_zone: Annotated[
        str, Meta(max_length=64, description="That of recipients whose zone neither row nor number tells.")
    ] = "UTC"


class WarmUp(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A step of a slow beginning."""

    recipients: Annotated[int, Meta(ge=1, description="Until so many were written to, no more go a second.")]
    per_second: _Rate


class Pace(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """How fast a campaign goes."""

    per_second: Annotated[_Rate, Meta(description="Recipients a second, of all together.")] = 30.0
    per_route: Annotated[
        dict[str, _Rate],
        Meta(description="Those of one next hop: local, link, or peer or vasp and its name."),
    ] = {}
    per_carrier: Annotated[
        dict[str, _Rate], Meta(description="Those of one network, such as us-verizon.")
    ] = {}
    warm_up: Annotated[list[WarmUp], Meta(max_length=50, description="Its slow beginning, in steps.")] = []
    quiet_hours: QuietHours | None = None


class NewRecipient(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A recipient of a campaign."""

    to: Annotated[
        str, Meta(description="The address, as in a message. One that is wrong costs its row alone.")
    ]
    fields: Annotated[dict[str, str], Meta(description="What the names in the text stand for.")] = {}
    time_zone: Annotated[
        str, Meta(description="A zone such as Europe/Berlin; empty: that of the number.")
    ] = ""


class NewCampaign(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A message for many recipients, who each get one of their own."""

    sender: Annotated[
        _Address | None,
        Meta(description="The sender: one of the numbers of the key; its first one where this is missing."),
    ] = field(name="from", default=None)
    text: Annotated[
        str | None,
        Meta(
            description="The text. A name in braces, such as {name}, stands for the recipient's own field;"
            " {name|friend} for friend where there is none."
        ),
    ] = None
    subject: Annotated[
        str | None, Meta(description="The subject, which may have names in braces as the text.")
    ] = None
    media_urls: Annotated[
        list[_Url],
        Meta(description="Addresses of pictures, clips, recordings, vCards and calendar entries, in order."),
    ] = []
    text_first: Annotated[bool, Meta(description="Whether the text is above the picture.")] = False
    as_clip: Annotated[
        bool, Meta(description="Whether a recording becomes a clip that shows its waveform.")
    ] = False
    profile: _Profile = None
    profile_size: _ProfileSize = "safe"
    bearer: _Bearer = None
    recipients: Annotated[
        list[NewRecipient], Meta(description="The recipients; more may be uploaded before the start.")
    ] = []
    pace: Pace = Pace()
    start_at: Annotated[_Time | None, Meta(description="The earliest delivery.")] = None
    expires_at: Annotated[
        _Time | None, Meta(description="When recipients who were not written to are given up.")
    ] = None
    validity_period: Annotated[
        Annotated[int, Meta(ge=60, le=2_592_000)] | None,
        Meta(description="Seconds after which the message to a recipient who was written to is given up."),
    ] = None
    start: Annotated[bool, Meta(description="Whether it starts at once, or at start_at.")] = False
    priority: Literal["low", "normal", "high"] | None = None
    message_class: Literal["personal", "advertisement", "informational", "auto"] | None = None
    delivery_report: Annotated[
        bool | None,
        Meta(
            description="Whether other centres are asked what became of it; null: unless the class is auto."
        ),
    ] = None
    read_report: Annotated[bool, Meta(description="Whether phones are asked to say that it was read.")] = (
        False
    )
    show_sender: Annotated[bool, Meta(description="Whether recipients may see the sender.")] = True
    client_reference: Annotated[
        str, Meta(max_length=256, description="A word of your own, which is given back.")
    ] = ""


class Progress(Struct, kw_only=True, frozen=True):
    """How far a campaign is. Counts that are 0 are left out."""

    total: Annotated[int, Meta(description="The rows of its recipients, wrong ones too.")]
    by_status: Annotated[
        dict[str, int], Meta(description="Recipients by status; queued is before every other one.")
    ]
    by_carrier: Annotated[
        dict[str, dict[str, int]],
        Meta(description="The same by network; empty: it was not looked up."),
    ]
    failures: Annotated[dict[str, int], Meta(description="Recipients who get nothing, by reason.")]


class Campaign(Struct, kw_only=True, frozen=True):
    """A campaign."""

    id: Annotated[_MessageId, Meta(description="The id of the campaign, and of its message in notices.")]
    status: CampaignStatus
    sender: Annotated[str, Meta(description="The sender.")] = field(name="from")
    subject: str
    text: Annotated[str | None, Meta(description="The text with its names; null: it has none.")]
    client_reference: str
    pace: Pace
    created_at: _Time
    start_at: _Time | None
    expires_at: _Time | None
    started_at: _Time | None
    ended_at: _Time | None
    size: Annotated[
        int, Meta(description="The octets of the message, with the longest text, before it is adapted.")
    ]
    media: list[Medium]
    progress: Progress


class CampaignPage(Struct, frozen=True):
    """Campaigns, the newest first."""

    data: list[Campaign]
    next: _Next


class CampaignRecipient(Struct, kw_only=True, frozen=True):
    """A recipient of a campaign, and what became of it."""

    row: Annotated[int, Meta(description="Its row, from 1 in the first upload.")]
    to: Annotated[str, Meta(description="The address, or what the row has in its place.")]
    fields: dict[str, str]
    status: RecipientStatus
    reason: Annotated[str, Meta(description="Why it gets nothing, in one word, or empty.")]
    detail: Annotated[str, Meta(description="The same in more words.")]
    carrier: Annotated[str, Meta(description="Its network; empty: it was not looked up.")]
    updated_at: _Time


class CampaignRecipientPage(Struct, frozen=True):
    """Recipients of a campaign, in the order of their rows."""

    data: list[CampaignRecipient]
    next: _Next


class CarrierEstimate(Struct, kw_only=True, frozen=True):
    """What phones of one network get."""

    route: Annotated[str, Meta(description="Their next hop: local, link, or peer or vasp and its name.")]
    carrier: Annotated[str, Meta(description="The network.")]
    recipients: Annotated[int, Meta(description="Who is there, and waits.")]
    limit: Annotated[int | None, Meta(description="The most octets of a message there; null: nobody says.")]
    size: Annotated[int | None, Meta(description="The octets of the message for it; null: it is not there.")]
    problem: Annotated[str, Meta(description="Why it is not there; ask again while it is being made.")]


class Estimate(Struct, kw_only=True, frozen=True):
    """What a campaign takes; of one that began, what is left."""

    messages: Annotated[int, Meta(description="The recipients that are to be written to.")]
    unsorted: Annotated[int, Meta(description="Those of them whose network was not looked up yet.")]
    refused: Annotated[dict[str, int], Meta(description="Recipients who are not written to, by reason.")]
    carriers: list[CarrierEstimate]
    size: Annotated[
        int | None, Meta(description="The octets of all messages; null: the size for a network is missing.")
    ]
    begins_at: _Time
    ends_at: _Time
    minutes: Annotated[
        float, Meta(description="Those in which somebody is written to; quiet ones do not count.")
    ]


class Uploaded(Struct, kw_only=True, frozen=True):
    """What became of an upload of recipients."""

    rows: Annotated[int, Meta(description="The rows that were read.")]
    accepted: Annotated[int, Meta(description="The recipients that are written to.")]
    rejected: Annotated[int, Meta(description="Rows that can't be used; the recipients that failed say why.")]
    first_row: Annotated[int, Meta(description="The number of the first of these rows.")]


class NewWebhook(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """An address to be told of changes."""

    url: Annotated[_Url, Meta(description="Where notices are posted to.")]
    statuses: Annotated[list[Status], Meta(description="The statuses to be told of; empty: all.")] = []


class Webhook(Struct, kw_only=True, frozen=True):
    """An address that is told of changes."""

    id: str
    url: str
    statuses: list[Status]
    created_at: _Time
    failures: Annotated[
        int, Meta(description="Requests in a row that it did not take; those at once are one.")
    ]
    secret: Annotated[
        str | UnsetType,
        Meta(description="What notices are signed with; shown once, when the webhook is made."),
    ] = UNSET


class WebhookList(Struct, frozen=True):
    """The webhooks of an account."""

    data: list[Webhook]


class Change(Struct, kw_only=True, frozen=True):
    """What became of one recipient."""

    message_id: _MessageId
    to: str
    status: Status
    state: State
    client_reference: str


class Notice(Struct, kw_only=True, frozen=True):
    """What is posted to a webhook."""

    id: Annotated[str, Meta(description="Each repetition has the same.")]
    type: Literal["message.status"]
    created_at: _Time
    data: Change


class CampaignChange(Struct, kw_only=True, frozen=True):
    """How a campaign ended."""

    campaign_id: _MessageId
    status: CampaignStatus
    client_reference: str
    progress: Progress


class CampaignNotice(Struct, kw_only=True, frozen=True):
    """What is posted to a webhook when a campaign ends."""

    id: Annotated[str, Meta(description="Each repetition has the same.")]
    type: Literal["campaign.ended"]
    created_at: _Time
    data: CampaignChange


class Fault(Struct, frozen=True, omit_defaults=True):
    """One field of a request that is wrong."""

    field: Annotated[str, Meta(description="The field, such as to[1].")]
    detail: str
    limit: Annotated[
        int | float | None, Meta(description="The limit that it is over, where there is one.")
    ] = None


class Problem(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Why a request was not done (RFC 9457)."""

    type: Annotated[str, Meta(description="The kind, /v1/problems/ and a word; it does not change.")]
    title: str
    status: int
    detail: str
    errors: list[Fault] = []
