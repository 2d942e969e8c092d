"""Arrays that a solver carries from one trial to the next."""

__all__ = ["Vectors"]


class Vectors:
    """Named arrays for the `memory` of a `SolverState`, which keeps no bare ones: `vectors["velocity"]`.

    Parameters
    ----------
    **state : arrays
        Never written to: a state that others hold on to must stay what it was.
    """

    def __init__(self, **state):
        self.state = state

    def __getitem__(self, name):
        return self.state[name]
