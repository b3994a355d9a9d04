"""Speed, measured on this machine in one run: `python -m tests.benchmarks`."""
