"""A fitted network: standardized parameters, the scalings around them, and what can be asked of it."""

from typing import Any, NamedTuple

from newtonreg.backend.arrays import namespace, to_device, to_host

__all__ = ["FittedNetwork"]

_BLOCK_DOUBLES = 2**22
"""Doubles of hidden-layer values, or of Jacobians, that a prediction keeps alive at a time."""
_LEAST_ROWS = 16
"""Rows of a block at least, however large their Jacobian is."""


class FittedNetwork(NamedTuple):
    """Everything a prediction needs, and nothing of the training data.

    `params` (p,) belong to standardized inputs and targets; `inputs` and `targets` are the `Scaling`s between those and the
    user's units. Arrays here are float64 and samples come last.
    """

    network: Any
    params: object
    inputs: object
    targets: object
    loss: object

    def on_host(self):
        """The same network with NumPy arrays."""
        return self._replace(
            params=to_host(self.params),
            inputs=type(self.inputs)(*(to_host(a) for a in self.inputs)),
            targets=type(self.targets)(*(to_host(a) for a in self.targets)),
        )

    def _blocks(self, rows, doubles_per_row):
        """Network points for blocks of `rows` (n, d), the user's inputs."""
        xp = namespace(rows)
        size = max(_LEAST_ROWS, _BLOCK_DOUBLES // doubles_per_row)
        for start in range(0, rows.shape[0], size):
            block = xp.matrix_transpose(xp.astype(rows[start : min(start + size, rows.shape[0]), :], xp.float64))
            yield self.network.at(self.inputs.transform(block), self.params)

    def _collect(self, rows, function, doubles_per_row=None):
        """function(point) for every block, joined along the samples; a row takes its hidden values, unless told otherwise."""
        parts = [function(point) for point in self._blocks(rows, doubles_per_row or sum(self.network.hidden_sizes))]
        return parts[0] if len(parts) == 1 else namespace(rows).concat(parts, axis=-1)

    def raw_prediction(self, rows):
        """f before the inverse link, in the user's units, (m, n)."""
        return self.targets.inverse(self._collect(rows, lambda point: point.values))

    def prediction(self, rows):
        """Inverse link of the raw prediction, (m, n)."""
        return self.loss.predict(self.raw_prediction(rows))

    def moderated_raw_prediction(self, rows, posterior):
        """Raw prediction of a loss of classes, (m, n), whose inverse link is the mean over a `Posterior`, about; m p² n flops."""

        def moderated(point):
            jacobian = point.jacobian()
            spread = [posterior.whitened(jacobian[j, :, :]) for j in range(self.network.n_outputs)]
            return self.loss.moderated(point.values, namespace(rows).stack(spread))

        return self._collect(rows, moderated, self._jacobian_doubles)

    @property
    def _jacobian_doubles(self):
        """Of the Jacobian of a row."""
        return self.network.n_outputs * self.network.n_params

    def hidden(self, rows):
        """Basis functions h_k(x), (k, n)."""
        return self._collect(rows, lambda point: point.hidden.values)

    def derivative(self, rows, order):
        """∂f/∂x (m, d, n) or ∂²f/∂x∂x (m, d, d, n) of the raw prediction in the user's units, in closed form."""
        xp, d = namespace(rows), self.network.n_features
        unit = self.targets.scale[:, None]
        scale = [self.inputs.scale[a] for a in range(d)]
        if order == 1:

            def first(point):
                return xp.stack([point.input_derivative(a) * unit / scale[a] for a in range(d)], axis=1)

            return self._collect(rows, first)

        def second(point):
            upper = {(a, b): point.input_derivative(a, b) * unit / (scale[a] * scale[b]) for a in range(d) for b in range(a, d)}
            return xp.stack([xp.stack([upper[min(a, b), max(a, b)] for b in range(d)], axis=1) for a in range(d)], axis=1)

        return self._collect(rows, second)

    def prediction_derivative(self, rows, order):
        """Derivatives of the prediction: of the raw one under the identity link, by the chain rule under another."""
        if self.loss.out_activation == "identity":
            return self.derivative(rows, order)
        first, mean = self.derivative(rows, 1), self.prediction(rows)
        # μ' and μ'' / μ' of the inverse link μ
        is_log = self.loss.out_activation == "exp"
        slope, bend = (mean, namespace(mean).ones_like(mean)) if is_log else (mean * (1.0 - mean), 1.0 - 2.0 * mean)
        if order == 1:
            return slope[:, None, :] * first
        squares = bend[:, None, None, :] * first[:, :, None, :] * first[:, None, :, :]
        return slope[:, None, None, :] * (self.derivative(rows, 2) + squares)

    def deviation(self, rows, posterior, with_noise):
        """Standard deviation of the raw prediction, (m, n), in the user's units; with the noise where asked."""
        xp = namespace(rows)

        def variances(point):
            return xp.stack([posterior.variance(jacobian) for jacobian in point.jacobian()])

        variance = self._collect(rows, variances, self._jacobian_doubles)
        noise = posterior.noise_variance if with_noise else 0.0
        return xp.sqrt(variance + noise) * self.targets.scale[:, None]

    def sample(self, rows, posterior, n_samples, rng):
        """Observations (m, n, t) of networks drawn from a `Posterior`, linearized at its center, in the user's units."""
        xp = namespace(rows)
        m, n = self.network.n_outputs, rows.shape[0]
        like = self.params
        draws = posterior.deviations(to_device(rng.standard_normal((self.network.n_params, n_samples)), like))

        def moved(point):
            return xp.stack([point.pushforward(draws[:, t]) for t in range(n_samples)], axis=1)

        change = xp.permute_dims(self._collect(rows, moved), (0, 2, 1))
        noise = to_device(rng.standard_normal((m, n, n_samples)), like) * posterior.noise_variance**0.5
        return self.prediction(rows)[:, :, None] + (change + noise) * self.targets.scale[:, None, None]

    def folded_coefs(self):
        """`coefs_` and `intercepts_` as scikit-learn's MLP has them, in the user's units; ridge bases only.

        Folding the scalings into the weights loses digits where X is far from zero: for reading and export, not what predicts.
        """
        xp = namespace(self.params)
        units, outer = self.network.unpack(self.params)
        first, *others = [units] if self.network.is_explicit else units
        weights = first[:-1, :] / self.inputs.scale[:, None]
        biases = first[-1, :] - xp.matmul(self.inputs.offset, weights)
        coefs = xp.matrix_transpose(outer[:, :-1] * self.targets.scale[:, None])
        intercepts = outer[:, -1] * self.targets.scale + self.targets.offset
        inner = [layer[:-1, :] for layer in others], [layer[-1, :] for layer in others]
        return [weights, *inner[0], coefs], [biases, *inner[1], intercepts]
