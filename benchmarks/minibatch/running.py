"""Runs the tasks that have no result yet, the grid of a method before its runs, and keeps every result as it comes."""

import multiprocessing
import sys
import time
import traceback
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import metadata

from default_fit import running
from default_fit.records import key_of
from sklearn.exceptions import ConvergenceWarning

__all__ = ["Runner", "description"]

_GPU_PACKAGES = ("cupy-cuda13x", "cupy-cuda12x")


def description(command):
    """What a reader must know of a run."""
    about = running.description(command)
    for name in _GPU_PACKAGES:
        try:
            about["versions"][name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return about


def execute(task, settings):
    """The record of a task, its trace, a traceback where it failed, and the seconds of it all; in a process of its own."""
    from minibatch.catalog import GROUPS

    record = {"problem": task.problem, "method": task.method, "seed": task.seed, "failure": ""}
    trace, details, start = [], "", time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=ConvergenceWarning)
            warnings.filterwarnings("ignore", module="sklearn|torch")
            values = GROUPS[task.group].execute(task, settings)
        trace = values.pop("trace", [])
        record.update(values)
    except Exception as error:
        record["failure"], details = f"{type(error).__name__}: {error}"[:120], traceback.format_exc()
    return {**record, "wall": time.perf_counter() - start}, trace, details


class Runner(running.Runner):
    """Tasks of one group after the other.

    `arguments` as `run_minibatch.py` parses them, `settings` what every task is told.
    """

    def __init__(self, store, traces, arguments, settings, about):
        self._traces, self._settings = traces, settings
        super().__init__(store, arguments, about)

    def run(self, group):
        """Measure what is missing of a group, or is to be measured anew."""
        if group.absent():
            print(f"{group.name}: left out, for {group.absent()}")
            return
        known, traces = self._known(group)
        start, n_fits = time.perf_counter(), 0
        while todo := self._todo(group, known):
            n_fits += len(todo)
            self._run = self._run or self._store.add_run(self._about)
            self._measure(group, todo, known, traces)
        shown = group.shown(known)
        self._traces.save(group.name, {key: rows for key, rows in traces.items() if key in shown})
        print(f"{group.name}: {n_fits} runs, {time.perf_counter() - start:.0f} s\n", flush=True)

    def _known(self, group):
        """Records and traces that stay as they are."""
        if self._arguments.quick:
            return {}, {}
        known, traces = self._store.load(group.name), self._traces.load(group.name)
        again = {key for key in known if "all" in self._arguments.rerun or _is_of(key[1], self._arguments.rerun)}
        return tuple({key: value for key, value in each.items() if key not in again} for each in (known, traces))

    def _todo(self, group, known):
        names = self._arguments.methods
        tasks = [task for task in group.plan(known, self._arguments.seeds, self._settings) if key_of(task._asdict()) not in known]
        tasks = [task for task in tasks if not names or _is_of(task.method, names)]
        return [task for task in tasks if not group.missing(task.method)]

    def _measure(self, group, todo, known, traces):
        print(f"{group.name}: {len(todo)} runs", flush=True)
        for done, (record, trace, details) in enumerate(self._results(todo), start=1):
            key = key_of(record)
            known[key] = {**record, "run": self._run}
            traces.update({key: trace} if trace else {})
            self._store.save(group.name, known)
            self._traces.save(group.name, traces)
            self._tell(done, len(todo), record, "")
            if details:
                print(details, file=sys.stderr, flush=True)

    def _results(self, tasks):
        """(record, trace, traceback) as they are ready."""
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self._arguments.jobs, mp_context=context) as pool:
            futures = [pool.submit(execute, task, self._settings) for task in tasks]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _is_of(method, names):
    """Whether a method is one of `names`, or begins with one: adam for adam-32@0.01."""
    return any(method == name or method.startswith((f"{name}-", f"{name}@")) for name in names)
