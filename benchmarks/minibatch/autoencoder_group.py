"""The plateau near the start of a deep autoencoder."""

import math
from functools import partial

import numpy as np
from default_fit import summary

from minibatch import plots
from minibatch.claims import Claim, claims_table, first_of_two, in_both_counts, number
from minibatch.data import mnist
from minibatch.groups import Entry, Tuned
from minibatch.problems import autoencoder
from minibatch.solvers_made import DECADES, FIRST_ORDER, NORM_LABELS, trust_region
from minibatch.watching import COSTS, first_row
from newtonreg.bases import Identity, Logistic

__all__ = ["Autoencoder"]

_PROBLEM = "mnist-2000"
_SIZES = (128, 32, 8, 32, 128)
_SHARES = {"stir": 0.98, "leave": 0.9}
"""Of the loss of the best constant: at the first a run has begun to leave the plateau, at the second it has."""
_EPS = 1e-8
"""Of the norms, as the authors set it for their autoencoder of MNIST."""
_NORMS = {"spherical": {}, "adagrad": {"eps": _EPS}, "rmsprop": {"eps": _EPS}}


def _entries():
    region = {"initial_radius": 1e-3, "decrease": 1.25, "eta1": 1e-5, "eta2": 0.9}
    regions = [
        Entry(
            f"tr-{norm}", f"trust region, {NORM_LABELS[norm]}", partial(trust_region, norm, 50, **region, **eps), 256, 30, (), 5
        )
        for norm, eps in _NORMS.items()
    ]
    first = [Entry(name, FIRST_ORDER[name][0], FIRST_ORDER[name][1], 256, 400, DECADES) for name in ("sgd", "adam")]
    return (*regions, *first)


class Autoencoder(Tuned):
    """784-128-32-8-32-128-784."""

    name, title = "autoencoder", "The plateau of a deep autoencoder (Adolphs, Kohler & Lucchi 2019)"
    notes = (
        "784-128-32-8-32-128-784, logistic units but for the identity in the middle, cross-entropy of pixels (less the",
        "entropy of the pixels), 2,000 rows of MNIST, batches of 256. Narrower than the paper's 784-1000-500-250-30",
        "mirrored, and with fewer rows. Trust regions: 50 products at most, radius 1e-3, thresholds 1e-5 and 0.9, factors",
        "1.1 and 1.25, a review every 5 epochs, as in the authors' file for the autoencoder of Fashion-MNIST; without its",
        "epoch of Adagrad. First order: the rate of five between 1e-4 and 1 with the least final loss of seed 0. The plateau",
        "is left where the loss is below 0.9 of that of the best constant prediction, which is what a network whose code",
        "says nothing comes to. Backprops as above.",
    )
    problems = (_PROBLEM,)
    entries = _entries()

    def problem(self, name, seed, settings):
        bases = [Logistic()] * 2 + [Identity()] + [Logistic()] * 2
        return autoencoder(mnist(settings, n_train=2000).X_train, bases, _SIZES, seed)

    def measured(self, problem, values):
        constant = _loss_of_constant(problem)
        costs = {
            f"{cost}_to_{name}": value
            for name, share in _SHARES.items()
            for cost, value in first_row(values["trace"], "loss", share * constant, rises=False).items()
        }
        return {**values, "constant": constant, **costs}

    def report(self, records):
        heads = [f"{share}: {what}" for share in _SHARES.values() for what in ("epochs", "backprops", "s")]
        heading = ["method", "rate", *heads, "final loss / constant's", "seeds", "left"]
        rows = [self._line(records, entry) for entry in self.entries if self.runs(records, _PROBLEM, entry)]
        intro = "Costs until the loss was first below 0.98 and 0.9 of the best constant's."
        return [intro, summary.table(heading, rows), claims_table(self._claims(records))]

    def _line(self, records, entry):
        runs = self.runs(records, _PROBLEM, entry)
        cells = [entry.label, self.rate(records, _PROBLEM, entry)]
        for name in _SHARES:
            epochs, backprops, passes, seconds = (summary.median(runs, f"{cost}_to_{name}") for cost in COSTS)
            cells += [number(epochs), in_both_counts(backprops, passes), number(seconds)]
        done = [r for r in runs if not r["failure"]]
        share = float(np.median([r["loss"] / r["constant"] for r in done])) if done else math.nan
        left = sum(math.isfinite(r["backprops_to_leave"]) for r in done)
        return [*cells, number(share), str(len(runs)), f"{left} of {len(runs)}"]

    def _claims(self, records):
        texts = (
            ("tr-adagrad", "tr-spherical", "Adagrad's ellipsoid gets to {} in fewer backprops than the ball (the paper)"),
            ("tr-rmsprop", "tr-spherical", "RMSProp's ellipsoid gets to {} in fewer backprops than the ball (the paper)"),
            ("adam", "sgd", "adaptive first order gets to {} sooner than SGD (the paper, of Adagrad and RMSProp; here Adam)"),
            ("tr-rmsprop", "adam", "RMSProp's ellipsoid gets to {} in fewer backprops than Adam (not in the paper)"),
        )
        claims = []
        for name, share in _SHARES.items():
            for ours, theirs, text in texts:
                pair = [self.median(records, _PROBLEM, method, f"backprops_to_{name}") for method in (ours, theirs)]
                claims.append(Claim(text.format(share), " / ".join(map(number, pair)), first_of_two(*pair)))
        return claims

    def plot(self, records, traces, path):
        lines = self.lines(records, traces, _PROBLEM)
        if not lines:
            return False
        figure, axes = plots.panels(2)
        plots.curves(figure, axes, lines, ("backprops", "seconds"), ("backprops", "seconds"))
        for panel in axes:
            panel.axhline(_SHARES["leave"] * np.nanmedian([r["constant"] for r in records]), color="0.4", ls=":", lw=1)
        plots.save(figure, path)
        return True


def _loss_of_constant(problem):
    """Loss a row of the same prediction for all rows."""
    term = problem.risk.terms[0]
    raw = term.loss.initial_raw_prediction(term.targets, term.weights)
    return float(np.mean(term.loss.value(term.targets, np.broadcast_to(raw[:, None], term.targets.shape))))
