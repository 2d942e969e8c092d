"""Contract checks for components written outside the package, as scikit-learn's `check_estimator` is for estimators.

Whoever writes a basis, a loss, a norm, a subproblem solver or a solver calls the check of that name; the tests of the package do
the same with every component they discover. A check returns nothing, or raises AssertionError with the component and the
property that it violates. Derivatives are judged by the slopes of Taylor remainders, which need no second formula.

`nist` has the models of NIST's nonlinear regression problems and a reader of their files. `more_garbow_hillstrom` and `saddles`
have test problems with hand-written derivatives for every array library, their starting points and their known minima.
"""

from newtonreg.testing import more_garbow_hillstrom, nist, saddles
from newtonreg.testing.bases import check_basis
from newtonreg.testing.derivatives import check_gradient, check_hessian, taylor_slopes
from newtonreg.testing.losses import check_loss
from newtonreg.testing.norms import check_norm
from newtonreg.testing.solvers import check_solver
from newtonreg.testing.subproblems import check_subproblem

__all__ = [
    "check_basis",
    "check_gradient",
    "check_hessian",
    "check_loss",
    "check_norm",
    "check_solver",
    "check_subproblem",
    "more_garbow_hillstrom",
    "nist",
    "saddles",
    "taylor_slopes",
]
