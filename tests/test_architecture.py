"""The rules of doc/architecture.md, read off the source: layers, array libraries, sizes, docstrings, words."""

import ast
import dataclasses
import enum
import importlib
import inspect
import io
import re
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "newtonreg"

# From the bottom. A layer imports from its own row and from rows before it, and no two layers import each other.
LAYERS = (
    ("backend", "components"),
    ("bases", "losses"),
    ("networks",),
    ("objectives",),
    ("subproblems", "norms", "curvatures", "initializers"),
    ("solvers",),
    ("callbacks", "minimize"),
    ("physics", "landscape", "games"),
    ("training",),
    ("plotting",),
    ("estimators", "datasets", "whitening"),
)
ROW = {layer: row for row, layers in enumerate(LAYERS) for layer in layers}
OUTSIDE_LAYERS = {"__init__", "protocols", "testing"}
HOT = ("bases", "losses", "networks", "objectives", "initializers", "norms", "curvatures", "subproblems", "solvers")
OTHER_LIBRARIES = ("cupy", "cupyx", "array_api_compat.cupy", "array_api_strict", "torch", "jax")
HOST_LIBRARIES = ("numpy", "array_api_compat.numpy", "scipy.linalg", "random")
# Where a user's own callables are differentiated, and where the derivatives of others are checked.
AUTOGRAD_FILES = {"bases/callable.py", "objectives/automatic.py", "physics/equations.py"}
RANDOM_SOURCES = {"RandomState", "check_random_state", "default_rng"}
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


def _layer(path):
    """First part of a path inside the package: a subpackage, or a module beside them."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _source_files(*folders):
    files = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]


PACKAGE_FILES = _source_files("newtonreg")
PROJECT_FILES = _source_files("newtonreg", "tests", "examples", "benchmarks", "doc")
LAYER_FILES = [path for path in PACKAGE_FILES if _layer(path) not in OUTSIDE_LAYERS]


def _each(paths):
    return pytest.mark.parametrize("path", paths, ids=[path.relative_to(ROOT).as_posix() for path in paths])


def _parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path):
    """Dotted names `path` imports anywhere, also inside functions; `from a import b` gives a.b."""
    package = ("newtonreg", *path.relative_to(PACKAGE).parts[:-1])
    names = set()
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = [".".join(package[: len(package) - node.level + 1])] if node.level else []
            origin += [node.module] if node.module else []
            names |= {".".join([*origin, alias.name]) for alias in node.names}
    return names


def _imported_layers(path):
    """Layers `path` imports; a name of the package root other than `__version__` counts as itself and is then no layer."""
    inside = {name.split(".")[1] for name in _imports(path) if name.startswith("newtonreg.")}
    return inside - {"__version__", _layer(path)}


def _importing(path, libraries):
    """What `path` imports from `libraries` or from below them."""
    return {name for name in _imports(path) for library in libraries if f"{name}.".startswith(f"{library}.")}


def _docstring_lines(tree):
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            lines |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def _code_lines(text):
    """Numbers of the lines with code on them: no docstrings, comments or blank lines."""
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in layout:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return lines - _docstring_lines(ast.parse(text))


def _names(tree):
    """Every identifier: variables, attributes, arguments, definitions, keywords, imports."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield name


def _functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


# -- layers


def test_every_module_has_a_layer():
    unknown = {_layer(path) for path in PACKAGE_FILES} - set(ROW) - OUTSIDE_LAYERS
    assert not unknown, "say in LAYERS, and in doc/architecture.md, which layer this is"


@_each(LAYER_FILES)
def test_imports_come_from_the_same_row_or_below(path):
    row = ROW.get(_layer(path), len(LAYERS))
    wrong = {name for name in _imported_layers(path) - {"protocols"} if ROW.get(name, len(LAYERS) + 1) > row}
    assert not wrong


def test_no_two_layers_import_each_other():
    graph = {}
    for path in LAYER_FILES:
        graph.setdefault(_layer(path), set()).update(_imported_layers(path))
    TopologicalSorter(graph).prepare()


def test_protocols_import_nothing_of_the_package():
    path = PACKAGE / "protocols.py"
    assert not path.exists() or not _imported_layers(path)


# -- array libraries


@_each([path for path in PACKAGE_FILES if _layer(path) in HOT])
def test_hot_modules_take_their_namespace_from_the_arrays(path):
    assert not _importing(path, HOST_LIBRARIES)


@_each([path for path in PACKAGE_FILES if _layer(path) not in {"backend", "testing"}])
def test_only_the_backend_knows_array_libraries(path):
    assert not _importing(path, OTHER_LIBRARIES)


@_each([path for path in PACKAGE_FILES if _layer(path) != "testing"])
def test_autograd_is_for_user_callables(path):
    if path.relative_to(PACKAGE).as_posix() not in AUTOGRAD_FILES:
        assert not _importing(path, ["autograd"])


@_each([path for path in PACKAGE_FILES if _layer(path) in HOT])
def test_random_draws_use_the_generator_passed_in(path):
    tree = _parse(path)
    assert not RANDOM_SOURCES & set(_names(tree))
    for function in _functions(tree):
        arguments = {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]}
        draws = re.match(r"_?init_(units|params|\w+_units)$", function.name)
        assert not draws or "rng" in arguments, f"{function.name} draws random numbers and takes no rng"


@_each(PACKAGE_FILES)
def test_no_einsum(path):
    assert "einsum" not in set(_names(_parse(path)))


# -- sizes


@_each(PROJECT_FILES)
def test_file_is_short(path):
    assert len(_code_lines(path.read_text(encoding="utf-8"))) <= MAX_FILE_LINES


@_each(PROJECT_FILES)
def test_functions_are_short(path):
    code = _code_lines(path.read_text(encoding="utf-8"))
    # the body: a constructor's list of parameters is a declaration
    bodies = {f"{f.name}:{f.lineno}": range(f.body[0].lineno, f.end_lineno + 1) for f in _functions(_parse(path))}
    sizes = {name: len(code & set(lines)) for name, lines in bodies.items()}
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}


def test_code_lines_leave_out_docstrings_comments_and_blank_lines():
    text = (
        '"""Module\n\ndocstring."""\n\n# comment\ndef f(x):\n    """Doc."""\n\n'
        '    y = """two\n    lines"""\n    return y  # why\n'
    )
    assert _code_lines(text) == {6, 9, 10, 11}


# -- docstrings and words


def _documented_parameters(doc, headings):
    """Names in the first of the sections `headings` that a numpydoc docstring has, or None where it has none of them."""
    sections = re.split(r"^(\w[\w ]*)\n-+$", doc, flags=re.MULTILINE)
    heading = next((heading for heading in headings if heading in sections[1::2]), None)
    if heading is None:
        return None
    section = sections[sections.index(heading) + 1]
    heads = re.findall(r"^([\w*][\w*, ]*?) *(?::|$)", section, re.MULTILINE)
    return {name for head in heads for name in re.split(r"\W+", head)}


def _docstring_fault(public):
    """What the docstring of a public class or function lacks, or None."""
    if not public.__doc__:
        return "no docstring of its own"
    # An enumeration's and a protocol's signatures are Python's, not ours.
    if inspect.isclass(public) and (issubclass(public, enum.Enum) or getattr(public, "_is_protocol", False)):
        return None
    starred = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    arguments = {argument.name for argument in inspect.signature(public).parameters.values() if argument.kind not in starred}
    # The arguments of a record are its attributes.
    is_record = dataclasses.is_dataclass(public) or hasattr(public, "_fields")
    headings = ("Parameters", "Attributes") if is_record else ("Parameters",)
    documented = _documented_parameters(inspect.cleandoc(public.__doc__), headings)
    if arguments and documented is None:
        return "no Parameters section"
    missing = arguments - (documented or set())
    return f"Parameters lacks {sorted(missing)}" if missing else None


def test_public_objects_document_their_parameters():
    newtonreg = importlib.import_module("newtonreg")
    public = {name: getattr(newtonreg, name) for name in getattr(newtonreg, "__all__", [])}
    faults = {name: _docstring_fault(item) for name, item in public.items() if inspect.isclass(item) or inspect.isfunction(item)}
    assert {name: fault for name, fault in faults.items() if fault} == {}


@_each(PACKAGE_FILES)
def test_words(path):
    tree = _parse(path)
    assert path.name != "utils.py", "name the file after what is in it"
    assert not [n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and re.match(r"Base[A-Z]|Abstract", n.name)]
    assert not [name for name in _names(tree) if not name.isascii()], "identifiers are ASCII; formulas belong in docstrings"
