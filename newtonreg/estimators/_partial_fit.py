"""Learning from data that come in parts."""

from contextlib import contextmanager

__all__ = ["PartialFitClassifier", "PartialFitRegressor"]


class _PartialFit:
    @contextmanager
    def _one_more_epoch(self):
        """Fits inside add an epoch to the last one."""
        self._adds_epoch = True
        try:
            yield
        finally:
            vars(self).pop("_adds_epoch", None)


class PartialFitRegressor(_PartialFit):
    """`partial_fit` of a regressor in mini-batches."""

    def partial_fit(self, X, y, sample_weight=None):
        """One epoch on these rows, going on from where the last one ended.

        The first call also takes the scalings of X and y from its rows: they stay. Batches are at most as large as what is given.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            On another number of features or outputs than before, or what `fit` refuses; the estimator stays as it was.
        """
        with self._one_more_epoch():
            return self.fit(X, y, sample_weight)


class PartialFitClassifier(_PartialFit):
    """`partial_fit` of a classifier in mini-batches."""

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One epoch on these rows, going on from where the last one ended.

        The first call also takes the scaling of X from its rows: it stays. Batches are at most as large as the rows given.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        classes : array-like of shape (n_classes,), optional
            All labels that will ever come; needed in the first call, unless y is an indicator matrix.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            On a label not among `classes`, other `classes` or another number of features than before, or what `fit` refuses; the
            estimator stays as it was.
        """
        with self._one_more_epoch():
            self._announced = classes
            try:
                return self.fit(X, y, sample_weight)
            finally:
                vars(self).pop("_announced", None)
