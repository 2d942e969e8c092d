"""What is known of a point of an objective, as a record that prints itself."""

import html
from dataclasses import dataclass, field
from typing import Any

__all__ = ["StationaryPoint"]


@dataclass(frozen=True, repr=False)
class StationaryPoint:
    """Second-order description of a point of an objective.

    Attributes
    ----------
    kind : str
        "global minimum": the objective cannot be negative and is within 1e-12 of zero in its own unit, so nothing is left to
        gain, whatever the derivatives say (at a vanishing residual they are rounding noise). "minimum", "saddle", "maximum":
        stationary, by the signs of the eigenvalues. "degenerate": stationary, no negative eigenvalue known, and not all known to
        be positive: undecided at second order. "gradient-flat": not stationary, and `flatness` above 0.9. "not stationary":
        neither. "not finite": the Hessian has entries that are not.
    value : float
        F.
    gradient_norm : float
        ‖∇F‖.
    criticality : float
        The gradient norm in the objective's own unit; at most `tol` counts as stationary.
    index : int
        Number of eigenvalues of ∇²F below −`zero`; a lower bound where not `is_exact`.
    nullity : int or None
        Number of eigenvalues within ±`zero`; None where not `is_exact`, which leaves it open.
    min_eigenvalue, max_eigenvalue : float
        Extreme eigenvalues of ∇²F; where not `is_exact`, those of a Krylov space, which lie between them.
    zero : float
        1e-10 max |λ|: below this an eigenvalue cannot be told from the rounding of an assembled Hessian.
    n_params : int
        p.
    descent_slope : float
        Where the gradient counts as zero at a kink of F, the steepest one-sided slope F'(x; d) < 0 that was found; else 0. See
        `newtonreg.landscape.d_critical`.
    flatness : float
        r = ‖Hp + g‖ / (‖H‖_F ‖p‖ + ‖g‖) with p the shortest minimizer of ‖Hp + g‖, eigenvalues within ±`zero` taken for zeros: 1
        where g is in the kernel of H, 0 where Newton's equation has a solution. Says something only where the gradient is more
        than rounding. Where not `is_exact`, ‖H‖_2 stands for ‖H‖_F and r is an upper bound; NaN where it was not asked for.
    condition_number : float
        Largest over smallest of the |λ| above `zero`; NaN where there is none, and where not `is_exact`.
    trivial_zero : bool
        The network is a constant because all its coefficients vanish, at a stationary point, so that its basis functions, with
        the differential operator applied to them where there is one, are orthogonal to what is left of the targets. Independent
        of `kind`.
    is_exact : bool
        All eigenvalues are known, not those of a Krylov space only.
    is_smooth : bool
        Twice continuously differentiable. If not (relu), Hessian and `kind` are those of the smooth piece that the point is in,
        or of the one a convention chooses at a kink.
    nullity_explained : dict
        Reason to number of null directions of the Hessian that it accounts for; see `newtonreg.landscape.nullity`. Lower bounds,
        which together do not exceed `nullity`.
    negative_directions : array of shape (r, p)
        Unit vectors of the most negative curvature, at most eight, the most negative first; on the host.
    """

    kind: str
    value: float
    gradient_norm: float
    criticality: float
    index: int
    nullity: int | None
    min_eigenvalue: float
    max_eigenvalue: float
    zero: float
    n_params: int
    descent_slope: float = 0.0
    flatness: float = field(default=float("nan"), compare=False)
    condition_number: float = field(default=float("nan"), compare=False)
    trivial_zero: bool = False
    is_exact: bool = True
    is_smooth: bool = True
    nullity_explained: dict = field(default_factory=dict, hash=False)
    negative_directions: Any = field(default=None, compare=False)

    @property
    def d_critical_only(self):
        """Whether the point is D-critical, not critical: back-propagation says slope zero, and F has a direction of descent.

        `kind` is then what the chain rule and its Hessian say, and F goes down all the same.
        """
        return self.descent_slope < 0.0

    @property
    def explanation(self):
        """Sentences on what `kind` does not say; empty where there is nothing to add."""
        sentences = []
        if self.kind == "gradient-flat":
            sentences.append(
                f"The gradient is in the kernel of the Hessian (flatness {self.flatness:.2f}): a search for stationary points "
                "gets stuck here, and this is none."
            )
        if self.trivial_zero:
            sentences.append("Trivial zero: all coefficients vanish, and the basis is orthogonal to what is left of the targets.")
        if self.d_critical_only:
            sentences.append(
                "D-critical, not critical: back-propagation reports no slope at a kink from which the objective goes down with "
                f"slope {self.descent_slope:.1e}."
            )
        return " ".join(sentences)

    @property
    def caveats(self):
        """Sentences on what the numbers are not; empty for a smooth objective with all eigenvalues known."""
        sentences = []
        if not self.is_exact and self.kind != "not finite":
            sentences.append(
                "Eigenvalues of a Krylov space only: the index is a lower bound, and the nullity is not known. "
                'method="dense" computes all eigenvalues, where the objective has the matrix.'
            )
        if not self.is_smooth:
            sentences.append(
                "The objective has kinks: kind and eigenvalues are those of the smooth piece around the point, or of the one "
                "that the convention at a kink chooses."
            )
        return " ".join(sentences)

    def __str__(self):
        description = (
            f"{self.kind}: objective {self.value:.1e}, |gradient| {self.gradient_norm:.1e} (relative {self.criticality:.1e}), "
            f"index {self._index}, nullity {self._nullity} of {self.n_params}, "
            f"eigenvalues {self.min_eigenvalue:.1e} to {self.max_eigenvalue:.1e}"
        )
        return f"{description}. {self.explanation}" if self.explanation else description

    def __repr__(self):
        return f"<StationaryPoint {self}>"

    @property
    def _index(self):
        return str(self.index) if self.is_exact else f"at least {self.index}"

    @property
    def _nullity(self):
        return "unknown" if self.nullity is None else str(self.nullity)

    def _repr_html_(self):
        """A table, for notebooks."""
        cells = "".join(
            f'<tr><th style="text-align:left">{_escaped(name)}</th><td>{_escaped(text)}</td></tr>' for name, text in self._rows()
        )
        notes = "".join(f"<p>{_escaped(text)}</p>" for text in (self.explanation, self.caveats) if text)
        return f"<table><caption>{_escaped(self.kind)}</caption>{cells}</table>{notes}"

    def _rows(self):
        yield "objective", f"{self.value:.6g}"
        yield "gradient norm", f"{self.gradient_norm:.1e} (relative {self.criticality:.1e})"
        yield "index", self._index
        yield "nullity", f"{self._nullity} of {self.n_params}"
        for reason, count in self.nullity_explained.items():
            yield f"– {reason}", str(count)
        yield "eigenvalues", f"{self.min_eigenvalue:.1e} to {self.max_eigenvalue:.1e}"
        yield "zero", f"{self.zero:.1e}"
        for name in ("condition_number", "flatness"):
            number = getattr(self, name)
            if number == number:
                yield name.replace("_", " "), f"{number:.2g}"


def _escaped(text):
    return html.escape(str(text))
