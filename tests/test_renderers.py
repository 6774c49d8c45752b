"""What every format shows of one report, and that nothing in a repository can work through it.

The snapshots are written anew with GATEKEEPER_SNAPSHOTS=write; read the difference before it is kept.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import engine
from gatekeeper.audit import Presentation, Report
from gatekeeper.discover import Skip, Tree
from gatekeeper.gates import Criterion, Gate, Status
from gatekeeper.git import Commit
from gatekeeper.models import Subject
from gatekeeper.models.files import File
from gatekeeper.models.waivers import Suppression
from gatekeeper.node import Fault, Node, Source, Span
from gatekeeper.plugins import FORMATS
from gatekeeper.project import Project
from gatekeeper.rule import Answer, Finding, Fix, Note, Place, Reason, Rule, Unknown, build
from gatekeeper.settings import Service, Settings
from gatekeeper.waivers import Reported

SNAPSHOTS = Path(__file__).parent / "snapshots"
CRASH = "KeyError at k8s_crash.py:3: 'spec'"
SECRET = "hunter2-and-more"
ODD_PATH = "odd\n::error::\x1b[31m##[stop-commands]\udce9|`.tf"


class Thing(Subject):
    technology = "sample"
    example_path = "thing.yaml"

    @property
    def name(self) -> str:
        return f"{self.path}:thing"


def check(thing: Thing) -> Iterator[Answer]:
    yield from ()


def rule(id: str, severity: str, gate: str, title: str = "", aliases: tuple[str, ...] = ()) -> Rule:
    title, why = title or f"{id} holds", "What happens when it does not."
    return build(
        id=id,
        title=title,
        severity=severity,
        gate=gate,
        subject=Thing,
        check=check,
        aliases=aliases,
        document=f"{title}.\n\n{why}\n",
    )


def at(source: Source, line: int, words: str) -> Place:
    begin = source.line(line).index(words)
    return Place(source, Span(line, begin + 1, line, begin + 1 + len(words)))


def thing(source: Source, line: int = 1) -> Thing:
    return Thing(Node({}, source, source.line_span(line)))


DOCKERFILE = Source("Dockerfile", "FROM node:20 AS build\nUSER node\nFROM node:20-alpine\n")
DEPLOYMENT = Source(
    "k8s/deploy.yaml", f"kind: Pod\n\timage: shop   # café\nenv: {SECRET}\n" + "x" * 200 + " end: here\n"
)
ODD = Source(ODD_PATH, "a = 1 # ##[error]\x1b[31m\u202e\n")
MANY = Source("main.tf", "".join(f'resource "aws_x" "r{n}" {{}}\n' for n in range(9)))
REPOSITORY = Source(".", "")

NONROOT = rule(
    "docker-nonroot",
    "high",
    "container-hardening",
    title="The image runs as a user other than root",
    aliases=("DL3002",),
)
HARDCODED = rule("secret-literal", "critical", "secrets")
LIMITS = rule("k8s-limits", "medium", "workload-reliability")
TAGS = rule("tf-tags", "low", "cost")
README = rule("docs-readme", "medium", "documentation")
CRASHING = rule("k8s-crash", "high", "workload-reliability")


def found() -> list[tuple[Rule, Thing, Finding, Suppression | None]]:
    waiver = Suppression(MANY, 1, "ignore[tf-tags] until=2027-03-31 -- moved to the platform | repository")
    see = (Note(at(DEPLOYMENT, 2, "image"), "and the image it runs"),)
    uid = Fix("USER 1001 (the uid that line 2 creates)")
    stage = at(DOCKERFILE, 3, "FROM node:20-alpine")
    long = "too far to the right, with a message that is so long that it does not fit behind the marks"
    tags = [(TAGS, thing(MANY, n), Finding(at(MANY, n, f'"r{n - 1}"'), "no tags"), None) for n in range(2, 8)]
    return [
        (HARDCODED, thing(DEPLOYMENT), Finding(at(DEPLOYMENT, 3, SECRET), "a password as a literal"), None),
        (NONROOT, thing(DOCKERFILE, 3), Finding(stage, "no USER in the stage that ships", see, uid), None),
        (README, thing(REPOSITORY), Finding(Place(REPOSITORY, Span(1, 1, 1, 1)), "no README says how to run it"), None),
        (LIMITS, thing(DEPLOYMENT), Finding(at(DEPLOYMENT, 3, "env"), "no memory limit"), None),
        (LIMITS, thing(DEPLOYMENT), Finding(at(DEPLOYMENT, 4, "end"), long), None),
        (TAGS, thing(ODD), Finding(at(ODD, 1, "##[error]"), "no tags, says \x1b[0m::error::"), None),
        (TAGS, thing(MANY), Finding(at(MANY, 1, '"r0"'), "no tags"), waiver),
        *tags,
    ]


def report(**shown: Any) -> Report:
    findings = found()
    reported = [
        Reported(rule, subject, finding, rule.severity, f"{rule.id}-{number}", waiver)
        for number, (rule, subject, finding, waiver) in enumerate(findings)
    ]
    rules = (HARDCODED, NONROOT, README, LIMITS, CRASHING, TAGS)
    outcomes = tuple(_outcome(rule, findings) for rule in rules)
    fault = Fault(Source("k8s/broken.yaml", "a: ["), Span(1, 4, 1, 5), "not valid YAML", "unreadable", "kubernetes")
    sources = (DOCKERFILE, DEPLOYMENT, MANY, ODD)
    files = [*(File(source, ["sample"]) for source in sources), File(fault.source, ["kubernetes"], [fault])]
    project = Project(
        Tree(Path("."), [file.path for file in files], {}),
        files,
        skipped=[Skip("logo.png", "no rule reads this kind of file")],
        today=datetime.date(2026, 11, 23),
    )
    return Report(
        version="0.1.0",
        root=".",
        profile="release",
        settings=Settings(service=Service(name="order-service")),
        commit=Commit("9c1f2ab0d4e5f60718293a4b5c6d7e8f90a1b2c3", dirty=False),
        project=project,
        rules=rules,
        outcomes=outcomes,
        findings=tuple(reported),
        gates=_gates(),
        secrets=(at(DEPLOYMENT, 3, SECRET),),
        left_out=(),
        exit_code=1,
        shown=Presentation(**shown),
    )


def _outcome(rule: Rule, findings: list[tuple[Rule, Thing, Finding, Suppression | None]]) -> engine.Outcome:
    if rule is CRASHING:
        return engine.Outcome(rule, (), 2, CRASH)
    failed = [engine.Verdict(subject, (finding,)) for each, subject, finding, _ in findings if each is rule]
    unknown = engine.Verdict(
        thing(MANY, 9), (), (Unknown(at(MANY, 9, '"r8"'), "var.tags has no default", Reason.UNRESOLVED),)
    )
    return engine.Outcome(rule, (*failed, engine.Verdict(thing(DOCKERFILE)), *((unknown,) if rule is TAGS else ())), 12)


def _gates() -> tuple[Gate, ...]:
    def gate(title: str, statement: str, *criteria: Criterion, required: bool = True) -> Gate:
        first = criteria[0]
        return Gate(title.lower().replace(" ", "-"), title, statement, first.status, first.result, criteria, required)

    place = at(DOCKERFILE, 3, "FROM node:20-alpine")
    return (
        gate("IaC Validation", "infrastructure code parses, is pinned, declares what it uses",
             Criterion("tf-valid", "every root is valid", Status.PASS, "2 of 2 roots valid")),
        gate("Environments", "every environment can be created from code",
             Criterion("applied", "each was applied", Status.ATTESTED, "3 of 3 declared; apply attested 12 d")),
        gate("Container Hardening", "small images, pinned bases, no root",
             Criterion("docker-nonroot", NONROOT.title, Status.FAIL, "1 of 2 fail", "", (place,)),
             Criterion("docker-tag", "Bases are pinned", Status.PASS, "2 of 2")),
        gate("Workload Reliability", "probes, resources, replicas",
             Criterion("k8s-crash", CRASHING.title, Status.ERROR, "the rule crashed", CRASH)),
        gate("Production Approval", ">= 1 required reviewer",
             Criterion("approval", "one approves", Status.UNKNOWN, "no proof", "needs-api", (), 0, "run `gh api`")),
        gate("Cost", "estimate <= $1,500 / month",
             Criterion("tf-tags", TAGS.title, Status.WAIVED, "until 2027-03-31", "", (at(MANY, 1, "resource"),))),
        gate("Service Mesh", "mTLS strict",
             Criterion("mesh", "mTLS is strict", Status.NOT_APPLICABLE, f"0 in 5 files, not in {ODD_PATH}", "no mesh")),
    )  # fmt: skip


def rendered(name: str, report: Report) -> str:
    text: str = import_module(f"gatekeeper.renderers.{name}").render(report)
    return text


@pytest.mark.parametrize(
    ("name", "file", "shown"),
    [
        ("text", "audit.txt", {}),
        ("text", "narrow.txt", {"width": 72}),
        ("text", "colour.txt", {"colour": True, "quiet": True}),
        ("text", "check.txt", {"table": False, "files": True}),
        ("json", "report.json", {"verdicts": True}),
        ("sarif", "report.sarif", {}),
        ("sarif", "verdicts.sarif", {"verdicts": True}),
        ("markdown", "summary.md", {}),
        ("junit", "junit.xml", {}),
        ("github", "annotations.txt", {}),
        ("gitlab", "code-quality.json", {}),
    ],
)
def test_snapshot(name: str, file: str, shown: dict[str, Any]) -> None:
    text = rendered(name, report(**shown))
    path = SNAPSHOTS / file
    if os.environ.get("GATEKEEPER_SNAPSHOTS") == "write":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_holds_the_secret_or_a_working_command(name: str) -> None:
    text = rendered(name, report(verdicts=True, files=True))
    assert SECRET not in text
    assert inert(text, commands=name != "github")


def inert(text: str, *, commands: bool = True) -> bool:
    odd = re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]|##(?:vso)?\[", text)
    return not odd and not (commands and re.search(r"^\s*::", text, re.MULTILINE))


_hostile = st.lists(
    st.sampled_from(
        [
            "\n",
            "\r",
            "\t",
            "\x1b[2J",
            "::error::",
            "##",
            "[",
            "`",
            "|",
            "\u202e",
            "\udc80",
            "字",
            "x",
            " ",
            "]]>",
            "<b>",
        ]
    )
    | st.characters(),
    min_size=1,
    max_size=15,
).map("".join)


@given(_hostile, _hostile, _hostile, st.integers(0, 20), st.integers(0, 20), st.integers(40, 120))
def test_whatever_a_repository_holds_every_format_is_well_formed(
    path: str, message: str, line: str, begin: int, length: int, width: int
) -> None:
    source = Source(path, re.sub(r"[\r\n]", "", line))
    spot = Place(source, Span(1, begin + 1, 1, begin + 1 + length))
    finding = Finding(spot, message, (Note(spot, message),), Fix(message))
    known = report(width=width, verdicts=True, files=True)
    each = Reported(TAGS, Thing(Node({}, source, spot.span)), finding, "high", "f-1")
    criterion = Criterion("tf-tags", message, Status.UNKNOWN, message, message, (spot,), 0, message)
    gate = Gate("cost", "Cost", message, Status.UNKNOWN, message, (criterion,), required=True)
    changed = Report(
        **{
            **{name: getattr(known, name) for name in known.__struct_fields__},
            "findings": (each,),
            "gates": (gate,),
            "settings": Settings(service=Service(name=message)),
        }
    )
    for name in FORMATS:
        text = rendered(name, changed)
        text.encode("utf-8")
        assert inert(text, commands=name != "github"), name
        if name in ("json", "sarif", "gitlab"):
            json.loads(text)
        elif name == "junit":
            ElementTree.fromstring(text.encode())
        elif name == "github":
            assert text.count("\n") == 1


def test_json_is_as_its_schema_says() -> None:
    schema = json.loads((Path(__file__).parent.parent / "gatekeeper" / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for shown in ({}, {"verdicts": True}):
        document = json.loads(rendered("json", report(**shown)))
        jsonschema.validate(document, schema)
        assert ("verdicts" in document) is bool(shown)
    counts = document["rules"]["tf-tags"]
    assert (counts["judged"], counts["failed"], counts["waived"], counts["unknown"]) == (10, 7, 1, 1)
    assert [each["path"] for each in document["findings"] if each["waived"]] == ["main.tf"]


def test_sarif_is_what_code_scanning_accepts() -> None:
    run = json.loads(rendered("sarif", report()))["runs"][0]
    ids = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert run["invocations"][0]["executionSuccessful"] is False
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["kind"] == "fail"
        assert result["partialFingerprints"]["gatekeeper/v1"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w./%-]+", uri, re.ASCII)
        assert not uri.startswith(("/", "."))
    assert sum("suppressions" in result for result in run["results"]) == 1
    every = json.loads(rendered("sarif", report(verdicts=True)))["runs"][0]["results"]
    assert {result["kind"] for result in every} == {"fail", "pass", "open"}
    assert all(result["level"] == "none" for result in every if result["kind"] != "fail")


def test_junit_counts_what_it_holds() -> None:
    root = ElementTree.fromstring(rendered("junit", report()))
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("8", "1", "2", "2")
    assert [len(root.findall(f".//{name}")) for name in ("testcase", "failure", "error", "skipped")] == [8, 1, 2, 2]


@pytest.mark.parametrize("width", [40, 79, 80, 105, 140])
def test_the_table_fits_its_width(width: int) -> None:
    table = rendered("text", report(width=width, quiet=True)).split("\n\n")[1].splitlines()
    assert max(map(len, table)) <= max(width, 60)
    assert ("Criteria" in table[0]) is (width >= 80)
    assert [line.split()[-1] for line in table[2:] if line.split()[-1] in set(Status)] == [
        "PASS", "ATTESTED", "FAIL", "ERROR", "UNKNOWN", "WAIVED", "N/A",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "words"),
    [("\tname: café x", "x"), ("字: x", "x"), ("a" * 300 + " x", "x"), ("x" + " a" * 200, "x"), ("\x1b[1m x", "x")],
)
def test_the_marks_stand_below_what_is_meant(line: str, words: str) -> None:
    from unicodedata import east_asian_width

    source = Source("a.yaml", line)
    each = Reported(TAGS, thing(source), Finding(at(source, 1, words), "here"), "high", "f-1")
    known = report(table=False)
    changed = Report(**{**{name: getattr(known, name) for name in known.__struct_fields__}, "findings": (each,)})
    shown, marks = rendered("text", changed).splitlines()[2:4]
    columns = "".join(character * (2 if east_asian_width(character) in "WF" else 1) for character in shown)
    assert columns[marks.index("^")] == "x"
    assert len(shown) <= 105
