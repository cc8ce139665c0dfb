"""Tests of estimates of campaigns."""
