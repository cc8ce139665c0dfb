"""Find the parts of a message that are protected against changes without being encrypted.

OMA DRM packs content under types of its own. Others lock a part by a header: Qtopia writes
X-Mms-Forward-Locked, and X-Oma-Drm-Separate-Delivery (OMA DRM 1.0) says that the rights of a part come later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.model import MessageFields, Part

__all__ = ["DRM", "locks"]

#: OMA DRM 1.0 and 2.0: forward-locked and combined messages, encrypted content, and rights.
DRM = "application/vnd.oma.drm."

#: Names of headers and parameters by which a part is locked, without their hyphens.
_LOCK = re.compile(r"x?omadrm|xdrm|.*forwardlock", re.IGNORECASE)
#: Values that say that a part is not locked.
_FREE = frozenset(("no", "false", "0", "off", "none"))
#: Headers by which a message says that it has protected content, in MM1, MM4 and MM7.
_SAID = frozenset(("x-mms-drm-content", "drmcontent"))


def locks(message: MessageFields) -> dict[int, str]:
    """Return why parts may not be changed, by the id() of each such part.

    Where the message says that it has protected content and no part shows which, all pictures, clips and
    recordings are locked.
    """
    found = {id(part): words for part in message.parts if (words := _lock(part))}
    said = [name for name, value in message.headers if name.lower() in _SAID and value is True]
    if not said or found:
        return found
    media = [part for part in message.parts if part.content_type.startswith(("image/", "video/", "audio/"))]
    return {id(part): f"protected by {said[0]}" for part in media}


def _lock(part: Part) -> str:
    """Why a part may not be changed; empty: it may."""
    if part.content_type.startswith(DRM):
        return "protected content (OMA DRM)"
    for name, value in (*part.headers, *part.parameters):
        if _LOCK.match(name.replace("-", "")) and value.strip().lower() not in _FREE:
            return f"protected by {name}"
    return ""
