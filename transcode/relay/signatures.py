"""Signatures of webhooks, as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

__all__ = ["PATIENCE", "is_signed", "signature"]

#: Seconds by which the clocks of both sides may differ.
PATIENCE = 300.0
_BEGIN = "whsec_"


def signature(secret: str, name: str, at: int, body: bytes) -> str:
    """Return the signature of a request: the value of its header ``webhook-signature``.

    Args:
        secret: that of the webhook, with or without ``whsec_``.
        name: the value of the header ``webhook-id``.
        at: that of ``webhook-timestamp``, in seconds since 1970.
        body: the octets of the request.

    Raises:
        ValueError: the secret is no base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_BEGIN), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret of a webhook is whsec_ and base64") from error
    # A stranger's name may have half a character.
    digest = hmac.digest(key, f"{name}.{at}.".encode("utf-8", "replace") + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def is_signed(secret: str, name: str, at: str, signatures: str, body: bytes, now: float) -> bool:
    """Return whether a request has the signature of a webhook's secret, and is new.

    Args:
        secret, name, body: as for signature.
        at: the value of ``webhook-timestamp``.
        signatures: the value of ``webhook-signature``: one or several, with blanks between them.
        now: the time.
    """
    if not at.isdecimal() or len(at) > 15 or abs(int(at) - now) > PATIENCE:
        return False
    right = signature(secret, name, int(at), body).encode()
    return any(hmac.compare_digest(right, one.encode("utf-8", "replace")) for one in signatures.split())
