"""INNA over its parameters, beside first order; and how it leaves a saddle."""

import math
from functools import partial

import numpy as np
from default_fit import summary
from default_fit.groups import Task

from minibatch import plots, saddle
from minibatch.claims import Claim, claims_table, first_of_two, number
from minibatch.data import digits, mnist
from minibatch.groups import Entry, Tuned
from minibatch.problems import classification
from minibatch.solvers_made import FIRST_ORDER, HALF_DECADES
from newtonreg.bases import Relu
from newtonreg.solvers import INNA

__all__ = ["Inna"]

_DATA = {"digits": "digits, batch 32", "mnist-8000": "MNIST, batch 200"}
_BATCHES = {"digits": 32, "mnist-8000": 200}
_EPOCHS = 20
_RATES = (*HALF_DECADES, 3.0)
_PAIRS = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.5, 1.0))
_POWERS = (2, 8, 16)
_USUAL = "inna-0.5-0.1-q4"
_WITHIN = 2.0
"""Standard errors within which test accuracies count as not different."""


def _inna(alpha, beta, power, rate=None):
    return INNA(rate, alpha, beta, 1.0 / power)


def _entries():
    def entry(alpha, beta, power, rates):
        name = f"inna-{alpha:g}-{beta:g}-q{power}" if rates else f"inna-{alpha:g}-{beta:g}-auto"
        label = f"INNA({alpha:g}, {beta:g}), " + (f"q = 1/{power}" if rates else "γ₀ of its own")
        return Entry(name, label, partial(_inna, alpha, beta, power), _BATCHES, _EPOCHS, rates)

    pairs = [entry(*pair, 4, rates) for rates in (_RATES, ()) for pair in _PAIRS]
    powers = [entry(0.5, 0.1, power, _RATES) for power in _POWERS]
    first = [Entry(name, *FIRST_ORDER[name], _BATCHES, _EPOCHS, _RATES) for name in ("sgd", "adagrad", "adam")]
    return (*pairs, *powers, *first)


class Inna(Tuned):
    """digits and MNIST with 100 units; the saddle."""

    name, title = "inna", "INNA (Castera, Bolte, Févotte & Pauwels 2021)"
    notes = (
        "One hidden layer of 100 ReLU units, softmax cross-entropy, penalty ½ 1e-4 ‖w‖², 20 epochs; digits in batches of 32,",
        "MNIST (8,000 rows) in batches of 200; a seed is another start and other batches. INNA(α, β), with γ_k = γ₀ (k +",
        "1)^−q and q = 1/4 unless it says otherwise; all rates are those of ten between 1e-4 and 3 with the least training",
        "loss of seed 0 after 3 epochs, but for the rows with INNA's own γ₀, which nobody chose. SGD, Adagrad and Adam keep",
        "their rates, where the paper lets SGD's fall as 1/√k. The paper's networks are convolutional, with 200 epochs on",
        "CIFAR; none is here.",
    )
    problems = tuple(_DATA)
    entries = _entries()
    grid_epochs = 3
    n_seeds = 5

    def plan(self, known, seeds, settings):
        toys = [Task(self.name, "saddle", name, 0) for name in saddle.METHODS]
        return [*toys, *super().plan(known, seeds, settings)]

    def shown(self, known):
        return {key for key in super().shown(known) if key[1] != "saddle"}

    def execute(self, task, settings):
        if task.problem == "saddle":
            return saddle.measure(task.method, task.seed)
        return super().execute(task, settings)

    def problem(self, name, seed, settings):
        split = digits(settings) if name == "digits" else mnist(settings)
        return classification(split, Relu(), (100,), seed)

    def report(self, records):
        blocks = []
        for problem, label in _DATA.items():
            rows = [self._line(records, problem, entry) for entry in self.entries if self.runs(records, problem, entry)]
            heading = ("method", "γ₀ or rate", "training loss, median", "test accuracy, mean ± s.e.", "s", "seeds", "diverged")
            blocks += [f"{label}:", summary.table(heading, rows)] if rows else []
            blocks += [claims_table(self._claims(records, problem))] if rows else []
        return [*blocks, *self._saddle(records)]

    def _line(self, records, problem, entry):
        runs = self.runs(records, problem, entry)
        loss, seconds = (summary.median(runs, column) for column in ("loss", "seconds"))
        mean, error = _mean(runs)
        fell = sum(not math.isfinite(r["loss"]) for r in runs)
        cells = [entry.label, self.rate(records, problem, entry), "diverged" if math.isinf(loss) else number(loss)]
        return [*cells, f"{mean:.4f} ± {number(error, '.4f')}", number(seconds), str(len(runs)), str(fell)]

    # -- what the paper says

    def _claims(self, records, problem):
        get = partial(self.median, records, problem, column="loss")
        claims = [self._best_power(get), self._against(get, "adam", "trains faster than Adam with q = 1/4 (the paper)")]
        claims.append(self._against(get, "sgd", "trains faster than SGD with q = 1/4 (the paper, of networks on CIFAR)"))
        for peer in ("adam", "sgd"):
            claims.append(self._not_worse(records, problem, peer))
        return [*claims, self._robust(records, problem), self._own_rate(records, problem)]

    def _best_power(self, get):
        powers = {power: get(f"inna-0.5-0.1-q{power}") for power in sorted((4, *_POWERS))}
        measured = ", ".join(f"1/{power}: {number(value)}" for power, value in powers.items())
        known = [value for value in powers.values() if not math.isnan(value)]
        holds = powers[4] == min(known) if len(known) == len(powers) and math.isfinite(min(known)) else None
        return Claim(
            "q = 1/4 trains fastest of 1/2, 1/4, 1/8, 1/16 at (0.5, 0.1), by the loss at the end (the paper)", measured, holds
        )

    @staticmethod
    def _against(get, peer, text):
        pair = get(_USUAL), get(peer)
        return Claim(f"INNA(0.5, 0.1) {text}, by the loss at the end", " / ".join(map(number, pair)), first_of_two(*pair))

    def _not_worse(self, records, problem, peer):
        (ours, error), (theirs, other) = (_mean(self.runs(records, problem, self.entry(name))) for name in (_USUAL, peer))
        text = f"INNA(0.5, 0.1) is competitive with {self.entry(peer).label} in test accuracy: not below by two standard errors"
        both = math.hypot(error, other)
        holds = None if math.isnan(both) else ours >= theirs - _WITHIN * both
        return Claim(f"{text} (the paper)", f"{ours:.4f} / {theirs:.4f}, s.e. {number(both, '.4f')}", holds)

    def _robust(self, records, problem):
        means = [_mean(self.runs(records, problem, self.entry(f"inna-{a:g}-{b:g}-q4"))) for a, b in _PAIRS]
        values, error = [mean for mean, _ in means], max(error for _, error in means)
        spread = max(values) - min(values)
        holds = None if any(map(math.isnan, (spread, error))) else spread <= 2.0 * _WITHIN * error
        text = (
            "test accuracy hardly depends on (α, β): the four pairs lie within four standard errors (the paper, without a number)"
        )
        return Claim(text, f"from {number(min(values), '.4f')} to {number(max(values), '.4f')}", holds)

    def _own_rate(self, records, problem):
        names = [f"inna-{alpha:g}-{beta:g}" for alpha, beta in _PAIRS]
        pairs = [[self.median(records, problem, f"{name}-{end}", "loss") for end in ("auto", "q4")] for name in names]
        known = [own / best for own, best in pairs if not math.isnan(own / best)]
        holds = max(known) <= 2.0 if len(known) == len(pairs) else None
        text = "INNA's own γ₀ ends at no more than twice the loss of the best of the grid, for all four pairs (newtonreg's aim)"
        return Claim(text, "ratios " + ", ".join(number(ratio) for ratio in known), holds)

    @staticmethod
    def _saddle(records):
        known = {r["method"]: r for r in summary.of(records, problem="saddle") if not r["failure"]}
        rows = [
            [label, number(known[name]["median"], ".0f"), str(saddle.REFERENCE[name]), f"{known[name]['left']:.0f} of 1000"]
            for name, (label, _) in saddle.METHODS.items()
            if name in known
        ]
        if not rows:
            return []
        claims = [
            Claim(
                f"{saddle.METHODS[name][0]}: all 1,000 runs leave, median {saddle.REFERENCE[name]} ± {saddle.TOLERANCE}",
                number(record["median"], ".0f"),
                record["left"] == 1000 and abs(record["median"] - saddle.REFERENCE[name]) <= saddle.TOLERANCE,
            )
            for name, record in known.items()
        ]
        intro = (
            "The saddle of x⁴ − 4x² + y² (the toy of arXiv 2111.04596): 1,000 starts within about 1e-12 of it, γ = 0.02; the\n"
            "first iteration with |x| > ½. The reference comes from a separate implementation of the formulas."
        )
        return [intro, summary.table(("method", "median", "reference", "runs that leave"), rows), claims_table(claims)]

    def plot(self, records, traces, path):
        names = (_USUAL, *(f"inna-0.5-0.1-q{power}" for power in _POWERS), "inna-0.5-0.1-auto", "sgd", "adagrad", "adam")
        every = {problem: self.lines(records, traces, problem, names) for problem in _DATA}
        every = {problem: lines for problem, lines in every.items() if lines}
        if not every:
            return False
        figure, axes = plots.panels(len(every))
        for panel, (problem, lines) in zip(axes, every.items(), strict=True):
            plots.curves(figure, [panel], lines, ("epoch",), ("epochs",), has_legend=panel is axes[-1])
            panel.set_title(_DATA[problem], fontsize=11)
        plots.save(figure, path)
        return True


def _mean(runs):
    """Mean test accuracy and its standard error; NaN where there are too few."""
    found = np.array([r["accuracy"] for r in runs if not r["failure"]])
    if len(found) == 0:
        return math.nan, math.nan
    return float(found.mean()), float(found.std(ddof=1) / math.sqrt(len(found))) if len(found) > 1 else math.nan
