from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import TestRun
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule


@rule("tests-ran", gate="tests", severity="high", seed="3.3 Quality Gates, All tests must pass")
def tests_ran(revision: Revision, project: Project) -> Iterator[Answer]:
    """The tests of this commit ran, and none failed.

    Test cases are counted one by one: the totals that a report states of itself are often wrong, and a suite that found
    no tests reports success. Tests that were all skipped prove nothing. A report that shows no failure while the
    command that wrote it failed is not believed either: it may be from an earlier attempt.

    Bad:
    ```xml .gatekeeper/evidence/junit.xml
    <testsuites>
      <testsuite name="orders" tests="2" failures="0">
        <testcase classname="orders" name="creates"/>
        <!-- expect: orders: cancels failed: expected 200, got 500 -->
        <testcase classname="orders" name="cancels"><failure message="expected 200, got 500"/></testcase>
      </testsuite>
    </testsuites>
    ```

    Good:
    ```xml .gatekeeper/evidence/junit.xml
    <testsuite name="orders"><testcase classname="orders" name="creates"/></testsuite>
    ```

    Unknown, no test was run:
    ```xml .gatekeeper/evidence/junit.xml
    <testsuite name="orders" tests="0" failures="0"></testsuite>
    ```

    Unknown, all were skipped:
    ```xml .gatekeeper/evidence/junit.xml
    <testsuite name="orders"><testcase classname="orders" name="creates"><skipped/></testcase></testsuite>
    ```
    """
    found = proofs(TestRun, project, ["junit"])
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, "no test report (JUnit XML)")
    for held in found.held:
        yield from _judged(held)


def _judged(held: Held[TestRun]) -> Iterator[Answer]:
    run = held.facts
    failed = run.failures + run.errors
    ran = run.cases - run.skipped
    words = f"{ran} run, {failed} failed"
    words += f", {run.skipped} skipped" if run.skipped else ""
    words += f", {run.flaky} flaky" if run.flaky else ""
    words += f" (the file states other totals: {run.claims})" if run.claims else ""
    yield held.measure(words, ran)
    for case in run.bad:
        yield Finding(held.line(case.line), f"{case.name} failed{f': {case.message}' if case.message else ''}")
    if failed > len(run.bad):
        yield Finding(held.at, f"{failed - len(run.bad)} more tests failed")
    if not failed:
        yield from held.failed()
    if run.unshown:
        words = f"states {run.unshown} more failures than it shows"
        yield Unknown(held.at, f"{held.evidence.path}: {words}", Reason.UNREADABLE)
    if not ran:
        yield Unknown(held.at, f"{held.evidence.path}: all {run.cases} tests were skipped", Reason.EMPTY)
