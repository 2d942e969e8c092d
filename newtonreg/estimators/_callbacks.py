"""Bridge from the loop's callbacks to scikit-learn's: one task an iteration."""

__all__ = ["CallbackBridge"]


class CallbackBridge:
    """Turns every record of a run into a task of scikit-learn's callback tree.

    Parameters
    ----------
    estimator : estimator
    context : CallbackContext
        The root task of the fit.
    arguments : dict
        `X`, `y`, `metadata` for the hooks.
    fitted : callable
        params (p,) to the attributes of an estimator that can predict; called only where a callback asks for one.
    """

    def __init__(self, estimator, context, arguments, fitted):
        self._estimator = estimator
        self._context = context
        self._arguments = arguments
        self._fitted = fitted

    def __call__(self, record, run):
        if record.n_iter == 0:
            return False
        task = self._context.subcontext(task_name="iteration")
        task.call_on_fit_task_begin(estimator=self._estimator, **self._arguments)
        return task.call_on_fit_task_end(
            estimator=self._estimator, reconstruction_attributes=lambda: self._fitted(run), **self._arguments
        )
