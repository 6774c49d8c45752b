"""What tools report of places, times, commits and words, in one form. None of it is believed to be well formed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REVISION = re.compile(r"[0-9a-f]{7,64}")
_CHECKOUT = re.compile(r"/home/runner/work/([^/]+)/\1/|/github/workspace/")  # where GitHub's runners check out


def path(text: str | None, roots: Iterable[str] = ()) -> str:
    """A path as one below the repository's root; empty when it is absolute and below none of `roots`, or leads out."""
    written = (text or "").replace("\\", "/")
    if not written or len(written) > 1000 or _CONTROL.search(written):
        return ""
    for root in roots:
        if root.startswith("/") and written.startswith(root.rstrip("/") + "/") and root.strip("/"):
            written = written[len(root.rstrip("/")) + 1 :]
            break
    else:
        checkout = _CHECKOUT.match(written)
        written = written[checkout.end() :] if checkout else written
    steps = [step for step in written.split("/") if step not in ("", ".")]
    if written.startswith("/") or ".." in steps or not steps or steps[0].endswith(":"):
        return ""
    return "/".join(steps)


def moment(text: str | None) -> datetime.datetime | None:
    """A time of ISO 8601 with its zone; None for anything else, and for years in which nobody ran a pipeline."""
    try:
        made = datetime.datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return made if made.tzinfo and 2000 <= made.year < 9000 else None


def seconds(begin: str | None, end: str | None) -> float | None:
    """How long something took, by the times at which it began and ended; None when these do not tell."""
    began, ended = moment(begin), moment(end)
    return (ended - began).total_seconds() if began and ended and ended >= began else None


def revision(text: str | None) -> str:
    """A commit's hash, or nothing."""
    word = (text or "").strip().lower()
    return word if _REVISION.fullmatch(word) else ""


def words(text: str | None, most: int = 200) -> str:
    """The beginning of a text on one line."""
    line = " ".join((text or "")[: 4 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def word(text: str | None) -> str:
    """A word for how something stands or ended, in lower case."""
    return words(text, 60).lower()


def some(texts: Iterable[str], most: int = 20) -> tuple[str, ...]:
    """Different texts, each once, the first `most` of them, and how many more there are."""
    distinct = list(dict.fromkeys(text for text in texts if text))
    more = len(distinct) - most
    return (*distinct[:most], *((f"and {more} more",) if more > 0 else ()))
