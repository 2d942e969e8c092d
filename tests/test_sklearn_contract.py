"""scikit-learn's own checks, every one of them, with array API dispatch really on."""

import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor, TrustRegion

ESTIMATORS = [
    NewtonMLPRegressor(),
    NewtonMLPRegressor(activation="radial", solver=TrustRegion(curvature="gauss-newton")),
    NewtonMLPClassifier(),
]


@parametrize_with_checks(ESTIMATORS)
def test_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [NewtonMLPRegressor(), NewtonMLPClassifier()], ids=lambda e: type(e).__name__)
def test_only_absent_libraries_are_skipped(estimator):
    """Without SCIPY_ARRAY_API=1 the array API checks skip in silence; here they run for NumPy and array-api-strict."""
    outcomes = check_estimator(estimator, on_fail=None, on_skip=None)
    skipped = [o for o in outcomes if o["status"] == "skipped"]
    for outcome in skipped:
        assert outcome["check_name"].startswith("check_array_api_"), outcome
        assert any(f"{library} is not installed" in str(outcome["exception"]) for library in ("cupy", "torch", "dpnp")) or (
            "CUDA" in str(outcome["exception"]) or "GPU" in str(outcome["exception"]) or "MPS" in str(outcome["exception"])
        ), outcome
    ran = [o["check_name"] for o in outcomes if o["status"] == "passed"]
    assert ran.count("check_array_api_input") >= 3
    assert "check_array_api_same_namespace" in ran
    assert not [o for o in outcomes if o["status"] not in ("passed", "skipped")]
