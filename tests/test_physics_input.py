"""What `PhysicsRegressor` refuses: by the name of what is wrong, before any work, leaving the estimator as it was."""

import sys

import numpy as np
import pytest

from newtonreg import PhysicsRegressor
from newtonreg.physics import D, Data, Dirichlet, Initial, MultiPoint, Neumann, Periodic

X = np.linspace(0.0, 1.0, 12)[:, None]
Y = np.ones(12)
PLANE = np.random.RandomState(0).uniform(size=(12, 2))
ENDS = [Dirichlet(0.0), Dirichlet(1.0)]
LAPLACE = D("x", "x") + D("y", "y")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def model(operator=None, conditions=ENDS, **parameters):
    operator = -D(2) if operator is None else operator
    return PhysicsRegressor(operator, conditions, **{"hidden_layer_sizes": 4, "max_iter": 22, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return model().fit(X, Y)


def refused(fitted, estimator, X=X, y=Y, error=ValueError, **arguments):
    """The message of the error, which changes neither a new estimator nor a fitted one."""
    with pytest.raises(error) as first:
        estimator.fit(X, y, **arguments)
    assert set(vars(estimator)) == set(estimator.get_params())
    again = model().set_params(**estimator.get_params())
    attributes = {name: value for name, value in vars(fitted).items() if name not in estimator.get_params()}
    vars(again).update(attributes)
    with pytest.raises(error) as second:
        again.fit(X, y, **arguments)
    assert all(vars(again)[name] is value for name, value in attributes.items())
    assert set(vars(again)) == set(attributes) | set(estimator.get_params())
    assert str(first.value) == str(second.value)
    return str(first.value)


class Quadratic:
    """No activation."""


PROBLEMS = [
    # operators and equations
    (
        model(D(4), [Initial(0.0, [1.0] * 4)], activation="relu-power"),
        ValueError,
        "ReluPower() has derivatives up to max_order=3",
    ),
    (model(activation="relu"), ValueError, "Relu() has derivatives up to max_order=1, and order=2"),
    (model(D(0), [Neumann(0.0, 1.0), Data(X, Y, D(2))], activation="relu"), ValueError, "max_order=1, and order=2"),
    (model(activation="radial"), ValueError, "activation='radial' is no ridge function"),
    (model("u'' = 1"), TypeError, "operator=\"u'' = 1\" must be an Operator"),
    (model([]), TypeError, "operator=[] must be an Operator"),
    (model([D(0), "v"]), TypeError, "must be an Operator"),
    (model(D("t")), ValueError, "'t' is no variable"),
    (model(D(1).of("v")), ValueError, "'v' is no output"),
    (model(D(1) - D(1)), ValueError, "is zero: its terms cancel"),
    (model(lambda u, d2u, nu: d2u - nu * u), ValueError, "has an argument 'nu', which is not understood"),
    (model(lambda x: x), ValueError, "takes no unknown function"),
    (model((lambda X: 1.0 / X[:, 0]) * D(2)), ValueError, "coefficient of the operator: <lambda>(X) is inf at the point (0)"),
    (model((lambda X: X) * D(2)), None, ""),
    (model((lambda X: 3.0) * D(2)), ValueError, "has shape () for X of shape (12, 1)"),
    # what a residual function returns
    (model(lambda u, d2u: d2u[:3]), ValueError, "must return an array of shape (12,)"),
    (model(lambda u, d2u: d2u.sum()), ValueError, "must return an array of shape (12,)"),
    (model(lambda u, d2u: None), ValueError, "must return an array of shape (12,)"),
    (model(lambda x, u, d2u: d2u / x), ValueError, "at 1 of 12 points, the first of them x = 0.0"),
    (model(lambda u, d2u: d2u + np.log(-(u**2))), ValueError, "is nan at 12 of 12 points"),
    (model(lambda u, d2u: d2u - d2u.mean()), ValueError, "and use no sums or means over the points"),
    (model(lambda x, u, d2u: x), ValueError, "depends on none of"),
    (model(lambda u, d2u: np.clip(d2u, -1, 1)), TypeError, "autograd cannot differentiate"),
    # too few conditions
    (model(conditions=()), ValueError, "order 2 in x has 2 free constants, and there is no condition. Add 2"),
    (model(conditions=ENDS[:1]), ValueError, "conditions give 1 value: 'Dirichlet at x=0'. Add 1, for instance"),
    (model(lambda u, d3u: d3u - u, ENDS), ValueError, "An equation of order 3 in x has 3 free constants"),
    # conditions
    (model(conditions=None), TypeError, "conditions: None is no condition"),
    (model(conditions=[Dirichlet]), TypeError, "is no condition; pass objects"),
    (model(conditions=[*ENDS, 3.0]), TypeError, "conditions: 3.0 is no condition"),
    (model(conditions=[ENDS[0], Dirichlet(2.0)], domain=[(0.0, 1.0)]), ValueError, "the point (x=2) lies outside of the domain"),
    (model(conditions=[ENDS[0], Data([3.0], [1.0])], domain=(0.0, 1.0)), ValueError, "the point (x=3) lies outside"),
    (model(conditions=[*ENDS, Dirichlet(0.0, 1.0, how="hard"), Dirichlet(0.0, how="hard")]), ValueError, "contradict each other"),
    (
        model(conditions=[Dirichlet(0.0, 1.0, how="hard"), Dirichlet(0.0, how="exact"), *ENDS]),
        ValueError,
        "contradict each other",
    ),
    (model(conditions=[Neumann(0.0, 1.0, how="hard"), *ENDS]), ValueError, "needs u there to be hard too"),
    (model(conditions=[Dirichlet(0.5, 1.0, how="hard"), *ENDS]), ValueError, "is for the ends of the domain"),
    (model(conditions=[Periodic("x", how="hard")]), ValueError, "Periodic(axis='x', how='hard'): how='hard' is for Dirichlet"),
    (model(conditions=[Dirichlet(0.0, np.nan), *ENDS]), ValueError, "value=nan must be a finite real number"),
    (model(conditions=[Dirichlet({"t": 0.0}), *ENDS]), ValueError, "'t' is no variable"),
    (model(conditions=[Dirichlet(0.0, weight=-1.0), *ENDS]), ValueError, "weight=-1.0 must be 'auto' or a number > 0"),
    (model(conditions=[Dirichlet(0.0, output="v"), *ENDS]), ValueError, "output='v'"),
    (model(conditions=[Data([0.5], [1.0, 2.0]), *ENDS]), ValueError, "y has shape (2,), and there are 1 points"),
    (model(conditions=[MultiPoint([0.0], [D(0), D(0)]), *ENDS]), ValueError, "1 points and 2 operators"),
    # names, domain, coefficients
    (model(variables=("x", "t")), ValueError, "names 2 inputs, and X has 1 columns"),
    (model(variables=("1x",)), ValueError, "variables=('1x',) must be different names"),
    (model(outputs=("u", "u")), ValueError, "outputs=('u', 'u') must be different names"),
    (model(outputs=()), ValueError, "outputs=() must be different names"),
    (model(variables=("u",)), ValueError, "share a name"),
    (model(domain=[(1.0, 0.0)]), ValueError, "domain=[(1.0, 0.0)] must be a pair low < high"),
    (model(domain=[(0.0, 1.0), (0.0,)]), ValueError, "domain=[(0.0, 1.0), (0.0,)] must be a pair"),
    (model(domain=[("a", "b")]), ValueError, "domain=[('a', 'b')] must be a pair"),
    (model(domain=[(0.0, 0.5)]), ValueError, "X: the point in row 6 has x=0.545455, outside of domain=[(0.0, 0.5)]"),
    (model(coefficients={"nu": 1.0}), ValueError, "coefficients={'nu': 1.0}: unknown coefficients are arguments"),
    (model(coefficients=[1.0]), TypeError, "coefficients=[1.0] must be a dict"),
    (
        model(lambda d2u, nu: d2u * nu, coefficients={"nu": np.nan}),
        ValueError,
        "coefficients: 'nu': nan must be a name and a finite",
    ),
    (model(lambda d2u: d2u, coefficients={"nu": 1.0}), ValueError, "coefficients has 'nu'"),
    # the rest
    (model(hidden_layer_sizes=(4, 4)), ValueError, "hidden_layer_sizes=(4, 4): derivatives of the solution are those of one"),
    (model(hidden_layer_sizes=0), ValueError, "hidden_layer_sizes=0 must be an integer >= 1"),
    (model(activation="swish"), ValueError, "activation='swish'"),
    (model(activation=Quadratic()), ValueError, "activation="),
    (model(solver="newtonian"), ValueError, "solver='newtonian' is unknown"),
    (model(init="nots"), ValueError, "init='nots'"),
    (model(init=np.ones((3, 4))), ValueError, "init"),
    (model(alpha=-1.0), ValueError, "alpha=-1.0"),
    (model(alpha="evidence"), ValueError, "alpha='evidence'"),
    (model(tol=-1.0), ValueError, "tol=-1.0"),
    (model(max_iter=0), ValueError, "max_iter=0"),
    (model(max_time=0.0), ValueError, "max_time=0.0"),
    (model(n_restarts="auto"), ValueError, "n_restarts='auto'"),
    (model(source="one"), ValueError, "source='one'"),
    (model(warm_start=1), ValueError, "warm_start=1"),
    (model(verbose="yes"), ValueError, "verbose='yes'"),
    (model(device="gpu"), ValueError, "device='gpu' is unknown"),
    (model(random_state="seed"), ValueError, "'seed' cannot be used to seed"),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("estimator", "error", "message"), PROBLEMS, ids=[message[:40] or "fits" for _, _, message in PROBLEMS])
def test_bad_problems_are_named(fitted, estimator, error, message):
    if error is None:
        # one variable: (n, 1) is what an elementwise function returns
        assert np.isfinite(estimator.fit(X, Y).loss_)
        return
    assert message in refused(fitted, estimator, error=error)


Z = np.where(np.arange(12) == 4, np.nan, 1.0)


@pytest.mark.parametrize(
    ("points", "y", "weights", "message"),
    [
        (X, Y[:5], None, "y has shape (5,); 12 collocation points and 1 equation need (12,) or (12, 1)"),
        (X, np.ones((12, 2)), None, "y has shape (12, 2)"),
        (X, 1.0, None, "y has shape ()"),
        (X, Z, None, "Input y contains NaN or infinity: nan in row 4"),
        (X, ["one"] * 12, None, "y must be real numbers, and is ['one'"),
        (X, Y + 1j, None, "y must be real numbers"),
        (X * Z[:, None], Y, None, "Input X contains NaN"),
        (X[:1], Y[:1], None, "Found array with 1 sample(s)"),
        (X[:, 0], Y, None, "Expected 2D array, got 1D array"),
        (X, Y, -Y, "Negative values in data passed to `sample_weight`"),
        (X, Y, Z, "Input sample_weight contains NaN"),
        (X, Y, 0.0 * Y, "Sample weights must contain at least one non-zero number"),
        (X, Y, Y[:4], "sample_weight.shape == (4,)"),
        (np.full((5, 1), 0.5), Y[:5], None, None),
    ],
)
def test_bad_data_is_named(fitted, points, y, weights, message):
    if message is None:
        # the ends of the conditions make a domain even of one point
        assert model(max_iter=22).fit(points, y).domain_ == ((0.0, 1.0),)
        return
    assert message in refused(fitted, model(), points, y, sample_weight=weights)


def test_points_without_extent_have_no_domain(fitted):
    message = refused(fitted, model(D(0), ()), np.full((5, 1), 0.5), Y[:5])
    assert "domain=[(0.5, 0.5)] must be a pair low < high" in message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (lambda X: X[:3, 0], "source(X) has shape (3,); 12 collocation points and 1 equation"),
        (lambda X: 1.0, "source(X) has shape ()"),
        (lambda X: np.nan * X[:, 0], "Input source(X) contains NaN or infinity: nan in row 0"),
        (lambda X: ["a"] * len(X), "source(X) must be real numbers"),
    ],
)
def test_bad_sources_are_named(fitted, source, message):
    assert message in refused(fitted, model(source=source), y=None)


def test_residuals_take_the_targets_that_fit_takes(fitted):
    with pytest.raises(ValueError, match=r"y has shape \(5,\); 12 collocation points"):
        fitted.residual(X, Y[:5])
    with pytest.raises(ValueError, match="Input y contains NaN"):
        fitted.score(X, Z)
    with pytest.raises(ValueError, match="X has 2 features, but PhysicsRegressor is expecting 1"):
        fitted.predict(PLANE)


# -- several variables


@pytest.mark.parametrize(
    ("operator", "conditions", "message"),
    [
        (LAPLACE, (), "The equation has derivatives by x, y, and conditions say nothing about anything"),
        (D("x"), [Dirichlet({"y": 0.0}, n_points=4)], "The equation has derivatives by x, and conditions say nothing about"),
        (D(2), [Dirichlet("boundary", n_points=4)], "D(2) is for one input"),
        (LAPLACE, [Dirichlet({"x": -1.0}, n_points=4)], None),
        (LAPLACE, [Dirichlet("edges")], "where='edges' is unknown"),
        (LAPLACE, [Dirichlet(0.0)], "where=0.0 is one number, and the variables are x, y"),
        (
            LAPLACE,
            [Dirichlet({"x": 0.0}, 1.0, how="hard"), Dirichlet({"y": 0.0}, 2.0, how="hard")],
            "contradict each other at (x=0, y=0): 1 and 2",
        ),
        (LAPLACE, [Initial([[0.0, 0.0]], 1.0)], "is no instant"),
    ],
)
def test_bad_problems_of_several_variables(fitted, operator, conditions, message):
    estimator = model(operator, conditions, domain=[(0.0, 1.0), (0.0, 1.0)], max_iter=30)
    if message is None:
        assert "the point (x=-1, y=0) lies outside of the domain" in refused(fitted, estimator, PLANE)
        return
    assert message in refused(fitted, estimator, PLANE)


def test_a_variable_without_conditions_is_warned_of():
    walls = [Dirichlet({"x": end}, n_points=4) for end in (0.0, 1.0)]
    with pytest.warns(UserWarning, match="derivatives by y, and no condition holds at an end of it: 'Dirichlet at x=0'"):
        model(D("y") - D("x", "x"), walls, max_iter=25, domain=[(0.0, 1.0), (0.0, 1.0)]).fit(PLANE, Y)


# -- devices and solvers


def test_a_gpu_without_cupy(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    nonlinear = model(lambda u, d2u: d2u + u**2, device="cuda")
    for estimator in (model(device="cuda"), nonlinear):
        assert "device='cuda' needs CuPy: pip install" in refused(fitted, estimator, error=RuntimeError)
    np.testing.assert_array_equal(model(device="cpu").fit(X, Y).predict(X), fitted.predict(X))


@pytest.mark.parametrize("solver", ["newton", "trust-region"])
def test_exact_conditions_leave_no_second_derivatives(fitted, solver):
    exact = model(conditions=[Dirichlet(0.0, how="exact"), ENDS[1]], solver=solver)
    message = refused(fitted, exact, error=TypeError)
    assert (
        "needs second derivatives, which there are none of along conditions with how='exact', such as 'Dirichlet at x=0'"
        in message
    )


def test_exact_conditions_that_the_units_cannot_meet(fitted):
    too_many = model(D(0), [Dirichlet(X, np.arange(12.0), how="exact", name="steps")])
    message = refused(fitted, too_many)
    assert "The constraint 'steps' cannot hold exactly" in message and "The 12 constraints have rank 5" in message
