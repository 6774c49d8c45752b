"""A baseline holds what was found, for a while; never what is new, not known, crashed, or answered by people."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import engine, waivers
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.cli import main
from gatekeeper.models import Subject
from gatekeeper.models.waivers import BASELINE
from gatekeeper.node import START, Node, Source
from gatekeeper.rule import Finding, build
from gatekeeper.testing import TODAY, project_of

RULES = Catalogue([home()]).rules({"docker", "files"})
KNOWN = [rule.id for rule in RULES]
BARE = "FROM debian:12\n"


def at(days: int) -> str:
    return str(datetime.date.today() + datetime.timedelta(days))


class Shop:
    """A repository on disk, and what the program says of it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys
        self.write("Dockerfile", BARE)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def run(self, *words: str) -> tuple[int, str, str]:
        code = main(list(words))
        return code, *self.capsys.readouterr()

    def create(self, *words: str) -> tuple[int, str, str]:
        return self.run("baseline", "create", str(self.root), "--reason", "before the gate", "--by", "ana", *words)

    def prune(self, *words: str) -> tuple[int, str, str]:
        return self.run("baseline", "prune", str(self.root), *words)

    @property
    def lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in (self.root / BASELINE).read_text("utf-8").splitlines()]

    @lines.setter
    def lines(self, rows: list[dict[str, str]]) -> None:
        self.write(BASELINE, "".join(json.dumps(row) + "\n" for row in rows))

    def report(self, *words: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.run("audit", str(self.root), "--output", "json", *words)[1])
        return report

    def found(self) -> dict[tuple[str, str], bool]:
        """Rule and path of each finding, and whether it is waived."""
        return {(f["rule"], f["path"]): bool(f["waived"]) for f in self.report()["findings"]}


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def test_what_was_found_is_waived_wherever_it_moves_and_what_is_new_is_not(shop: Shop) -> None:
    before = shop.found()
    assert not any(before.values())
    code, said, _ = shop.create()
    assert code == 0
    assert f"{len(before)} findings: {len(before)} new, 0 known, 0 dropped" in said
    assert [*shop.found().values()] == [True] * len(before)
    shop.write("Dockerfile", f"# moved\n\n\n{BARE}")
    shop.write("b/Dockerfile", BARE)
    found = shop.found()
    assert found["docker-nonroot", "Dockerfile"]
    assert not found["docker-nonroot", "b/Dockerfile"]
    (shop.root / "Dockerfile").unlink()
    assert not shop.found()["docker-nonroot", "b/Dockerfile"]


def test_a_baseline_hides_nothing_that_is_not_known(shop: Shop) -> None:
    def open_questions() -> list[str]:
        gates = shop.report()["gates"]
        return [c["id"] for gate in gates for c in gate["criteria"] if c["status"] in ("UNKNOWN", "ERROR")]

    shop.write("Dockerfile", "FROM debian:12\nUSER ${USER_ID}\n")
    shop.write("k8s/web.yaml", "kind: [\n")
    before = open_questions()
    said = shop.create()[1]
    assert before
    assert f"criteria that no baseline excuses: {len(before)} UNKNOWN" in said
    assert open_questions() == before
    assert shop.run("audit", str(shop.root))[0] == 3


def test_lines_are_sorted_plain_and_say_what_they_hold(shop: Shop) -> None:
    shop.write("ü/Dockerfile", BARE)
    shop.create()
    rows = shop.lines
    assert rows == sorted(rows, key=lambda row: (row["path"], row["rule"], row["subject"], row["fingerprint"]))
    assert (shop.root / BASELINE).read_bytes().isascii()
    nonroot = next(row for row in rows if row["rule"] == "docker-nonroot" and row["path"] == "ü/Dockerfile")
    assert nonroot == {
        "fingerprint": nonroot["fingerprint"], "rule": "docker-nonroot", "path": "ü/Dockerfile",
        "subject": "ü/Dockerfile:0", "severity": "high", "since": at(0), "until": at(90), "by": "ana",
        "reason": "before the gate",
    }  # fmt: skip
    assert shop.found()["docker-nonroot", "ü/Dockerfile"]


def test_secrets_and_what_is_critical_end_after_14_days_and_their_text_is_not_written(shop: Shop) -> None:
    shop.write("gatekeeper.yaml", "rules: {docker-healthcheck: {severity: critical}}\n")
    shop.write("Dockerfile", f"{BARE}ENV DB_PASSWORD=hunter2hunter2\n")
    shop.create("--until", at(30))
    until = {row["rule"]: row["until"] for row in shop.lines}
    assert until["docker-secret-in-arg-env"] == until["docker-healthcheck"] == at(14)
    assert until["docker-nonroot"] == at(30)
    assert "hunter2" not in (shop.root / BASELINE).read_text()
    assert all(shop.found().values())


def test_what_is_known_keeps_its_term_until_it_is_renewed(shop: Shop) -> None:
    shop.create()
    shop.lines = [{**row, "since": at(-80), "until": at(-1), "by": "bo", "reason": "old"} for row in shop.lines]
    assert not shop.found()["docker-nonroot", "Dockerfile"]
    shop.write("b/Dockerfile", BARE)
    said = shop.create()[1]
    rows = {row["path"]: row for row in shop.lines if row["rule"] == "docker-nonroot"}
    assert (rows["Dockerfile"]["until"], rows["Dockerfile"]["by"]) == (at(-1), "bo")
    assert (rows["b/Dockerfile"]["until"], rows["b/Dockerfile"]["by"]) == (at(90), "ana")
    assert f"expired on {at(-1)}: --renew gives a new term" in said
    shop.create("--renew")
    assert {(row["since"], row["until"], row["by"]) for row in shop.lines} == {(at(0), at(90), "ana")}


def test_prune_drops_what_is_gone_and_nothing_that_was_not_judged(shop: Shop) -> None:
    shop.write("b/Dockerfile", BARE)
    shop.create()
    shop.write("Dockerfile", "FROM debian:12\nUSER 1001\n")
    shop.write("b/Dockerfile", "FROM debian:12\nUSER ${USER_ID}\n")  # who knows
    assert "0 dropped" in shop.prune("--select", "docker-healthcheck")[1]
    assert "1 dropped" in shop.prune()[1]
    assert [row["path"] for row in shop.lines if row["rule"] == "docker-nonroot"] == ["b/Dockerfile"]
    assert {row["rule"] for row in shop.lines} >= {"docker-healthcheck"}


def test_create_for_some_rules_leaves_the_lines_of_others(shop: Shop) -> None:
    shop.create()
    before = shop.lines
    shop.create("--select", "docker-nonroot")
    assert shop.lines == before


def test_what_is_waived_otherwise_is_not_written(shop: Shop) -> None:
    shop.write(
        "Dockerfile", f"# gatekeeper: ignore[docker-nonroot] until={at(30)} -- the entrypoint drops root\n{BARE}"
    )
    shop.create()
    assert shop.lines
    assert "docker-nonroot" not in {row["rule"] for row in shop.lines}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--by", " "), "--by is needed"),
        (("--reason", ""), "--reason is needed"),
        (("--until", "soon"), "--until soon: no date; write YYYY-MM-DD"),
        (("--until", at(-1)), "is past"),
        (("--until", at(91)), f"at most 90 days are allowed, {at(90)}"),
        (("--select", "docker-nonrot"), "did you mean docker-nonroot"),
    ],
)  # fmt: skip
def test_wrong_use_is_said_and_nothing_is_written(shop: Shop, words: tuple[str, ...], said: str) -> None:
    code, out, err = shop.create(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert not (shop.root / BASELINE).exists()


def test_nothing_is_pruned_where_there_is_no_baseline(shop: Shop) -> None:
    assert shop.prune()[0] == 2


@pytest.mark.parametrize("link", [".gatekeeper", BASELINE])
def test_nothing_is_written_through_a_link(shop: Shop, tmp_path_factory: pytest.TempPathFactory, link: str) -> None:
    outside = tmp_path_factory.mktemp("outside")
    victim = outside / "baseline.jsonl"
    victim.write_text("")
    (shop.root / link).parent.mkdir(exist_ok=True)
    (shop.root / link).symlink_to(victim if link == BASELINE else outside)
    code, _, err = shop.create()
    assert code == 2
    assert link in err
    assert victim.read_text() == ""
    assert [*outside.iterdir()] == [victim]


def test_a_broken_line_is_named_and_nobody_writes_over_it(shop: Shop) -> None:
    shop.create()
    text = "<<<<<<< HEAD\n" + (shop.root / BASELINE).read_text()
    shop.write(BASELINE, text)
    code, _, err = shop.create()
    assert code == 2
    assert f"{BASELINE}:1: is no line of a baseline" in err
    assert shop.prune()[0] == 2
    assert (shop.root / BASELINE).read_text() == text
    assert not shop.found()["waiver-valid", BASELINE]


# without a disk


def lines_of(*reported: waivers.Reported, **changed: str) -> str:
    rows = [
        {
            "fingerprint": each.fingerprint, "rule": each.rule.id, "path": each.at.source.path,
            "subject": each.subject.name, "severity": each.severity, "since": "2026-11-01", "until": "2027-01-15",
            "by": "ana", "reason": "before the gate", **changed,
        }
        for each in reported
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


def settled(baseline: str, dockerfile: str = BARE) -> list[waivers.Reported]:
    project = project_of([("Dockerfile", dockerfile), (BASELINE, baseline)])
    return waivers.settle(engine.run(RULES, project), project, KNOWN)[1]


def nonroot(baseline: str) -> waivers.Reported:
    return next(each for each in settled(baseline) if each.rule.id == "docker-nonroot")


def complaints(reported: list[waivers.Reported]) -> list[tuple[int, str]]:
    return [(each.at.span.line, each.finding.message) for each in reported if each.rule.id == "waiver-valid"]


@pytest.mark.parametrize(
    "changed",
    [{"rule": "docker-healthcheck"}, {"path": "b/Dockerfile"}, {"subject": "Dockerfile:1"}, {"until": "2026-11-22"},
     {"until": "2027-01-31"}, {"since": "2026-11-24"}, {"by": ""}, {"reason": " "}],
    ids=str,
)  # fmt: skip
def test_a_line_that_says_something_else_or_is_out_of_time_hides_nothing(changed: dict[str, str]) -> None:
    open_ = nonroot("")
    assert nonroot(lines_of(open_)).waiver
    assert not nonroot(lines_of(open_, **changed)).waiver


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", "input data was truncated"), ("[]", "expected object, got array"), ("<<<<<<< HEAD", "is malformed"),
     ('{"fingerprint": 1}', "$.fingerprint"), ('{"path": "Dockerfile"}', "required field"), ("[" * 5000, "expected"),
     (lines_of(nonroot("")).replace("2027-01-15", "soon").strip(), "$.until"),
     (lines_of(nonroot(""), more="x").strip(), "unknown field more")],
)  # fmt: skip
def test_a_malformed_line_is_a_finding_at_its_line_and_the_others_count(line: str, said: str) -> None:
    good = lines_of(*(each for each in settled("")))
    reported = settled(f"\n{line}\n{good}")
    [(number, message)] = complaints(reported)
    assert number == 2
    assert said in message
    assert all(each.waiver for each in reported if each.rule.id != "waiver-valid")


def test_a_file_that_is_no_baseline_is_given_up() -> None:
    reported = complaints(settled("x\n" * 1000))
    assert len(reported) == 20
    assert "the lines below are not read" in reported[-1][1]


def test_many_lines_with_one_fault_are_one_finding() -> None:
    found = settled("")
    assert len(found) > 1
    digest = "sha256:7bb1ff3fa2d0c4b1b6f3a9f2ab8c0f2d3f5b1c7f6fcb9d1c5e3b7c4ad2b0c1e1"
    good = f"FROM debian:12@{digest}\nUSER 1\nHEALTHCHECK CMD true\n"
    [(number, said)] = complaints(settled(lines_of(*found), good))
    assert (number, said) == (1, f"{len(found)} lines excuse nothing any more: gatekeeper baseline prune")
    [(number, said)] = complaints(settled(lines_of(*found, until="2026-11-22")))
    assert (number, said) == (1, f"expired on 2026-11-22 ({len(found) - 1} more lines like it)")


class Word(Subject):
    """What a person states."""

    technology = "attestations"
    late = True


def test_a_baseline_hides_no_finding_about_what_people_state() -> None:
    def check(word: Word) -> Iterator[Finding]:
        yield Finding(word, "was never signed")

    signed = build(id="signed", title="t", severity="high", gate="requirements", subject=Word, check=check)
    word = Word(Node(None, Source(".gatekeeper/attestations/a.yaml", "criterion: x\n"), START))

    def reported(baseline: str, settings: str = "{}\n") -> waivers.Reported:
        project = project_of([(BASELINE, baseline), ("gatekeeper.yaml", settings)])
        project.add([word])
        return waivers.settle(engine.run([signed], project), project, ["signed"])[1][0]

    first = reported("")
    assert not reported(lines_of(first)).waiver
    waiver = f"{{rule: signed, reason: r, by: a, approved_by: b, on: {TODAY}, until: 2027-01-15}}"
    assert reported("", f"waivers: [{waiver}]\n").waiver


def test_the_table_of_excuses(shop: Shop) -> None:
    shop.create()
    shop.write("gatekeeper.yaml", (
        f"waivers:\n- {{rule: docker-healthcheck, reason: 'x ##vso[task]', by: ana, approved_by: bo, on: {at(-9)}, "
        f"until: {at(-1)}}}\n"
    ))  # fmt: skip
    shop.write("b/Dockerfile", "# gatekeeper: ignore[docker-nonroot] -- for ever\nFROM scratch\nUSER 1\n")
    code, said, _ = shop.run("waivers", str(shop.root))
    lines = said.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines[2:4]] == ["docker-nonroot", "docker-healthcheck"]  # no end, ended
    assert "malformed" in lines[2]
    assert "has no end" in lines[2]
    assert "expired on" in lines[3]
    assert "##vso[" not in said
    assert lines[-1] == f"{len(lines) - 4} excuses: 1 expired, 1 malformed, {len(lines) - 6} used"
    assert shop.run("waivers", str(shop.root), "--check")[0] == 1
    rows = json.loads(shop.run("waivers", str(shop.root), "--output", "json")[1])["excuses"]
    assert [row["state"] for row in rows][:3] == ["malformed", "expired", "used"]
    assert rows[1]["days_left"] == -1
    assert (rows[1]["kind"], rows[1]["path"], rows[1]["line"]) == ("settings", "gatekeeper.yaml", 2)


def test_an_excuse_that_is_of_no_use_is_said_when_checked(shop: Shop) -> None:
    assert shop.run("waivers", str(shop.root), "--check") == (0, "nothing is excused here\n", "")
    shop.create()
    assert shop.run("waivers", str(shop.root), "--check")[0] == 0
    (shop.root / "Dockerfile").unlink()
    code, said, _ = shop.run("waivers", str(shop.root), "--check")
    assert code == 1
    assert "unused" in said
