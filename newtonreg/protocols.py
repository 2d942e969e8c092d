"""The seams of the package, as protocols: what each layer promises to the one above it.

Shapes. n samples, d features, k hidden units, q parameters a unit, m outputs; p = q k + m (k + 1) parameters.
**Samples come last** in the core: inputs (d, n), basis values (k, n), raw predictions and targets (m, n), so that a unit's
response to all samples is one contiguous row, sample weights broadcast along the last axis, and the rows of a Jacobian feed a
symmetric rank-n update without a copy. The estimators transpose once, at the boundary.

The parameter vector is [units (q, k), outer (m, k + 1)] row by row: feature-major units as in scikit-learn's `coefs_[0]`, and
one row of coefficients with its intercept last for each output. With several hidden layers their units (fan-in + 1, width) follow
one another, and k is the width of the last.

Components (bases, losses, norms, subproblems, solvers) are `sklearn.base.BaseEstimator` value objects: the constructor stores
its arguments and nothing else, and no method changes them.
"""

from typing import Any, NamedTuple, Protocol

Array = Any
"""A NumPy, CuPy or array-api-strict array of float64."""


class BasisPoint(Protocol):
    """A basis h_k(x; θ_k) and its derivatives at one batch of inputs and one set of units; each computed on first use."""

    values: Array
    """h, shape (..., k, n)."""

    def jacobian(self) -> Array:
        """∂h_k(x_i)/∂θ_ak, shape (..., q, k, n)."""

    def fill_jacobian(self, out: Array, scale: Array) -> None:
        """Write scale_ki ∂h_k(x_i)/∂θ_ak into `out` (q k, n), for `scale` (k, n): rows of a Jacobian without a temporary."""

    def pullback(self, u: Array) -> Array:
        """Σ_i u_ki ∂h_k(x_i)/∂θ_ak, shape (..., q, k), for `u` (..., k, n) or (1, n)."""

    def pushforward(self, v: Array) -> Array:
        """Σ_a v_ak ∂h_k(x_i)/∂θ_ak, shape (..., k, n), for `v` (..., q, k)."""

    def second_pushforward(self, v: Array) -> Array:
        """Σ_ab v_ak v_bk ∂²h_k(x_i)/∂θ_ak∂θ_bk, shape (..., k, n), for `v` (..., q, k)."""

    def curvature(self, u: Array) -> Array:
        """Σ_i u_ki ∂²h_k(x_i)/∂θ_ak∂θ_bk, shape (..., q, q, k), for `u` (..., k, n)."""

    def input_derivative(self, *axes: int) -> Array:
        """∂^r h_k(x_i)/∂x_a…, one of the r `axes` a derivative, shape (..., k, n).

        One or two axes for any basis; ridge functions go on to r = `max_order`.
        """


class Basis(Protocol):
    """A family of functions h(x; θ) of the inputs with q parameters a unit."""

    name: str
    is_smooth: bool
    """Twice continuously differentiable; without it a stationary point is a weaker statement."""

    def n_params(self, n_features: int) -> int:
        """q."""

    def penalized(self, n_features: int) -> list[bool]:
        """For each of the q parameters, whether the L2 penalty counts it."""

    def init_units(self, inputs: Array, n_units: int, rng: Any, weights: Any) -> Array:
        """Random units (q, k) beside the standardized `inputs`, drawn on the host; `weights` (n,) stand for repetition."""

    def at(self, inputs: Array, units: Array) -> BasisPoint:
        """The basis at `inputs` (d, n) and `units` (..., q, k)."""


class RidgeBasis(Basis, Protocol):
    """h(x; w, b) = σ(w·x + b), what several layers and differential operators ask for beyond a basis.

    ∂^α σ(w·x + b) = w^α σ^(|α|)(w·x + b), so the derivatives of σ are all that derivatives in the inputs take.
    """

    max_order: float
    """Highest derivative of σ that an operator may use, an int or `math.inf`; 2 unless a subclass says otherwise.

    The curvature of an operator of order r takes σ up to r + 2, so max_order >= r + 2. Piecewise polynomials go up to their last
    derivative that is no impulse, and have zeros beyond it.
    """

    def derivatives(self, z: Array, order: int) -> list[Array]:
        """[σ(z), σ'(z), …, σ^(order)(z)], each of the shape of `z`; not to be written into, some may be the same array."""

    def check_order(self, order: int) -> None:
        """Raise ValueError, naming the activation, unless `order` is an integer from 0 to `max_order`."""


class NetworkPoint(Protocol):
    """A network at one batch of inputs and one parameter vector; lives as long as the batch does."""

    values: Array
    """f, shape (..., m, n)."""

    def pullback(self, u: Array) -> Array:
        """Jᵀu = Σ_ij u_ji ∇f_j(x_i), shape (..., p), for `u` (..., m, n)."""

    def pushforward(self, v: Array) -> Array:
        """J v, shape (..., m, n), for `v` (..., p)."""

    def second_pushforward(self, v: Array) -> Array:
        """vᵀ∇²f_j(x_i)v, shape (..., m, n)."""

    def pullback_derivative(self, u: Array, v: Array, du: Array) -> Array:
        """d/dt [J(w + t v)ᵀ(u + t du)] at t = 0, Σ_ij u_ji ∇²f_j(x_i) v + Jᵀdu, shape (..., p); not where `is_explicit`.

        With u = ∂ℓ and du = ∂²ℓ J v this is the Hessian of the loss times v. Also a method of what `along(v)` returns, which has
        `values` = J v from the same forward sweep.
        """

    def jacobian(self) -> Array:
        """∂f_j(x_i)/∂params, shape (m, p, n)."""

    def input_derivative(self, *axes: int) -> Array:
        """∂^r f_j(x_i)/∂x_a…, one of the r `axes` a derivative, shape (..., m, n).

        With one hidden layer as many axes as its basis takes, with several one or two. Differential equations take theirs from
        `Channels`, which knows derivatives of these in the parameters, too.
        """


class Network(Protocol):
    """Inputs (d, n) and parameters (p,) to raw predictions (m, n), linear in the outer parameters."""

    is_explicit: bool
    """Curvature matrices cost little more than gradients, as with one hidden layer; else curvature comes as products."""
    n_params: int
    inner: slice
    """The units, one layer after the other."""
    outer: slice
    """Coefficients and intercepts."""
    groups: list
    """Slices of `inner` that share a penalty, where each group has one; the coefficients are another."""

    def row_doubles(self, coupled: int) -> int:
        """Numbers of working memory that a row takes in a curvature matrix or product, for the size of batches."""

    def unpack(self, params: Array) -> Any:
        """`params` (..., p) taken apart; a named tuple whose `outer` is (..., m, k + 1)."""

    def penalty_mask(self, like: Array) -> Array:
        """1 where an L2 penalty that is one number counts a parameter, 0 where not, (p,)."""

    def at(self, inputs: Array, params: Array) -> NetworkPoint:
        """The network at `inputs` (d, n) and `params` (..., p)."""


class Loss(Protocol):
    """ℓ(y, f) pointwise in samples and convex in the raw prediction f; arrays are (m, n), y and f alike.

    ℓ is shifted so that its minimum over f is zero for every admissible y: a loss can be compared with zero.
    """

    name: str
    out_activation: str
    """scikit-learn's name of the inverse link: identity, exp, logistic, softmax."""
    hessian_structure: str
    """`"shared"`: ∂²ℓ is one number a sample, the same for all outputs; `"diagonal"`: (m, n); `"full"`: (m, m, n)."""
    is_sum_of_squares: bool
    """ℓ = ½ Σ_j (f_j − y_j)²: residuals exist, so QR and geodesic acceleration apply."""

    def value(self, y: Array, f: Array) -> Array:
        """ℓ summed over outputs, shape (n,)."""

    def gradient(self, y: Array, f: Array) -> Array:
        """∂ℓ/∂f, shape (m, n)."""

    def hessian(self, y: Array, f: Array) -> Array:
        """∂²ℓ/∂f², shape (n,), (m, n) or (m, m, n) as `hessian_structure` says."""

    def predict(self, f: Array) -> Array:
        """Inverse link, (m, n) to (m, n)."""

    def initial_raw_prediction(self, y: Array, weights: Array) -> Array:
        """The constant raw prediction (m,) that minimizes the weighted loss (kept finite)."""

    def check_target(self, y: Array) -> None:
        """Raise ValueError, naming y and the offending value, where y is outside the loss's domain."""


class Evaluation(Protocol):
    """An objective at one point; everything is computed on first use and kept; only p- and (p, p)-sized results stay."""

    params: Array
    value: float
    gradient: Array
    gradient_norm: float
    hessian: Array
    gauss_newton: Array
    criticality: float
    """Gradient norm in the objective's own unit, which `gtol` is compared with."""

    def zero_level(self, start: Any) -> float:
        """Nonnegative objectives only: F at or below this is zero to rounding; `start` is the evaluation where the run began."""

    def hvp(self, v: Array) -> Array:
        """∇²F v."""

    def gnvp(self, v: Array) -> Array:
        """Gauss–Newton matrix times v."""

    def second_directional(self, v: Array) -> Array:
        """Jᵀ ∂²r[v, v], sums of squares only: what geodesic acceleration needs."""

    square_root: Any
    """`SquareRoot` (R, z) with RᵀR the Gauss–Newton matrix and Rᵀz the gradient, sums of squares only."""
    second_order: Array
    """Σ_i r_i ∇²r_i = hessian − gauss_newton, sums of squares only."""
    n_residuals: int
    """Rows of the Jacobian of a sum of squares."""


class Objective(Protocol):
    """A function of a vector that counts what is asked of it."""

    n_params: int
    counts: Any
    is_sum_of_squares: bool
    is_nonnegative: bool
    """Zero is a lower bound: reaching it ends a run."""
    gtol: float
    """The `criticality` at which a run ends unless the caller says otherwise."""
    provides: frozenset
    """Which of "hessian", "gauss_newton", "square_root" (residuals) and "outer" (linear parameters) it has.

    "hessian_product" and "gauss_newton_product" are `hvp` and `gnvp` where there may be no matrix; one that has a matrix has its
    product, whether it says so or not. An objective of some rows of data says `is_sampled = True`: the next step will see others.

    An objective of a network has it as `network`, and shows `landscape/` what it is made of: `network_points(params)`, the
    `NetworkPoint`s of the network itself at all rows, batch by batch, whatever derivatives of it the residuals take; and
    `outer_columns()` of its evaluations, the `OuterColumns` that tell what coefficients can change.
    """

    def at(self, params: Array) -> Evaluation:
        """The function at `params` (p,)."""


class Step(NamedTuple):
    """What a subproblem solver returns: argmin of the quadratic model in the ball, and how it is known to be that."""

    p: Array
    """The step (p,)."""
    multiplier: float
    """λ ≥ 0 with (B + λI) p = −g; λ (radius − ‖p‖) = 0, or λ = σ ‖p‖. NaN where an approximate step has none."""
    on_boundary: bool
    predicted_reduction: float
    """−(gᵀp + ½ pᵀBp) ≥ 0, the cubic term included where there is one."""
    norm: float
    """‖p‖."""
    resolve: Any = None
    """`resolve(rhs)` solves (B + λI) x = rhs by the factorization at hand, or None where there is none."""


class Subproblem(Protocol):
    """Minimizes a quadratic model under a scalar control (radius, damping, sigma).

    Two class attributes may be added: `needs_matrix = False` where products with B suffice, and `leaves_saddles = False` where
    there is no step without a gradient.
    """

    name: str
    control_name: str
    """What `control` is: "radius", "damping" or "sigma"."""

    def solve(self, model: Any, control: float) -> Step | None:
        """The step for `control`; None where there is none (a damping that leaves the matrix indefinite)."""


class Curvature(Protocol):
    """Which symmetric matrix B stands for the second derivatives in a model."""

    name: str
    is_exact: bool
    """B is the Hessian, so its negative eigenvalues are those of F."""
    requires: tuple
    """What it needs of an objective, see `Objective.provides`."""

    def at(self, evaluation: Evaluation, previous: Any) -> Any:
        """The `CurvaturePoint` at `evaluation`: lazily `matrix`, `diagonal`, `product(v)`, and the `memory` for the next one.

        `previous` is the memory of the last accepted point or None. The same point again gives the same B.
        """


class Norm(Protocol):
    """A linear change of variables p = S q under which the trust region is a ball."""

    name: str
    needs_matrix: bool
    """Whether `scaling` asks the curvature for its matrix or diagonal; True where it does not say."""

    def scaling(self, evaluation: Evaluation, curvature: Any, previous: Any) -> Any:
        """The `Scaling` at `evaluation` with the `CurvaturePoint` there; `previous` is the last accepted one or None.

        Called once an accepted point.
        """


class Solver(Protocol):
    """`init` and `step` on frozen states; knows an objective and nothing else."""

    name: str
    requires: tuple
    """What it needs of an objective, see `Objective.provides`."""
    takes_batches: bool
    """Whether steps on some of the rows, others each time, make sense; False where it does not say.

    After a step on an objective with `is_sampled` it leaves the new point unevaluated, and takes gradient and model from whatever
    point it finds in the state next.
    """

    def init(self, objective: Objective, x0: Array) -> Any:
        """State at the starting point."""

    def step(self, objective: Objective, state: Any) -> Any:
        """State after one trial, accepted or not."""
