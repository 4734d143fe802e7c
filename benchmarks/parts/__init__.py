"""One module per part of the benchmark; each has `run(bench)`, which returns figures."""
