"""Benchmarks: this engine beside others, as groups of pytest-benchmark.

``pytest bench --benchmark-only`` measures; ``bench/bench_NAME.py`` is a section of the report. What is
measured is a test with parameters: the work, its source and the engine. Those that differ in the engine
alone are one group, so that the table of pytest-benchmark sets rivals side by side. Quality, bytes and share
of the limit stand in ``extra_info``.
"""
