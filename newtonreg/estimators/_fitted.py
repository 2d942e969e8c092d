"""Fitted attributes under scikit-learn's names, in the dtype of X."""

from newtonreg.backend.arrays import namespace

__all__ = ["fitted_attributes"]


def fitted_attributes(model, dtype):
    """Attributes that make an estimator able to predict, from a `FittedNetwork`.

    `units_` (q, k) are the standardized basis parameters; `coefs_` and `intercepts_` exist for ridge bases.
    """
    xp = namespace(model.params)
    attributes = {
        "_model": model,
        "units_": xp.astype(model.network.unpack(model.params).units, dtype),
        "n_layers_": 3,
        "n_outputs_": model.network.n_outputs,
        "out_activation_": model.loss.out_activation,
    }
    if hasattr(model.network.basis, "second_derivative"):
        coefs, intercepts = model.folded_coefs()
        attributes["coefs_"] = [xp.astype(c, dtype) for c in coefs]
        attributes["intercepts_"] = [xp.astype(i, dtype) for i in intercepts]
    return attributes
