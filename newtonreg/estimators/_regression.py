"""What every regressor of the package does with targets and predictions."""

from newtonreg.backend.arrays import namespace
from newtonreg.estimators import _validation as validation
from newtonreg.estimators._base import ShallowMLP, unchanged_on_error
from newtonreg.estimators._data import prepare
from newtonreg.estimators._input import validated_arrays
from newtonreg.estimators._sklearn import CallbackSupportMixin, MultiOutputMixin, RegressorMixin, with_callbacks

__all__ = ["ShallowRegressor"]


class ShallowRegressor(CallbackSupportMixin, RegressorMixin, MultiOutputMixin, ShallowMLP):
    """fit, predict and derivatives for one or several real outputs; a subclass adds its parameters."""

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit to data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Nonnegative; a weight of 2 is a row given twice, a weight of 0 a row left out.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            On a parameter or data outside their domain; the estimator stays as it was.
        MemoryError
            Where the matrices of the fit would not fit into memory.
        """
        with unchanged_on_error(self):
            components = self._components()
            rows, (X, y) = self._rows(X, y, sample_weight, reset=True)
            return self._fit_rows(X, rows, components, {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}})

    def _resolve_loss(self):
        loss = validation.resolve_loss(self.loss)
        if loss.out_activation not in ("identity", "exp"):
            raise ValueError(
                f"loss={self.loss!r} is a loss for classes; use NewtonMLPClassifier, or a loss of real or count targets."
            )
        return loss

    def _rows(self, X, y, sample_weight, reset):
        X, y, sample_weight = validated_arrays(self, X, y, sample_weight, reset, multi_output=True, y_numeric=True)
        if reset:
            self._single_output = y.ndim == 1
        targets = y[:, None] if y.ndim == 1 else y
        return prepare(X, targets, sample_weight, self.device), (X, y)

    def _split_order(self, rows, n_held, rng):
        return rng.permutation(rows.weights.shape[0])

    def _score_rows(self, model, rows):
        """Weighted R² of held-out rows, averaged over outputs."""
        xp = namespace(rows.inputs)
        residual = rows.targets - model.prediction(xp.matrix_transpose(rows.inputs))
        mean = xp.sum(rows.targets * rows.weights, axis=1) / xp.sum(rows.weights)
        spread = xp.sum((rows.targets - mean[:, None]) ** 2 * rows.weights, axis=1)
        error = xp.sum(residual**2 * rows.weights, axis=1)
        return float(xp.mean(1.0 - error / xp.where(spread > 0.0, spread, xp.ones_like(spread))))

    def _shaped(self, values, X):
        """(m, n) to (n,) or (n, m), in the dtype of X."""
        xp = namespace(X)
        values = xp.astype(xp.matrix_transpose(values), X.dtype)
        return values[:, 0] if self._single_output else values

    def predict(self, X):
        """Predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
        """
        X = self._check_input(X, "predict")
        return self._shaped(self._model.prediction(X), X)

    def predict_derivative(self, X, order=1):
        """Derivatives of the prediction in the inputs, in closed form.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        order : {1, 2}, default=1

        Returns
        -------
        derivative : array of shape (n_samples, n_features) or (n_samples, n_features, n_features)
            ∂y/∂x_a, or ∂²y/∂x_a∂x_b; with an axis of outputs after the first where y had one. In units of y over units of X.
        """
        X = self._check_input(X, "predict_derivative")
        if order not in (1, 2):
            raise ValueError(f"order={order!r} is not available; pass 1 or 2.")
        values = self._model.prediction_derivative(X, order)
        xp = namespace(X)
        values = xp.astype(xp.permute_dims(values, (values.ndim - 1, *range(values.ndim - 1))), X.dtype)
        return values[:, 0, ...] if self._single_output else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
