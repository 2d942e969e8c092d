"""Functions from their differential equations: operators, conditions, residuals."""
