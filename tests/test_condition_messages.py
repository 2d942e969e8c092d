"""What conditions say to arguments that they cannot take: every message names the condition, the argument and the way out."""

import numpy as np
import pytest

from newtonreg.physics.conditions import Condition, Data, Dirichlet, Initial, MultiPoint, Neumann, Periodic, Robin
from newtonreg.physics.operators import D

INTERVAL = [(0.0, 2.0)]
BOX = [(-1.0, 1.0), (0.0, 0.7)]


def resolve(condition, domain=INTERVAL):
    return condition.resolve(("x", "t")[: len(domain)], ("u",), domain)


def wave(X):
    return np.sin(X[:, 0])


def nan_at_the_end(X):
    return np.where(X[:, 0] > 1.5, np.nan, 0.0)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Dirichlet("edge"), r"where='edge' is unknown; pass a number"),
        (Dirichlet(None), r"where=None is no point"),
        (Dirichlet(wave), r"is no point; pass a number"),
        (Dirichlet({}), r"fixes no variable"),
        (Dirichlet({"y": 0.0}), r"where=\{'y': 0.0\}: 'y' is no variable; there is one variable, 'x'"),
        (Dirichlet({0: 0.0}), r"has the key 0; keys are names of variables, x"),
        (Dirichlet({"x": [0.0, 1.0]}), r"where\['x'\]=\[0.0, 1.0\] must be a finite real number"),
        (Dirichlet({"x": np.nan}), r"where\['x'\]=nan must be a finite"),
        (Dirichlet(np.inf), r"where=inf must be a finite"),
        (Dirichlet([0.0, np.nan]), r"where has the point \(x=nan\), which is not finite"),
        (Dirichlet(["a"]), r"where must be real numbers, and is \['a'\]"),
        (Dirichlet([]), r"where has shape \(0,\).*pass points \(n, 1\)"),
        (Dirichlet(np.zeros((2, 2))), r"where has shape \(2, 2\); with the variables x pass points \(n, 1\)"),
        (Dirichlet(5.0, name="far wall"), r"condition 'far wall': the point \(x=5\) lies outside of the domain, x in \[0, 2\]"),
        (Dirichlet([0.0, 1.0], [1.0, 2.0, 3.0]), r"value has shape \(3,\), and there are 2 points; pass 2 values"),
        (Dirichlet([0.0, 1.0], [1.0, np.inf]), r"value is inf at the point \(x=1\); it must be finite"),
        (Dirichlet([0.0, 2.0], nan_at_the_end), r"nan_at_the_end\(X\) is nan at the point \(x=2\)"),
        (Dirichlet([0.0, 2.0], lambda X: 0.0), r"value: <lambda>\(X\) has shape \(\)"),
        (Dirichlet(0.0, np.nan), r"value=nan must be a finite"),
        (Dirichlet(0.0, "one"), r"value must be real numbers, and is 'one'"),
        (Dirichlet(0.0, None), r"value must be real numbers, and is None"),
        (Dirichlet(0.0, [[1.0, 2.0], [3.0]]), r"value must be real numbers, and is \[\[1.0, 2.0\], \[3.0\]\]"),
        (Dirichlet(0.0, output="v"), r"output='v': 'v' is no output; there is one output, 'u'"),
        (Dirichlet(0.0, output=1), r"output=1: 1 is no output"),
        (Dirichlet(0.0, output=None, weight=-1.0), r"weight=-1.0 must be 'auto' or a number > 0"),
        (Dirichlet(0.0, weight=0.0), r"weight=0.0 must be"),
        (Dirichlet(0.0, weight=np.inf), r"weight=inf must be"),
        (Dirichlet(0.0, weight="balanced"), r"weight='balanced' must be"),
        (Dirichlet(0.0, how="strong"), r"how='strong' is unknown; pass 'soft', 'hard' or 'exact'"),
        (Dirichlet(0.0, how=None), r"how=None is unknown"),
        (Dirichlet(0.0, name=3), r"name=3 of a condition must be a string"),
        (Dirichlet(0.0, n_points=5), r"n_points=5 is for edges"),
        (Dirichlet("boundary", n_points=1), r"n_points=1 must be an integer >= 2"),
        (Neumann(0.0, axis="t"), r"axis='t': 't' is no variable; there is one variable, 'x'"),
        (Neumann(0.0, axis=1), r"axis=1 must be one of the variables 'x', or its index"),
        (Neumann(1.0, how="hard"), r"how='hard' is for the ends of an interval"),
        (Robin(0.0, 0.0, 0), r"a and b are both 0"),
        (Robin(0.0, "a", 1.0), r"a='a' must be a finite real number"),
        (Robin(2.0, 1.0, nan_at_the_end, name="r"), r"condition 'r': coefficient of the operator: nan_at_the_end\(X\) is nan"),
        (Condition(0.0, D("t")), r"Condition\(where=0.0, operator=D\('t'\)\): D\('t'\): 't' is no variable"),
        (Condition(0.0, D(0).of("w")), r"'w' is no output"),
        (Initial([0.0], 1.0), r"where=\[0.0\] is no instant; pass a number"),
        (Initial(0.0, []), r"values=\[\] must be a number, a function, or a list"),
        (Initial(0.0, None), r"values=None must be a number"),
        (Initial(0.0, [1.0, np.nan]), r"values\[1\]=nan must be a finite"),
        (Initial(0.0, [1.0, [1.0, 2.0]]), r"values\[1\] has shape \(2,\), and there are 1 points"),
        (Periodic("t"), r"axis='t': 't' is no variable"),
        (Periodic(None), r"axis=None must be one of the variables 'x'"),
        (Periodic("x", ()), r"orders=\(\) must be different integers >= 0"),
        (Periodic("x", (0, 0)), r"orders=\(0, 0\) must be different"),
        (Periodic("x", (-1,)), r"orders=\(-1,\) must be"),
        (Periodic("x", "01"), r"orders='01' must be"),
        (MultiPoint([0.0, 1.0], [D(0)]), r"2 points and 1 operators; pass one operator for each point"),
        (MultiPoint(0.0, [D(0)]), r"points must be a list"),
        (MultiPoint([0.0], D(0)), r"operators must be a list"),
        (MultiPoint([], []), r"points must be a list"),
        (MultiPoint([[0.0, 1.0], 2.0], [D(0), D(0)]), r"have \[2, 1\] rows; they must have the same number"),
        (MultiPoint([0.0, 9.0], [D(0), D(0)]), r"the point \(x=9\) lies outside"),
        (MultiPoint([0.0, {"x": 1.0}], [D(0), D(0)]), r"points\[1\]=\{'x': 1.0\} is no point"),
        (Data([0.0, 1.0], [1.0]), r"y has shape \(1,\), and there are 2 points; pass 2 values"),
        (Data([0.0, 1.0], wave), r"y is a function; pass the measured values"),
        (Data([0.0, 1.0], [1.0, np.nan]), r"y is nan at the point \(x=1\)"),
        (Data([0.0, 3.0], [1.0, 1.0]), r"the point \(x=3\) lies outside"),
        (Data([0.0, np.nan], [1.0, 1.0]), r"X has the point \(x=nan\)"),
        (Data([0.0, 1.0], [1.0, 1.0], noise_std=0.0), r"noise_std=0.0 must be finite and > 0"),
        (Data([0.0, 1.0], [1.0, 1.0], noise_std=[0.1]), r"noise_std has shape \(1,\), and y has 2 values"),
        (Data([0.0, 1.0], [1.0, 1.0], noise_std="auto"), r"noise_std must be real numbers"),
    ],
)
def test_messages(condition, message):
    with pytest.raises(ValueError, match=message):
        resolve(condition)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Dirichlet(0.0), r"is one number, and the variables are x, t; say which one it is, for instance \{'x': 0.0\}"),
        (Dirichlet([0.0, 0.1]), r"pass points \(n, 2\), one row a point, n >= 1; for a single point pass one row"),
        (Dirichlet({"y": 0.0}), r"there are the variables 'x' and 't'"),
        (Dirichlet([[0.0, 9.0]]), r"the point \(x=0, t=9\) lies outside of the domain, x in \[-1, 1\], t in \[0, 0.7\]"),
        (Dirichlet([[0.0, 0.1]], how="hard"), r"how='hard' in several variables is for faces, such as where=\{'x': -1\}"),
        (Neumann({"x": 1.0}, how="hard"), r"how='hard' is for the ends of an interval"),
        (Initial(0.0, 1.0), r"is one number, and the variables are x, t"),
        (
            Initial({"x": 0.0, "t": 0.0}, 1.0),
            r"is no instant; pass a number \(one variable\) or a dict of one variable, \{'t': 0.0\}",
        ),
        (Condition([[0.0, 0.1]], D(2)), r"D\(2\) is for one input"),
    ],
)
def test_messages_in_two_variables(condition, message):
    with pytest.raises(ValueError, match=message):
        resolve(condition, BOX)


@pytest.mark.parametrize(
    "condition",
    [
        Condition(0.0, D(0), how="hard"),
        Robin(0.0, 1.0, 1.0, how="hard"),
        MultiPoint([0.0], [D(0)], how="hard"),
        Data([0.0], [1.0], how="hard"),
        Periodic("x", how="hard"),
    ],
)
def test_what_can_be_hard(condition):
    with pytest.raises(ValueError, match=r"how='hard' is for Dirichlet and Initial, and for Neumann at the ends of an interval;"):
        resolve(condition)


@pytest.mark.parametrize(
    "condition",
    [Condition(0.0, lambda x, u: u), MultiPoint([0.0, 1.0], [D(0), 1.0]), Data([0.0], [1.0], "x")],
)
def test_operators_are_operators(condition):
    with pytest.raises(TypeError, match=r"is no Operator; build one with D"):
        resolve(condition)


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ([(0.0, 1.0), (0.0, 1.0)], r"must have one \(low, high\) for each of the variables x"),
        ([(1.0, 0.0)], r"x from 1 to 0; both must be finite, and low < high"),
        ([(0.0, np.inf)], r"x from 0 to inf"),
        (None, r"domain must be real numbers, and is None"),
    ],
)
def test_domains(domain, message):
    with pytest.raises(ValueError, match=message):
        Dirichlet(0.0).resolve(("x",), ("u",), domain)


def test_too_many_swept_variables():
    variables = tuple("abcde")
    domain = [(0.0, 1.0)] * 5
    with pytest.raises(ValueError, match=r"sweeps 4 variables; pass n_points"):
        Dirichlet({"a": 0.0}).resolve(variables, ("u",), domain)
    assert Dirichlet({"a": 0.0}, n_points=2).resolve(variables, ("u",), domain)[0].points[0].shape == (16, 5)


def test_how_conditions_are_called():
    def called(condition):
        with pytest.raises(ValueError) as caught:
            resolve(condition)
        return str(caught.value).partition(": ")[0]

    assert called(Dirichlet(np.zeros((9, 2)), wave)) == "Dirichlet(where=array of shape (9, 2), value=wave)"
    assert called(Data([9.0] * 99, [0.0] * 99, D(0) + 1)) == "Data(X=list of length 99, y=list of length 99, operator=2*D(0))"
    assert called(Data([9.0] * 2, [0.0] * 2, D(0) * 1e-9)) == "Data(X=[9.0, 9.0], y=[0.0, 0.0], operator=1e-09*D(0))"
    assert called(Periodic("t", how="exact")) == "Periodic(axis='t', how='exact')"


def test_data_of_another_output():
    assert Data([0.0], [1.0], D(1).of("v"), output="v").resolve(("x",), ("u", "v"), INTERVAL)[0].operators[0][0][1] == 1
    with pytest.raises(ValueError, match=r"Data.*output='w'.*says already of which output it is"):
        Data([0.0], [1.0], D(1).of("v"), output="w").resolve(("x",), ("u", "v", "w"), INTERVAL)
