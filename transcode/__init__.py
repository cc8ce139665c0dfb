"""Fits media into MMS: never over a carrier's limit, as good as the limit allows, wrapped ready to send.

The first access to a name loads its module: ``import transcode`` alone loads nothing of the engine.
"""

import _thread
import importlib
import sys
import types

from transcode._version import __version__

# Defined here, because the import of typing takes longer than the rest of the module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from transcode.batch import (
        BatchOptions,
        BatchPlan,
        Cancel,
        Converted,
        Predicted,
        Prediction,
        Progress,
        Standing,
        Working,
        convert_directory,
        convert_job_file,
        iter_directory,
        predict_directory,
        predict_job_file,
    )
    from transcode.batch.cluster import Cluster
    from transcode.engine.engine import Engine
    from transcode.errors import (
        BudgetError,
        Cancelled,
        CapError,
        ConfigError,
        HttpStatusError,
        JobError,
        JobTimeout,
        LimitsError,
        MessageError,
        MissingPackage,
        MmsUnavailable,
        NotTakenError,
        OutputError,
        OverwriteError,
        PduError,
        ProfileError,
        ProfileNotFound,
        QueueFull,
        SendError,
        SourceError,
        SubmitError,
        SubmitRefused,
        SubmitTimeout,
        SuffixError,
        TranscodeError,
        TransportError,
        UnsupportedError,
    )
    from transcode.fit.medium import fit, fit_each_limit
    from transcode.jobs.job_limits import JobLimits
    from transcode.message.clip import slideshow_clip
    from transcode.messages.adapt import adapt
    from transcode.messages.answers import (
        answer,
        delivery_report,
        notification,
        read_report,
        refused_retrieval,
        retrieval,
    )
    from transcode.messages.compose import compose, compose_split
    from transcode.messages.media_files import MediaFile, MediaMessage
    from transcode.messages.message import Message
    from transcode.messages.read import read
    from transcode.model import (
        ClipInfo,
        ComposeWords,
        FitProgress,
        FitWords,
        Form,
        HeaderValue,
        Limits,
        MessageClass,
        MessageFields,
        MessageType,
        Note,
        Part,
        Priority,
        ProgressCallback,
        Rendition,
        Report,
        ReportCallback,
        SendOptions,
        Slide,
        Source,
        Trial,
    )
    from transcode.profile import Figure, Figures, Profile, SizeChoice, find_profile, receiver
    from transcode.transport.smtp import Server
    from transcode.wire.http import HttpMessage
    from transcode.wire.mm1.push import joined_segments, push_segments, wap_push

__all__ = [
    "BatchOptions",
    "BatchPlan",
    "BudgetError",
    "Cancel",
    "Cancelled",
    "CapError",
    "ClipInfo",
    "Cluster",
    "ComposeWords",
    "ConfigError",
    "Converted",
    "Engine",
    "Figure",
    "Figures",
    "FitProgress",
    "FitWords",
    "Form",
    "HeaderValue",
    "HttpMessage",
    "HttpStatusError",
    "JobError",
    "JobLimits",
    "JobTimeout",
    "Limits",
    "LimitsError",
    "MediaFile",
    "MediaMessage",
    "Message",
    "MessageClass",
    "MessageError",
    "MessageFields",
    "MessageType",
    "MissingPackage",
    "MmsUnavailable",
    "NotTakenError",
    "Note",
    "OutputError",
    "OverwriteError",
    "Part",
    "PduError",
    "Predicted",
    "Prediction",
    "Priority",
    "Profile",
    "ProfileError",
    "ProfileNotFound",
    "Progress",
    "ProgressCallback",
    "QueueFull",
    "Rendition",
    "Report",
    "ReportCallback",
    "SendError",
    "SendOptions",
    "Server",
    "SizeChoice",
    "Slide",
    "Source",
    "SourceError",
    "Standing",
    "SubmitError",
    "SubmitRefused",
    "SubmitTimeout",
    "SuffixError",
    "TranscodeError",
    "TransportError",
    "Trial",
    "UnsupportedError",
    "Working",
    "__version__",
    "adapt",
    "answer",
    "compose",
    "compose_split",
    "convert_directory",
    "convert_job_file",
    "delivery_report",
    "find_profile",
    "fit",
    "fit_each_limit",
    "iter_directory",
    "joined_segments",
    "notification",
    "predict_directory",
    "predict_job_file",
    "push_segments",
    "read",
    "read_report",
    "receiver",
    "refused_retrieval",
    "retrieval",
    "slideshow_clip",
    "wap_push",
]

#: Modules and their public names, without the errors. The first access to a name loads its module.
_MODULES = {
    "transcode.batch": (
        "BatchOptions",
        "BatchPlan",
        "Cancel",
        "Converted",
        "Predicted",
        "Prediction",
        "Progress",
        "Standing",
        "Working",
        "convert_directory",
        "convert_job_file",
        "iter_directory",
        "predict_directory",
        "predict_job_file",
    ),
    "transcode.batch.cluster": ("Cluster",),
    "transcode.engine.engine": ("Engine",),
    "transcode.fit.medium": (
        "fit",
        "fit_each_limit",
    ),
    "transcode.jobs.job_limits": ("JobLimits",),
    "transcode.message.clip": ("slideshow_clip",),
    "transcode.messages.adapt": ("adapt",),
    "transcode.messages.answers": (
        "answer",
        "delivery_report",
        "notification",
        "read_report",
        "refused_retrieval",
        "retrieval",
    ),
    "transcode.messages.compose": (
        "compose",
        "compose_split",
    ),
    "transcode.messages.media_files": ("MediaFile", "MediaMessage"),
    "transcode.messages.message": ("Message",),
    "transcode.messages.read": ("read",),
    "transcode.model": (
        "ClipInfo",
        "ComposeWords",
        "FitProgress",
        "FitWords",
        "Form",
        "HeaderValue",
        "Limits",
        "MessageClass",
        "MessageFields",
        "MessageType",
        "Note",
        "Part",
        "Priority",
        "ProgressCallback",
        "Rendition",
        "Report",
        "ReportCallback",
        "SendOptions",
        "Slide",
        "Source",
        "Trial",
    ),
    "transcode.profile": (
        "Figure",
        "Figures",
        "Profile",
        "SizeChoice",
        "find_profile",
        "receiver",
    ),
    "transcode.transport.smtp": ("Server",),
    "transcode.wire.http": ("HttpMessage",),
    "transcode.wire.mm1.push": (
        "joined_segments",
        "push_segments",
        "wap_push",
    ),
}
_HOMES = dict.fromkeys(__all__, "transcode.errors")
_HOMES.update((name, module) for module, names in _MODULES.items() for name in names)

#: Rooms that are attributes of the package without being imported.
_ROOMS = ("batch", "doctor", "errors", "messages", "model", "preview", "profile", "transport", "wire")

#: One thread loads at a time: if two threads import a room and a module of it, one of the imports fails.
_LOADING = _thread.RLock()


class _Package(types.ModuleType):
    """The package. It loads names at their first access; ``fit`` is the function, not the room ``fit``."""

    def __getattr__(self, name: str) -> object:
        if name not in _HOMES and name not in _ROOMS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=self)
        with _LOADING:
            if name in _ROOMS:
                return importlib.import_module(f"{__name__}.{name}")
            value: object = getattr(importlib.import_module(_HOMES[name]), name)
            setattr(self, name, value)
            return value

    def __setattr__(self, name: str, value: object) -> None:
        # The import system sets each loaded room as an attribute. The room fit must not replace the function.
        if not (name in _HOMES and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__, *_ROOMS})


sys.modules[__name__].__class__ = _Package
