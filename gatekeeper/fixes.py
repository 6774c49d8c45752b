"""Fixes that are certain, spliced into the files: only the characters of an edit change, all else stays as it is.

What comes out is judged before it is written. A file in which a fix leaves its finding where it was, brings up another,
or cannot be read any more, is left alone, and the reason is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from gatekeeper.audit import Report, Request, audit
from gatekeeper.discover import Tree, Unreadable, Unwritable, decode, write_below
from gatekeeper.node import Source
from gatekeeper.rule import Edit, Place
from gatekeeper.waivers import Reported

ROUNDS = 10  # a fix may lie beside another, or make room for it; what needs more is left for the next time


class Refused(NamedTuple):
    """A file whose fixes are not applied, and why."""

    path: str
    reason: str


class Fixed(NamedTuple):
    """What fixing comes to: new texts by path, the findings that they mend, the files left alone."""

    texts: dict[str, str]
    mended: tuple[Reported, ...]
    refused: tuple[Refused, ...]

    def without(self, failed: Sequence[Refused]) -> Fixed:
        """What remains when these could not be written."""
        paths = {each.path for each in failed}
        texts = {path: text for path, text in self.texts.items() if path not in paths}
        mended = tuple(each for each in self.mended if paths.isdisjoint(_paths(each)))
        return Fixed(texts, mended, (*self.refused, *failed))


def fixed(report: Report, request: Request, hooks: Any, *, unsafe: bool) -> Fixed:
    """The texts of the files with every fix that holds. Nothing is written. Raises what `audit` raises."""
    texts: dict[str, str] = {}
    mended: list[Reported] = []
    refused: dict[str, Refused] = {}
    for _ in range(ROUNDS):
        step = list(_chosen(report, unsafe, refused))
        while step:
            changed = texts | spliced(edit for each in step for edit in _edits(each))
            after = audit(replace(request, changed=changed, analysers=()), hooks)
            worse = {each.path: each for each in _worse(step, report, after)}
            if not worse:
                break
            refused |= worse
            step = [each for each in step if worse.keys().isdisjoint(_paths(each))]
        if not step:
            break
        texts, report = changed, after
        mended += step
    return Fixed(texts, tuple(mended), tuple(refused.values()))


def waiting(report: Report) -> int:
    """How many findings have a fix that changes what the file does, and is left to whoever asks for it."""
    return sum(1 for each in report.findings if _edits(each) and each.finding.fix and not each.finding.fix.safe)


def diff(result: Fixed, report: Report, suspicious: Callable[[str], bool]) -> list[str]:
    """The lines of a unified diff. A line in which a secret stands is not shown, nor a suspicious one beside it."""
    from difflib import unified_diff

    lines: list[str] = []
    for path, text in sorted(result.texts.items()):
        before = report.project.tree.source(path).lines
        secrets = [each for each in report.secrets if each.source.path == path]
        hidden = {before[number - 1] for each in secrets for number in _lines(each)}
        values = {
            part for each in secrets for part in each.source.slice(each.span).split("\n") if len(part.strip()) > 3
        }
        for line in unified_diff(before, Source(path, text).lines, f"a/{path}", f"b/{path}", lineterm=""):
            shown = line[1:] not in hidden and all(value not in line for value in values)
            context = line.startswith(" ") and suspicious(line)
            lines.append(line if shown and not context else f"{line[0]}(a secret stands in this line)")
    return lines


def _lines(at: Place) -> range:
    return range(at.span.line, min(at.span.end_line, len(at.source.lines)) + 1)


def write(result: Fixed, tree: Tree) -> list[Refused]:
    """Write the files. Gives those that could not be written, and why."""
    failed = []
    for path, text in result.texts.items():
        try:
            write_below(tree.root, path, _bytes(text, tree, path), replace=True)
        except (Unwritable, Unreadable) as error:
            failed.append(Refused(path, str(error)))
    return failed


def _bytes(text: str, tree: Tree, path: str) -> bytes:
    """The text as the file is encoded. Raises `Unreadable` when it is not UTF-8, or another than was judged."""
    data = bytes(tree.data(path))
    if decode(data) != tree.source(path).text:
        raise Unreadable("was changed while it was judged")
    before = data[:3]
    if before[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable("is UTF-16, and only UTF-8 is written")
    return (b"\xef\xbb\xbf" if before == b"\xef\xbb\xbf" else b"") + text.encode("utf-8", "surrogateescape")


def _edits(each: Reported) -> tuple[Edit, ...]:
    edits = each.finding.fix.edits if each.finding.fix and not each.waiver else ()
    return edits if all(edit.at.source.exact for edit in edits) else ()


def _paths(each: Reported) -> set[str]:
    return {edit.at.source.path for edit in _edits(each)}


def _chosen(report: Report, unsafe: bool, refused: dict[str, Refused]) -> Iterator[Reported]:
    """The findings with a fix that may be applied now, none of which touches the characters of another."""
    taken: dict[str, list[tuple[int, int]]] = {}
    made: set[tuple[tuple[str, int, int, str], ...]] = set()
    for each in report.findings:
        fix = each.finding.fix
        if not _edits(each) or not fix or not (fix.safe or unsafe) or not refused.keys().isdisjoint(_paths(each)):
            continue
        places = [(edit.at.source.path, *edit.at.source.offsets(edit.at.span)) for edit in fix.edits]
        same = tuple((*at, edit.text) for at, edit in zip(places, fix.edits, strict=True))
        if same not in made and any(_touches(begin, end, taken.get(path, ())) for path, begin, end in places):
            continue
        made.add(same)
        for path, begin, end in places:
            taken.setdefault(path, []).append((begin, end))
        yield each


def _touches(begin: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    return any(begin <= other_end and other_begin <= end for other_begin, other_end in taken)


def spliced(edits: Iterable[Edit]) -> dict[str, str]:
    """The files that the edits are about, with their new texts. The same edit twice is made once."""
    by_path: dict[str, dict[tuple[int, int, str], Source]] = {}
    for edit in edits:
        source = edit.at.source
        by_path.setdefault(source.path, {})[*source.offsets(edit.at.span), edit.text] = source
    return {path: _with_edits(found) for path, found in by_path.items()}


def _with_edits(edits: dict[tuple[int, int, str], Source]) -> str:
    text = next(iter(edits.values())).text
    line_end = "\r\n" if "\r\n" in text else "\n"
    for begin, end, new in sorted(edits, reverse=True):
        text = text[:begin] + new.replace("\n", line_end) + text[end:]
    return text


def _worse(step: Sequence[Reported], before: Report, after: Report) -> Iterator[Refused]:
    """The files whose fixes do not do what they are for, or do more."""
    paths = {path for each in step for path in _paths(each)}
    known = Counter((fault.source.path, fault.message) for fault in before.project.faults)
    for fault in after.project.faults:
        known[fault.source.path, fault.message] -= 1
        if fault.source.path in paths and known[fault.source.path, fault.message] < 0:
            yield Refused(fault.source.path, f"it could not be read any more: {fault.message}")
    old, new = _counted(before.findings), _counted(after.findings)
    for key in new:
        if new[key] > old[key] and key[1] in paths:
            yield Refused(key[1], f"it would bring up {key[0]}: {key[2]}")
    for each in step:
        key = _key(each)
        if new[key] >= old[key]:
            for path in _paths(each):
                yield Refused(path, f"it would not settle {each.rule.id}: {each.finding.message}")


def _key(each: Reported) -> tuple[str, str, str]:
    return each.rule.id, each.at.source.path, each.finding.message


def _counted(findings: Iterable[Reported]) -> Counter[tuple[str, str, str]]:
    return Counter(map(_key, findings))
