"""Renders slides as video frames, with pan and zoom, captions and cross-fades."""
