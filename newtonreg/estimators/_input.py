"""Small checks of input arrays and the validation split."""

import numpy as np
import scipy.sparse
from sklearn import get_config
from sklearn.utils.validation import validate_data

from newtonreg.backend.arrays import device_of, is_cupy_array, is_device_array, is_numpy_array, namespace
from newtonreg.estimators._sklearn import check_sample_weight, get_namespace_and_device, move_to

__all__ = ["check_dispatch", "float_dtypes", "split_validation", "validated_arrays"]


def float_dtypes(X):
    """Dtypes of X that are kept: float64 and float32 of its library; everything else becomes the first."""
    # with dispatch off scikit-learn makes a NumPy array of whatever can be one
    xp = namespace(X) if get_config()["array_api_dispatch"] and is_device_array(X) else np
    return [xp.float64, xp.float32]


def check_dispatch(X, estimator):
    """Raise where X is a CuPy array and scikit-learn's array API dispatch is off: it would try to copy X to the host."""
    if is_cupy_array(X) and not get_config()["array_api_dispatch"]:
        raise TypeError(
            f"{type(estimator).__name__} got a CuPy array and scikit-learn's array API dispatch is off. Either start Python with "
            "SCIPY_ARRAY_API=1 in the environment and call sklearn.set_config(array_api_dispatch=True), or pass NumPy arrays "
            "with device='cuda'."
        )


def split_validation(estimator, rows, rng):
    """`rows` in a part to train on and a part held out (None without early stopping); classes keep their shares."""
    if not estimator.early_stopping:
        return rows, None
    n = rows.weights.shape[0]
    n_held = max(1, round(estimator.validation_fraction * n))
    if n - n_held < 1:
        raise ValueError(
            f"early_stopping=True with validation_fraction={estimator.validation_fraction!r} leaves no sample to train on: "
            f"n_samples={n}. Set early_stopping=False."
        )
    order = estimator._split_order(rows, n_held, rng)
    xp = namespace(rows.inputs)
    index = xp.asarray(np.asarray(order), device=device_of(rows.inputs))
    return rows.take(index[n_held:]), rows.take(index[:n_held])


def validated_arrays(estimator, X, y, sample_weight, reset, **options):
    """X, y and weights checked by scikit-learn, in the library and on the device of X."""
    check_dispatch(X, estimator)
    if scipy.sparse.issparse(y):
        raise TypeError("y is sparse; pass y.toarray().")
    if get_config()["array_api_dispatch"]:
        xp, _, device = get_namespace_and_device(X)
        y, sample_weight = move_to(y, sample_weight, xp=xp, device=device)
    X, y = validate_data(estimator, X, y, reset=reset, dtype=float_dtypes(X), ensure_min_samples=2 if reset else 1, **options)
    if estimator.device == "cuda" and not is_numpy_array(X):
        raise ValueError("device='cuda' moves NumPy data to the GPU, and X is an array of another library; set device=None.")
    if sample_weight is not None:
        sample_weight = check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
    return X, y, sample_weight
