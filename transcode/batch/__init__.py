"""Whole directories: the files below one become messages or media below another."""

from transcode.batch.convert import Converted
from transcode.batch.directory import Cancel, convert_directory, iter_directory
from transcode.batch.job_file import convert_job_file
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
    "convert_job_file",
    "iter_directory",
    "watch",
]
