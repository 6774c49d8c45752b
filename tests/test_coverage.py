"""The checklist, line by line, against what judges it. `GATEKEEPER_UPDATE=1` writes docs/coverage.md anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from gatekeeper import gates
from gatekeeper.catalogue import Catalogue
from gatekeeper.gates import Asked, Definition
from gatekeeper.models.evidence.readers import FORMATS
from gatekeeper.node import Source
from gatekeeper.parsers import yaml
from gatekeeper.rule import Rule

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "coverage.md"
ROWS = 354
SECTIONS_OF_THE_REPORT = ("Header", "Footer")  # beside its numbered ones


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """A line of the checklist, as docs/document.yaml writes it."""

    id: str
    section: str
    item: str
    gate: str = ""
    criteria: list[str] = []
    note: str = ""
    report: str = ""
    why: str = ""


@cache
def document() -> list[Row]:
    source = Source("document.yaml", (ROOT / "docs" / "document.yaml").read_text("utf-8"))
    [node], faults = yaml.parse(source)
    assert not faults
    return msgspec.convert(node["document"].plain, list[Row])


@cache
def definitions() -> list[Definition]:
    return gates.load(ROOT / "rules" / "gates.yaml")


@cache
def asked() -> dict[str, Asked]:
    return {each.id: each for definition in definitions() for each in definition.criteria}


@cache
def rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in Catalogue([ROOT / "rules"]).rules()}


@cache
def gate_of() -> dict[str, str]:
    """The gate of every criterion. Where both a rule and gates.yaml have it, they must agree."""
    table = {rule.id: rule.gate for rule in rules().values()}
    for definition in definitions():
        for each in definition.criteria:
            assert table.setdefault(each.id, definition.id) == definition.id, each.id
    return table


def test_every_line_is_there_and_has_one_answer() -> None:
    assert [row.id for row in document()] == [f"D{number:03}" for number in range(1, ROWS + 1)]
    for row in document():
        assert row.section and row.item and row.item.isascii(), row.id
        assert sum(map(bool, (row.criteria, row.report, row.why))) == 1, row.id
        assert not row.note or row.criteria, f"{row.id}: a note is about what is judged"
        assert len(set(row.criteria)) == len(row.criteria), row.id


def test_sections_are_not_interleaved_and_reports_name_real_ones() -> None:
    sections = [section for section, _ in groupby(row.section for row in document())]
    assert len(set(sections)) == len(sections)
    numbered = {section for section in sections if re.match(r"\d+\. ", section)}
    assert {row.report for row in document() if row.report} <= {*numbered, *SECTIONS_OF_THE_REPORT}


def test_what_judges_a_line_exists_and_answers_for_its_gate() -> None:
    known = {definition.id for definition in definitions()}
    for row in document():
        assert not row.gate or row.gate in known, row.id
        assert set(row.criteria) <= gate_of().keys(), row.id
        if row.criteria:
            assert row.gate in {gate_of()[criterion] for criterion in row.criteria}, row.id


def keys_of(section: str) -> Iterator[str]:
    """How a reference may call a section: by its heading, or by the number in front of it."""
    yield section
    numbered = re.match(r"(Phase \d+|\d+(?:\.\d+)?)[.:]? (.*)", section)
    if numbered:
        yield from numbered.groups()


def refers(seed: str) -> bool:
    """Whether a reference names a section of the checklist: `3.3 Quality Gates, All tests must pass`."""
    keys = {key for row in document() for key in keys_of(row.section)}
    parts = [part.strip() for part in seed.split(";")]
    return any(re.match(rf"{re.escape(key)}(?![\d\w]|\.\d)", part) for key in keys for part in parts)


@pytest.mark.parametrize("criterion", [*dict.fromkeys([*rules(), *asked()])])
def test_the_checklist_asks_for_every_criterion(criterion: str) -> None:
    seeds = [table[criterion].seed for table in (rules(), asked()) if criterion in table]
    assert any(criterion in row.criteria for row in document()) or any(map(refers, seeds))


def test_a_reference_is_no_wish() -> None:
    assert refers("3.3 Quality Gates, All tests must pass") and refers("anything; Handoff Protocol")
    assert not refers("3.4 Something") and not refers("33 Quality") and not refers("House rules")


@pytest.mark.parametrize("each", asked().values(), ids=lambda each: each.id)
def test_a_criterion_can_be_settled(each: Asked) -> None:
    assert each.next
    assert each.evidence or each.attest, "nothing would ever prove it"
    assert set(each.evidence) <= set(FORMATS)
    assert each.attest is None or 0 < each.attest.days <= 180
    if each.statement:
        assert len(each.statement) <= 60 and refers(each.seed)
    else:
        assert each.id in rules(), "without a statement it is said of a rule"


def test_a_small_service_is_asked_little() -> None:
    of_everyone = [each for each in asked().values() if each.statement and each.level == "C"]
    assert 20 <= len(of_everyone) <= 25


def test_the_page_is_what_the_data_says() -> None:
    page = "\n".join(lines()) + "\n"
    if os.environ.get("GATEKEEPER_UPDATE"):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page


def lines() -> Iterator[str]:
    yield from ("# What judges each line of the checklist", "")
    yield "Generated from `docs/document.yaml`, `rules/gates.yaml` and the rules; `GATEKEEPER_UPDATE=1 pytest` on"
    yield from ("`tests/test_coverage.py` writes it anew.", "")
    yield from head()
    for section, rows in groupby(document(), lambda row: row.section):
        yield from (
            "",
            f"## {section}",
            "",
            "| # | Item | Criterion and who judges it, or why nobody does |",
            "|---|---|---|",
        )
        yield from (f"| {row.id} | {cell(row.item)} | {cell(answer(row))} |" for row in rows)


def head() -> Iterator[str]:
    best = [min(map(basis, row.criteria), key=_BASES.index) for row in document() if row.criteria]
    yield from (f"| of {ROWS} lines | |", "|---|---|")
    yield f"| a rule over files judges, alone or with others | {best.count('rule')} |"
    yield f"| no rule, but evidence from CI or a server does | {best.count('evidence')} |"
    yield f"| only a person's dated statement does | {best.count('person')} |"
    yield f"| are facts that the completion report shows | {sum(bool(row.report) for row in document())} |"
    yield f"| are not judged, for the reason given | {sum(bool(row.why) for row in document())} |"
    yield ""
    levels = [each.level for each in asked().values() if each.statement]
    of_c, of_b = levels.count("C"), levels.count("C") + levels.count("B")
    yield f"Beside the rules over files, a service of level C is asked {of_c} criteria, one of level B {of_b}, one of"
    yield f"level A {len(levels)}. A person's statement holds for the days that stand behind it."


_BASES = ("rule", "evidence", "person")  # from the strongest


def basis(criterion: str) -> str:
    """What a criterion mainly rests on."""
    each, rule = asked().get(criterion), rules().get(criterion)
    if (each and each.statement and each.evidence) or (rule and rule.technology == "evidence"):
        return "evidence"
    return "rule" if rule else "person"


def answer(row: Row) -> str:
    if row.criteria:
        judged = ", ".join(f"{criterion} ({judge(criterion)})" for criterion in row.criteria)
        return f"{judged}; {row.note}" if row.note else judged
    return f"not judged, but shown in the report: {row.report}" if row.report else f"not judged: {row.why}"


def judge(criterion: str) -> str:
    """Who judges a criterion: a rule over files, evidence of some formats, a person for so long."""
    each = asked().get(criterion, Asked(criterion))
    who = ["rule"] if basis(criterion) == "rule" else []
    who += [f"evidence: {', '.join(each.evidence)}"] if each.evidence else []
    if each.attest:
        who.append("person, this commit" if each.attest.this_commit else f"person, {each.attest.days} days")
    return "; ".join(who) or "evidence"


def cell(text: str) -> str:
    return re.sub(r"[|<*`]", r"\\\g<0>", text)
