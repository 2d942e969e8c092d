"""Levenberg–Marquardt with geodesic acceleration: the work horse of clean fits."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_number
from newtonreg.curvatures import CurvaturePoint
from newtonreg.norms import resolve_norm
from newtonreg.solvers.damped_descent import DampedDescent
from newtonreg.subproblems import Damped, DampedDual, DampedQR, DampedSVD, SquareRootModel, column_squares

__all__ = ["LevenbergMarquardt"]

_QR_UP_TO = 30
"""Parameters up to which QR costs little beside everything else; curves of few parameters are where its digits are needed."""

_METHODS = {"cholesky": Damped(), "qr": DampedQR(), "svd": DampedSVD(), "dual": DampedDual()}


class LevenbergMarquardt(DampedDescent):
    """Solve (B + μ S⁻²) p = −g with the Gauss–Newton matrix B, move if F falls, adapt μ.

    Parameters
    ----------
    norm : str or Norm, default="column-scaling"
        Scaling S of the damping. "column-scaling" is Moré's running maximum of column norms, with which a fit does not depend on
        the units of the parameters; "diagonal-hessian" is Marquardt's scaling; "spherical" is Levenberg's identity.
    geodesic_acceleration : bool, default=True
        Add half of the second-order correction a = −(B + μ S⁻²)⁻¹ Jᵀ ∂²r[p, p], by the factorization at hand. Only for sums of
        squares; other losses go without.
    acceleration_limit : float > 0, default=0.75
        A trial with ‖a‖ > 2 × this × ‖p‖ (scaled norm) is rejected.
    damping : str or object, default="nielsen"
        Rule for μ: "nielsen", "delayed-gratification" or an object of `newtonreg.solvers.damping`.
    initial_damping : float > 0, default=1e-5
        First μ, in units of the largest diagonal entry of B in the norm's variables.
    min_damping : float > 0 or None, default=None
        Floor of μ in the same units. None is 1e-18 for "cholesky", below which B + μI is B to rounding, and 1e-200 for the other
        methods, which see a damping of any size.
    method : {"auto", "cholesky", "qr", "svd", "dual"}, default="auto"
        How the damped system is solved. "cholesky" of the normal equations is fastest, and squares the condition number; "qr" and
        "svd" of the Jacobian do not; "dual" is a system of as many equations as there are residuals. "auto" takes "dual" for
        fewer residuals than parameters, "qr" up to 30 parameters, else "cholesky"; losses that are no sums of squares always
        "cholesky".

    Notes
    -----
    With n residuals and p parameters a point costs n p² flops for "cholesky", 2 n p² for "qr" and "svd", 4 n² p for "dual"; a
    trial p³/3, 10/3 p³, 6 p² and n³/3.

    References
    ----------
    Nielsen, *Damping parameter in Marquardt's method* (1999); Transtrum & Sethna, *Improvements to the Levenberg–Marquardt
    algorithm* (2012), arXiv 1201.5885. Deviations: the limit of the acceleration is twice as loose as theirs, which measured the
    same; μ has a floor, and 1e-15 would be too high: narrow valleys are lost above it.
    """

    name = "levenberg-marquardt"

    def __init__(
        self,
        norm="column-scaling",
        geodesic_acceleration=True,
        acceleration_limit=0.75,
        damping="nielsen",
        initial_damping=1e-5,
        min_damping=None,
        method="auto",
    ):
        self.norm = norm
        self.geodesic_acceleration = geodesic_acceleration
        self.acceleration_limit = acceleration_limit
        self.damping = damping
        self.initial_damping = initial_damping
        self.min_damping = min_damping
        self.method = method

    @property
    def requires(self):
        """A Gauss–Newton matrix, and residuals where the normal equations are to be avoided."""
        return ("gauss_newton",) if self.method in ("auto", "cholesky") else ("gauss_newton", "square_root")

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        super().check_parameters()
        check_number("acceleration_limit", self.acceleration_limit, low=0.0)
        if self.min_damping is not None:
            check_number("min_damping", self.min_damping, low=0.0)
        if self.method not in ("auto", *_METHODS):
            raise ValueError(f"method={self.method!r} is unknown; pass 'auto', {', '.join(map(repr, _METHODS))}.")

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        point = objective.at(x0)
        return self._first(point, method=self._chosen_method(objective, point))

    def _solve(self, state):
        return _METHODS[state.memory["method"]].solve(state.cache[0], state.control)

    def _displacement(self, objective, state, step):
        """The step, bent by geodesic acceleration; None where the bend is too large for a second-order correction."""
        scaling = state.cache[1]
        if not self.geodesic_acceleration or not getattr(objective, "is_sum_of_squares", False):
            return scaling.step(step.p)
        bend = state.point.second_directional(scaling.step(step.p))
        acceleration = -step.resolve(scaling.gradient(bend))
        length = to_floats(linalg.norm(acceleration))[0]
        # negated, so that NaN rejects
        if not length <= 2.0 * self.acceleration_limit * step.norm:
            return None
        return scaling.step(step.p + 0.5 * acceleration)

    def _chosen_method(self, objective, point):
        if not getattr(objective, "is_sum_of_squares", False):
            return "cholesky"
        n_params = point.params.shape[0]
        if self.method != "auto":
            return self.method
        if point.n_residuals < n_params:
            return "dual"
        return "qr" if n_params <= _QR_UP_TO else "cholesky"

    def _floor(self, state):
        if self.min_damping is not None:
            return self.min_damping
        return 1e-18 if state.memory["method"] == "cholesky" else 1e-200

    def _moved(self, state):
        """`state`, just moved to its point, with the scaling there in its memory and the model in its cache."""
        scaling = resolve_norm(self.norm).scaling(state.point, self._curvature(state), state.memory.get("scaling"))
        return self._modeled(state.replaced(memory={**state.memory, "scaling": scaling}))

    @staticmethod
    def _curvature(state):
        """B as a norm sees it; without the normal equations its diagonal is the squared column norms of R."""
        point = state.point
        diagonal = None if state.memory["method"] == "cholesky" else lambda: column_squares(point.square_root.r)
        return CurvaturePoint(lambda: point.gauss_newton, make_diagonal=diagonal)

    def _modeled(self, state):
        """`state` with the model at its point in its cache; a rejected trial uses it again."""
        point, scaling = state.point, state.memory["scaling"]
        if state.memory["method"] == "cholesky":
            model = scaling.model(point.gradient, point.gauss_newton)
            diagonal = namespace(model.matrix).linalg.diagonal(model.matrix)
        else:
            r, z = point.square_root
            model = SquareRootModel(scaling.gradient(point.gradient), scaling.columns(r), z)
            diagonal = column_squares(model.r)
        return self._cached(state, model, scaling, diagonal)
