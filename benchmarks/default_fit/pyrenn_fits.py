"""pyrenn's Levenberg–Marquardt, from its own random start: a Python loop over the rows."""

import contextlib
import io
from unittest import mock

import numpy as np

from default_fit.clock import BestPoint, Clock, Deadline
from default_fit.methods import Fitted, Method
from default_fit.networks import NetworkProblem

__all__ = ["METHODS"]


def _fit(problem, seed, cap):
    import pyrenn

    setting = NetworkProblem(problem)
    # its weights come from NumPy's global generator
    np.random.seed(seed)  # noqa: NPY002
    net = pyrenn.CreateNN([setting.network.n_features, setting.width, 1])
    clock = Clock(cap)
    best = BestPoint(clock)
    jacobian, error = pyrenn.RTRL, pyrenn.calc_error

    def watched_jacobian(net, data):
        clock.check()
        result = jacobian(net, data)
        best.see(net["w"], result[1])
        return result

    def watched_error(net, data):
        value = error(net, data)
        best.see(net["w"], value)
        return value

    # train_LM has no callback, and its inner loop no end where no step lowers the error
    watched = mock.patch.multiple(pyrenn, RTRL=watched_jacobian, calc_error=watched_error)
    with watched, contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Deadline):
        pyrenn.train_LM(setting.X.T, setting.y, net, k_max=10**6, E_stop=0.0)
    seconds = clock.seconds
    net["w"] = best.params
    return Fitted(setting.predictor(lambda X: pyrenn.NNOut(X.T, net)), seconds)


METHODS = [Method("pyrenn", "pyrenn LM", _fit, ("pyrenn",), most_seeds=2)]
