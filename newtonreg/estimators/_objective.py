"""The objective of a fit: data, network, loss, and penalties."""

import numbers

from newtonreg.estimators._validation import resolve_alpha
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.training import Evidence

__all__ = ["risk_of", "usual_alpha"]

_ALPHA_WITHOUT_MATRICES = 1e-4
"""In place of "evidence", which needs them; scikit-learn's."""


def usual_alpha(alpha):
    """alpha as a number or one a group."""
    return _ALPHA_WITHOUT_MATRICES if isinstance(alpha, str) else resolve_alpha(alpha)


def risk_of(network, loss, rows, alpha):
    """The objective under `alpha`: a number, for weights and coefficients, or one a group (`Evidence`)."""
    term = Term(network, rows.inputs, rows.targets, loss, rows.weights)
    risk = EmpiricalRisk([term], 0.0 * network.penalty_mask(rows.inputs))
    if isinstance(alpha, numbers.Real):
        return risk.with_penalty(float(alpha) * network.penalty_mask(rows.inputs))
    evidence = Evidence(risk)
    if len(alpha) != evidence.n_groups:
        raise ValueError(
            f"alpha={alpha!r} has {len(alpha)} entries and the network {evidence.n_groups} groups of parameters: one a row of "
            "units (the weights of each feature, then the biases), two a further hidden layer, and the coefficients."
        )
    return risk.with_penalty(evidence.penalty([float(value) for value in alpha], rows.inputs))
