"""Networks over data as objectives, with a start, and what is written down of their parameters."""

from typing import Any, NamedTuple

import numpy as np

from newtonreg.losses import Binomial, Multinomial
from newtonreg.networks import DeepNetwork, draw_deep
from newtonreg.objectives import EmpiricalRisk, Term

__all__ = ["PENALTY", "Problem", "autoencoder", "classification"]

PENALTY = 1e-4
"""Of weights and coefficients, in F = Σ ℓ + ½ PENALTY ‖w‖²."""


class Problem(NamedTuple):
    """An `EmpiricalRisk` of one term, where its runs start, and the labels that its predictions are compared with, if any."""

    risk: EmpiricalRisk
    start: np.ndarray
    labels: Any = None
    test_inputs: Any = None
    test_labels: Any = None

    @property
    def n_rows(self):
        """Training rows."""
        return self.risk.terms[0].weights.shape[0]

    def scores(self, params):
        """`loss` (F a row) and, with labels, `train_accuracy` and `accuracy`; nothing of it enters the counts of the risk."""
        term = self.risk.terms[0]
        raw = term.network.at(term.inputs, params).values
        value = np.sum(term.loss.value(term.targets, raw)) + 0.5 * np.sum(self.risk.penalty * params**2)
        found = {"loss": float(value) / self.n_rows}
        if self.labels is None:
            return found
        test = term.network.at(self.test_inputs, params).values
        pairs = (("train_accuracy", raw, self.labels), ("accuracy", test, self.test_labels))
        return {**found, **{name: float(np.mean(np.argmax(each, axis=0) == labels)) for name, each, labels in pairs}}


def classification(split, basis, hidden_sizes, seed):
    """Softmax cross-entropy of a network of `hidden_sizes`, all of `basis`, on the standardized `split`."""
    split = split.standardized()
    # a transposed view: rows are contiguous where batches are gathered from them
    inputs, n_classes = split.X_train.T, int(split.y_train.max()) + 1
    network = DeepNetwork([basis] * len(hidden_sizes), inputs.shape[0], hidden_sizes, n_classes)
    risk = _risk(network, inputs, np.eye(n_classes)[:, split.y_train], Multinomial())
    return Problem(risk, _start(network, seed), split.y_train, split.X_test.T, split.y_test)


def autoencoder(pixels, bases, hidden_sizes, seed):
    """Cross-entropy of the `pixels` (n, d) with their reconstruction, less the entropy of the pixels."""
    inputs = pixels.T
    network = DeepNetwork(bases, inputs.shape[0], hidden_sizes, inputs.shape[0])
    return Problem(_risk(network, inputs, inputs, Binomial()), _start(network, seed))


def _risk(network, inputs, targets, loss):
    term = Term(network, inputs, targets, loss, np.ones(inputs.shape[1]))
    return EmpiricalRisk([term], PENALTY * network.penalty_mask(inputs))


def _start(network, seed):
    return draw_deep(network, np.zeros(1), np.random.RandomState(seed))
