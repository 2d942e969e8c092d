"""What a trust region requires of an objective: products where nothing in it needs a matrix."""

import pytest
from training_problems import make_risk, start_of

from newtonreg import Analytic, minimize
from newtonreg.solvers import TrustRegion
from newtonreg.solvers.requirements import check_requirements, lacking

ELLIPSOIDAL = TrustRegion(norm="rmsprop", subproblem="steihaug", initial_radius=0.05)


@pytest.mark.parametrize(
    ("solver", "requires"),
    [
        (TrustRegion(), ("hessian",)),
        (TrustRegion(subproblem="steihaug"), ("hessian",)),
        (TrustRegion(norm="rmsprop"), ("hessian",)),
        (TrustRegion(norm="rmsprop", subproblem="steihaug"), ("hessian_product",)),
        (TrustRegion("gauss-newton", norm="spherical", subproblem="gltr"), ("gauss_newton_product",)),
        (TrustRegion("saddle-free", norm="spherical", subproblem="steihaug"), ("hessian",)),
        (TrustRegion("bfgs", norm="spherical", subproblem="steihaug"), ()),
    ],
    ids=str,
)
def test_a_trust_region_requires_products_where_nothing_needs_a_matrix(solver, requires):
    assert solver.requires == requires


def test_what_has_a_matrix_has_its_products():
    objective = Analytic(lambda x: x @ x, 2)
    for provides, missing in (({"hessian"}, []), ({"hessian_product"}, []), (set(), ["hessian_product"])):
        objective.provides = provides
        assert lacking(ELLIPSOIDAL, objective) == missing
    with pytest.raises(TypeError, match="needs second derivatives; Analytic has none"):
        check_requirements(ELLIPSOIDAL, objective)
    objective.provides = {"hessian_product"}
    with pytest.raises(TypeError, match=r"has 2 parameters and only multiplies by it. Pass TrustRegion\(norm='rmsprop'"):
        check_requirements(TrustRegion(), objective)


def test_a_run_by_products_alone():
    risk = make_risk(noise=0.1, alpha=0.1)

    class ByProducts(type(risk)):
        provides = frozenset({"hessian_product"})

    large = ByProducts(risk.terms, risk.penalty)
    result = minimize(large, start_of(risk), ELLIPSOIDAL, max_iter=2000, gtol=1e-6)
    assert result.success and large.counts.nhev == 0
