"""IDX files, MNIST from files at hand, and scikit-learn's digits."""

import gzip
import struct

import numpy as np
import pytest
import sklearn.datasets

from newtonreg.datasets import load_digits_split, load_mnist, read_idx

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def idx(array, code=0x08):
    """Bytes of an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.astype(TYPES[code]).tobytes()


IMAGES = np.arange(12 * 3 * 2).reshape(12, 3, 2) % 251
LABELS = np.arange(12) % 10


def write_set(folder, part="t10k", compressed=True, images=IMAGES, labels=LABELS):
    """Images and labels under MNIST's names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
        path = folder / f"{part}-{name}{'.gz' if compressed else ''}"
        path.write_bytes(gzip.compress(idx(array)) if compressed else idx(array))
    return folder


@pytest.fixture
def write(tmp_path):
    """Function from bytes to the path of a file of them."""

    def path_of(content, name="some-idx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return path_of


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    """No environment variable, an empty data folder of scikit-learn, and no network."""
    monkeypatch.delenv("NEWTONREG_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "scikit"))

    def refuse(*args, **kwargs):
        raise AssertionError("a request was sent")

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", refuse)
    return tmp_path


# -- IDX


@pytest.mark.parametrize("code", TYPES, ids=TYPES.values())
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (2, 1, 3, 2)], ids=str)
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_every_type_and_shape_comes_back(write, code, shape, compressed):
    low = 0 if code == 0x08 else -100
    array = np.random.default_rng(0).integers(low, 101, size=shape).astype(TYPES[code]) / (8 if code > 0x0C else 1)
    array = np.asarray(array, dtype=TYPES[code])
    content = idx(array, code)
    read = read_idx(write(gzip.compress(content) if compressed else content))
    assert read.dtype == np.dtype(TYPES[code]).newbyteorder("=") and read.shape == shape
    assert read.dtype.isnative and read.flags.writeable
    np.testing.assert_array_equal(read, array)


def test_the_content_decides_what_is_compressed_not_the_name(write):
    np.testing.assert_array_equal(read_idx(write(idx(LABELS), "labels.gz")), LABELS)
    np.testing.assert_array_equal(read_idx(str(write(gzip.compress(idx(LABELS)), "labels"))), LABELS)


WHOLE = idx(LABELS)
PACKED = gzip.compress(WHOLE)
FAULTS = {
    "empty": (b"", "is truncated: the magic number has 4 bytes, found 0"),
    "half a magic number": (WHOLE[:3], "the magic number has 4 bytes, found 3"),
    "text": (b"P5 28 28 255\n", "is no IDX file: its first bytes are 0x50352032"),
    "little-endian": (b"\x01\x08\x00\x00" + WHOLE[4:], "is no IDX file: its first bytes are 0x01080000"),
    "unknown type": (b"\x00\x00\x0a\x01" + WHOLE[4:], "has the unknown type 0x0a; known are 0x08, 0x09, 0x0b"),
    "half a header": (WHOLE[:7], "is truncated: a header of 1 dimensions has 8 bytes, found 7"),
    "a byte fewer": (WHOLE[:-1], r"is truncated: shape \(12,\) needs 12 bytes of data, found 11"),
    "huge": (struct.pack(">HBB3I", 0, 0x0E, 3, *3 * (2**32 - 1,)), f"needs {8 * (2**32 - 1) ** 3} bytes of data, found 0"),
    "a byte more": (WHOLE + b"\x00", r"has trailing bytes: shape \(12,\) needs 12 bytes of data, found 13"),
    "gzip cut in its header": (PACKED[:5], "is truncated: its gzip stream ends early, after 5 bytes"),
    "gzip cut in its data": (PACKED[:-12], "is truncated: its gzip stream ends early"),
    "gzip cut in its checksum": (PACKED[:-2], "is truncated: its gzip stream ends early"),
    "gzip with a wrong checksum": (PACKED[:-8] + b"\xff\xff\xff\xff" + PACKED[-4:], "is damaged: gzip answered 'CRC check"),
    "gzip with wrong data": (PACKED[:10] + b"\xff" * 8 + PACKED[18:], "is damaged: gzip answered "),
    "gzip of a truncated file": (gzip.compress(WHOLE[:-1]), r"is truncated: shape \(12,\) needs 12 bytes of data, found 11"),
}


@pytest.mark.parametrize("content, what", FAULTS.values(), ids=FAULTS)
def test_another_file_is_refused_with_its_path_and_what_is_wrong(write, content, what):
    path = write(content)
    with pytest.raises(ValueError, match=what) as error:
        read_idx(path)
    assert str(error.value).startswith(f"{path} ")


def test_every_prefix_of_a_file_is_truncated(write):
    for content in (WHOLE, PACKED):
        for size in range(len(content)):
            with pytest.raises(ValueError, match="is truncated"):
                read_idx(write(content[:size]))


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none")


# -- MNIST


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_the_first_rows_are_for_training_and_the_rest_for_testing(tmp_path, compressed):
    data = load_mnist(write_set(tmp_path, compressed=compressed), n_train=8)
    assert sorted(data) == ["X_test", "X_train", "y_test", "y_train"]
    X, y = np.concatenate([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])
    assert data.X_train.shape == (8, 6) and data.X_test.shape == (4, 6)
    assert X.dtype == np.float64 and y.dtype == np.int64
    np.testing.assert_array_equal(X, IMAGES.reshape(12, 6) / 255.0)
    np.testing.assert_array_equal(y, LABELS)


def test_pixels_are_left_alone_where_asked(tmp_path):
    data = load_mnist(str(write_set(tmp_path)), n_train=8, scale=False)
    assert data.X_train.dtype == np.float64
    np.testing.assert_array_equal(data.X_train, IMAGES.reshape(12, 6)[:8])


def test_the_usual_split_where_there_are_training_files(tmp_path):
    write_set(tmp_path, "train", images=IMAGES[:7], labels=LABELS[:7])
    data = load_mnist(write_set(tmp_path, "t10k", compressed=False, images=IMAGES[7:], labels=LABELS[7:]), n_train=2)
    np.testing.assert_array_equal(data.X_train, IMAGES.reshape(12, 6)[:7] / 255.0)
    np.testing.assert_array_equal(data.y_test, LABELS[7:])


@pytest.mark.parametrize("n_train", [0, -1, 2.5, True, None])
def test_n_train_is_a_positive_integer(tmp_path, n_train):
    with pytest.raises(ValueError, match=f"n_train={n_train!r} must be an integer >= 1"):
        load_mnist(write_set(tmp_path), n_train=n_train)


def test_n_train_leaves_rows_for_testing(tmp_path):
    folder = write_set(tmp_path)
    assert len(load_mnist(folder, n_train=11).y_test) == 1
    with pytest.raises(ValueError, match="n_train=12 leaves no test rows of the 12 in "):
        load_mnist(folder, n_train=12)


@pytest.mark.parametrize("images, labels", [(IMAGES, LABELS[:-1]), (IMAGES[:, :, 0], LABELS), (IMAGES, LABELS[:, None])])
def test_images_and_labels_that_do_not_belong_together(tmp_path, images, labels):
    with pytest.raises(ValueError, match="t10k-images.* has shape .* and .*t10k-labels.* has .*; images must be"):
        load_mnist(write_set(tmp_path, images=images, labels=labels), n_train=8)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent has neither t10k-images-idx3-ubyte nor .*Pass the folder"):
        load_mnist(tmp_path / "absent")
    (write_set(tmp_path) / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="has neither t10k-labels-idx1-ubyte nor "):
        load_mnist(tmp_path)


def test_without_a_folder_the_environment_names_one(no_data, monkeypatch):
    write_set(no_data / "data" / "mnist10k")
    monkeypatch.setenv("NEWTONREG_DATA", str(no_data / "data"))
    np.testing.assert_array_equal(load_mnist(n_train=8).y_train, LABELS[:8])


@pytest.mark.parametrize("root", [None, "", "elsewhere"])
def test_without_data_the_error_says_what_to_do(no_data, monkeypatch, root):
    if root is not None:
        monkeypatch.setenv("NEWTONREG_DATA", root)
    with pytest.raises(FileNotFoundError, match="NEWTONREG_DATA names no folder with 'mnist10k'.*fetch_openml"):
        load_mnist()


# -- scikit-learn's copy


HEADER = "% a comment\n@RELATION mnist_784\n@ATTRIBUTE 'pixel1' real\n@ATTRIBUTE 'class' {0,1}\n@Data\n"
ROWS = [",".join(map(str, [*row, repr(str(label))])) for row, label in zip(IMAGES.reshape(12, 6), LABELS, strict=True)]


@pytest.fixture
def cache(no_data, monkeypatch):
    """Function that writes a text where `fetch_openml` keeps its file; of 12 images of 6 pixels in place of 70,000 of 784."""
    for name, size in (("_N_ROWS", 12), ("_N_TRAIN", 8), ("_N_PIXELS", 6)):
        monkeypatch.setattr(f"newtonreg.datasets.mnist.{name}", size)

    def put(content):
        path = no_data / "scikit" / "openml" / "openml.org" / "data" / "v1" / "download" / "52667" / "mnist_784.arff.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        return path

    return put


def test_a_copy_of_fetch_openml_is_read_without_a_request(cache):
    cache(gzip.compress((HEADER + "\n".join(ROWS)).encode()))
    data = load_mnist(n_train=3)
    np.testing.assert_array_equal(data.X_train, IMAGES.reshape(12, 6)[:8] / 255.0)
    np.testing.assert_array_equal(data.y_test, LABELS[8:])
    assert data.X_test.dtype == np.float64 and data.y_train.dtype == np.int64


COPIES = {
    "not compressed": HEADER.encode(),
    "cut": gzip.compress((HEADER + "\n".join(ROWS)).encode())[:-20],
    "no data": gzip.compress(HEADER.encode()[:-6]),
    "words": gzip.compress((HEADER + "one,two\n").encode()),
    "a row fewer": gzip.compress((HEADER + "\n".join(ROWS[1:])).encode()),
}


@pytest.mark.parametrize("content", COPIES.values(), ids=COPIES)
def test_a_damaged_copy_is_named_left_where_it_is_and_no_request_is_sent(cache, content):
    path = cache(content)
    with pytest.raises(ValueError, match="emove it, and get it again") as error:
        load_mnist()
    assert str(path) in str(error.value) and path.read_bytes() == content


# -- digits


def test_digits_are_split_with_the_same_share_of_each():
    data = load_digits_split()
    assert data.X_train.shape == (1347, 64) and data.X_test.shape == (450, 64)
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    shares = [np.bincount(y, minlength=10) / len(y) for y in (data.y_train, data.y_test)]
    np.testing.assert_allclose(shares[0], shares[1], atol=1.0 / 450)
    assert data.X_train.min() == 0.0 and data.X_train.max() == 1.0


def test_every_digit_is_in_one_part_and_the_split_is_that_of_its_seed():
    X, y = sklearn.datasets.load_digits(return_X_y=True)
    data, again, other = load_digits_split(), load_digits_split(random_state=0), load_digits_split(random_state=1)
    rows = np.column_stack([np.concatenate([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, np.column_stack([X / 16.0, y])))
    np.testing.assert_array_equal(data.X_test, again.X_test)
    assert not np.array_equal(data.y_test, other.y_test)


# -- the files of MNIST


def test_mnist_beside_the_checkout(shared_data, monkeypatch):
    if not (shared_data / "mnist10k").is_dir():
        pytest.skip("MNIST's files not found in ../shared/data/mnist10k")
    monkeypatch.setenv("NEWTONREG_DATA", str(shared_data))
    data = load_mnist()
    assert data.X_train.shape == (8000, 784) and data.X_test.shape == (2000, 784)
    assert data.X_train.min() == 0.0 and data.X_train.max() == 1.0
    assert data.y_train[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = np.bincount(np.concatenate([data.y_train, data.y_test]))
    assert counts.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
