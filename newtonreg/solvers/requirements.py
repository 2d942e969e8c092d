"""What a solver needs of an objective, said before any work."""

__all__ = ["check_objective", "check_requirements"]

_MEANING = {
    "hessian": ("second derivatives", "Pass a solver that takes gradients only, for instance LBFGS()."),
    "gauss_newton": (
        "a Gauss-Newton matrix, that is, an objective that is a loss of a model",
        "Pass LeastSquares(residuals), or a solver with exact curvature, for instance TrustRegion(curvature='exact').",
    ),
    "square_root": (
        "residuals, that is, a sum of squares",
        "Pass loss='squared_error' or LeastSquares(residuals), or another solver, for instance TrustRegion().",
    ),
    "outer": (
        "parameters that enter the residuals linearly",
        "Pass LeastSquares(residuals, outer=...) with their indices, or another solver, for instance LevenbergMarquardt().",
    ),
}


def check_objective(objective):
    """Raise TypeError where `objective` is no objective, for instance a bare function."""
    if all(hasattr(objective, name) for name in ("at", "n_params", "counts")):
        return
    advice = "pass Analytic(function, n_params), or LeastSquares(residuals) for a vector of residuals"
    if callable(objective):
        raise TypeError(f"objective={objective!r} is a function; {advice}.")
    raise TypeError(f"objective={objective!r:.100} has no `at`; {advice}.")


def check_requirements(solver, objective):
    """Raise TypeError, naming solver, objective and requirement, where `objective` lacks what `solver` needs.

    A solver lists in `requires` what it needs: "hessian", "gauss_newton", "square_root" (residuals), "outer" (linear
    parameters). An objective lists in `provides` what it has; one that does not say is taken at its word.
    """
    provides = getattr(objective, "provides", None)
    if provides is None:
        return
    for requirement in getattr(solver, "requires", ()):
        if requirement not in provides:
            meaning, advice = _MEANING[requirement]
            raise TypeError(f"{solver!r} needs {meaning}; {_described(objective)} has none. {advice}")


def _described(objective):
    terms = getattr(objective, "terms", None)
    losses = "" if terms is None else f" of {', '.join(sorted({repr(term.loss) for term in terms}))}"
    return type(objective).__name__ + losses
