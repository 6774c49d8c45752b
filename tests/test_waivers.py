"""An excuse needs a rule, a reason and an end; then it waives what stands there, and nothing else."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatekeeper import engine, gates, waivers
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.engine import Outcome
from gatekeeper.gates import Status
from gatekeeper.models.docker import Stage
from gatekeeper.project import Project
from gatekeeper.rule import Finding, Reason, Rule, Unknown, build
from gatekeeper.testing import TODAY, project_of
from gatekeeper.waivers import Reported

RULES = Catalogue([home()]).rules({"docker", "files", "kubernetes"})
KNOWN = [name for rule in RULES for name in (rule.id, *rule.aliases)]
BARE = "FROM debian:12\n"


def days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(number)


def waiver(**fields: object) -> str:
    """An entry of gatekeeper.yaml."""
    usual = {"reason": "moves to the platform", "by": "ana", "approved_by": "bo", "on": TODAY, "until": days(60)}
    lines = [f"{key}: {value}" for key, value in {**usual, **fields}.items()]
    return "  - " + "\n    ".join(lines) + "\n"


def judged(project: Project, rules: list[Rule] = RULES) -> tuple[list[Outcome], list[Reported]]:
    return waivers.settle(engine.run(rules, project), project, KNOWN)


def by_rule(project: Project) -> dict[str, list[Reported]]:
    table: dict[str, list[Reported]] = {}
    for each in judged(project)[1]:
        table.setdefault(each.rule.id, []).append(each)
    return table


def settled(dockerfile: str, settings: str = "", path: str = "Dockerfile") -> dict[str, list[Reported]]:
    return by_rule(project_of([(path, dockerfile), ("gatekeeper.yaml", settings or "{}\n")]))


def complaint(found: dict[str, list[Reported]]) -> str:
    [each] = found["waiver-valid"]
    return each.finding.message


# comments


def test_a_suppression_waives_the_statement_below_it() -> None:
    found = settled("# gatekeeper: ignore[docker-nonroot] until=2027-01-31 by=ana -- it drops root itself\n" + BARE)
    [root] = found["docker-nonroot"]
    assert root.waiver
    assert (root.waiver.reason, root.waiver.by, root.waiver.end) == (
        "it drops root itself", "ana", datetime.date(2027, 1, 31),
    )  # fmt: skip
    assert "waiver-valid" not in found


def test_another_tools_id_works_where_it_is_an_alias() -> None:
    found = settled("# gatekeeper: ignore[DS-0002] until=2027-01-31 -- why\n" + BARE)
    assert found["docker-nonroot"][0].waiver


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("ignore[docker-nonroot] until=2026-11-22 -- why", "expired on 2026-11-22"),
        ("ignore[docker-nonroot] until=2027-02-22 -- why", "ends in 91 days: at most 90 are allowed"),
        ("ignore[docker-nonroot] by=ana -- why", "has no end"),
        ("ignore[docker-nonroot] until=soon -- why", "until=soon is no date"),
        ("ignore[docker-nonroot] by=ana until=2027-01-31", "has no reason"),
        ("ignore[] until=2027-01-31 -- why", "not understood"),
    ],
)
def test_what_is_wrong_with_a_suppression_is_said_and_it_waives_nothing(comment: str, said: str) -> None:
    found = settled(f"# gatekeeper: {comment}\n{BARE}")
    assert not found["docker-nonroot"][0].waiver
    assert said in complaint(found)


@pytest.mark.parametrize("until", [TODAY, days(90)])
def test_the_first_and_the_last_day_count(until: datetime.date) -> None:
    assert settled(f"# gatekeeper: ignore[docker-nonroot] until={until} -- why\n{BARE}")["docker-nonroot"][0].waiver


def test_it_reaches_no_other_stage() -> None:
    found = settled("# gatekeeper: ignore[docker-nonroot] until=2027-01-31 -- why\nFROM debian:12 AS a\n" + BARE)
    assert not found["docker-nonroot"][0].waiver
    assert "suppresses nothing" in complaint(found)


def test_a_whole_file() -> None:
    found = settled(f"FROM debian:12 AS a\n{BARE}# gatekeeper: ignore-file[docker-nonroot] until=2027-01-31 -- why\n")
    assert found["docker-nonroot"][0].waiver


def test_an_unknown_rule_is_said() -> None:
    found = settled("# gatekeeper: ignore[docker-nonrot] until=2027-01-31 -- why\n" + BARE)
    assert "no rule is called docker-nonrot" in complaint(found)


def test_no_excuse_excuses_a_bad_excuse() -> None:
    found = settled(
        "# gatekeeper: ignore-file[waiver-valid] until=2027-01-31 -- why\n"
        f"# gatekeeper: ignore[docker-nonroot] -- forever\n{BARE}",
        f"waivers:\n{waiver(rule='waiver-valid')}",
    )
    assert found["waiver-valid"]
    assert not [each for each in found["waiver-valid"] if each.waiver]


# settings


@pytest.mark.parametrize(
    "scope",
    [
        {"rule": "docker-nonroot"},
        {"rule": "DS-0002", "path": "images/**"},
        {"rule": "docker-nonroot", "path": '"**/*.Dockerfile"', "subject": "images/shop/web.Dockerfile:0"},
        {"criterion": "docker-nonroot"},
    ],
    ids=str,
)
def test_a_waiver_of_the_settings(scope: dict[str, object]) -> None:
    found = settled(BARE, f"waivers:\n{waiver(**scope)}", "images/shop/web.Dockerfile")
    [root] = found["docker-nonroot"]
    assert root.waiver
    assert (root.waiver.kind, root.waiver.approved_by, root.waiver.span.line) == ("settings", "bo", 2)
    assert not [each for rule, group in found.items() for each in group if each.waiver and rule != "docker-nonroot"]
    assert "waiver-valid" not in found


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ({"rule": "docker-nonroot", "path": "images/*.yaml"}, "excuses nothing: docker-nonroot finds nothing there"),
        ({"rule": "docker-nonroot", "path": "web.Dockerfile"}, "excuses nothing"),
        ({"rule": "docker-nonroot", "subject": "web.Dockerfile:0"}, "excuses nothing"),
        ({"rule": "docker-nonroot", "fingerprint": "0123456789abcdef01234567-1"}, "excuses nothing"),
        ({"rule": "docker-nonrot"}, "no rule is called docker-nonrot"),
        ({"rule": '"*"'}, "no rule is called *"),
        ({}, "needs either rule or criterion"),
        ({"rule": "docker-nonroot", "criterion": "restore-tested"}, "needs either rule or criterion"),
        ({"criterion": "docker-nonroot", "path": "images/**"}, "waives a criterion as a whole"),
        ({"criterion": "DS-0002"}, "write criterion: docker-nonroot"),
        ({"rule": "docker-nonroot", "approved_by": '" "'}, "approved_by is empty"),
        ({"rule": "docker-nonroot", "until": days(91)}, "lasts 91 days: at most 90 are allowed"),
        ({"rule": "docker-nonroot", "on": days(-80), "until": days(11)}, "lasts 91 days: at most 90 are allowed"),
        ({"rule": "docker-nonroot", "on": days(1)}, "begins on 2026-11-24, which is to come"),
        ({"rule": "docker-nonroot", "on": days(-50), "until": days(-1)}, "expired on 2026-11-22"),
    ],
    ids=str,
)
def test_a_waiver_that_does_not_reach_waives_nothing_and_is_said(scope: dict[str, object], said: str) -> None:
    found = settled(BARE, f"waivers:\n{waiver(**scope)}", "images/shop/web.Dockerfile")
    assert not found["docker-nonroot"][0].waiver
    assert said in complaint(found)
    assert found["waiver-valid"][0].at.source.path == "gatekeeper.yaml"


def test_by_fingerprint() -> None:
    files = [("Dockerfile", "FROM debian:12 AS a\nFROM a\n"), ("b/Dockerfile", BARE)]
    first, second = by_rule(project_of(files))["docker-nonroot"]
    settings = f"waivers:\n{waiver(rule='docker-nonroot', fingerprint=second.fingerprint)}"
    found = by_rule(project_of([*files, ("gatekeeper.yaml", settings)]))["docker-nonroot"]
    assert [(each.fingerprint, bool(each.waiver)) for each in found] == [
        (first.fingerprint, False), (second.fingerprint, True),
    ]  # fmt: skip


@pytest.mark.parametrize(("length", "covered"), [(14, True), (15, False)])
@pytest.mark.parametrize("key", ["rule", "criterion", "comment"])
def test_what_is_critical_is_excused_for_14_days_at_most(key: str, length: int, covered: bool) -> None:
    settings = "rules: {docker-nonroot: {severity: critical}}\n"
    comment = ""
    if key == "comment":
        comment = f"# gatekeeper: ignore[docker-nonroot] until={days(length)} -- why\n"
    else:
        settings += f"waivers:\n{waiver(**{key: 'docker-nonroot'}, until=days(length))}"
    found = settled(comment + BARE, settings)
    assert bool(found["docker-nonroot"][0].waiver) is covered
    assert covered or f"at most 14 days are allowed for it, not {length}" in complaint(found)


def test_a_findings_own_severity_counts() -> None:
    def check(stage: Stage) -> Iterator[Finding]:
        yield Finding(stage, "CVE-2026-0001", severity="critical")

    graded = build(id="graded", title="t", severity="low", gate="container", subject=Stage, check=check)
    settings = f"waivers:\n{waiver(rule='graded')}"
    project = project_of([("Dockerfile", BARE), ("gatekeeper.yaml", settings)])
    [each] = judged(project, [graded])[1]
    assert (each.severity, each.waiver) == ("critical", None)


# what nobody can tell is not called unused


def test_an_excuse_is_not_called_unused_where_its_rule_could_not_judge() -> None:
    def crash(stage: Stage) -> Iterator[Finding]:
        raise KeyError("x")

    def doubt(stage: Stage) -> Iterator[Unknown]:
        yield Unknown(stage, "who knows", Reason.UNRESOLVED)

    def built(check: object) -> Rule:
        return build(id="docker-user", title="t", severity="high", gate="container", subject=Stage, check=check)

    others = [rule for rule in RULES if rule.id == "waiver-valid"]
    project = project_of([("Dockerfile", BARE), ("gatekeeper.yaml", f"waivers:\n{waiver(rule='docker-user')}")])
    for check in (crash, doubt):
        _, reported = waivers.settle(engine.run([built(check), *others], project), project, ["docker-user"])
        assert reported == []
    _, reported = waivers.settle(engine.run([built(lambda stage: ()), *others], project), project, ["docker-user"])
    assert "excuses nothing" in reported[0].finding.message


def test_settle_changes_nothing_and_may_be_asked_twice() -> None:
    project = project_of([("Dockerfile", "# gatekeeper: ignore[docker-nonrot] until=2027-01-31 -- why\n" + BARE)])
    outcomes = engine.run(RULES, project)
    first = waivers.settle(outcomes, project, KNOWN)
    again = waivers.settle(outcomes, project, KNOWN)
    assert first == again
    assert sum(outcome.failed for outcome in first[0]) == sum(outcome.failed for outcome in outcomes) + 1


# criteria as a whole


def whole(check: object, until: datetime.date, severity: str = "high") -> gates.Criterion:
    """What the gates make of one rule whose criterion is waived until then."""
    judge = build(
        id="docker-user", title="t", severity=severity, gate="container", subject=Stage, check=check,
    )  # fmt: skip
    settings = f"waivers:\n{waiver(criterion='docker-user', until=until)}"
    project = project_of([("Dockerfile", BARE), ("gatekeeper.yaml", settings)])
    outcomes, reported = judged(project, [judge])
    definition = gates.Definition(id="container", title="Container", statement="s", seed="s")
    scope = gates.Scope((definition,), evidence=True, people=True)
    [gate] = gates.judge(scope, outcomes, reported, project, "release")
    return gate.criteria[0]


def unknown(stage: Stage) -> Iterator[Unknown]:
    yield Unknown(stage, "who knows", Reason.UNRESOLVED)


def wrong(stage: Stage) -> Iterator[Finding]:
    yield Finding(stage, "no user")


def crashing(stage: Stage) -> Iterator[Finding]:
    raise KeyError("x")


def test_a_criterion_that_is_unknown_or_fails_is_waived_as_a_whole_and_says_what_is_beneath() -> None:
    assert (whole(unknown, days(60)).status, whole(unknown, days(60)).beneath) == (Status.WAIVED, Status.UNKNOWN)
    assert (whole(wrong, days(60)).status, whole(wrong, days(60)).beneath) == (Status.WAIVED, Status.FAIL)
    assert whole(unknown, days(-1)).status is Status.UNKNOWN
    assert whole(crashing, days(60)).status is Status.ERROR


def test_a_critical_fault_is_not_waived_as_part_of_its_criterion() -> None:
    assert whole(wrong, days(14), "critical").status is Status.WAIVED
    assert whole(wrong, days(60), "critical").status is Status.FAIL


def test_a_criterion_waiver_is_unused_when_its_criterion_passes() -> None:
    settings = f"waivers:\n{waiver(criterion='restore-tested')}"
    project = project_of([("Dockerfile", BARE), ("gatekeeper.yaml", settings)])
    rules = [rule for rule in RULES if rule.id == "waiver-valid"]

    def said(status: str | None, *criteria: str) -> list[str]:
        project.verdicts = {"restore-tested": status} if status else {}
        project.criteria = frozenset(criteria)
        return [each.finding.message for each in judged(project, rules)[1]]

    assert said("ATTESTED", "restore-tested") == ["excuses nothing: restore-tested is ATTESTED"]
    assert said("PASS") == ["excuses nothing: restore-tested is PASS"]
    assert said("WAIVED") == said("ERROR") == said(None) == []
    assert said(None, "restore-test") == ["no criterion is called restore-tested"]


def test_a_criterion_is_no_rule() -> None:
    project = project_of([("Dockerfile", BARE), ("gatekeeper.yaml", f"waivers:\n{waiver(rule='restore-tested')}")])
    project.verdicts = {"restore-tested": "UNKNOWN"}
    _, reported = waivers.settle(engine.run(RULES, project), project, [*KNOWN, "restore-tested"])
    said = [each.finding.message for each in reported if each.rule.id == "waiver-valid"]
    assert said == ["restore-tested is a criterion, not a rule: waive it in the settings, as criterion"]


# fingerprints


def prints(*files: tuple[str, str]) -> dict[str, set[str]]:
    return {rule: {each.fingerprint for each in group} for rule, group in by_rule(project_of(files)).items()}


POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop}}
spec:
  containers:
    - name: web
      image: registry.example/web:1.4
"""


def test_equal_findings_of_two_subjects_differ_and_moving_them_to_another_file_is_new() -> None:
    one = prints(("k8s/a.yaml", POD.format(name="a")))
    other = prints(("k8s/a.yaml", POD.format(name="b")))
    moved = prints(("k8s/b.yaml", POD.format(name="a")))
    assert one
    for rule in one:
        assert one[rule].isdisjoint(other.get(rule, set()))
        assert one[rule].isdisjoint(moved.get(rule, set()))


def test_what_stands_there_is_part_of_it_but_no_secret_is() -> None:
    bases = [
        prints(("Dockerfile", f"FROM {base}\n"))["docker-nonroot"] for base in ("debian:12", "  debian:12", "alpine:3")
    ]
    assert bases[0] == bases[1]
    assert bases[0].isdisjoint(bases[2])
    values = "hunter2hunter2", "c0rrecthorse"
    secrets = [prints(("Dockerfile", f"{BARE}ENV DB_PASSWORD={value}\n")) for value in values]
    assert secrets[0]["docker-secret-in-arg-env"] == secrets[1]["docker-secret-in-arg-env"]


def test_two_equal_ones_are_two() -> None:
    one, two = settled(f"{BARE}ADD . /src\nUSER 1\nADD . /src\n")["docker-add-instead-of-copy"]
    assert one.fingerprint.removesuffix("-1") == two.fingerprint.removesuffix("-2")


DOCKERFILE = """\
FROM debian AS build
RUN apt-get update && \\
    apt-get install -y \\
      curl
ADD . /src
ENV DB_PASSWORD=hunter2hunter2
FROM debian:latest
RUN sudo apt-get install curl
COPY --from=build /src /src
CMD python app.py
"""
LINES = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["", "# a note", "    # a note", "   "])), max_size=8)


@given(LINES, LINES)
def test_blank_and_comment_lines_anywhere_keep_every_fingerprint(
    docker: list[tuple[int, str]], pod: list[tuple[int, str]]
) -> None:
    files = ("Dockerfile", DOCKERFILE), ("k8s/pod.yaml", POD.format(name="a"))
    edited = [(path, _with(text, lines)) for (path, text), lines in zip(files, (docker, pod), strict=True)]
    assert prints(*edited) == prints(*files)


def _with(text: str, more: list[tuple[int, str]]) -> str:
    lines = text.splitlines()
    for number, line in more:
        lines.insert(min(number, len(lines)), line)
    return "\n".join(lines) + "\n"


def test_a_line_number_in_a_message_is_no_part_of_it() -> None:
    def check(stage: Stage) -> Iterator[Finding]:
        line = stage.span.line
        yield Finding(stage, f"as in line {line} already, see {stage.path}:{line}")

    numbered = build(id="numbered", title="t", severity="low", gate="container", subject=Stage, check=check)
    found = [judged(project_of([("Dockerfile", text)]), [numbered])[1][0].fingerprint for text in (BARE, "\n\n" + BARE)]
    assert found[0] == found[1]


def test_reported_keeps_its_place_when_it_is_waived() -> None:
    bare = settled(BARE)["docker-nonroot"][0]
    waived = settled(BARE, f"waivers:\n{waiver(rule='docker-nonroot')}")["docker-nonroot"][0]
    assert replace(waived, waiver=None).fingerprint == bare.fingerprint
    assert waived.at.span == bare.at.span
