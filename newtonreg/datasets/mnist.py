"""Handwritten digits, split into training and test rows."""

import gzip
import os
import zlib
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from newtonreg.components import check_integer
from newtonreg.datasets.idx import read_idx

__all__ = ["load_digits_split", "load_mnist"]

_N_ROWS, _N_TRAIN, _N_PIXELS = 70_000, 60_000, 784
"""Of all of MNIST, the training rows first."""
_WHITE = 255.0
_ADVICE = (
    "Pass the folder of t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (either may end in .gz), or set NEWTONREG_DATA to the "
    "folder that holds it as 'mnist10k', or, once and with a network, call sklearn.datasets.fetch_openml('mnist_784', version=1, "
    "as_frame=False)."
)


def load_mnist(folder=None, *, n_train=8000, scale=True):
    """MNIST, images of 28 × 28 pixels of the digits 0 to 9, from files at hand.

    Parameters
    ----------
    folder : str or path-like, default=None
        Of IDX files, plain or compressed (`.gz`). With `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` these are the
        training rows and `t10k-...` the test rows, MNIST's own split. With `t10k-images-idx3-ubyte` and
        `t10k-labels-idx1-ubyte` alone, their first `n_train` rows are for training and the rest for testing. None: `mnist10k` in
        the folder that the environment variable NEWTONREG_DATA names or, where that is missing, the copy that
        `sklearn.datasets.fetch_openml` has left in scikit-learn's data folder.
    n_train : int, default=8000
        Rows for training where only the `t10k` files are there, at least 1 and fewer than all; without effect otherwise.
    scale : bool, default=True
        Pixels from 0 to 1; else from 0 to 255.

    Returns
    -------
    sklearn.utils.Bunch
        X_train, X_test (n, 784) of float64, row by row of the image; y_train, y_test (n,) of int64.

    Raises
    ------
    FileNotFoundError
        Where there are no files, saying what to do. Nothing is ever downloaded.
    ValueError
        Where a file is damaged, where images and labels do not belong together, or where `n_train` leaves no rows.

    Notes
    -----
    Rows keep the order of the files. The first 5,000 of the `t10k` rows are cleaner than the last 5,000, so with the default
    `n_train` the test rows are harder than most of the training rows.
    """
    check_integer("n_train", n_train, 1)
    folder = _folder() if folder is None else Path(folder)
    rows = _cached_rows() if folder is None else _rows_of(folder, n_train)
    X_train, y_train, X_test, y_test = rows
    unit = _WHITE if scale else 1.0
    return Bunch(X_train=X_train / unit, y_train=y_train, X_test=X_test / unit, y_test=y_test)


def load_digits_split(random_state=0):
    """scikit-learn's digits, images of 8 × 8 pixels that come with it, as pixels from 0 to 1.

    Parameters
    ----------
    random_state : int or RandomState, default=0
        Of the split: three quarters of the 1,797 rows for training, each digit with the same share of both parts.

    Returns
    -------
    sklearn.utils.Bunch
        X_train (1347, 64), X_test (450, 64) of float64; y_train, y_test of int64.
    """
    X, y = datasets.load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16.0, y, stratify=y, random_state=random_state)
    return Bunch(X_train=X_train, y_train=y_train.astype(np.int64), X_test=X_test, y_test=y_test.astype(np.int64))


# -- IDX files


def _folder():
    """`mnist10k` where NEWTONREG_DATA says, or None."""
    root = os.environ.get("NEWTONREG_DATA")
    folder = Path(root).expanduser() / "mnist10k" if root else None
    return folder if folder is not None and folder.is_dir() else None


def _rows_of(folder, n_train):
    if _file(folder, "train-images-idx3-ubyte") is not None:
        return *_images_and_labels(folder, "train"), *_images_and_labels(folder, "t10k")
    images, labels = _images_and_labels(folder, "t10k")
    if n_train >= len(labels):
        raise ValueError(f"n_train={n_train} leaves no test rows of the {len(labels)} in {folder}; pass a smaller number.")
    return images[:n_train], labels[:n_train], images[n_train:], labels[n_train:]


def _images_and_labels(folder, part):
    """Pixels (n, 784) and labels (n,)."""
    paths = [_existing(folder, f"{part}-{name}") for name in ("images-idx3-ubyte", "labels-idx1-ubyte")]
    images, labels = (read_idx(path) for path in paths)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"{paths[0]} has shape {images.shape} and {paths[1]} has {labels.shape}; images must be (n, rows, columns) and "
            "labels (n,). Put the files of one set into one folder."
        )
    return images.reshape(len(images), -1).astype(np.float64), labels.astype(np.int64)


def _existing(folder, name):
    path = _file(folder, name)
    if path is None:
        raise FileNotFoundError(f"{folder} has neither {name} nor {name}.gz. {_ADVICE}")
    return path


def _file(folder, name):
    """Path of a file that may be compressed, or None."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


# -- scikit-learn's copy


def _cached_rows():
    """MNIST's own split of the 70,000 rows that `fetch_openml` has downloaded.

    The file is read here: `fetch_openml` itself would delete what it cannot read, and ask the network again.
    """
    home = Path(os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")).expanduser()
    paths = sorted(home.glob("openml/**/mnist_784.arff.gz"))
    if not paths:
        raise FileNotFoundError(f"No MNIST: NEWTONREG_DATA names no folder with 'mnist10k', and {home} has no copy. {_ADVICE}")
    table = _arff_table(paths[0])
    images, labels = table[:, :-1], table[:, -1].astype(np.int64)
    return images[:_N_TRAIN], labels[:_N_TRAIN], images[_N_TRAIN:], labels[_N_TRAIN:]


def _arff_table(path):
    """Pixels and label (n, 785) of a dense ARFF file: numbers with commas between them, below a line @DATA."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            next(line for line in lines if line.strip().upper() == "@DATA")
            table = np.loadtxt(lines, delimiter=",", quotechar="'", ndmin=2)
    except (OSError, EOFError, StopIteration, ValueError, zlib.error) as error:
        raise ValueError(f"{path} is damaged. Remove it, and get it again by fetch_openml.") from error
    if table.shape != (_N_ROWS, _N_PIXELS + 1):
        raise ValueError(
            f"{path} holds a table of shape {table.shape}, not {(_N_ROWS, _N_PIXELS + 1)}: remove it, and get it again."
        )
    return table
