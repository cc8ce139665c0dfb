"""Slides as moving pictures: pan and zoom, captions, cross-fades."""
