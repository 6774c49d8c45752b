"""How well alerts are classified: labels made by hand for public alerts against what the model says.

    python bench/signals.py CHECKOUTS

CHECKOUTS holds the labelled repositories, each at its labelled commit in a folder OWNER+NAME. Repositories that are not
there are skipped and named. The labels are in `fixtures/alert-labels.csv`: the golden signal that an alert is about,
`none` where it is about none, and under `also` what a careful reader may call it as well.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gatekeeper.audit import read
from gatekeeper.commands.arguments import hooks
from gatekeeper.discover import discover
from gatekeeper.models.prometheus import Alert

LABELS = Path(__file__).parent.parent / "fixtures" / "alert-labels.csv"


def compared(checkouts: Path) -> Iterator[tuple[dict[str, str], Alert]]:
    """Each label with the alerts that it means."""
    alerts: dict[str, dict[tuple[str, str], list[Alert]]] = {}
    with LABELS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        repository = row["repository"]
        if repository not in alerts:
            alerts[repository] = _alerts(checkouts / repository.replace("/", "+"))
            if not alerts[repository]:
                print(f"not here: {repository} at {row['commit']}", file=sys.stderr)
        for alert in alerts[repository].get((row["file"], row["alert"]), ())[:1]:
            yield row, alert


def _alerts(root: Path) -> dict[tuple[str, str], list[Alert]]:
    found: dict[tuple[str, str], list[Alert]] = {}
    if root.is_dir():
        for each in read(discover(root), hooks([])).all(Alert):
            found.setdefault((each.path, each.alert), []).append(each)
    return found


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    labelled: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for row, alert in compared(Path(sys.argv[1])):
        answer = alert.signal or "none"
        labelled[row["signal"]] += 1
        said[answer] += 1
        fits = answer in (row["signal"], *row["also"].split())
        right[answer] += fits
        found[row["signal"]] += answer != "none" and fits
        if answer != "none" and not fits:
            print(f"{row['repository']} {row['file']} {row['alert']}: {answer}, labelled {row['signal']}")
    for signal in (*sorted(set(said) - {"none"}), "none"):
        counts = f"said {said[signal]:4}  right {right[signal]:4}  labelled {labelled[signal]:4}"
        print(f"{signal:14} {counts}  found {found[signal]:4}")
    classified = sum(said.values()) - said["none"]
    precise = sum(right.values()) - right["none"]
    print(f"precision {precise} of {classified}; classified {classified} of {sum(said.values())}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
