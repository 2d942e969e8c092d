"""What `benchmarks/run_minibatch.py` is made of: data, runs that are watched, groups, the runner and the page that it writes."""
