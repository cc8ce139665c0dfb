"""Clips: which packets a window needs, their pictures decoded, coded, cut and wrapped anew."""
