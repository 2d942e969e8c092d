"""The papers' experiments on stationary points, curvature and whitening; a module a group of `run_landscape.py`."""
