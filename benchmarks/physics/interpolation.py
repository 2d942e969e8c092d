"""Barycentric interpolation: the rows of values of Lagrange's polynomials, for nodes of any kind."""

import numpy as np
from scipy.special import binom

__all__ = ["chebyshev_derivative", "chebyshev_nodes", "chebyshev_weights", "equidistant_weights", "lagrange_rows"]


def lagrange_rows(points, nodes, weights):
    """Values ℓ_j(p_i) (n, m) of the Lagrange polynomials of `nodes` (m,) with barycentric `weights` (m,) at `points` (n,)."""
    distances = points[:, None] - nodes
    hits = distances == 0.0
    terms = weights / np.where(hits, 1.0, distances)
    rows = terms / np.sum(terms, axis=1, keepdims=True)
    on_node = np.any(hits, axis=1)
    rows[on_node] = hits[on_node]
    return rows


def equidistant_weights(m):
    """Barycentric weights (m,) of the nodes 0, 1, …, m − 1."""
    index = np.arange(m)
    return binom(m - 1, index) * (-1.0) ** index


def chebyshev_nodes(degree):
    """(1 − cos(πj/s))/2, j = 0, …, s: Chebyshev–Lobatto nodes (s + 1,) on [0, 1], ascending."""
    return np.sin(0.5 * np.pi * np.arange(degree + 1) / degree) ** 2


def chebyshev_weights(degree):
    """Their barycentric weights (s + 1,)."""
    weights = (-1.0) ** np.arange(degree + 1)
    weights[[0, -1]] *= 0.5
    return weights


def chebyshev_derivative(degree):
    """ℓ_j'(c_i) (s + 1, s + 1) at these nodes; the diagonal makes the derivative of a constant vanish."""
    nodes, weights = chebyshev_nodes(degree), chebyshev_weights(degree)
    distances = nodes[:, None] - nodes + np.eye(degree + 1)
    matrix = weights / weights[:, None] / distances
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -np.sum(matrix, axis=1))
    return matrix
