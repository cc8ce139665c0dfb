"""What the API can be asked for: one table, of which requests are answered and the document is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from transcode.relay.api import schema
from transcode.relay.statuses import RecipientStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONGEST_PAGE", "LONGEST_ROWS", "OPERATIONS", "Operation", "Parameter", "allowed", "found"]

#: The most messages of one page.
LONGEST_PAGE = 200
#: The most recipients of one page.
LONGEST_ROWS = 1000


class Parameter(NamedTuple):
    """A parameter of an operation.

    Attributes:
        name: its name.
        place: ``"path"``, ``"query"`` or ``"header"``.
        about: what it is.
        form: its JSON schema.
    """

    name: str
    place: str
    about: str
    form: Mapping[str, Any]


class Operation(NamedTuple):
    """Something that the API can be asked for.

    Attributes:
        name: its name in clients, such as ``"createMessage"``.
        method: that of HTTP.
        path: its path, with names of parameters in braces.
        scope: the scope that a key needs; ``""``: no key is needed.
        about: what it does.
        answer: the value of its answer; None: it has none.
        status: the status of its answer.
        takes: the value of its request, or None.
        rows: whether its request has rows, as CSV or lines of JSON.
        parameters: what it takes beside.
        problems: the kinds of problems that only it has, beside those of all.
    """

    name: str
    method: str
    path: str
    scope: str
    about: str
    answer: type | None
    status: int = 200
    takes: type | None = None
    rows: bool = False
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = ()


_ID = Parameter("id", "path", "The id of the message.", {"type": "string", "pattern": "^[0-9a-f]{32}$"})
_CAMPAIGN = Parameter(
    "id", "path", "The id of the campaign.", {"type": "string", "pattern": "^[0-9a-f]{32}$"}
)
_ROWS = (
    Parameter(
        "limit",
        "query",
        "The most recipients of the page.",
        {"type": "integer", "minimum": 1, "maximum": LONGEST_ROWS, "default": 100},
    ),
    Parameter(
        "after",
        "query",
        "The value of next in the page before; empty: none.",
        {"type": "string", "pattern": "^[0-9]{0,15}$"},
    ),
    Parameter(
        "status",
        "query",
        "Only recipients with this status; failed: those who get nothing, with the reason.",
        {"type": "string", "enum": [str(one) for one in RecipientStatus]},
    ),
)
_WEBHOOK = Parameter("id", "path", "The id of the webhook.", {"type": "string", "pattern": "^[0-9a-f]{32}$"})
_IDEMPOTENCY = Parameter(
    "Idempotency-Key",
    "header",
    "A word of your own for this request. For three days the same request with it gets the same answer, and"
    " makes no second message.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
)
_PAGE = (
    Parameter(
        "limit",
        "query",
        "The most of the page.",
        {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": 50},
    ),
    Parameter("after", "query", "The value of next in the page before; empty: none.", {"type": "string"}),
    Parameter("client_reference", "query", "Only those with this word of yours.", {"type": "string"}),
)

#: What may be wrong with content that is to be sent.
_TAKING = ("slow", "too-large", "media-type", "invalid", "media", "refused", "idempotency")

OPERATIONS = (
    Operation(
        "createMessage",
        "POST",
        "/v1/messages",
        "messages:write",
        "Send a message. When it is answered, the message is on the disk, and is delivered whatever happens.",
        schema.Message,
        status=201,
        takes=schema.NewMessage,
        parameters=(_IDEMPOTENCY,),
        problems=_TAKING,
    ),
    Operation(
        "listMessages",
        "GET",
        "/v1/messages",
        "messages:read",
        "List the messages of the account, the newest first.",
        schema.MessagePage,
        parameters=_PAGE,
        problems=("invalid",),
    ),
    Operation(
        "getMessage",
        "GET",
        "/v1/messages/{id}",
        "messages:read",
        "See a message, with the trail of each recipient.",
        schema.Message,
        parameters=(_ID,),
        problems=("not-found",),
    ),
    Operation(
        "cancelMessage",
        "POST",
        "/v1/messages/{id}/cancel",
        "messages:write",
        "Cancel a message for those who did not begin to fetch it.",
        schema.Message,
        parameters=(_ID,),
        problems=("not-found", "too-late"),
    ),
    Operation(
        "createCampaign",
        "POST",
        "/v1/campaigns",
        "campaigns:write",
        "Make a campaign: one message for many recipients. It is a draft until it is started.",
        schema.Campaign,
        status=201,
        takes=schema.NewCampaign,
        parameters=(_IDEMPOTENCY,),
        problems=_TAKING,
    ),
    Operation(
        "listCampaigns",
        "GET",
        "/v1/campaigns",
        "campaigns:read",
        "List the campaigns of the account, the newest first.",
        schema.CampaignPage,
        parameters=_PAGE,
        problems=("invalid",),
    ),
    Operation(
        "getCampaign",
        "GET",
        "/v1/campaigns/{id}",
        "campaigns:read",
        "See a campaign, and how far it is.",
        schema.Campaign,
        parameters=(_CAMPAIGN,),
        problems=("not-found",),
    ),
    Operation(
        "addCampaignRecipients",
        "POST",
        "/v1/campaigns/{id}/recipients",
        "campaigns:write",
        "Add recipients to a draft: CSV whose first line names columns, one of them to; or lines of JSON.",
        schema.Uploaded,
        rows=True,
        parameters=(_CAMPAIGN,),
        problems=("slow", "too-large", "media-type", "invalid", "refused", "not-found", "too-late"),
    ),
    Operation(
        "listCampaignRecipients",
        "GET",
        "/v1/campaigns/{id}/recipients",
        "campaigns:read",
        "List the recipients of a campaign in the order of their rows, and what became of each.",
        schema.CampaignRecipientPage,
        parameters=(_CAMPAIGN, *_ROWS),
        problems=("invalid", "not-found"),
    ),
    Operation(
        "estimateCampaign",
        "GET",
        "/v1/campaigns/{id}/estimate",
        "campaigns:read",
        "See what a campaign takes: messages, octets, minutes, and what each network's phones get.",
        schema.Estimate,
        parameters=(_CAMPAIGN,),
        problems=("not-found",),
    ),
    *(
        Operation(
            f"{word}Campaign",
            "POST",
            f"/v1/campaigns/{{id}}/{word}",
            "campaigns:write",
            about,
            schema.Campaign,
            parameters=(_CAMPAIGN,),
            problems=("not-found", "too-late"),
        )
        for word, about in (
            ("start", "Start a campaign, at once or at start_at."),
            ("pause", "Send nothing of a campaign until it is resumed."),
            ("resume", "Go on with a campaign that was paused."),
            ("cancel", "End a campaign for those whom nobody told of the message yet."),
        )
    ),
    Operation(
        "createWebhook",
        "POST",
        "/v1/webhooks",
        "webhooks",
        "Have an address told of each change of a recipient's status. The answer has the secret, this once.",
        schema.Webhook,
        status=201,
        takes=schema.NewWebhook,
        problems=("slow", "too-large", "media-type", "invalid", "refused"),
    ),
    Operation(
        "listWebhooks",
        "GET",
        "/v1/webhooks",
        "webhooks",
        "List the webhooks of the account.",
        schema.WebhookList,
    ),
    Operation(
        "deleteWebhook",
        "DELETE",
        "/v1/webhooks/{id}",
        "webhooks",
        "Delete a webhook, with what it was still to be told.",
        None,
        status=204,
        parameters=(_WEBHOOK,),
        problems=("not-found",),
    ),
)
_PATHS = {
    path: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
    for path in dict.fromkeys(operation.path for operation in OPERATIONS)
}


def found(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation of a request, and the parameters of its path; None: there is none."""
    for operation in OPERATIONS:
        match = _PATHS[operation.path].fullmatch(path)
        if match and operation.method == method:
            return operation, match.groupdict()
    return None


def allowed(path: str) -> list[str]:
    """Return the methods that a path knows; none: there is no such path."""
    known = [operation.method for operation in OPERATIONS if _PATHS[operation.path].fullmatch(path)]
    return known + ["HEAD"] * ("GET" in known)
