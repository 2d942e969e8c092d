"""What every classifier of the package does with labels and probabilities."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from newtonreg.backend.arrays import namespace, to_device, to_host
from newtonreg.backend.special import log1pexp, logsumexp
from newtonreg.bases import Relu, Tanh
from newtonreg.estimators._base import NetworkEstimator, unchanged_on_error
from newtonreg.estimators._data import prepare
from newtonreg.estimators._input import validated_arrays
from newtonreg.estimators._layers import EXPLICIT_UP_TO
from newtonreg.estimators._sklearn import CallbackSupportMixin, ClassifierMixin, with_callbacks
from newtonreg.losses import Binomial, Multinomial
from newtonreg.training import affordable_params, usual_batch_size

__all__ = ["NetworkClassifier"]

_WIDTH, _WIDTH_IN_BATCHES = 30, 100
"""Units where the user leaves it open. A network that is trained to the end needs fewer."""
_LABELS = {"multi_output": True, "y_numeric": False}


class NetworkClassifier(CallbackSupportMixin, ClassifierMixin, NetworkEstimator):
    """fit, probabilities and labels for two or more classes and for indicator matrices; a subclass adds its parameters."""

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit to data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of labels (multilabel).
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
            reset = not self._adds_to_a_fit
            X_checked, y_checked, _ = validated_arrays(self, X, y, sample_weight, reset=reset, **_LABELS)
            self._learn_classes(y_checked)
            components = self._components()
            rows, _ = self._rows(X, y, sample_weight, reset=False)
            arguments = {"X": X_checked, "y": y_checked, "metadata": {"sample_weight": sample_weight}}
            return self._fit_rows(X_checked, rows, components, arguments)

    _announced = None
    """Labels that `partial_fit` was told of."""

    def _learn_classes(self, y):
        check_classification_targets(y)
        labels = to_host(y)
        if self._adds_to_a_fit:
            return self._check_announced(labels)
        if self._adds_epoch and not (labels.ndim == 2 and labels.shape[1] > 1):
            self._multilabel, self.classes_ = False, self._announced_labels()
            return None
        self._multilabel = labels.ndim == 2 and labels.shape[1] > 1
        if self._multilabel:
            if not type_of_target(labels).startswith("multilabel"):
                raise ValueError(f"y of shape {labels.shape} is no indicator matrix of zeros and ones; pass labels (n_samples,).")
            self.classes_ = np.arange(labels.shape[1])
            if self._adds_epoch:
                self._check_announced(labels)
        else:
            self.classes_ = np.unique(column_or_1d(labels, warn=True))

    def _announced_labels(self):
        if self._announced is None:
            raise ValueError("classes=None in the first call of partial_fit; pass all labels that will ever come.")
        labels = np.asarray(self._announced)
        if labels.ndim != 1 or labels.size == 0:
            raise ValueError(f"classes={self._announced!r} is no list of labels; pass all labels that will ever come.")
        return np.unique(labels)

    def _check_announced(self, labels):
        if (labels.ndim == 2 and labels.shape[1] > 1) != self._multilabel:
            before = f"an indicator matrix of {len(self.classes_)} labels" if self._multilabel else "one label a row"
            raise ValueError(f"y of shape {labels.shape} differs in kind from that of the first call, {before}; pass the same.")
        if self._announced is not None and not np.array_equal(self._announced_labels(), self.classes_):
            raise ValueError(f"classes={self._announced!r} differ from those of the first call, {self.classes_.tolist()!r}.")

    def _filled(self, layers, rows, has_matrices):
        if layers.sizes is None:
            layers = layers._replace(sizes=(_WIDTH if has_matrices else _WIDTH_IN_BATCHES,))
        if isinstance(self.activation, str) and self.activation == "auto":
            layers = layers._replace(bases=tuple([Tanh() if has_matrices else Relu()] * len(layers.sizes)))
        return layers

    def _explicit_up_to(self, n):
        return min(EXPLICIT_UP_TO, affordable_params(n))

    def _usual_batch_size(self, n, has_matrices):
        is_ours = not has_matrices and isinstance(self.solver, str) and self.solver == "auto"
        return usual_batch_size(n) if is_ours else None

    def _resolve_loss(self):
        return Multinomial() if len(self.classes_) > 2 and not self._multilabel else Binomial()

    def _rows(self, X, y, sample_weight, reset):
        X, y, sample_weight = validated_arrays(self, X, y, sample_weight, reset, **_LABELS)
        labels = to_host(y)
        if self._multilabel:
            targets = labels.astype(float)
        else:
            codes = self._encode(column_or_1d(labels))
            targets = np.eye(len(self.classes_))[codes] if len(self.classes_) > 2 else codes[:, None].astype(float)
        weights = self._weights(labels, sample_weight)
        targets = to_device(targets, X)
        return prepare(X, targets, None if weights is None else to_device(weights, X), self.device), (X, y)

    def _encode(self, labels):
        known = np.isin(labels, self.classes_)
        if not known.all():
            unknown = labels[~known].tolist()[0]
            raise ValueError(f"y contains the label {unknown!r}, which is none of the classes {self.classes_.tolist()!r}.")
        return np.searchsorted(self.classes_, labels)

    def _weights(self, labels, sample_weight):
        """Sample weights times class weights (host), or None where both are absent."""
        weights = None if sample_weight is None else np.asarray(to_host(sample_weight), dtype=float)
        if self.class_weight is None:
            return weights
        if self._multilabel:
            raise ValueError(f"class_weight={self.class_weight!r} is not defined for multilabel targets; use sample_weight.")
        weights = np.ones(labels.shape[0]) if weights is None else weights
        codes = self._encode(column_or_1d(labels))
        return weights * _class_factors(self.class_weight, self.classes_, codes, weights)[codes]

    def _split_order(self, rows, n_held, rng):
        """A random order whose beginning has every class in its share (labels live on the host)."""
        targets = to_host(rows.targets)
        n = targets.shape[1]
        order = rng.permutation(n)
        if self._multilabel:
            return order
        codes = (targets.argmax(axis=0) if targets.shape[0] > 1 else targets[0].astype(int))[order]
        rank = np.empty(n)
        for code in np.unique(codes):
            members = np.flatnonzero(codes == code)
            rank[members] = (np.arange(members.size) + rng.uniform()) / members.size
        return order[np.argsort(rank, kind="stable")]

    def _score_rows(self, model, rows):
        """Weighted accuracy of held-out rows; a multilabel row counts where all its labels are right."""
        xp = namespace(rows.inputs)
        raw = model.raw_prediction(xp.matrix_transpose(rows.inputs))
        if raw.shape[0] > 1 and not self._multilabel:
            right = xp.argmax(raw, axis=0) == xp.argmax(rows.targets, axis=0)
        else:
            right = xp.all((raw > 0.0) == (rows.targets > 0.5), axis=0)
        return float(xp.sum(xp.astype(right, xp.float64) * rows.weights) / xp.sum(rows.weights))

    def decision_function(self, X):
        """Raw predictions: log-odds (n_samples,) for two classes, else (n_samples, n_classes or n_labels).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        scores : array
            With ``moderated=True`` those of the moderated probabilities, so that both rank samples alike.

        Raises
        ------
        ValueError
            As `predict_proba`.
        """
        return self._scores(X, "decision_function")

    def _raw_prediction(self, X):
        """(m, n) in float64: its inverse link is what `predict_proba` returns."""
        if not getattr(self, "moderated", False):
            return self._model.raw_prediction(X)
        if getattr(self, "_posterior", None) is None:
            raise ValueError(
                f"moderated=True needs the posterior of the {self._model.network.n_params} parameters, which was not kept, or is "
                "not finite. Fit with moderated=True or store_covariance=True."
            )
        return self._model.moderated_raw_prediction(X, self._posterior)

    def _scores(self, X, method):
        X = self._check_input(X, method)
        xp = namespace(X)
        raw = xp.astype(xp.matrix_transpose(self._raw_prediction(X)), X.dtype)
        return raw[:, 0] if raw.shape[1] == 1 and not self._multilabel else raw

    def predict_proba(self, X):
        """Probabilities of the classes (n_samples, n_classes), or of each label (n_samples, n_labels).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probabilities : array
            With ``moderated=True`` approximate means over the posterior of the parameters; p² flops a row and output.

        Raises
        ------
        ValueError
            Where ``moderated=True`` was set after a fit that kept no posterior: one of more than 1000 parameters without
            ``store_covariance=True``.
        """
        logs, dtype = self._log_probabilities(X, "predict_proba")
        xp = namespace(logs)
        return xp.astype(xp.exp(logs), dtype)

    def _log_probabilities(self, X, method):
        """Logarithms (n, classes or labels) in float64 from the raw predictions: small probabilities keep their digits."""
        X = self._check_input(X, method)
        xp = namespace(X)
        raw = self._raw_prediction(X)
        if self._multilabel:
            logs = -log1pexp(-raw)
        elif raw.shape[0] > 1:
            # measured from the largest, so that a confident class keeps its small logarithm
            below = raw - xp.max(raw, axis=0)[None, :]
            logs = below - logsumexp(below, axis=0)[None, :]
        elif len(self.classes_) == 1:
            logs = xp.zeros_like(raw)
        else:
            logs = xp.concat([-log1pexp(raw), -log1pexp(-raw)], axis=0)
        return xp.matrix_transpose(logs), X.dtype

    def predict_log_proba(self, X):
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probabilities : array
        """
        logs, dtype = self._log_probabilities(X, "predict_log_proba")
        return namespace(logs).astype(logs, dtype)

    def predict(self, X):
        """Predicted labels (n_samples,), or an indicator matrix (n_samples, n_labels).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : array
        """
        scores = self._scores(X, "predict")
        xp = namespace(scores)
        if self._multilabel:
            return xp.astype(scores > 0.0, xp.int64)
        index = xp.argmax(scores, axis=1) if scores.ndim == 2 else xp.astype(scores > 0.0, xp.int64)
        labels = self.classes_[np.minimum(to_host(index), len(self.classes_) - 1)]
        return labels if labels.dtype.kind in "OUS" else to_device(labels, scores)

    def predict_derivative(self, X, order=1):
        """Derivatives of the raw predictions (log-odds) in the inputs, in closed form.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        order : {1, 2}, default=1

        Returns
        -------
        derivative : array of shape (n_samples, [n_outputs,] n_features) or (n_samples, [n_outputs,] n_features, n_features)
            Of `decision_function` without moderation, in units of 1 / X.
        """
        X = self._check_input(X, "predict_derivative")
        if order not in (1, 2):
            raise ValueError(f"order={order!r} is not available; pass 1 or 2.")
        values = self._model.derivative(X, order)
        xp = namespace(X)
        values = xp.astype(xp.permute_dims(values, (values.ndim - 1, *range(values.ndim - 1))), X.dtype)
        return values[:, 0, ...] if values.shape[1] == 1 and not self._multilabel else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.classifier_tags.multi_label = True
        return tags


def _class_factors(class_weight, classes, codes, weights):
    """Factor of each class: from a dict of labels, or inversely proportional to its total weight ("balanced")."""
    if isinstance(class_weight, dict):
        unknown = [label for label in class_weight if label not in classes]
        if unknown:
            raise ValueError(f"class_weight names the label {unknown[0]!r}, which is not in y; labels are {classes.tolist()!r}.")
        factors = np.array([float(class_weight.get(label, 1.0)) for label in classes.tolist()])
        for label, factor in zip(classes.tolist(), factors.tolist(), strict=True):
            if not 0.0 <= factor < np.inf:
                raise ValueError(
                    f"class_weight gives the label {label!r} the factor {factor!r}; factors must be finite and >= 0."
                )
        return factors
    if class_weight == "balanced":
        totals = np.bincount(codes, weights=weights, minlength=len(classes))
        return weights.sum() / (len(classes) * np.where(totals > 0.0, totals, 1.0))
    raise ValueError(f"class_weight={class_weight!r} is unknown; pass None, 'balanced' or a dict from label to weight.")
