"""How far a line may go before it leaves the ball."""

import math

__all__ = ["distance_to_boundary"]


def distance_to_boundary(inner, length, norm, radius):
    """τ ≥ 0 with ‖p + τd‖ = radius.

    Parameters
    ----------
    inner : float
        pᵀd.
    length : float > 0
        ‖d‖.
    norm : float
        ‖p‖, at most `radius` but for rounding.
    radius : float > 0

    Returns
    -------
    float
        Of the two forms of the root of ‖d‖² τ² + 2 pᵀd τ = radius² − ‖p‖² the one that does not cancel.
    """
    room = math.sqrt(max(radius - norm, 0.0)) * math.sqrt(radius + norm)
    root = math.hypot(inner, length * room)
    return room / (inner + root) * room if inner > 0.0 else (root - inner) / length / length
