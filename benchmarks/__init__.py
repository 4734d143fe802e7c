"""Load figures of Bellhop beside what the bare stack can do in the same run. `python -m benchmarks`."""
