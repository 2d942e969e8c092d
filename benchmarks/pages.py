"""The tables that pages of `doc/` hold: ``python benchmarks/pages.py [solvers] [nist] [--data FOLDER]`` writes them anew.

In a page a table stands between `<!-- name -->` and `<!-- end of name -->`; the rest of the page is left as it is.
"""

import argparse
import importlib
import re
from pathlib import Path

__all__ = ["table"]

_DOC = Path(__file__).resolve().parents[1] / "doc"
_PAGES = {"solvers": "solvers.md", "nist": "benchmarks.md"}


def table(headings, rows):
    """A Markdown table whose columns line up as text, too."""
    # the last column may be long, and nothing comes after it
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)][:-1]
    lines = [headings, ["-" * width for width in widths] + ["---"], *rows]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells, widths):
    return "| " + " | ".join([cell.ljust(width) for cell, width in zip(cells, widths, strict=False)] + [cells[-1]]) + " |"


def _put(name, text):
    page = _DOC / _PAGES[name]
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    written, count = pattern.subn(lambda _: f"{begin}\n{text}\n{end}", page.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{page.name} has {count} places for the table {name!r}")
    page.write_text(written, encoding="utf-8")


def _main():
    parser = argparse.ArgumentParser(description="Write the tables that pages of doc/ hold anew.")
    parser.add_argument("tables", nargs="*", default="all", choices=[*_PAGES, "all"], metavar="table", help=", ".join(_PAGES))
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="NIST's .dat files; default ../shared/data/nist_strd")
    arguments = parser.parse_args()
    for name in _PAGES:
        if "all" in arguments.tables or name in arguments.tables:
            given = {"folder": arguments.data} if name == "nist" else {}
            _put(name, importlib.import_module(name).markdown(**given))


if __name__ == "__main__":
    _main()
