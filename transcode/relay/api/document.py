"""The OpenAPI document of the API, made of its operations and values (OpenAPI 3.1)."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import msgspec

from transcode._version import __version__
from transcode.relay.api import schema
from transcode.relay.api.operations import OPERATIONS
from transcode.relay.api.problems import KINDS
from transcode.relay.store.keys import SCOPES

if TYPE_CHECKING:
    from transcode.relay.api.operations import Operation
    from transcode.relay.api_settings import Api

__all__ = ["document"]

_REFERENCE = "#/components/schemas/{name}"
#: Values that may come as forms, and the schemas of these.
_FORMS: dict[type | None, str] = {schema.NewMessage: "NewForm", schema.NewCampaign: "NewCampaignForm"}
#: Problems that each operation with a key may have.
_OF_ALL = ("malformed", "unauthorized", "forbidden", "rate", "failed", "busy")
_ABOUT = """\
Sends MMS, and tells what became of it for each recipient.

Each request has a key: `Authorization: Bearer mmk_...`. Problems are `application/problem+json` (RFC 9457);
their type does not change, and `errors` names fields and limits. Webhooks are signed as Standard Webhooks
has it.
"""


def document(settings: Api, url: str = "") -> dict[str, Any]:
    """Return the document.

    Args:
        settings: the configuration of the API, whose limits it states.
        url: the address of the centre; ``""``: that of the document.
    """
    values = [getattr(schema, name) for name in schema.__all__]
    _, components = msgspec.json.schema_components(values, ref_template=_REFERENCE)
    properties = components["NewMessage"]["properties"]
    properties["to"]["maxItems"] = settings.max_recipients
    properties["media_urls"]["maxItems"] = settings.max_media
    components["NewForm"] = _form(components["NewMessage"])
    components["NewCampaignForm"] = _campaign_form(components["NewCampaign"])
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "MMS", "version": __version__, "description": _ABOUT},
        "servers": [{"url": url.rstrip("/") or "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "webhooks": {
            "status": {"post": _webhook("A recipient's status changed.", "Notice")},
            "campaign": {"post": _webhook("A campaign ended.", "CampaignNotice")},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of `transcode relay key create`. Scopes: "
                    + "; ".join(f"`{scope}`: {about}" for scope, about in SCOPES.items()),
                }
            },
        },
    }


def _form(message: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a message as a form with files."""
    files = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        "description": "Files of pictures, clips, recordings, vCards and calendar entries, after media_urls.",
    }
    return {
        **message,
        "title": "NewForm",
        "description": "A message with files. A list is a field that comes several times.",
        "properties": {**message["properties"], "media": files},
    }


def _campaign_form(campaign: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a campaign as a form with files."""
    octets = {"type": "string", "contentMediaType": "application/octet-stream"}
    own = {
        "recipients": {
            **octets,
            "description": "Recipients, as a file or a text: CSV whose first line names the columns, one of"
            " them to; or lines of JSON.",
        },
        "pace": {"type": "string", "contentMediaType": "application/json", "description": "Pace, as JSON."},
        "media": {
            "type": "array",
            "items": octets,
            "description": "Files of pictures, clips, recordings, vCards and calendar entries, after"
            " media_urls.",
        },
    }
    return {
        **campaign,
        "title": "NewCampaignForm",
        "description": "A campaign with files. A list is a field that comes several times.",
        "properties": {**campaign["properties"], **own},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.about,
        "description": f"The key needs the scope `{operation.scope}`.",
        "responses": {str(operation.status): _answer(operation), **_problems(operation)},
    }
    if operation.parameters:
        made["parameters"] = [
            {
                "name": one.name,
                "in": one.place,
                "required": one.place == "path",
                "description": one.about,
                "schema": dict(one.form),
            }
            for one in operation.parameters
        ]
    if operation.takes is not None:
        content = {"application/json": {"schema": _of(operation.takes.__name__)}}
        if operation.takes in _FORMS:
            content["multipart/form-data"] = {"schema": _of(_FORMS[operation.takes])}
        made["requestBody"] = {"required": True, "content": content}
    if operation.rows:
        rows = {"schema": {"type": "string"}}
        made["requestBody"] = {
            "required": True,
            "content": {"text/csv": rows, "application/x-ndjson": rows},
        }
    return made


def _answer(operation: Operation) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done."}
    answer: dict[str, Any] = {
        "description": inspect.getdoc(operation.answer) or "",
        "content": {"application/json": {"schema": _of(operation.answer.__name__)}},
    }
    if operation.status == 201 and operation.takes in _FORMS:
        answer["headers"] = {
            "Location": {"description": "The path of what was made.", "schema": {"type": "string"}}
        }
    return answer


def _problems(operation: Operation) -> dict[str, Any]:
    kinds: dict[int, list[str]] = {}
    for kind in (*_OF_ALL, *operation.problems):
        kinds.setdefault(KINDS[kind].status, []).append(f"`{kind}`: {KINDS[kind].title}")
    return {
        str(status): {
            "description": " ".join(titles),
            "content": {"application/problem+json": {"schema": _of("Problem")}},
        }
        for status, titles in sorted(kinds.items())
    }


def _webhook(about: str, name: str) -> dict[str, Any]:
    return {
        "summary": about,
        "description": "It is posted until the answer is 2xx, for a day.",
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": about,
                "schema": {"type": "string"},
            }
            for name, about in (
                ("webhook-id", "Each repetition has the same."),
                ("webhook-timestamp", "When this request was made, in seconds since 1970."),
                (
                    "webhook-signature",
                    "`v1,` and the HMAC-SHA256, in base64, of id, timestamp and body with dots between them.",
                ),
            )
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _of(name)}}},
        "responses": {"2XX": {"description": "It was taken."}, "default": {"description": "It comes again."}},
    }


def _of(name: str) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=name)}
