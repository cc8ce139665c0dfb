"""Foreign texts as people may see them; and what may run on pages that have style and script in them."""

from __future__ import annotations

import base64
import hashlib
from html import escape

__all__ = ["digest", "printable", "said"]


def digest(text: str) -> str:
    """Return the source expression by which a Content-Security-Policy lets a text run (CSP 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def said(text: object) -> str:
    """Return foreign text: escaped, and its direction isolated."""
    return f'<bdi dir="auto">{escape(str(text))}</bdi>'


def printable(text: str) -> str:
    """Return a line of foreign text without characters that steer a terminal or turn its direction."""
    # The character that joins emoji counts as not printable.
    return "".join(letter if letter.isprintable() or letter == "\u200d" else "\ufffd" for letter in text)
