"""What scanners are told to ignore, by the files they read that from: each entry with its reason and its last day."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gatekeeper.days import day
from gatekeeper.models.files import documents, readable
from gatekeeper.node import START, Expression, Node, Source, Span, Unresolved, regex

MOST = 2_000  # entries of one file


class Entry(NamedTuple):
    """One finding that is ignored. `dated`: whether the format knows a last day; `until` is None where none is set."""

    name: str
    reason: str
    until: datetime.date | None
    dated: bool
    source: Source
    span: Span
    everything: bool = False


_DAY = regex(r"(?<![0-9])(20[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])")
_EXPIRES = regex(r"\bexp:(20[0-9]{2}-[01][0-9]-[0-3][0-9])")


def files() -> frozenset[str]:
    """The names of the files that are read."""
    return frozenset(_READERS)


def entries(source: Source) -> Iterator[Entry]:
    """The entries of one file. Raises `Unresolved` where it cannot be read, and behind the last that is looked at."""
    readable(source)
    for number, entry in enumerate(_READERS[source.path.rpartition("/")[2]](source)):
        if number == MOST:
            raise Unresolved(Node(None, source, START), Expression(source.path, f"has more than {MOST} entries"))
        yield entry


def _lines(source: Source, dated: bool) -> Iterator[Entry]:
    """One entry a line; its reason is a comment behind it or above it."""
    above = ""
    for number, line in enumerate(source.lines, 1):
        text, _, comment = line.strip().partition("#")
        if not text and line.strip():
            above = f"{above} {comment.strip()}".strip()
        elif not text:
            above = ""
        else:
            reason = comment.strip() or above
            expires = _EXPIRES.search(text) if dated else None
            name = text.split()[0]
            yield Entry(
                name,
                reason,
                _date(expires[1] if expires else reason),
                dated,
                source,
                source.line_span(number),
                name in ("*", "**"),
            )


def _date(text: str) -> datetime.date | None:
    found = _DAY.search(text)
    try:
        return day(found[1]) if found else None
    except ValueError:
        return None


def _nodes(source: Source) -> Iterator[Node]:
    yield from (node for node in documents(source) if node.is_mapping)


def _text(node: Node) -> str:
    return node.text if node.known and node.present and not node.is_mapping and not node.is_list else ""


def _trivy(source: Source) -> Iterator[Entry]:
    for top in _nodes(source):
        for section in ("vulnerabilities", "misconfigurations", "secrets", "licenses"):
            for each in top[section] if top[section].is_list else ():
                if each.is_mapping:
                    until = _date(_text(each["expired_at"]))
                    yield Entry(_text(each["id"]), _text(each["statement"]), until, True, source, each.mark)


def _snyk(source: Source) -> Iterator[Entry]:
    for top in _nodes(source):
        for name, paths in top["ignore"].items() if top["ignore"].is_mapping else ():
            for each in paths if paths.is_list else ():
                for _, body in each.items() if each.is_mapping else ():
                    reason = _text(body["reason"])
                    known = "" if reason.lower().startswith("none given") else reason
                    yield Entry(
                        name, known, _date(_text(body["expires"])), True, source, paths.key or paths.mark, name == "*"
                    )


def _grype(source: Source) -> Iterator[Entry]:
    for top in _nodes(source):
        for each in top["ignore"] if top["ignore"].is_list else ():
            if each.is_mapping:
                said = " ".join(filter(None, (_text(each["reason"]), _comment(source, each.span.line))))
                name = _text(each["vulnerability"]) or _text(each.at("package.name")) or _text(each["fix-state"])
                yield Entry(name, said, _date(said), False, source, each.mark, not list(each.items()))


def _checkov(source: Source) -> Iterator[Entry]:
    for top in _nodes(source):
        for each in top["skip-check"] if top["skip-check"].is_list else ():
            said = _comment(source, each.span.line)
            name = _text(each)
            yield Entry(name, said, _date(said), False, source, each.mark, name in ("*", "CKV_*", "CKV*"))


def _comment(source: Source, number: int) -> str:
    """The comment on a line, or on the line above that holds nothing else."""
    here = source.line(number).partition(" #")[2].strip()
    above = source.line(number - 1).strip() if number > 1 else ""
    return here or (above.lstrip("# ") if above.startswith("#") else "")


_TABLE = regex(r"\[\[(IgnoredVulns|PackageOverrides)\]\]")
_PAIR = regex(r"[ \t]*([A-Za-z.]{1,40})[ \t]*=[ \t]*\"?([^\"#\n]{0,500})")


def _osv(source: Source) -> Iterator[Entry]:
    """A table of TOML for each; read by its lines, for TOML has no places."""
    held: dict[str, str] = {}
    start = 0
    for number, line in enumerate([*source.lines, "[[end]]"], 1):
        if line.lstrip().startswith("["):
            if held.get("table") == "IgnoredVulns" or held.get("ignore", "").strip() == "true":
                until = _date(held.get("ignoreUntil", "") or held.get("effectiveUntil", ""))
                name = held.get("id") or held.get("name", "")
                yield Entry(name, held.get("reason", "").strip(), until, True, source, source.line_span(start))
            found = _TABLE.match(line.strip())
            held, start = ({"table": found[1]} if found else {}), number
        elif pair := _PAIR.match(line):
            held[pair[1]] = pair[2]


_READERS: dict[str, Callable[[Source], Iterator[Entry]]] = {
    ".trivyignore": lambda source: _lines(source, True),
    ".trivyignore.yaml": _trivy,
    ".trivyignore.yml": _trivy,
    ".snyk": _snyk,
    ".grype.yaml": _grype,
    ".checkov.yaml": _checkov,
    ".checkov.yml": _checkov,
    "osv-scanner.toml": _osv,
    ".gitleaksignore": lambda source: _lines(source, False),
}
