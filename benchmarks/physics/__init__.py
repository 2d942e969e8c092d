"""Differential equations whose solutions are known to rounding, and what SciPy's own solvers make of those of one variable."""
