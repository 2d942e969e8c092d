"""What ships: the sdist holds the whole project, the wheel holds the package, and the wheel installs and imports.

Everything runs offline, on a copy of the tree: the build uses the setuptools at hand and the throwaway environment borrows the
dependencies of this one.
"""

import ast
import configparser
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
TREES = ("newtonreg", "tests", "examples", "doc", "benchmarks")
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "MANIFEST.in", "Makefile")
JUNK = (
    ".venv/lib/leak.py",
    ".ci/leak",
    "build/lib/newtonreg/leak.py",
    "quickstart.png",
    "leak.py",
    "examples/leak.png",
    "examples/__pycache__/leak.cpython-311.pyc",
    "tests/.hidden",
    "doc/_build/leak.html",
)
IMPORT_TO_DISTRIBUTION = {"sklearn": "scikit-learn", "array_api_compat": "array-api-compat"}


def _run(command, cwd):
    """Everything the command printed; a failure shows it."""
    arguments = [str(part) for part in command]
    done = subprocess.run(arguments, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def _files_below(folder):
    """Paths of the files below `folder`, relative to it, without caches and hidden files."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not any(part == "__pycache__" or part.startswith(".") for part in path.parts)}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A clean copy of the project's files, and in the same place things that must not ship."""
    folder = tmp_path_factory.mktemp("source")
    ignore = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "*.png")
    for tree in TREES:
        if (ROOT / tree).is_dir():
            shutil.copytree(ROOT / tree, folder / tree, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(source, tmp_path_factory):
    """The sdist and the wheel made from it, as (paths, names of the files inside) by kind."""
    shipped = _files_below(source)
    for name in JUNK:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("must not ship\n")
    out = tmp_path_factory.mktemp("dist")
    log = _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source], cwd=out)
    assert "deprecat" not in log.lower(), log
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    with tarfile.open(sdist) as archive:
        sdist_names = {name.partition("/")[2] for name in archive.getnames() if archive.getmember(name).isfile()}
    with zipfile.ZipFile(wheel) as archive:
        wheel_names = set(archive.namelist())
    return {"shipped": shipped, "sdist": sdist_names, "wheel": wheel_names, "wheel_path": wheel}


def test_sdist_holds_the_project_and_nothing_else(built):
    generated = {name for name in built["sdist"] if name == "PKG-INFO" or name.startswith("newtonreg.egg-info/")}
    assert built["sdist"] - generated == built["shipped"]


def test_wheel_holds_the_package_and_nothing_else(built):
    package = {name for name in built["shipped"] if name.startswith("newtonreg/")}
    information = {name for name in built["wheel"] if re.match(r"newtonreg-[^/]+\.dist-info/", name)}
    assert "newtonreg/py.typed" in package
    assert built["wheel"] - information == package
    assert any(name.endswith("/licenses/LICENSE") for name in information)


def test_wheel_metadata(built):
    with zipfile.ZipFile(built["wheel_path"]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    assert "\nLicense-Expression: BSD-3-Clause\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    # A literal, which setuptools reads without importing the package and with it NumPy.
    source = (ROOT / "newtonreg" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)[1]
    assert f"\nVersion: {version}\n" in metadata
    extras = set(re.findall(r"^Provides-Extra: (\S+)", metadata, re.MULTILINE))
    assert extras == {"plot", "progress", "cuda12", "cuda13", "onnx", "dask", "test", "doc"}


def test_wheel_installs_and_every_subpackage_imports(built, tmp_path):
    environment = tmp_path / "environment"
    _run([sys.executable, "-m", "venv", "--without-pip", environment], cwd=tmp_path)
    python = environment / "bin" / "python"
    pip_install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index"]
    _run([*pip_install, built["wheel_path"]], cwd=tmp_path)
    # A folder named in a .pth file is searched, but its own .pth files, such as that of an editable newtonreg, are not read.
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n" + sysconfig.get_path("platlib") + "\n")
    modules = sorted(
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in built["wheel"] if name.endswith(".py")
    )
    code = f"import importlib, newtonreg\nfor name in {modules!r}:\n    importlib.import_module(name)\nprint(newtonreg.__file__)"
    printed = _run([python, "-c", code], cwd=tmp_path)
    assert Path(printed.splitlines()[-1]).is_relative_to(environment)


def test_what_the_package_imports_on_loading_is_declared():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    declared = {re.match(r"[\w-]+", line)[0] for line in config["options"]["install_requires"].split()}
    imported = set()
    for path in (ROOT / "newtonreg").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.partition(".")[0])
    third_party = imported - set(sys.stdlib_module_names) - {"newtonreg"}
    assert {IMPORT_TO_DISTRIBUTION.get(name, name) for name in third_party} <= declared
