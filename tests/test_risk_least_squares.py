"""`EmpiricalRisk` with squared error as a sum of squares: square root, second-order term, products, the linear problem."""

import numpy as np
import pytest

import newtonreg.objectives.empirical_risk as empirical_risk
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term

D, K, M = 2, 4, 3
CASES = {
    "plain": {"n_outputs": 1, "weighted": False, "alpha": 0.0},
    "weights": {"n_outputs": 1, "weighted": True, "alpha": 0.0},
    "outputs": {"n_outputs": M, "weighted": True, "alpha": 0.0},
    "penalty": {"n_outputs": M, "weighted": True, "alpha": 0.3},
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_size = pytest.mark.parametrize("n_samples", [3, 40])


@pytest.fixture(params=[False, True], ids=["one batch", "batches"])
def batches(request, monkeypatch):
    """All rows in one batch, and at most four in each."""
    if request.param:
        for name, value in (("_BATCH_DOUBLES", 1), ("_GPU_BATCH_DOUBLES", 1), ("_LEAST_ROWS", 2)):
            monkeypatch.setattr(empirical_risk, name, value)
    return request.param


class Case:
    """Data, a parameter vector and a direction, NumPy all; and the rows of the sum of squares, stacked."""

    def __init__(self, n_samples, n_outputs=1, weighted=False, alpha=0.0, duplicate=False, seed=0):
        rng = np.random.default_rng(seed)
        self.network = ShallowNetwork(Tanh(), D, K, n_outputs)
        self.x, self.y = rng.normal(size=(D, n_samples)), rng.normal(size=(n_outputs, n_samples))
        self.s = rng.uniform(0.2, 2.0, size=n_samples) if weighted else np.ones(n_samples)
        self.w, self.v = rng.normal(size=(2, self.network.n_params))
        if duplicate:
            units, outer = self.network.unpack(self.w)
            self.w = self.network.pack(units[:, [0, 1, 1, 1]], outer)
        self.penalty = alpha * self.network.penalty_mask(self.x)

    def risk(self, xp, loss=None):
        arrays = [xp.asarray(array) for array in (self.x, self.y, self.s, self.penalty)]
        return EmpiricalRisk([Term(self.network, arrays[0], arrays[1], loss or SquaredError(), arrays[2])], arrays[3])

    def at(self, xp):
        return self.risk(xp).at(xp.asarray(self.w))

    def rows(self, w):
        """Residuals (n m + p,) and Jacobian (n m + p, p), those of the penalty last."""
        point, root = self.network.at(self.x, w), np.sqrt(self.s)
        jacobian = np.moveaxis(point.jacobian() * root, 1, 2).reshape(-1, len(w))
        residuals = ((point.values - self.y) * root).reshape(-1)
        below = np.sqrt(self.penalty)
        return np.concatenate([residuals, below * w]), np.vstack([jacobian, np.diag(below)])


@every_size
@every_case
def test_square_root_reproduces_matrix_and_gradient(xp, batches, case, n_samples):
    case = Case(n_samples, **case)
    point = case.at(xp)
    residuals, jacobian = case.rows(case.w)
    r, z = (to_host(array) for array in point.square_root)
    assert r.shape[0] == z.shape[0] <= r.shape[1] == len(case.w)
    np.testing.assert_allclose(r.T @ r, jacobian.T @ jacobian, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(r.T @ r, to_host(point.gauss_newton), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(r.T @ z, jacobian.T @ residuals, rtol=1e-12, atol=1e-12)
    n_rows = n_samples * case.network.n_outputs
    assert point.n_residuals == n_rows + (len(case.w) if case.penalty.any() else 0)
    if n_rows < len(case.w) and not case.penalty.any():
        assert r.shape[0] == n_rows
    assert len(point._objective.batches) == (1 if not batches else -(-n_samples // 2))


@every_case
def test_second_order_is_what_gauss_newton_leaves_out(xp, batches, case):
    point = Case(40, **case).at(xp)
    expected = to_host(point.hessian) - to_host(point.gauss_newton)
    np.testing.assert_allclose(to_host(point.second_order), expected, atol=1e-12 * np.abs(expected).max())
    assert np.abs(expected).max() > 0.1


@every_case
def test_products_with_the_hessian_need_no_matrix(xp, batches, case):
    case = Case(40, **case)
    risk = case.risk(xp)
    point, v = risk.at(xp.asarray(case.w)), xp.asarray(case.v)
    products = [to_host(point.hvp(v)), to_host(point.hvp(2.0 * v))]
    assert (risk.counts.nhev, risk.counts.nhvp) == (0, 2)
    image = to_host(risk.at(xp.asarray(case.w)).hessian) @ case.v
    np.testing.assert_allclose(products, [image, 2.0 * image], rtol=1e-12, atol=1e-12 * np.abs(image).max())
    # once the matrix is there it is used
    assert point.hessian is not None and risk.counts.nhev == 2
    np.testing.assert_allclose(to_host(point.hvp(v)), image, rtol=1e-12, atol=1e-12 * np.abs(image).max())


def test_products_of_other_losses_need_no_matrix_either(xp):
    case = Case(40, n_outputs=M, weighted=True, alpha=0.3)
    case.y = np.round(np.exp(case.y))
    risk = case.risk(xp, Poisson())
    product = to_host(risk.at(xp.asarray(case.w)).hvp(xp.asarray(case.v)))
    assert risk.counts.nhev == 0
    np.testing.assert_allclose(product, to_host(risk.at(xp.asarray(case.w)).hessian) @ case.v, rtol=1e-12, atol=1e-11)


def outer_reference(case, rank_rtol):
    """The step in the outer parameters by one stacked least-squares problem, shortest after column scaling."""
    residuals, jacobian = case.rows(case.w)
    columns = jacobian[:, case.network.outer]
    norms = np.linalg.norm(columns, axis=0)
    return np.linalg.lstsq(columns / norms, -residuals, rcond=rank_rtol)[0] / norms


@pytest.mark.parametrize("duplicate", [False, True], ids=["full rank", "a unit three times"])
@every_size
@every_case
def test_outer_step_solves_the_linear_problem(xp, batches, case, n_samples, duplicate):
    case = Case(n_samples, **case, duplicate=duplicate)
    point = case.at(xp)
    step = to_host(point.outer_step())
    expected = outer_reference(case, 1e-12)
    np.testing.assert_allclose(step[case.network.outer], expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())
    assert not step[case.network.inner].any()
    after = case.risk(np).at(case.w + step)
    scale = np.linalg.norm(case.rows(case.w)[1]) * np.linalg.norm(case.rows(case.w)[0])
    assert np.linalg.norm(after.gradient[case.network.outer]) < 1e-13 * scale and after.value < point.value


def test_units_that_are_not_finite_have_no_outer_step(xp):
    case = Case(40)
    case.w[0] = np.nan
    assert case.at(xp).outer_step() is None


def test_only_sums_of_squares_have_residuals_and_linear_parameters():
    case = Case(10)
    case.y = np.round(np.exp(case.y))
    matrices = {"hessian", "gauss_newton", "hessian_product", "gauss_newton_product"}
    assert case.risk(np).provides == matrices | {"square_root", "outer"}
    assert case.risk(np, Poisson()).provides == matrices


def test_square_root_and_outer_step_count_once():
    risk = Case(10).risk(np)
    point = risk.at(np.ones(risk.n_params))
    assert point.square_root is point.square_root and risk.counts.nhev == 1
    point.outer_step()
    assert (risk.counts.nfev, risk.counts.njev, risk.counts.nhev, risk.counts.nhvp) == (0, 0, 1, 0)
