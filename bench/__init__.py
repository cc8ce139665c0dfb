"""Benchmarks: rivals in the same run, one report."""
