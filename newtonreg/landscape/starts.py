"""Where a search for stationary points starts: random parameters, or points on the way of gradient descent."""

from itertools import accumulate

from newtonreg.backend.arrays import as_floats, device_of, namespace
from newtonreg.minimize import minimize
from newtonreg.networks import DeepNetwork, draw_deep
from newtonreg.solvers import GradientDescent

__all__ = ["STARTS", "Descents", "draw_params", "draw_starts"]

STARTS = ("random", "trajectory-height", "trajectory-iteration")


class Descents:
    """How gradient descent makes the trajectories on which starts lie.

    Parameters
    ----------
    n_trajectories : int >= 1
        Start i lies on trajectory i modulo this.
    solver : Solver or None
        None: x ← x − 0.01 ∇F, F per unit of weight.
    max_iter : int >= 1
        Steps; all points of a trajectory are kept meanwhile.
    """

    def __init__(self, n_trajectories, solver, max_iter):
        self.n_trajectories = n_trajectories
        self.solver = GradientDescent(learning_rate=0.01, momentum=0.0, nesterov=False) if solver is None else solver
        self.max_iter = max_iter

    def points(self, objective, x0):
        """F and parameters at every step from `x0`, two lists."""
        values, visited = [], []

        def keep(record, run):
            values.append(run.state.point.value)
            visited.append(run.state.params)

        minimize(objective, x0, self.solver, max_iter=self.max_iter, gtol=0.0, patience=self.max_iter, callbacks=[keep])
        return values, visited


def draw_starts(objective, n_starts, starts, noise, rng, descents):
    """Starting points, a list of (p,); see `newtonreg.landscape.find_stationary_points`."""
    if not isinstance(starts, str):
        given = _checked_rows(starts, objective)
        drawn = [given[i % given.shape[0], :] for i in range(n_starts)]
    elif starts == "random":
        drawn = [draw_params(objective, rng) for _ in range(n_starts)]
    elif starts in STARTS:
        trajectories = [
            descents.points(objective, draw_params(objective, rng)) for _ in range(min(descents.n_trajectories, n_starts))
        ]
        pick = _at_height if starts == "trajectory-height" else _at_iteration
        drawn = [pick(*trajectories[i % len(trajectories)], rng) for i in range(n_starts)]
    else:
        raise ValueError(
            f"starts={starts!r} is unknown; pass one of {', '.join(map(repr, STARTS))}, or an array of shape (s, p)."
        )
    return [_perturbed(params, noise, rng) for params in drawn] if noise > 0.0 else drawn


def _at_height(values, visited, rng):
    """The first point at or below a level of F that is uniform between the highest and the lowest one."""
    lowest = list(accumulate(values, min))
    level = rng.uniform(lowest[-1], lowest[0])
    return visited[next((i for i, value in enumerate(lowest) if value <= level), len(visited) - 1)]


def _at_iteration(values, visited, rng):
    return visited[rng.randint(len(visited))]


def _perturbed(params, noise, rng):
    """`params` (p,) with independent normal numbers of standard deviation `noise` added."""
    return params + _to(noise * rng.standard_normal(params.shape[0]), params)


def draw_params(objective, rng):
    """Random parameters (p,) of an objective.

    By its own `draw_start(rng)` where it has one; of a network units as its basis or `draw_deep` draws them, and coefficients
    normal with variance 1/k; else standard normal, a NumPy array. ValueError for differential equations.
    """
    if hasattr(objective, "draw_start"):
        return objective.draw_start(rng)
    network = getattr(objective, "network", None)
    if network is None:
        return as_floats(rng.standard_normal(objective.n_params))
    term = objective.terms[0]
    if not hasattr(term, "inputs"):
        raise ValueError(
            f"starts of {type(objective).__name__} cannot be drawn: what its network is asked for has scales that are not known "
            "here. Pass starts=, an array of shape (s, p)."
        )
    if isinstance(network, DeepNetwork):
        return draw_deep(network, term.inputs, rng)
    units = network.basis.init_units(term.inputs, network.n_units, rng, term.weights)
    coefs = rng.standard_normal((network.n_outputs, network.n_units + 1)) / network.n_units**0.5
    return network.pack(units, _to(coefs, term.inputs))


def _to(drawn, like):
    xp = namespace(like)
    return xp.asarray(drawn, dtype=xp.float64, device=device_of(like))


def _checked_rows(starts, objective):
    """`starts` as (s, p)."""
    rows = as_floats(starts)
    if rows.ndim != 2 or rows.shape[0] < 1 or objective.n_params not in (None, rows.shape[1]):
        raise ValueError(
            f"starts has shape {tuple(rows.shape)} and must be (s, p), s >= 1, with p = n_params = {objective.n_params}."
        )
    return rows
