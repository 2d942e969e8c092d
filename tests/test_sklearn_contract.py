"""scikit-learn's own checks, every one of them, with array API dispatch really on."""

from unittest import SkipTest

from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor, TrustRegionClassifier, TrustRegionRegressor

SMALL_RADIAL = NewtonMLPRegressor(5, activation="radial", alpha=0.1)
ABSENT = ("is not installed", "CUDA", "cuda", "GPU", "MPS", "XPU", "xpu", "dpnp")


ESTIMATORS = [
    NewtonMLPRegressor(),
    NewtonMLPClassifier(),
    SMALL_RADIAL,
    TrustRegionRegressor(5, alpha=0.1),
    TrustRegionClassifier(5),
]


@parametrize_with_checks(ESTIMATORS)
def test_contract(estimator, check):
    """No check is expected to fail, and none is skipped but for array libraries and devices this machine lacks.

    Without SCIPY_ARRAY_API=1 in the environment the array API checks would all be skipped in silence.
    """
    try:
        check(estimator)
    except SkipTest as skip:
        assert any(reason in str(skip) for reason in ABSENT), skip
        assert "numpy" not in str(skip) and "array_api_strict" not in str(skip)
        raise


def test_array_api_checks_are_among_them():
    for estimator in ESTIMATORS:
        checks = [str(check) for _, check in estimator_checks_generator(estimator)]
        for name in ("check_array_api_input", "check_array_api_same_namespace", "check_sample_weight_equivalence_on_dense_data"):
            assert any(name in check for check in checks)
