"""The problems of Moré, Garbow and Hillstrom, with residuals, Jacobians and Hessians of residuals written by hand.

`PROBLEMS` has all 35 of them, Watson's, the penalty and the Chebyquad functions at more than one size. Each is a `Problem` of
`newtonreg.testing.known`: `problem.objective(xp)` is a fresh `LeastSquares` on arrays of any array library, `problem.start` the
standard starting point.

`problem.minima` lists the minima known, local ones included, `problem.limits` what is attained at infinity only, and
`problem.saddles` some saddles. **The values are F = ½ Σ r²**, half of what the paper and most lists give. Every value and every
minimizer comes from Newton's method in fifty digits, on residuals that were written independently of those here, and is the
double nearest to it. Indices start from 0.

Where the list differs from what is found elsewhere, the `note` says so. In particular no minimum has the value 1 of Brown's
almost linear function or 259.58 of Jennrich and Sampson's; 5.65565e-3 of Biggs's EXP6 is that of saddles and of minima,
1.79454e-3 of Kowalik and Osborne's that of saddles.

References
----------
Moré, Garbow & Hillstrom, *Testing unconstrained optimization software*, ACM Transactions on Mathematical Software 7 (1981) 17–41.

Examples
--------
>>> import numpy as np
>>> from newtonreg import TrustRegion, minimize
>>> from newtonreg.testing import more_garbow_hillstrom
>>> beale = next(problem for problem in more_garbow_hillstrom.PROBLEMS if problem.name == "beale")
>>> minimize(beale.objective(np), beale.start, TrustRegion()).x.round(9)
array([3. , 0.5])
>>> beale.minima[0].at
(3.0, 0.5)
"""

from newtonreg.testing.more_garbow_hillstrom import (
    boundary_values,
    broyden,
    chebyquad,
    coupled,
    exponentials,
    extended,
    four_variables,
    linear,
    osborne_2,
    penalties,
    three_variables,
    two_variables,
    watson,
)

__all__ = ["PROBLEMS"]

PROBLEMS = (
    *two_variables.PROBLEMS,
    *three_variables.PROBLEMS,
    *four_variables.PROBLEMS,
    *exponentials.PROBLEMS,
    *osborne_2.PROBLEMS,
    *watson.PROBLEMS,
    *extended.PROBLEMS,
    *penalties.PROBLEMS,
    *coupled.PROBLEMS,
    *boundary_values.PROBLEMS,
    *broyden.PROBLEMS,
    *linear.PROBLEMS,
    *chebyquad.PROBLEMS,
)
