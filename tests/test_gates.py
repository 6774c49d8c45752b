"""Aggregation is a lattice: whatever comes in, UNKNOWN, WAIVED and "nothing judged" never come out as PASS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import engine, gates, waivers
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.gates import Criterion, Definition, Gate, Status, worst
from gatekeeper.links.attested import Standing
from gatekeeper.models.attestations import Attestation
from gatekeeper.models.attestations import read as read_attestation
from gatekeeper.models.evidence import Revision
from gatekeeper.models.files import File
from gatekeeper.models.waivers import Waiver
from gatekeeper.node import Fault, Node, Source, Span
from gatekeeper.project import Project
from gatekeeper.rule import Answer, Finding, Reason, Rule, Severity, Unknown, build
from gatekeeper.testing import TODAY, project_of

statuses = st.lists(st.sampled_from(Status), max_size=6)


@given(statuses, st.randoms())
def test_order_does_not_matter_and_adding_never_improves(some: list[Status], random: object) -> None:
    shuffled = sorted(some, key=lambda status: hash((status, id(random))))
    assert worst(some) == worst(shuffled)
    order = [Status.PASS, Status.ATTESTED, Status.WAIVED, Status.UNKNOWN, Status.ERROR, Status.FAIL]
    before = worst(some)
    for more in order:
        after = worst([*some, more])
        assert after is not Status.NOT_APPLICABLE
        if before in order and some:
            assert order.index(after) >= order.index(before)


@given(statuses)
def test_pass_means_that_everything_applicable_passed(some: list[Status]) -> None:
    assert (worst(some) is Status.PASS) == (Status.PASS in some and set(some) <= {Status.PASS, Status.NOT_APPLICABLE})


def gate(status: Status, required: bool) -> Gate:
    return Gate("g", "G", "", status, "", (), required)


@given(st.lists(st.tuples(st.sampled_from(Status), st.booleans()), max_size=6))
def test_exit_codes(some: list[tuple[Status, bool]]) -> None:
    table = [gate(status, required) for status, required in some]
    code = gates.exit_code(table)
    if code == 0:
        assert any(g.status is not Status.NOT_APPLICABLE for g in table)
        assert not any(g.status in (Status.FAIL, Status.ERROR) for g in table)
        assert not any(g.status is Status.UNKNOWN and g.required for g in table)
    assert (code == 1) == any(g.status is Status.FAIL for g in table)


def test_where_waivers_block_none_is_hidden_by_something_worse() -> None:
    unknown, waived = (Criterion("c", "", status, "") for status in (Status.UNKNOWN, Status.WAIVED))
    excused = Criterion("c", "", Status.UNKNOWN, "", excused=1)
    for criteria in ((unknown, waived), (excused,), (waived,)):
        table = [Gate("g", "G", "", worst(c.status for c in criteria), "", criteria, False)]
        assert gates.exit_code(table, waived_blocks=True) == 1
        assert gates.exit_code(table) == 0
    assert gates.exit_code([Gate("g", "G", "", Status.UNKNOWN, "", (unknown,), False)], waived_blocks=True) == 0


def test_nothing_applicable_is_not_ready() -> None:
    assert gates.exit_code([]) == 3
    assert gates.exit_code([gate(Status.NOT_APPLICABLE, True)]) == 3


def rule_of(answers: dict[str, list[str]], severity: Severity = "high", *, crash: bool = False) -> Rule:
    """A rule that says about each file what the table says: fail or unknown; nothing is a pass."""

    def check(file: File) -> Iterator[Answer]:
        if crash:
            raise KeyError("a rule's own mistake")
        for word in answers.get(file.path, ()):
            yield Finding(file, "wrong") if word == "fail" else Unknown(file, "who knows")

    return build(
        id="some-rule", title="t", severity=severity, gate="g", subject=File, check=check,
        where=lambda file: file.path in answers,
    )  # fmt: skip


def asked(*definitions: Definition, profile: str = "release") -> gates.Scope:
    return gates.scope(definitions, profile, "B")


def judged(rule: Rule, project: Project) -> Criterion:
    outcomes, reported = waivers.settle(engine.run([rule], project), project, [rule.id])
    [table] = gates.judge(asked(Definition("g", "G", "", "")), outcomes, reported, project, "release")
    [criterion] = table.criteria
    return criterion


words = st.lists(st.sampled_from(["fail", "unknown"]), max_size=2)


@given(st.dictionaries(st.sampled_from(["a.yaml", "b.yaml"]), words), st.sampled_from(["high", "low"]), st.booleans())
def test_a_criterion_passes_only_when_something_was_judged(
    answers: dict[str, list[str]], severity: Severity, unreadable: bool
) -> None:
    files = [File(Source(path, ""), ("files",)) for path in ("a.yaml", "b.yaml")]
    if unreadable:
        source = Source("c.yaml", "")
        files.append(File(source, ("files",), [Fault(source, Span(1, 1, 1, 1), "broken", technology="files")]))
    project = Project(project_of([]).tree, files, today=TODAY)
    criterion = judged(rule_of(answers, severity), project)
    said = {word for each in answers.values() for word in each}
    if criterion.status is Status.PASS:
        assert criterion.judged
        assert not unreadable
        assert "unknown" not in said
        assert "fail" not in said or severity == "low"
    assert (criterion.status is Status.FAIL) == ("fail" in said and severity == "high")
    assert (criterion.status is Status.NOT_APPLICABLE) == (not answers and not unreadable)


@given(st.lists(st.tuples(st.sampled_from(["high", "low"]), st.sampled_from(["fail", "unknown", "pass"])), min_size=1))
def test_knowing_less_about_advice_changes_no_gate_and_knowing_less_else_improves_none(
    rules: list[tuple[Severity, str]],
) -> None:
    project = Project(project_of([]).tree, [File(Source("a.yaml", ""), ("files",))], today=TODAY)

    def status(words: list[tuple[Severity, str]]) -> Status:
        made = [rule_of({"a.yaml": [word] if word != "pass" else []}, severity) for severity, word in words]
        named = [msgspec.structs.replace(rule, id=f"r{number}") for number, rule in enumerate(made)]
        outcomes, reported = waivers.settle(engine.run(named, project), project, [])
        return gates.judge(asked(Definition("g", "G", "", "")), outcomes, reported, project, "release")[0].status

    weighing = [(severity, word) for severity, word in rules if severity == "high"]
    told = {word for _, word in weighing}
    if not weighing:
        told = {"unknown"} if {word for _, word in rules} == {"unknown"} else {"pass"}
    expected = Status.FAIL if "fail" in told else Status.UNKNOWN if "unknown" in told else Status.PASS
    assert status(rules) is expected


def test_a_rule_that_crashes_has_judged_nothing_and_costs_only_itself() -> None:
    project = project_of([("k.yaml", "a: 1\n")])
    criterion = judged(rule_of({"k.yaml": []}, crash=True), project)
    assert (criterion.status, criterion.judged) == (Status.ERROR, 0)
    assert "KeyError" in criterion.reason


MODULE = """
module "database" {
  source  = "acme/rds/aws"
  version = "6.10.0"
}
"""
CHART = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop}
spec: {chart: {spec: {chart: shop}}}
"""


@pytest.mark.parametrize(
    ("path", "text", "rule", "words"),
    [
        ("main.tf", MODULE, "tf-rds-encrypted", "module.database comes from acme/rds/aws"),
        ("main.tf", MODULE.replace("acme/rds/aws", "./rds"), "tf-rds-encrypted", ""),
        ("deploy.sh", "helm upgrade shop oci://charts/shop\n", "k8s-nonroot", "deploy.sh installs a chart"),
        ("tables.py", "WORDS = 'helm upgrade'\n", "k8s-nonroot", ""),
        ("k8s/shop.yaml", CHART, "k8s-nonroot", "HelmRelease/shop deploys from elsewhere"),
    ],
)
def test_what_is_made_elsewhere_is_not_proven_to_be_absent(path: str, text: str, rule: str, words: str) -> None:
    project = project_of([(path, text)])
    [chosen] = [each for each in Catalogue([home()]).rules() if each.id == rule]
    outcomes, reported = waivers.settle(engine.run([chosen], project), project, [rule])
    [table] = gates.judge(asked(Definition(chosen.gate, "G", "", "")), outcomes, reported, project, "release")
    assert table.status is (Status.UNKNOWN if words else Status.NOT_APPLICABLE)
    assert words in table.criteria[0].next_step


def test_what_is_left_out_is_not_counted_as_looked_at() -> None:
    project = project_of([("tests/Dockerfile", "FROM debian\n"), ("README.md", "# A\n")])
    assert project.none_of(["docker"]) == "0 of 1 files hold a Dockerfile; 1 left out"


def test_every_rule_belongs_to_a_gate_and_every_gate_has_a_criterion() -> None:
    definitions = gates.load(home() / "gates.yaml")
    named = {definition.id for definition in definitions}
    rules = Catalogue([home()]).rules()
    assert {rule.gate for rule in rules} <= named
    empty = {d.id for d in definitions if not d.criteria} - {rule.gate for rule in rules}
    assert not empty
    asked = [each for definition in definitions for each in definition.criteria]
    assert len({each.id for each in asked}) == len(asked)
    by_id = {rule.id: rule for rule in rules}
    assert not [each.id for each in asked if not each.statement and each.id not in by_id], "settles no rule's question"
    assert not [each.id for each in asked if each.evidence and each.id not in by_id], "no rule reads this evidence"
    judged = {rule.id for rule in rules if rule.subject is Revision}
    assert judged <= {each.id for each in asked if each.evidence}


class Word(NamedTuple):
    """An attestation as the gates see it."""

    holds: bool
    met: bool
    tampered: bool


def standing(word: Word) -> Standing:
    text = f"criterion: c\nstatement: s\nresult: {'met' if word.met else 'not-met'}\nby: {{name: A, email: a@b.c}}\n"
    text += "on: 2026-11-01\nexpires: 2026-12-01\n"
    [attestation] = read_attestation(Source(".gatekeeper/attestations/c.yaml", text), project_of([]).tree)
    assert isinstance(attestation, Attestation)
    reason = "" if word.holds else "attestation-expired"
    return Standing(attestation, word.holds and not word.tampered, reason, "words", word.tampered)


people = st.lists(st.builds(Word, st.booleans(), st.booleans(), st.booleans()), max_size=3)
ENTRY = gates.Asked("c", "is so", attest=gates.Attested(90))


@given(st.sampled_from(Status), st.sampled_from(Reason), people)
def test_a_persons_word_settles_only_what_files_cannot_show(status: Status, reason: Reason, words: list[Word]) -> None:
    before = Criterion("c", "is so", status, "", reason.value if status is Status.UNKNOWN else "")
    with patch.object(gates, "attested", lambda *_, **__: [standing(word) for word in words]):
        after = gates._by_people(before, ENTRY, project_of([]))
    if any(word.tampered or (word.holds and not word.met) for word in words):
        assert after.status is Status.FAIL
    elif status is not Status.UNKNOWN:
        assert after.status is status
    else:
        settled = reason in gates._FOR_PEOPLE and any(word.holds for word in words)
        assert after.status is (Status.ATTESTED if settled else Status.UNKNOWN)
    assert after.status is not Status.PASS or status is Status.PASS


@given(st.sampled_from(Status), st.integers(0, 2), st.booleans())
def test_a_waiver_hides_no_crash_and_no_finding_that_is_too_grave(status: Status, failed: int, excused: bool) -> None:
    waiver = Waiver(
        Node(None, Source("gatekeeper.yaml", ""), Span(1, 1, 1, 1)), rule="", criterion="c", reason="r", by="a",
        approved_by="b", on=TODAY, until=TODAY,
    )  # fmt: skip
    before = Criterion("c", "is so", status, "", failed=failed)
    with patch.object(waivers, "excuse_of", lambda *_: waiver if excused else None):
        after = gates._excused(before, project_of([]))
    waived = excused and not failed and status in (Status.UNKNOWN, Status.FAIL)
    assert after.status is (Status.WAIVED if waived else status)
    assert not waived or after.beneath is status


@given(st.sampled_from(["pre-commit", "pull-request", "release"]), st.sampled_from("ABC"))
def test_what_is_not_asked_is_named_and_a_stricter_level_asks_more(profile: str, level: str) -> None:
    definitions = gates.load(home() / "gates.yaml")
    what = gates.scope(definitions, profile, level)
    asked = {each.id for definition in definitions for each in definition.criteria if each.statement}
    kept = set(what.asked())
    assert asked <= kept | set(what.not_asked)
    assert not kept & set(what.not_asked)
    strictest = gates.scope(definitions, profile, "A")
    assert set(what.asked()) <= set(strictest.asked())
    assert not strictest.not_asked
    if profile == "release":
        assert not what.left_out
