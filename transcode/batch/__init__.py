"""Whole directories: the files below one become messages below another."""

from transcode.batch.convert import Converted
from transcode.batch.directory import Cancel, Progress, convert_directory, iter_directory
from transcode.batch.resume import BatchOptions

__all__ = ["BatchOptions", "Cancel", "Converted", "Progress", "convert_directory", "iter_directory"]
