"""The benchmarks run, and what is written of them is right; what they measure here says nothing."""
