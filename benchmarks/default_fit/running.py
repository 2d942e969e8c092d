"""Runs the tasks that have no result yet, in processes of one thread each, and keeps every result as it comes."""

import math
import multiprocessing
import os
import platform
import sys
import time
import traceback
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime
from importlib import metadata

from default_fit.newtonreg_fits import has_max_time, has_std
from default_fit.records import key_of

__all__ = ["Runner", "description"]

_PACKAGES = (
    *("newtonreg", "numpy", "scipy", "scikit-learn", "jax", "optimistix", "torch", "torch-levenberg-marquardt", "pyrenn"),
    *("threadpoolctl", "matplotlib"),
)
_BUSY = 0.5


def description(command):
    """What a reader must know of a run: command, date, machine, versions, and what newtonreg could do at the time."""
    versions = {name: _version(name) for name in _PACKAGES}
    kernels = {name: os.environ[name] for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ}
    return {
        "command": command,
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: version for name, version in versions.items() if version},
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "max_time": has_max_time(),
        "return_std": has_std(),
        **({"environment": kernels} if kernels else {}),
    }


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "checkout" if name == "newtonreg" else None


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def execute(task, quick):
    """The record of a task, and a traceback where it failed; runs in a process of its own."""
    from default_fit.catalog import GROUPS

    record = {"problem": task.problem, "method": task.method, "seed": task.seed, "failure": ""}
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            # peers warn of what their results show; newtonreg's warnings are seen
            warnings.filterwarnings("ignore", module="sklearn|scipy|torch|jax|optimistix|pytorch_lightning")
            values = GROUPS[task.group].execute(task, quick)
        wrong = [
            name for name, value in values.items() if name in ("test", "train", "mse", "relative") and not math.isfinite(value)
        ]
        return {**record, **values, "failure": f"{wrong[0]} is not finite" if wrong else ""}, "", time.perf_counter() - start
    except Exception as error:
        return (
            {**record, "failure": f"{type(error).__name__}: {error}"[:120]},
            traceback.format_exc(),
            time.perf_counter() - start,
        )


class Runner:
    """Tasks of one group after the other.

    `arguments` as `run_default.py` parses them; `about` is the `description` of the run, kept where anything is run at all.
    """

    def __init__(self, store, arguments, about):
        self._store, self._arguments, self._about = store, arguments, about
        self._run = None
        self._greet()

    def _greet(self):
        print(f"{self._about['machine']}; " + ", ".join(f"{n} {v}" for n, v in self._about["versions"].items()))
        if not self._about["max_time"]:
            print("NOTE: NewtonMLPRegressor has no max_time yet: its fits end by their own budget of work, whatever the cap is.")
        if not self._about["return_std"]:
            print("NOTE: NewtonMLPRegressor.predict has no return_std yet: bands are those of the Gaussian process only.")
        if (self._about["load_before"] or 0.0) > _BUSY:
            print(f"WARNING: the load average is {self._about['load_before']} before this run starts: seconds will be unsteady.")
        if self._arguments.jobs > (os.cpu_count() or 1):
            print("WARNING: more jobs than cores: seconds mean nothing.")

    def run(self, group):
        """Measure what is missing of a group, or is to be measured anew."""
        known = {} if self._arguments.quick else self._store.load(group.name)
        todo = [task for task in self._wanted(group) if key_of(task._asdict()) not in known or self._again(task.method)]
        if not todo:
            print(f"{group.name}: everything is measured already")
            return
        if self._run is None:
            self._run = self._store.add_run(self._about)
        start = time.perf_counter()
        print(f"{group.name}: {len(todo)} fits", flush=True)
        for done, (record, details) in enumerate(self._results(todo), start=1):
            known[key_of(record)] = {**record, "run": self._run}
            self._store.save(group.name, known)
            self._tell(done, len(todo), record, details)
        print(f"{group.name}: {time.perf_counter() - start:.0f} s\n", flush=True)

    def _again(self, method):
        """Whether it is to be measured anew; a name stands for those that begin with it, too: newtonreg for newtonreg-lm."""
        return any(name == "all" or method == name or method.startswith(f"{name}-") for name in self._arguments.rerun)

    def _wanted(self, group):
        """Tasks of the methods asked for, less those whose packages are not installed."""
        tasks = group.tasks(self._arguments.seeds, self._arguments.quick)
        names = [name for name in group.methods if not self._arguments.methods or name in self._arguments.methods]
        missing = {name: group.missing(name) for name in names}
        for name, packages in missing.items():
            if packages:
                print(f"{group.name}: {name} is not run: {', '.join(packages)} not installed")
        return [task for task in tasks if task.method in names and not missing[task.method]]

    def _results(self, tasks):
        """Records with tracebacks, as they are ready."""
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self._arguments.jobs, mp_context=context) as pool:
            futures = [pool.submit(execute, task, self._arguments.quick) for task in tasks]
            try:
                for future in as_completed(futures):
                    record, details, wall = future.result()
                    yield {**record, "wall": wall}, details
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    @staticmethod
    def _tell(done, total, record, details):
        numbers = [f"{name} {value:.2e}" for name, value in record.items() if name in ("test", "mse", "relative", "accuracy")]
        result = record["failure"] or f"{record['seconds']:.2f} s, {', '.join(numbers)}"
        print(f"  {done}/{total}  {record['method']} on {record['problem']}, seed {record['seed']}: {result}", flush=True)
        if details and record["method"].startswith("newtonreg"):
            print(details, file=sys.stderr, flush=True)
