"""Fits media into MMS: never over a carrier's limit, as good as the limit allows, wrapped ready to send."""

from transcode._version import __version__
from transcode.batch import convert_directory
from transcode.errors import BudgetError, MessageError, MmsUnavailable, PduError, SourceError, TranscodeError
from transcode.fit.medium import fit, fit_each_limit
from transcode.message.clip import slideshow_clip
from transcode.messages.compose import compose, compose_split
from transcode.messages.message import Message
from transcode.messages.read import read
from transcode.model import Limits, Part, Rendition, Report, SendOptions, Slide
from transcode.profile import Profile, find_profile

__all__ = [
    "BudgetError",
    "Limits",
    "Message",
    "MessageError",
    "MmsUnavailable",
    "Part",
    "PduError",
    "Profile",
    "Rendition",
    "Report",
    "SendOptions",
    "Slide",
    "SourceError",
    "TranscodeError",
    "__version__",
    "compose",
    "compose_split",
    "convert_directory",
    "find_profile",
    "fit",
    "fit_each_limit",
    "read",
    "slideshow_clip",
]
