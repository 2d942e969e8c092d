"""What every regressor of the package does with targets and predictions."""

from sklearn.utils import check_random_state

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_integer
from newtonreg.estimators import _validation as validation
from newtonreg.estimators._base import NetworkEstimator, unchanged_on_error
from newtonreg.estimators._data import prepare
from newtonreg.estimators._input import validated_arrays
from newtonreg.estimators._sklearn import CallbackSupportMixin, MultiOutputMixin, RegressorMixin, with_callbacks

__all__ = ["NetworkRegressor"]


class NetworkRegressor(CallbackSupportMixin, RegressorMixin, MultiOutputMixin, NetworkEstimator):
    """fit, predict and derivatives for one or several real outputs; a subclass adds its parameters."""

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit to data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Nonnegative; a weight of 2 is a row given twice, a weight of 0 a row left out. For noise and evidence weights count as
            observations: normalized to a sum of 1 they are one observation in all.

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
            rows, (X, y) = self._rows(X, y, sample_weight, reset=not self._adds_to_a_fit)
            return self._fit_rows(X, rows, components, {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}})

    def _resolve_loss(self):
        loss = validation.resolve_loss(self.loss)
        if loss.out_activation not in ("identity", "exp", "logistic"):
            raise ValueError(
                f"loss={self.loss!r} is a loss for classes; use a classifier, or a loss of real targets, counts or proportions."
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

    def predict(self, X, return_std=False):
        """Predictions, and how sure they are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        return_std : {False, True, "mean"}, default=False
            True also returns the predictive standard deviation of a new observation, √(σ² + jᵀ Σ j) with the noise variance σ²
            and the posterior covariance Σ of the parameters, j = ∂f/∂w; "mean" leaves the noise out.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
        std : array of the same shape
            Where asked for; p² flops a row.

        Raises
        ------
        ValueError
            Where the loss is not one of real targets, the network has more than 1000 parameters and was fitted with
            ``store_covariance=False``, or the matrix was not finite where the fit ended.
        """
        X = self._check_input(X, "predict")
        return_std = validation.resolve_return_std(return_std)
        prediction = self._shaped(self._model.prediction(X), X)
        if return_std is False:
            return prediction
        std = self._model.deviation(X, self._check_posterior(), with_noise=return_std is True)
        return prediction, self._shaped(std, X)

    def _check_posterior(self):
        if self._model.loss.out_activation != "identity":
            raise ValueError(f"loss={self.loss!r} predicts no standard deviation; only losses of real targets do.")
        if not hasattr(self, "_posterior"):
            raise ValueError(
                f"The posterior of the {self._model.network.n_params} parameters was not kept, or is not finite. Fit with "
                "store_covariance=True; in mini-batches and of large networks, which are fitted without matrices, there is none: "
                "set batch_size='full' and a smaller hidden_layer_sizes."
            )
        return self._posterior

    def sample_y(self, X, n_samples=1, random_state=0):
        """Draw functions from the posterior, linearized in the parameters, and add the noise of new observations.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        n_samples : int >= 1, default=1
        random_state : int, RandomState or None, default=0

        Returns
        -------
        y : array of shape (n_rows, n_samples) or (n_rows, n_outputs, n_samples)

        Raises
        ------
        ValueError
            As `predict` with ``return_std=True``.
        """
        X = self._check_input(X, "sample_y")
        check_integer("n_samples", n_samples, 1)
        drawn = self._model.sample(X, self._check_posterior(), n_samples, check_random_state(random_state))
        xp = namespace(X)
        drawn = xp.astype(xp.permute_dims(drawn, (1, 0, 2)), X.dtype)
        return drawn[:, 0, :] if self._single_output else drawn

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
