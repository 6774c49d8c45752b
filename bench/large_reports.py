"""What it costs to read large evidence: seconds and peak memory of a 100 MB SARIF log and of 50,000 tests as JUnit.

    python bench/large_reports.py [--megabytes 100] [--cases 50000]

Each report is written to a temporary folder and read by a process of its own: mapped, recognised, and read to its end.
The peak is the process's resident set, the pages of the mapped file among it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

READ = """
import importlib, mmap, resource, sys, time
from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.readers import module_of, read
from gatekeeper.node import Source

begin = time.perf_counter()
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
    artifact = Artifact(Source(sys.argv[1], ""), data)
    format = sys.argv[2]
    assert importlib.import_module(module_of(format)).recognises(artifact)
    facts = list(read(artifact, format))[0]
    records = len(facts.problems) if format == "sarif" else facts.cases
    del artifact
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, records)
"""


def write_sarif(path: Path, size: int) -> None:
    rules = [{"id": f"R{n:03}", "properties": {"security-severity": f"{n % 10}.1"}} for n in range(200)]
    driver = {"name": "ExampleScan", "version": "1.0.0", "rules": rules}
    start = json.dumps({"$schema": "sarif-2.1.0.json", "version": "2.1.0", "tool": {"driver": driver}})
    head = start.replace('"tool"', '"runs": [{"tool"', 1)[:-1]
    with path.open("w", encoding="utf-8") as file:
        written = file.write(f'{head}, "results": [')
        number = 0
        while written < size:
            region = {"startLine": number % 900 + 1, "snippet": {"text": "call(argument)\n" * 12}}
            place = {"artifactLocation": {"uri": f"src/part{number % 997}.py"}, "region": region}
            message = {"text": f"Result {number}: a value that is not checked reaches a call."}
            result = {"ruleId": f"R{number % 200:03}", "message": message, "locations": [{"physicalLocation": place}]}
            written += file.write(("," if number else "") + "\n" + json.dumps(result, indent=1))
            number += 1
        file.write("\n]}]}\n")


def write_junit(path: Path, cases: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="all" tests="{cases}">\n')
        for number in range(cases):
            file.write(f'<testcase classname="tests.part{number % 500}" name="test_{number}" time="0.01">')
            file.write('<failure message="expected 1, got 2">trace</failure>' if number % 100 == 0 else "")
            file.write("</testcase>\n")
        file.write("</testsuite></testsuites>\n")


def row(path: Path, format: str) -> str:
    command = [sys.executable, "-c", READ, str(path), format]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak, records = done.stdout.split()
    size = path.stat().st_size / 1_000_000
    return f"| {path.name} | {size:.1f} | {int(records):,} | {float(seconds):.2f} | {float(peak):.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--cases", type=int, default=50_000)
    options = parser.parse_args()
    print("| report | MB | records | seconds | peak, MiB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        sarif, junit = Path(folder, "large.sarif"), Path(folder, "large.xml")
        write_sarif(sarif, options.megabytes * 1_000_000)
        print(row(sarif, "sarif"), flush=True)
        write_junit(junit, options.cases)
        print(row(junit, "junit"))


if __name__ == "__main__":
    main()
