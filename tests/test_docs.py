"""The snippets of the documentation run, page by page, in a session of their own, as a reader would type them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[1] / "doc").glob("*.md"))
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _snippets(page):
    """Blocks of a page; those marked `python gpu` need a GPU and are left out."""
    return SNIPPET.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [page for page in PAGES if _snippets(page)], ids=lambda page: page.stem)
def test_snippets_run(page, tmp_path):
    script = tmp_path / f"{page.stem}.py"
    script.write_text("\n".join(_snippets(page)), encoding="utf-8")
    done = subprocess.run([sys.executable, script.name], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
