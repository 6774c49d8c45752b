"""Many workflows of GitHub Actions: one audit with all rules about pipelines, beside zizmor on the same files.

    python bench/pipelines.py [--most 1000] [--runs 3] FOLDER

FOLDER holds repositories, or is one. Its workflows (up to `--most`, in the order of their paths) are copied to a folder
of their own, each at its path, so that both programs see the same and nothing else. A file that makes zizmor give up
on all of them (an empty one, say) is left out for both, and named. zizmor runs offline; it is looked for on PATH, in
`.venv-tools` and in `.venv/bench`, and installed there from PyPI when it is nowhere. The programs run in turn; the
figures are the medians, the ratio is taken pair by pair.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from compare import GATEKEEPER, PEERS, ROOT, Cost, cost, installed

PLACES = (ROOT / ".venv-tools" / "bin", ROOT / ".venv-tools" / "zizmor" / "bin", PEERS / "zizmor" / "bin")


def zizmor() -> Path:
    """The program, wherever it is."""
    on_path = shutil.which("zizmor")
    known = [Path(on_path)] if on_path else [place / "zizmor" for place in PLACES if (place / "zizmor").exists()]
    return known[0] if known else installed("zizmor", "zizmor")


def gathered(folder: Path, to: Path, most: int) -> None:
    """Copy the workflows below a folder."""
    for path in islice(workflows(folder), most):
        target = to / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def workflows(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob(".github/workflows/*.y*ml") if path.is_file())


def without_fatal(command: Sequence[object], root: Path) -> None:
    """Take away the files for which zizmor gives up, until it judges the others. Raises RuntimeError when it cannot."""
    for _ in range(100):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        named = re.search(r"failed to load file://(\S+)", done.stderr)
        if not named or root not in Path(named[1]).parents:
            raise RuntimeError(done.stderr)
        print(f"left out, since zizmor stops at it: {Path(named[1]).relative_to(root)}", file=sys.stderr)
        Path(named[1]).unlink()
    raise RuntimeError("zizmor stops at more than 100 files")


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary).resolve()
        gathered(options.folder.resolve(), root, options.most)
        ours = (GATEKEEPER, "audit", root, "--select", "pipeline", "--isolated", "--exit-zero")
        theirs = (zizmor(), "--offline", "--no-progress", "--no-exit-codes", root)
        without_fatal(theirs, root)
        count = len(workflows(root))
        cost(ours), cost(theirs)  # neither is measured cold
        pairs = [(cost(ours), cost(theirs)) for _ in range(options.runs)]
    mine, others = zip(*pairs, strict=True)
    ratios = [Cost(*(a / b for a, b in zip(*pair, strict=True))) for pair in pairs]
    print(f"| {count} workflows | seconds | of CPU | peak, MB | CPU of a workflow, ms |\n|---|---|---|---|---|")
    for name, each in (("gatekeeper", median(mine)), ("zizmor", median(others))):
        of_one = each.cpu * 1000 / max(count, 1)
        print(f"| {name} | {each.seconds:.2f} | {each.cpu:.2f} | {each.megabytes:.0f} | {of_one:.2f} |")
    ratio = median(ratios)
    print(f"| gatekeeper / zizmor | {ratio.seconds:.1f} | {ratio.cpu:.1f} | {ratio.megabytes:.1f} | |")


if __name__ == "__main__":
    main()
