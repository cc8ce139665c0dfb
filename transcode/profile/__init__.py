"""Profiles: the limits of networks, content classes, routes, phones and users' own files, with provenance.

The numbers are data, in TOML files that are installed as transcode.profiles. A profile is
read when it is first asked for, and kept. Sizes are bytes of the whole encoded message,
lengths pixels, times seconds.
"""

from transcode.profile.combination import combine
from transcode.profile.find import Origin, find_profile, narrowed, origins, search
from transcode.profile.model import Figure, Figures, Profile, SizeChoice
from transcode.profile.receiver import receiver
from transcode.profile.store import FolderStore, fetch
from transcode.profile.uaprof import device, profile_url, read_uaprof

__all__ = [
    "Figure",
    "Figures",
    "FolderStore",
    "Origin",
    "Profile",
    "SizeChoice",
    "combine",
    "device",
    "fetch",
    "find_profile",
    "narrowed",
    "origins",
    "profile_url",
    "read_uaprof",
    "receiver",
    "search",
]
