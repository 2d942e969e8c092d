"""What `benchmarks/run_default.py` is made of: problems, methods, groups, the runner and the page that it writes."""
