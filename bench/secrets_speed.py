"""How fast files are searched for secrets, beside what reading and hashing the same files takes.

python bench/secrets_speed.py ROOT ...

Seconds of one core, with the files read before: neither the disk nor what else runs is measured. Compare the ratio.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from gatekeeper.discover import SIZE_LIMIT, Tree, Unreadable, discover, sort_out
from gatekeeper.models.files import Text


def main(roots: list[str]) -> None:
    print("| repository | files | MB | search, MB/s | hash, MB/s | search / hash |\n|---|---|---|---|---|---|")
    for root in roots:
        contents = dict(texts(Path(root)))
        size = sum(map(len, contents.values())) / 1_000_000
        tree = Tree(Path(root), contents, dict(contents))
        search = fastest(partial(search_all, tree, list(contents)))
        hashing = fastest(partial(hash_all, list(contents.values())))
        figures = f"{size / search:.0f} | {size / hashing:.0f} | {search / hashing:.1f}"
        print(f"| {Path(root).name} | {len(contents)} | {size:.1f} | {figures} |")


def texts(root: Path) -> Iterator[tuple[str, bytes]]:
    tree = discover(root)
    for path in sort_out(tree)[0]:
        try:
            data = bytes(tree.data(path))
        except Unreadable:
            continue
        if b"\0" not in data[:8192] and len(data) <= SIZE_LIMIT:
            yield path, data


def search_all(tree: Tree, paths: list[str]) -> int:
    return sum(len(Text(tree.source(path), partial(tree.data, path)).searched.secrets) for path in paths)


def hash_all(every: list[bytes]) -> list[bytes]:
    return [hashlib.sha256(data).digest() for data in every]


def fastest(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return min(seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
