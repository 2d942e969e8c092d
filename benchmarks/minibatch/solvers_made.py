"""Solvers as the papers set them."""

from newtonreg.norms import Adagrad, RMSProp, Spherical
from newtonreg.solvers import AdagradDescent, Adam, GradientDescent, RMSPropDescent, TrustRegion
from newtonreg.subproblems import Steihaug

__all__ = ["DECADES", "FIRST_ORDER", "HALF_DECADES", "NORM_LABELS", "trust_region"]

DECADES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
HALF_DECADES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
NORM_LABELS = {"spherical": "spherical", "adagrad": "Adagrad", "rmsprop": "RMSProp"}
_NORMS = {"spherical": Spherical, "adagrad": Adagrad, "rmsprop": RMSProp}


def _sgd(rate):
    return GradientDescent(rate, momentum=0.0, nesterov=False)


FIRST_ORDER = {
    "sgd": ("SGD", _sgd),
    "adagrad": ("Adagrad", AdagradDescent),
    "rmsprop": ("RMSProp", RMSPropDescent),
    "adam": ("Adam", Adam),
}
"""Name to label and a function from a rate to a solver."""


def trust_region(norm, products, initial_radius, decrease, increase=1.1, eta1=0.01, eta2=0.95, **of_norm):
    """The method of Adolphs, Kohler & Lucchi (2019) with exact products, at most `products` a step."""
    return TrustRegion(
        norm=_NORMS[norm](**of_norm),
        subproblem=Steihaug(rtol=0.1, max_iter=products),
        initial_radius=initial_radius,
        max_radius=10.0,
        eta1=eta1,
        eta2=eta2,
        increase=increase,
        decrease=decrease,
        accept=eta1,
    )
