"""What `PhysicsRegressor` finds: known solutions under every condition, by every solver; systems; unknown coefficients."""

import autograd.numpy as anp
import numpy as np
import pytest

from newtonreg import Newton, PhysicsRegressor
from newtonreg.physics import Condition, D, Data, Dirichlet, Initial, MultiPoint, Neumann, Periodic, Robin, collocation

PI, E = np.pi, np.e
X = np.linspace(0.0, 1.0, 30)[:, None]
FINE = np.linspace(0.0, 1.0, 201)[:, None]
GRID = collocation.uniform([(0.0, 1.0), (0.0, 1.0)], 12)
PLANE = np.random.RandomState(1).uniform(size=(300, 2))
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def error(model, exact, points=FINE):
    return np.abs(model.predict(points) - exact(points)).max()


def curve(operator, conditions, y=None, width=12, **parameters):
    model = PhysicsRegressor(operator, conditions, width, random_state=0, **parameters)
    return model.fit(X, None if y is None else y(X[:, 0]))


# -- conditions


def sine(x):
    return PI**2 * np.sin(PI * x)


CONDITIONS = {
    "Dirichlet": (-D(2), sine, lambda x: np.sin(PI * x), lambda how: [Dirichlet([0.0, 1.0], how=how)], True),
    "Neumann": (-D(2), sine, lambda x: np.sin(PI * x), lambda how: [Dirichlet(0.0, how=how), Neumann(0.0, PI, how=how)], True),
    "Robin": (
        -D(2),
        sine,
        lambda x: np.sin(PI * x),
        lambda how: [Dirichlet(0.0), Robin(1.0, 1.0, 2.0, -2.0 * PI, how=how)],
        False,
    ),
    "Initial": (D(2) + 4 * D(0), None, lambda x: np.cos(2.0 * x), lambda how: [Initial(0.0, [1.0, 0.0], how=how)], True),
    "Periodic": (
        D(0) - D(2),
        lambda x: (4.0 * PI**2 + 1.0) * np.sin(2.0 * PI * x),
        lambda x: np.sin(2.0 * PI * x),
        lambda how: [Periodic("x", how=how)],
        False,
    ),
    "MultiPoint": (
        -D(2),
        sine,
        lambda x: np.sin(PI * x),
        lambda how: [Dirichlet(0.0), MultiPoint([0.0, 0.5], [3 * D(0), D(0)], 1.0, how=how)],
        False,
    ),
    "Data": (D(2) - D(0), None, np.exp, lambda how: [Data([0.0, 1.0], [1.0, E], D(1), how=how)], False),
    "Condition": (
        D(2) - D(0),
        None,
        np.exp,
        lambda how: [Condition(0.0, D(1) + D(0), 2.0, how=how), Condition([1.0], D(2) - 3 * D(1), -2.0 * E, how=how)],
        False,
    ),
}


@pytest.mark.parametrize("how", ["soft", "hard", "exact"])
@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition(name, how):
    operator, y, exact, conditions, can_be_hard = CONDITIONS[name]
    if how == "hard" and not can_be_hard:
        with pytest.raises(ValueError, match="how='hard' is for Dirichlet and Initial"):
            curve(operator, conditions(how), y)
        return
    model = curve(operator, conditions(how), y)
    assert error(model, lambda points: exact(points[:, 0])) < 1e-6
    assert len(model.condition_weights_) == sum(one.how == "soft" for one in conditions(how)) + (name in "Initial Periodic") * (
        how == "soft"
    )


def test_exact_and_hard_conditions_hold_to_rounding():
    exactly = curve(-D(2), [Dirichlet(0.0, 0.3, how="exact"), Robin(1.0, 1.0, 2.0, -1.0, how="exact")], sine)
    scale = 1e-14 * np.abs(exactly.coefs_[1]).sum()
    assert abs(exactly.predict([[0.0]])[0] - 0.3) < scale
    assert abs((exactly.predict([[1.0]]) + 2.0 * exactly.predict_derivative([[1.0]]))[0] + 1.0) < 100.0 * scale
    assert exactly.stationary_point_ is None or exactly.stationary_point_.n_params > 0
    by_construction = curve(-D(2), [Initial(0.0, [0.3, -0.2], how="hard")], sine)
    assert by_construction.predict([[0.0]])[0] == 0.3
    assert by_construction.predict_derivative([[0.0]])[0] == pytest.approx(-0.2, abs=1e-14)


def test_conditions_that_are_called_alike_are_told_apart():
    halves = [Dirichlet([0.0, 0.25], [0.0, np.sqrt(0.5)], weight=3.0), Dirichlet([0.75, 1.0], [np.sqrt(0.5), 0.0], weight=5.0)]
    model = curve(-D(2), halves, sine)
    assert model.condition_weights_ == {"Dirichlet at 2 points": 3.0, "Dirichlet at 2 points (2)": 5.0}
    data = [Data([0.2, 0.4, 0.6], [0.1, 0.2, 0.3]), Data([0.3, 0.5, 0.7], [0.1, 0.2, 0.3], noise_std=0.5)]
    model = curve(D(2), data, width=3, max_iter=30)
    assert list(model.noise_std_)[1] == "Data at 3 points (2)" and model.noise_std_["Data at 3 points (2)"] == 0.5


def test_weights_of_conditions_trade_one_for_the_other():
    contradiction = [Dirichlet(0.0, 0.0, weight=1.0, name="zero"), Dirichlet(0.0, 1.0, weight=3.0, name="one")]
    model = curve(D(1), contradiction, width=3)
    np.testing.assert_allclose(model.predict(FINE), 0.75, atol=1e-6)
    assert model.condition_weights_ == {"zero": 1.0, "one": 3.0}
    # F is the sum of half mean squares: 1/2 (3/4)² + 3/2 (1/4)²
    assert model.loss_ == pytest.approx(0.375, abs=1e-9)


@pytest.mark.parametrize("how", ["soft", "hard"])
def test_heat_equation(how):
    walls = [Dirichlet({"x": end}, n_points=14, how=how) for end in (0.0, 1.0)]
    start = Initial({"t": 0.0}, lambda points: np.sin(PI * points[:, 0]), n_points=18, how=how)
    equation = D("t") - 0.25 * D("x", "x")
    model = PhysicsRegressor(equation, [*walls, start], 40, variables=("x", "t"), random_state=0, max_iter=150).fit(GRID)
    assert error(model, lambda X: np.exp(-(PI**2) * X[:, 1] / 4.0) * np.sin(PI * X[:, 0]), PLANE) < 1e-6
    np.testing.assert_allclose(
        model.residual(PLANE),
        model.predict_derivative(PLANE, D("t")) - model.predict_derivative(PLANE, 2)[:, 0, 0] / 4,
        atol=1e-9,
    )


def test_transport_around_a_circle():
    conditions = [Periodic("x", 0, n_points=12), Initial({"t": 0.0}, lambda X: np.sin(2.0 * PI * X[:, 0]), n_points=24)]
    model = PhysicsRegressor(D("t") + D("x"), conditions, 20, variables=("x", "t"), random_state=0, max_iter=60).fit(GRID)
    assert error(model, lambda X: np.sin(2.0 * PI * (X[:, 0] - X[:, 1])), PLANE) < 1e-6


def test_varying_coefficients():
    # Euler's equation x² u'' − 2 u = 0: u = x²
    operator = (lambda X: X[:, 0] ** 2) * D(2) - 2 * D(0)
    model = PhysicsRegressor(operator, [Dirichlet(1.0, 1.0), Dirichlet(2.0, 4.0)], 10, random_state=0).fit(X + 1.0)
    assert error(model, lambda points: points[:, 0] ** 2, FINE + 1.0) < 1e-7


# -- systems


def turning(points):
    return np.stack([np.cos(points[:, 0]), -np.sin(points[:, 0])], axis=1)


@pytest.mark.parametrize("how", ["soft", "hard", "exact"])
def test_a_linear_system(how):
    operators = [D(1).of("u") - D(0).of("v"), D(1).of("v") + D(0).of("u")]
    conditions = [Initial(0.0, 1.0, output="u", how=how), Initial(0.0, 0.0, output="v", how=how)]
    model = curve(operators, conditions, outputs=("u", "v"))
    assert error(model, turning) < 1e-8
    assert model.predict(FINE).shape == model.predict_derivative(FINE).shape == model.residual(FINE).shape == (201, 2)
    np.testing.assert_allclose(model.predict_derivative(FINE)[:, 0], model.predict(FINE)[:, 1], atol=1e-6)


@pytest.mark.parametrize("returned", [tuple, list, lambda residuals: anp.stack(residuals, axis=1)])
def test_a_system_as_a_function(returned):
    conditions = [Initial(0.0, 1.0, output="u"), Initial(0.0, 0.0, output="v")]
    model = curve(lambda u, du, v, dv: returned([du - v, dv + u]), conditions, width=8, outputs=("u", "v"), max_iter=120)
    assert error(model, turning) < 1e-6


def test_right_hand_sides_of_a_system():
    operators = [D(1).of("u") - D(0).of("v"), D(0).of("v") + D(0).of("u")]
    targets = np.stack([np.zeros(30), np.exp(X[:, 0]) * 2.0], axis=1)
    model = PhysicsRegressor(operators, Initial(0.0, 1.0), 8, outputs=("u", "v"), random_state=0).fit(X, targets)
    assert error(model, lambda points: np.exp(points)) < 1e-7
    assert model.residual(X, targets).shape == (30, 2) and np.abs(model.residual(X, targets)).max() < 1e-5


# -- nonlinear equations and solvers


def logistic(u, du):
    return du - u * (1.0 - u)


def logistic_solution(points):
    return 1.0 / (1.0 + 9.0 * np.exp(-points[:, 0]))


@pytest.mark.parametrize("how", ["soft", "hard", "exact"])
def test_a_nonlinear_equation(how):
    model = curve(logistic, Initial(0.0, 0.1, how=how), width=6, max_iter=80)
    assert error(model, logistic_solution) < 1e-6


@pytest.mark.parametrize(
    "solver",
    ["levenberg-marquardt", "variable-projection", "trust-region", "bfgs", "ssbroyden", Newton("modified-cholesky")],
    ids=str,
)
def test_every_solver(solver):
    # Newton's method without a safeguard may go anywhere, also where its Hessian is singular
    model = curve(logistic, Initial(0.0, 0.1), width=3, solver=solver, max_iter=200, alpha=1e-8)
    assert error(model, logistic_solution) < 1e-4
    name = solver if isinstance(solver, str) else solver.name
    assert model.solver_.name == name


@pytest.mark.parametrize("solver", ["levenberg-marquardt", "variable-projection", "trust-region"])
def test_solvers_of_linear_equations(solver):
    model = curve(-D(2), [Dirichlet(0.0), Dirichlet(1.0)], sine, width=6, solver=solver, max_iter=100)
    assert error(model, lambda points: np.sin(PI * points[:, 0])) < 1e-4


@pytest.mark.parametrize("activation", ["tanh", "logistic", "sine", "gaussian", "softplus", "erf", "silu"])
def test_activations(activation):
    # a little penalty: without, some of them end with coefficients so large that sums of units lose their digits
    conditions = Initial(0.0, [1.0, 0.0])
    model = curve(D(2) + 4 * D(0), conditions, width=8, activation=activation, alpha=1e-10, max_iter=100)
    assert error(model, lambda points: np.cos(2.0 * points[:, 0])) < 1e-5


def test_splines():
    model = curve(-D(2), [Dirichlet(0.0), Dirichlet(1.0)], sine, width=10, activation="relu-power", max_iter=60)
    assert error(model, lambda points: np.sin(PI * points[:, 0])) < 1e-2


def test_no_derivatives_at_all_is_a_regression():
    target = np.sin(5.0 * X[:, 0])
    model = PhysicsRegressor(D(0), (), 8, random_state=0).fit(X, target)
    assert np.abs(model.predict(X) - target).max() < 1e-6
    assert model.condition_weights_ == model.coefficients_ == model.noise_std_ == {}


# -- unknown coefficients


TIMES = np.linspace(0.0, 6.0, 40)
CRAMER_RAO = 0.01 / np.linalg.norm(TIMES * np.sin(2.0 * TIMES) / 4.0)
"""Of k in u'' + k u = 0, u(0) = 1, u'(0) = 0, at k = 4, from these data with noise 0.01."""


def oscillator(start, **parameters):
    noisy = np.cos(2.0 * TIMES) + 0.01 * np.random.RandomState(0).normal(size=40)
    model = PhysicsRegressor(lambda u, d2u, k: d2u + k * u, [Data(TIMES, noisy, name="data", **parameters), start], 16)
    model.set_params(coefficients={"k": 3.0}, random_state=0, max_iter=200)
    return model.fit(np.linspace(0.0, 6.0, 60)[:, None])


@pytest.mark.parametrize("how", ["soft", "hard", "exact"])
def test_stiffness_of_an_oscillator(how):
    model = oscillator(Initial(0.0, [1.0, 0.0], how=how))
    assert abs(model.coefficients_["k"] - 4.0) < 4.0 * model.coefficient_std_["k"]
    assert 1.0 / 1.5 < model.coefficient_std_["k"] / CRAMER_RAO < 1.5
    assert model.noise_std_["data"] == pytest.approx(0.01, rel=0.35)


def test_known_noise_is_taken_at_its_word():
    model = oscillator(Initial(0.0, [1.0, 0.0], how="hard"), noise_std=0.01)
    assert model.noise_std_ == {"data": 0.01}
    assert model.coefficient_std_["k"] == pytest.approx(CRAMER_RAO, rel=0.05)
    each = oscillator(Initial(0.0, [1.0, 0.0], how="hard"), noise_std=np.where(np.arange(40) % 2, 0.01, 100.0))
    half = 0.01 / np.linalg.norm((TIMES * np.sin(2.0 * TIMES) / 4.0)[1::2])
    assert each.coefficient_std_["k"] == pytest.approx(half, rel=0.05)


def test_without_data_nothing_is_known_of_coefficients():
    model = curve(
        lambda u, du, k: du - k * u, [Initial(0.0, 1.0), Dirichlet(1.0, E)], width=5, coefficients={"k": 0.5}, max_iter=60
    )
    assert model.coefficients_["k"] == pytest.approx(1.0, abs=1e-4)
    assert np.isnan(model.coefficient_std_["k"])


def test_a_coefficient_below_a_fraction_line():
    # at zero the equation is infinite: its level is taken at the starting values
    data = Data(X[::3], np.exp(-X[::3, 0] / 2.0))
    model = curve(lambda u, du, k: du + u / k, [Initial(0.0, 1.0), data], width=5, coefficients={"k": 1.0}, max_iter=120)
    assert model.coefficients_["k"] == pytest.approx(2.0, abs=1e-3)
    assert all(np.isfinite(weight) for weight in model.condition_weights_.values())
