"""Whole directories: the files below one become messages or media below another.

The first access to a name loads its module: who needs a plan alone loads nothing of the work.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transcode.batch.convert import Converted
    from transcode.batch.directory import Cancel, convert_directory, iter_directory
    from transcode.batch.job_file import convert_job_file
    from transcode.batch.plan import BatchPlan
    from transcode.batch.predict import Predicted, Prediction, predict_directory, predict_job_file
    from transcode.batch.progress import Progress, Standing, Working
    from transcode.batch.resume import BatchOptions
    from transcode.batch.watching import watch

__all__ = [
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
    "watch",
]

_HOMES = {
    "BatchOptions": "resume",
    "BatchPlan": "plan",
    "Cancel": "directory",
    "Converted": "convert",
    "Predicted": "predict",
    "Prediction": "predict",
    "Progress": "progress",
    "Standing": "progress",
    "Working": "progress",
    "convert_directory": "directory",
    "convert_job_file": "job_file",
    "iter_directory": "directory",
    "predict_directory": "predict",
    "predict_job_file": "predict",
    "watch": "watching",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
