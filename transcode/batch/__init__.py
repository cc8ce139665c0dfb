"""Whole directories: the files below one become messages or media below another."""

from transcode.batch.convert import Converted
from transcode.batch.directory import Cancel, convert_directory, iter_directory
from transcode.batch.plan import BatchPlan
from transcode.batch.progress import Progress, Standing, Working
from transcode.batch.resume import BatchOptions
from transcode.batch.watching import watch

__all__ = [
    "BatchOptions",
    "BatchPlan",
    "Cancel",
    "Converted",
    "Progress",
    "Standing",
    "Working",
    "convert_directory",
    "iter_directory",
    "watch",
]
