"""Every example runs without a display and leaves a picture; so does the code in the README."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))


def _run_python(arguments, cwd):
    environment = os.environ | {"MPLBACKEND": "Agg"}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_example_runs_and_writes_a_png(path, tmp_path):
    done = _run_python([str(path)], tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    pictures = list(tmp_path.glob("*.png"))
    assert pictures, f"{path.name} wrote no PNG into its working directory"
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


@pytest.mark.slow
def test_readme_code_runs(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    done = _run_python(["-c", "\n".join(blocks)], tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
