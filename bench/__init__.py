"""Benchmarks of this engine and its rivals, with pytest-benchmark.

``pytest bench --benchmark-only`` runs the benchmarks. Each ``bench/bench_NAME.py`` is a section of the
report. A benchmark is a test whose parameters are the task, the source and the engine. Benchmarks that
differ only in the engine are one group, so the tables of pytest-benchmark show rivals side by side.
``extra_info`` has the quality, the bytes and the share of the limit.
"""
