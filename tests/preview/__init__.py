"""Tests of the page of a message."""
