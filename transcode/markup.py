"""Foreign texts as people may see them; and what may run on pages that have style and script in them."""

from __future__ import annotations

import base64
import hashlib
from html import escape

__all__ = ["digest", "page", "printable", "said"]


def digest(text: str) -> str:
    """Return the source expression by which a Content-Security-Policy lets a text run (CSP 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def page(title: str, style: str, script: str, body: str, *, sources: str) -> bytes:
    """Return a page that loads nothing and runs no script but its own.

    Args:
        title: the title, escaped.
        style, script: what stands in the page.
        body: the content in HTML, before the script.
        sources: the directives of its Content-Security-Policy for its media.
    """
    policy = (
        f"default-src 'none'; {sources}; style-src {digest(style)}; script-src {digest(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}<script>{script}</script>
</body>
</html>
"""
    # A name can have half of a surrogate pair, which no encoding has.
    return text.encode("utf-8", "replace")


def said(text: object) -> str:
    """Return foreign text: escaped, and its direction isolated."""
    return f'<bdi dir="auto">{escape(str(text))}</bdi>'


def printable(text: str) -> str:
    """Return a line of foreign text without characters that steer a terminal or turn its direction."""
    # The character that joins emoji counts as not printable.
    return "".join(letter if letter.isprintable() or letter == "\u200d" else "\ufffd" for letter in text)
