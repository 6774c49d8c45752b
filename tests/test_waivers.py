"""An excuse needs a rule, a reason and an end; then it waives what stands there, and nothing else."""

from __future__ import annotations

from gatekeeper import engine, waivers
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.testing import project_of
from gatekeeper.waivers import Reported

RULES = Catalogue([home()]).rules({"docker", "files"})
KNOWN = [name for rule in RULES for name in (rule.id, *rule.aliases)]


def settled(dockerfile: str) -> dict[str, list[Reported]]:
    project = project_of([("Dockerfile", dockerfile)])
    _, reported = waivers.settle(engine.run(RULES, project), project, KNOWN)
    table: dict[str, list[Reported]] = {}
    for each in reported:
        table.setdefault(each.rule.id, []).append(each)
    return table


def test_a_suppression_waives_the_statement_below_it() -> None:
    found = settled("# gatekeeper: ignore[docker-nonroot] until=2027-03-31 -- it drops root itself\nFROM debian:12\n")
    [root] = found["docker-nonroot"]
    assert root.waiver
    assert root.waiver.reason == "it drops root itself"
    assert "waiver-valid" not in found


def test_another_tools_id_works_where_it_is_an_alias() -> None:
    found = settled("# gatekeeper: ignore[DS-0002] until=2027-03-31 -- why\nFROM debian:12\n")
    assert found["docker-nonroot"][0].waiver


def test_an_expired_one_waives_nothing_and_is_said() -> None:
    found = settled("# gatekeeper: ignore[docker-nonroot] until=2026-11-01 -- why\nFROM debian:12\n")
    assert not found["docker-nonroot"][0].waiver
    assert "expired" in found["waiver-valid"][0].finding.message


def test_it_reaches_no_other_stage() -> None:
    found = settled(
        "# gatekeeper: ignore[docker-nonroot] until=2027-03-31 -- why\nFROM debian:12 AS a\nFROM debian:12\n"
    )
    assert not found["docker-nonroot"][0].waiver
    assert "suppresses nothing" in found["waiver-valid"][0].finding.message


def test_a_whole_file() -> None:
    found = settled(
        "FROM debian:12 AS a\nFROM debian:12\n# gatekeeper: ignore-file[docker-nonroot] until=2027-03-31 -- why\n"
    )
    assert found["docker-nonroot"][0].waiver


def test_an_unknown_rule_is_said() -> None:
    found = settled("# gatekeeper: ignore[docker-nonrot] until=2027-03-31 -- why\nFROM debian:12\n")
    assert "no rule is called docker-nonrot" in found["waiver-valid"][0].finding.message


def test_fingerprints_survive_moved_lines_and_tell_equals_apart() -> None:
    once = settled("FROM debian:12\n")["docker-nonroot"][0].fingerprint
    moved = settled("# syntax=docker/dockerfile:1\n\n\nFROM debian:12\n")["docker-nonroot"][0].fingerprint
    assert once == moved
    two = settled("FROM debian:12 AS a\nENV PASSWORD=hunter2hunter2\nENV PASSWORD=hunter2hunter2\nUSER 1\n")
    prints = [each.fingerprint for group in two.values() for each in group]
    assert len(prints) == len(set(prints))
