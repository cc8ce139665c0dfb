"""Whole directories: the files below one become messages below another."""

from transcode.batch.convert import Converted
from transcode.batch.directory import Cancel, Progress, convert_directory, iter_directory

__all__ = ["Cancel", "Converted", "Progress", "convert_directory", "iter_directory"]
