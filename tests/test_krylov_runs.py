"""Krylov subproblems and the dogleg in a trust region: no Hessian, saddles, orders, and norms as preconditioners."""

import math

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from newtonreg import Analytic, EmpiricalRisk, Status, TrustRegion, classify, minimize
from newtonreg.backend import linalg
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.norms import RMSProp, Scaling
from newtonreg.objectives import Term
from newtonreg.solvers.saddles import sees_way_out
from newtonreg.subproblems import GLTR, Cauchy, Dogleg, QuadraticModel, Spectral, Steihaug
from newtonreg.testing import check_solver
from newtonreg.testing.problems import rosenbrock


def network(seed=0, n_units=4, xp=np):
    """A small network with residuals and a penalty, and a start."""
    rng = np.random.RandomState(seed)
    inputs = rng.normal(size=(2, 60))
    net = ShallowNetwork(Tanh(), 2, n_units, 1)
    targets = np.sin(inputs[:1, :]) + 0.1 * rng.normal(size=(1, 60))
    arrays = [xp.asarray(a) for a in (inputs, targets, np.ones(60))]
    risk = EmpiricalRisk([Term(net, arrays[0], arrays[1], SquaredError(), arrays[2])], 0.1 * net.penalty_mask(arrays[0]))
    return risk, xp.asarray(0.5 * rng.normal(size=net.n_params))


def saddle():
    """A network at a stationary point with negative curvature."""
    inputs = np.linspace(-1.0, 1.0, 41)[None, :]
    net = ShallowNetwork(Tanh(), 1, 1, 1)
    term = Term(net, inputs, inputs**2 - np.mean(inputs**2), SquaredError(), np.ones(41))
    return EmpiricalRisk([term], np.zeros(net.n_params)), net.pack(np.array([[1.0], [0.0]]), np.array([[0.0, 0.0]]))


@pytest.mark.parametrize("subproblem", [Steihaug(), GLTR()], ids=repr)
def test_inexact_newton_converges_superlinearly(subproblem):
    risk, start = network(seed=4, n_units=8)
    solver = TrustRegion(subproblem=subproblem, norm="spherical")
    norms = [r.gradient_norm for r in minimize(risk, start, solver, gtol=1e-13).history if r.accepted]
    kept = [g for g in norms if 1e-12 < g < 1e-1]
    orders = [math.log(c / b) / math.log(b / a) for a, b, c in zip(kept, kept[1:], kept[2:], strict=False)]
    assert orders[-1] > 1.3


@pytest.mark.parametrize("subproblem", [Steihaug(), GLTR(), Dogleg()], ids=repr)
def test_trust_region_keeps_its_contract(xp, subproblem):
    check_solver(TrustRegion(subproblem=subproblem, norm="spherical"), xp)


@pytest.mark.parametrize("norm", ["spherical", "rmsprop", "adagrad"])
@pytest.mark.parametrize("subproblem", ["steihaug", "gltr"])
def test_networks_are_fitted_by_products_alone(xp, monkeypatch, subproblem, norm):
    risk, start = network(xp=xp)
    for name in ("cholesky", "eigvalsh", "qr", "svd"):
        monkeypatch.setattr(linalg, name, None)
    eigh, sizes = linalg.eigh, []
    monkeypatch.setattr(linalg, "eigh", lambda matrix: sizes.append(matrix.shape[0]) or eigh(matrix))
    result = minimize(risk, start, TrustRegion(subproblem=subproblem, norm=norm), gtol=1e-8)
    assert result.status is Status.GRADIENT
    assert result.nhev == 0 and result.nhvp > 0
    # none for conjugate gradients, and small ones on the host for Lanczos
    assert sizes == [] if subproblem == "steihaug" else max(sizes) <= risk.n_params


@pytest.mark.parametrize("subproblem", ["steihaug", "gltr", "dogleg", "spectral"])
def test_all_of_them_find_the_same_minimizer(subproblem):
    risk, start = network(seed=4)
    best = minimize(risk, start, TrustRegion(norm="spherical"), gtol=1e-12)
    beside = best.x + 0.1 * np.random.default_rng(0).standard_normal(start.size)
    result = minimize(risk, beside, TrustRegion(subproblem=subproblem, norm="spherical"), gtol=1e-12)
    # units may change their signs
    np.testing.assert_allclose(np.abs(result.x), np.abs(best.x), atol=1e-8)


def test_steepest_descent_is_slow_and_newton_is_not():
    results = [
        minimize(rosenbrock(np), np.array([-1.2, 1.0]), TrustRegion(subproblem=s, norm="spherical"), gtol=1e-6, max_iter=400)
        for s in ("cauchy", "steihaug")
    ]
    assert results[1].success and results[1].nit < 60
    assert results[0].status is Status.MAX_ITER and results[0].fun < 0.05 * results[0].history[0].value


def test_lanczos_leaves_a_saddle_without_a_hessian():
    risk, start = saddle()
    assert classify(risk, start).kind == "saddle"
    before = risk.counts.nhev
    result = minimize(risk, start, TrustRegion(subproblem="gltr", norm="spherical"))
    assert result.fun < 0.7 * risk.at(start).value and result.nhev == before
    held = minimize(risk, start, TrustRegion(subproblem="steihaug", norm="spherical"))
    assert held.nit == 0 and held.status is Status.GRADIENT


def test_lanczos_leaves_the_ridge_that_leads_to_a_saddle():
    """From (0, 1) the gradient of x⁴/4 − x²/2 + y²/2 points at the saddle, and never at a minimum."""
    well = Analytic(lambda x: x[0] ** 4 / 4.0 - x[0] ** 2 / 2.0 + x[1] ** 2 / 2.0, 2)
    result = minimize(well, np.array([0.0, 1.0]), TrustRegion(subproblem="gltr", norm="spherical"))
    np.testing.assert_allclose(np.abs(result.x), [1.0, 0.0], atol=1e-8)


@pytest.mark.parametrize("subproblem", [Spectral(), GLTR(), Dogleg(), Steihaug(), Cauchy()], ids=repr)
def test_a_way_out_is_seen_by_those_who_can_take_it(subproblem):
    solver = TrustRegion(subproblem=subproblem)
    curvature = Analytic(lambda x: x[0] ** 2 - x[1] ** 2, 2), Analytic(lambda x: x[0] ** 2 + x[1] ** 4, 2)
    seen = [solver.leaves_saddle(TrustRegion().init(objective, np.zeros(2))) for objective in curvature]
    assert seen == [getattr(subproblem, "leaves_saddles", True), False]
    assert not sees_way_out(curvature[0].at(np.zeros(2)), _NeverExact(), subproblem)


class _NeverExact:
    is_exact = False


# -- a norm is a change of variables


class FixedScaling(BaseEstimator):
    """‖S⁻¹p‖ with the same S everywhere."""

    name = "fixed-scaling"

    def __init__(self, scales):
        self.scales = scales

    def scaling(self, evaluation, curvature, previous):
        """p = diag(scales) q."""
        return Scaling(diagonal=self.scales)


@pytest.mark.parametrize("subproblem", [Spectral(), Steihaug(), GLTR(), Dogleg(), Cauchy()], ids=repr)
def test_a_step_in_a_norm_is_a_spherical_step_in_its_variables(subproblem):
    """The M-norm path in w is the spherical path in M^½ w: the norm preconditions conjugate gradients and Lanczos."""
    scales = np.array([0.3, 4.0])

    def valley(x):
        return 5.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2

    start = np.array([-1.2, 1.0])
    options = {"subproblem": subproblem, "initial_radius": 0.7}
    one = minimize(Analytic(valley, 2), start, TrustRegion(norm=FixedScaling(scales), **options), max_iter=12)
    inner = Analytic(lambda u: valley(scales * u), 2)
    other = minimize(inner, start / scales, TrustRegion(norm="spherical", **options), max_iter=12)
    np.testing.assert_allclose(one.x, scales * other.x, rtol=1e-8)
    for a, b in zip(one.history, other.history, strict=True):
        assert a.accepted == b.accepted and a.control == pytest.approx(b.control)


@pytest.mark.parametrize("subproblem", [Steihaug(), GLTR(), Cauchy()], ids=repr)
def test_preconditioned_steps_stay_in_their_ellipsoid(subproblem):
    risk, start = network()
    state = TrustRegion(subproblem=subproblem, norm=RMSProp()).init(risk, start)
    model, scaling = state.cache
    reference = QuadraticModel(model.gradient, product=model.product)
    for radius in (1e-3, 1e-1, 10.0):
        step = subproblem.solve(model, radius)
        assert float(scaling.norm(scaling.step(step.p))) <= (1.0 + 1e-10) * radius
        assert step.predicted_reduction >= (1.0 - 1e-12) * Cauchy().solve(reference, radius).predicted_reduction


def test_a_trust_region_refuses_a_subproblem_without_a_radius():
    with pytest.raises(ValueError, match="subproblem='cubic' takes"):
        TrustRegion(subproblem="cubic").init(rosenbrock(np), np.array([-1.2, 1.0]))
