"""What a solver needs of an objective, said before any work."""

__all__ = ["check_objective", "check_requirements", "lacking"]

_HESSIAN = ("second derivatives", "Pass a solver that takes gradients only, for instance LBFGS().")
_GAUSS_NEWTON = (
    "a Gauss-Newton matrix, that is, an objective that is a loss of a model",
    "Pass LeastSquares(residuals), or a solver with exact curvature, for instance TrustRegion(curvature='exact').",
)
_MEANING = {
    "hessian": _HESSIAN,
    "hessian_product": _HESSIAN,
    "gauss_newton": _GAUSS_NEWTON,
    "gauss_newton_product": _GAUSS_NEWTON,
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


def lacking(solver, objective):
    """What `solver` requires and `objective` does not provide, a list.

    A solver lists in `requires` what it needs: "hessian", "gauss_newton", their products with a vector, "hessian_product" and
    "gauss_newton_product", "square_root" (residuals), "outer" (linear parameters). An objective lists in `provides` what it has;
    with a matrix it has its products, and one that does not say is taken at its word.
    """
    provides = getattr(objective, "provides", None)
    if provides is None:
        return []
    return [name for name in getattr(solver, "requires", ()) if not {name, name.removesuffix("_product")} & set(provides)]


def check_requirements(solver, objective):
    """Raise TypeError, naming solver, objective and requirement, where `objective` lacks what `solver` needs."""
    for requirement in lacking(solver, objective):
        described = _described(objective)
        is_too_large = getattr(objective, "is_sum_of_squares", False) and "hessian" not in objective.provides
        if is_too_large or f"{requirement}_product" in objective.provides:
            raise TypeError(
                f"{solver!r} needs the matrix of second derivatives; {described} has {objective.n_params} parameters and only "
                "multiplies by it. Pass TrustRegion(norm='rmsprop', subproblem='steihaug'), or a solver of first order: Adam()."
            )
        meaning, advice = _MEANING[requirement]
        raise TypeError(f"{solver!r} needs {meaning}; {described} has none. {advice}")


def _described(objective):
    terms = getattr(objective, "terms", None)
    losses = sorted({repr(term.loss) for term in terms or () if hasattr(term, "loss")})
    return type(objective).__name__ + (f" of {', '.join(losses)}" if losses else "")
