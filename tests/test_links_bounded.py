"""What a hostile repository repeats is looked at once: the links answer on inputs that grow without end."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import git
from gatekeeper.discover import Tree
from gatekeeper.git import Commit
from gatekeeper.globs import covers
from gatekeeper.links import attested as links_attested
from gatekeeper.links import owners, receivers
from gatekeeper.links.alarm_actions import Action, actions_of
from gatekeeper.links.attested import MOST, attested, standing_of
from gatekeeper.links.logs import log_places
from gatekeeper.links.owners import owners_of
from gatekeeper.links.requirements import requirements
from gatekeeper.links.resources import resources, terraform_resources
from gatekeeper.models.attestations import FOLDER, Attestation, read
from gatekeeper.models.prometheus import Alert
from gatekeeper.models.terraform import Resource
from gatekeeper.node import Source
from gatekeeper.project import Project
from gatekeeper.testing import TODAY, project_of

HERE = Commit("0123456789abcdef0123456789abcdef01234567", dirty=True)


# attestations


def statement(number: int = 0, *, result: str = "met", more: str = "", criterion: str = "restore-tested") -> str:
    on = datetime.date(2026, 11, 20) - datetime.timedelta(number % 60)
    return (
        f"criterion: {criterion}\nstatement: Restored\nresult: {result}\nby: {{name: A. Dba}}\non: {on}\n"
        f"expires: 2027-01-28\n{more}"
    )


def stated(*texts: str, commit: Commit | None = HERE) -> Project:
    paths = [f"{FOLDER}/{number:05}.yaml" for number in range(len(texts))]
    tree = Tree(Path("."), paths, dict(zip(paths, texts, strict=True)))
    found = [each for path in paths for each in read(Source(path, tree.source(path).text), tree)]
    return Project(tree, [each for each in found if isinstance(each, Attestation)], today=TODAY, commit=commit)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commits that git is asked about; to it nothing has changed since any."""
    asked: list[str] = []

    def changed_since(root: Path, since: str, commit: str, *, but: str = "") -> set[str]:
        asked.append(since)
        return set()

    monkeypatch.setattr(git, "changed_since", changed_since)
    monkeypatch.setattr(git, "changed_here", lambda root, *, but="": changed_since(root, "here", "", but=but))
    return asked


def test_each_statement_is_looked_at_once_and_so_many_of_a_criterion(compared: list[str]) -> None:
    project = stated(*(statement(number, more=f"at_commit: '{number + 10**9}'\n") for number in range(MOST + 50)))
    for each in project.all(Attestation):
        found = standing_of(each, project, 90)
        assert found is next(
            standing for standing in attested("restore-tested", project, 90) if standing.attestation is each
        )
        attested("restore-tested", project, 90, this_commit=True)
    assert len(compared) == MOST + 1  # of the working copy once
    found_all = attested("restore-tested", project, 90, this_commit=True)
    assert [each.holds for each in found_all] == [True] * MOST + [False] * 50
    assert all(each.reason == "unreadable" and "at most 200 statements" in each.words for each in found_all[MOST:])


def test_a_statement_that_denies_is_looked_at_before_all_that_say_met() -> None:
    old = statement(59, result="not-met")
    found = attested("restore-tested", stated(*(statement() for _ in range(MOST + 50)), old), 90)
    assert [each.holds for each in found if not each.attestation.met] == [True]
    denied = [statement(result="not-met", more="at_commit: 9c1f2ab\n") for _ in range(MOST + 1)]
    assert not any(each.holds for each in attested("restore-tested", stated(statement(), *denied, commit=None), 90))


def test_while_one_that_denies_is_not_looked_at_none_that_says_met_holds(
    compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = statement(5, result="not-met", more="at_commit: 9c1f2ab\ncovers: [infra/]\n")
    assert attested("restore-tested", stated(statement(), denied), 90)[0].holds
    monkeypatch.setattr(links_attested, "ASKED", 0)
    found = attested("restore-tested", stated(statement(), denied), 90)
    assert not any(each.holds for each in found)
    assert all("more comparisons than are made" in each.words for each in found)


def test_what_is_malformed_or_over_takes_up_no_room() -> None:
    over = [statement().replace("2027-01-28", "2026-11-21") for _ in range(MOST + 50)]
    found = attested("restore-tested", stated(*over, *over, statement(59), statement(result="maybe")), 90)
    assert [each.holds for each in found[:2]] == [True, False]
    assert sum(each.reason == "attestation-expired" for each in found) == 2 * (MOST + 50)


@pytest.mark.parametrize("this_commit", [True, False])
def test_every_doubt_can_be_read_where_there_is_no_commit(this_commit: bool) -> None:
    project = stated(statement(more="at_commit: 9c1f2ab\ncovers: [infra/]\n"), commit=None)
    [doubt] = links_attested._doubts(project.all(Attestation)[0], project, this_commit)
    assert doubt.reason == "wrong-subject"
    assert "there is no commit here" in doubt.words


def test_the_folder_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    below = Tree.below

    def counted(self: Tree, folder: str) -> list[str]:
        listed.append(folder)
        return below(self, folder)

    monkeypatch.setattr(Tree, "below", counted)
    project = stated(*(statement(criterion=f"c{number % 7}") for number in range(50)))
    assert all(attested(f"c{number}", project, 90)[0].holds for number in range(7))
    assert listed == [FOLDER]


def test_what_verifies_is_loaded_only_for_a_signature() -> None:
    code = "import sys, gatekeeper.links.attested; sys.exit('gatekeeper.signatures' in sys.modules)"
    assert subprocess.run((sys.executable, "-c", code), check=False).returncode == 0


steps = st.lists(st.sampled_from(["a", "b", "a-", "ab"]), min_size=1, max_size=4).map("/".join)
wild = st.lists(st.sampled_from(["a", "b", "a*", "?", "*", "**", "[ab]"]), min_size=1, max_size=4).map("/".join)


@given(st.sets(steps, max_size=12), st.lists(wild | wild.map("{}/".format), min_size=1, max_size=3))
def test_the_first_path_that_globs_mean(paths: set[str], globs: list[str]) -> None:
    meant = [path for path in sorted(paths) if any(covers(glob, path) for glob in globs)]
    assert links_attested._Paths(paths).first(globs, links_attested._Effort()) == next(iter(meant), "")


# requirements


def test_the_words_beside_many_ids_are_kept_once() -> None:
    text = " ".join(f"FR-{number}" for number in range(8_000))
    found = requirements(project_of([("docs/prd.md", f"# PRD\n\n{text}\n\nREQ-1:   stays  up\n")]))
    assert [each.id for each in found] == [*(f"FR-{number}" for number in range(8_000)), "REQ-1"]
    assert len({id(each.words) for each in found}) == 2
    assert found[0].words == text[:500]
    assert found[-1].words == "stays up"


# modules that call one another


def calls(levels: int, wide: int, arguments: str = "") -> Iterator[tuple[str, str]]:
    """`m0`, which each of its callers calls so many times, up to the root `m<levels>`."""
    for level in range(1, levels + 1):
        passed = arguments.replace("topic = var.topic", "topic = aws_sns_topic.t.arn") if level == levels else arguments
        blocks = [f'module "c{n}" {{\n  source = "../m{level - 1}"\n{passed}\n}}\n' for n in range(wide)]
        top = 'provider "aws" {\n  region = "eu-west-1"\n}\nresource "aws_sns_topic" "t" {}\n'
        yield f"m{level}/main.tf", ('variable "topic" {}\n' if level < levels else top) + "".join(blocks)


@pytest.mark.parametrize(
    ("levels", "wide", "number", "words"),
    [
        (8, 6, 6**8, ""),
        (9, 2, 2**9, ""),
        (9, 40, None, "more than 1000000000"),
        (10, 1, None, "modules that call one another more than 8 times over"),
        (30, 40, None, "modules that call one another more than 8 times over"),
    ],
)
def test_a_module_that_is_called_many_times_over(levels: int, wide: int, number: int | None, words: str) -> None:
    files = [("m0/main.tf", 'resource "aws_instance" "a" {}\n'), *calls(levels, wide)]
    [found] = [each for each in resources(project_of(files)) if each.type == "aws_instance"]
    assert found.amount == (number, words)
    assert found.region is not None
    if levels > 9:
        assert found.region.expression is not None
        assert "call one another" in found.region.expression.text
    else:
        assert found.region == "eu-west-1"


def test_modules_in_a_circle_are_not_counted() -> None:
    text = 'module "x" {{\n  source = "../{}"\n}}\nresource "aws_instance" "a" {{}}\n'
    found = resources(project_of([("a/main.tf", text.format("b")), ("b/main.tf", text.format("a"))]))
    assert {each.amount.number for each in found} == {None}


@pytest.mark.parametrize("written", ["9" * 900, "1e308", "-1e12", "1000000001"])
def test_a_number_that_nobody_means_is_not_known(written: str) -> None:
    text = f'provider "aws" {{}}\nresource "aws_instance" "a" {{\n  count = {written}\n}}\n'
    [found] = resources(project_of([("main.tf", text)]))
    assert found.amount.number is None
    assert 0 < len(found.amount.words) <= 60


@pytest.mark.parametrize(("levels", "told"), [(8, True), (9, False), (30, False)])
def test_whom_an_alarm_tells_through_many_calls(levels: int, told: bool) -> None:
    alarm = (
        'variable "topic" {}\nresource "aws_cloudwatch_metric_alarm" "a" {\n  alarm_actions = [var.topic, var.topic]\n}'
    )
    subscription = 'resource "aws_sns_topic_subscription" "s" {\n topic_arn = aws_sns_topic.t.arn\n protocol = "sms"\n}'
    files = [("m0/main.tf", alarm), *calls(levels, 40, "  topic = var.topic"), (f"m{levels}/s.tf", subscription)]
    project = project_of(files)
    [found] = [each for each in project.all(Resource) if each.type == "aws_cloudwatch_metric_alarm"]
    expected = Action("aws_sns_topic.t", ("sms",), True) if told else Action("var.topic", (), False)
    assert actions_of(found, project) == [expected]


def test_who_writes_to_a_log() -> None:
    log = 'resource "aws_cloudwatch_log_group" "{0}" {{}}\n'
    user = 'resource "aws_lambda_function" "{0}" {{\n  log = [aws_cloudwatch_log_group.{1}.name, {2}]\n}}\n'
    twice = "aws_cloudwatch_log_group.a.arn"
    files = [
        ("x/main.tf", log.format("a") + log.format("b") + user.format("f", "a", twice) + user.format("g", "b", twice)),
        ("y/main.tf", log.format("a")),
    ]
    project = project_of(files)
    f, g = "aws_lambda_function.f", "aws_lambda_function.g"
    assert [each.sources for each in log_places(project)] == [(f, g), (g,), ()]
    assert terraform_resources(project) is terraform_resources(project)
    before = len(terraform_resources(project))
    project.add([project.all(Resource)[0]])
    assert len(terraform_resources(project)) == before + 1


# routes and owners


def alerting(matchers: str, *labels: str) -> Project:
    rules = "".join(f"  - {{alert: A{n}, expr: up, labels: {each}}}\n" for n, each in enumerate(labels))
    tree = f"route:\n  receiver: chat\n  routes:\n  - receiver: pager\n    matchers: {matchers}\n"
    tree += "receivers: [{name: chat}, {name: pager}]\n"
    return project_of([("rules.yaml", f"groups:\n- name: g\n  rules:\n{rules}"), ("alertmanager.yaml", tree)])


def test_matchers_are_read_once_for_every_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = receivers._parsed

    def counted(text: str) -> Iterator[receivers._Condition]:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(receivers, "_parsed", counted)
    project = alerting("['{team=\"db\" , tier =~ a|b}']", *["{team: db, tier: b}", "{team: web}"] * 20)
    found = [receivers.routed(alert, project) for alert in project.all(Alert)]
    assert [[each.name for each in one.receivers] for one in found if one] == [["pager"], ["chat"]] * 20
    assert all(one and one.certain for one in found)
    assert len(parsed) == 1


def test_as_many_matchers_as_a_file_can_hold_are_read() -> None:
    text = ", ".join(["team=db"] * 200_000)
    found = list(receivers._parsed(f"{{{text}, team=web, ??}}"))
    assert (len(found), found[-2], found[-1]) == (200_002, ("team", "=", "web"), ("", "?", "??"))


def test_the_owners_of_a_path_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    means = owners._means

    def counted(pattern: str, path: str) -> bool:
        looked.append(path)
        return means(pattern, path)

    monkeypatch.setattr(owners, "_means", counted)
    project = project_of([("CODEOWNERS", "*.tf @infra\n" + "/b @b\n" * 99)])
    assert {owners_of("a.tf", project) for _ in range(50)} == {("@infra",)}
    assert len(looked) == 100
