"""JUnit XML: a convention, not a standard (https://github.com/testmoapp/junitxml; Surefire's schema is the strictest,
https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd).

Test cases are counted one by one; the totals that suites state are only compared. Two ways of telling of a retry are
known. Surefire writes one case with `flakyFailure` or `flakyError`. Others write a case for each attempt, with the same
name in the same suite: failures and then one pass, the last of them, are one case that is flaky. Any other sequence
that holds a failure is taken as it stands, and fails.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator

from gatekeeper.models.evidence import markup, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Case, Facts, TestRun
from gatekeeper.parsers.xml import Event

SHOWN = 1_000  # cases that did not pass are named up to here
TRACKED = 1_000_000  # so many names are remembered to recognise a retry; past them every failure fails
_FAULTS = {"failure": "failures", "rerunFailure": "failures", "error": "errors", "rerunError": "errors"}
_FLAKY = {"flakyFailure", "flakyError"}
_WORDS = {  # of `status` and `result`, which some tools write instead of an element
    "failed": "failures", "failure": "failures", "fail": "failures", "broken": "failures",
    "error": "errors", "errored": "errors",
    "skipped": "skipped", "notrun": "skipped", "suppressed": "skipped", "disabled": "skipped", "ignored": "skipped",
    "pending": "skipped", "inconclusive": "skipped", "unknown": "skipped",
    "timedout": "errors", "timeout": "errors", "aborted": "errors", "cancelled": "errors", "canceled": "errors",
}  # fmt: skip
_STATED = ("tests", "failures", "errors", "skipped")


def recognises(artifact: Artifact) -> bool:
    begins = markup.opening(artifact)[:1]
    return bool(begins) and begins[0].name in ("testsuites", "testsuite")


def read(artifact: Artifact) -> Iterator[Facts]:
    report = _Report()
    for event in markup.events(artifact, texts=_FAULTS):
        report.take(event)
    yield report.run()


class _Case:
    """The case at hand."""

    def __init__(self, event: Event) -> None:
        attributes = event.attributes
        home, name = attributes.get("classname", ""), attributes.get("name", "")
        self._name = f"{home}: {name}" if home else name
        self.key = hash((home, name, attributes.get("file", "")))
        self.line = event.line
        self.faults: set[str] = set()
        self.message = ""
        self.flaky = False
        for word in (attributes.get("status"), attributes.get("result")):
            if word and word.lower() in _WORDS:
                self.faults.add(_WORDS[word.lower()])

    @property
    def name(self) -> str:
        return reported.words(self._name)

    @property
    def outcome(self) -> str:
        """`passed`, or the worst of what is said of it."""
        if not self.faults:
            return "passed"
        return next(word for word in ("failures", "errors", "skipped") if word in self.faults)


class _Suite:
    """A suite that is open: what it states, and what was counted in it."""

    def __init__(self, event: Event) -> None:
        self.name = reported.words(event.attributes.get("name", ""), 60)
        self.stated = event.attributes
        self.own: Counter[str] = Counter()
        self.all: Counter[str] = Counter()  # with the suites inside it
        self.passes: Counter[int] = Counter()  # by the key of a case
        self.failed: dict[int, Counter[str]] = {}
        self.last_passed: dict[int, bool] = {}  # of those that failed
        self.bad: list[tuple[int, Case]] = []

    def add(self, case: _Case, room: bool, shown: bool) -> None:
        """One case. `room`: its name may still be remembered; `shown`: it may still be named."""
        outcome = case.outcome
        self.own["tests"] += 1
        self.own[outcome] += 1
        if outcome in ("failures", "errors"):
            if case.key in self.failed or room:
                self.failed.setdefault(case.key, Counter())[outcome] += 1
                self.last_passed[case.key] = False
            if shown:
                self.bad.append((case.key, Case(case.name, case.line, case.message)))
        elif outcome == "passed" and (case.key in self.passes or room):
            self.passes[case.key] = self.passes.get(case.key, 0) + 1
            if case.key in self.last_passed:
                self.last_passed[case.key] = True

    def retried(self) -> dict[int, Counter[str]]:
        """Those that failed and passed when run again, with how they had failed."""
        return {key: how for key, how in self.failed.items() if self.last_passed[key] and self.passes[key] == 1}

    def differences(self) -> Iterator[str]:
        """Where its totals are neither what was counted in it nor what was counted in it and below."""
        for what in _STATED:
            stated = self.stated.get(what, "").strip()
            if stated and stated not in (str(self.own[what]), str(self.all[what])):
                yield f"suite {self.name!r} states {what}={stated[:20]!r}, counted {self.all[what]}"

    def stated_faults(self) -> int:
        """How many failures and errors it says there are in it."""
        words = (self.stated.get(what, "").strip() for what in ("failures", "errors"))
        return sum(int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 10)


class _Report:
    """What was counted so far, and the suites and the case that are open."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad: list[Case] = []
        self.made: datetime.datetime | None = None
        self.unshown = 0
        self.claims: list[str] = []  # the first three
        self._more = 0  # and how many there are beside them
        self._suites: list[_Suite] = []
        self._case: _Case | None = None
        self._tracked = 0
        self._path: list[str] = []

    def take(self, event: Event) -> None:
        if not event.opens:
            self._path.pop()
            self._end(event, self._path[-1] if self._path else "")
            return
        above = self._path[-1] if self._path else ""
        self._path.append(event.name)
        if event.name in ("testsuite", "testsuites"):
            self._suites.append(_Suite(event))
            self._time(event)
        elif event.name == "testcase":
            self._begin(event)
        elif event.name in _FAULTS and above in ("testsuite", "testsuites"):
            self._outside(event)
        elif self._case and above == "testcase":
            self._say(self._case, event)

    def run(self) -> TestRun:
        """All that was counted. Raises `Unusable` when no test was run."""
        cases, skipped = self.counts["tests"], self.counts["skipped"]
        if skipped == cases and not self.counts["errors"]:
            all_skipped = f"none of its {cases} test cases was run: all were skipped"
            raise Unusable("empty", all_skipped if cases else "holds no test case")
        return TestRun(
            cases=cases,
            failures=self.counts["failures"],
            errors=self.counts["errors"],
            skipped=skipped,
            flaky=self.counts["flaky"],
            bad=tuple(self.bad[:SHOWN]),
            claims="; ".join([*self.claims, *([f"and {self._more} more"] if self._more else [])]),
            unshown=self.unshown,
            made=self.made,
        )

    def _begin(self, event: Event) -> None:
        if self._case or not self._suites:
            raise Unusable("unreadable", "expected test cases inside a suite, and none inside another", event.line)
        self._case = _Case(event)

    def _say(self, case: _Case, event: Event) -> None:
        case.flaky = case.flaky or event.name in _FLAKY
        if event.name == "skipped":
            case.faults.add("skipped")
        elif event.name in _FAULTS:
            case.faults.add(_FAULTS[event.name])
            case.message = case.message or _first(event.attributes.get("message", ""))

    def _outside(self, event: Event) -> None:
        """A suite that broke outside its cases: in its set-up, or when it was loaded."""
        self.counts["errors"] += 1
        if len(self.bad) < SHOWN:
            name = self._suites[-1].name or "a suite"
            self.bad.append(Case(name, event.line, _first(event.attributes.get("message", ""))))

    def _end(self, event: Event, above: str) -> None:
        if event.name == "testcase" and self._case:
            suite, case, self._case = self._suites[-1], self._case, None
            before = len(suite.passes) + len(suite.failed)
            suite.add(case, self._tracked < TRACKED, len(self.bad) + len(suite.bad) < SHOWN)
            self._tracked += len(suite.passes) + len(suite.failed) - before
            self.counts["flaky"] += case.flaky and case.outcome == "passed"
        elif event.name in _FAULTS and self._case and above == "testcase":
            self._case.message = self._case.message or _first(event.text)
        elif event.name in ("testsuite", "testsuites"):
            self._close(self._suites.pop())

    def _close(self, suite: _Suite) -> None:
        suite.all.update(suite.own)
        if self._suites:
            self._suites[-1].all.update(suite.all)
        self.unshown = max(self.unshown, suite.stated_faults() - suite.all["failures"] - suite.all["errors"])
        differences = list(suite.differences())
        room = 3 - len(self.claims)
        self.claims += differences[:room]
        self._more += len(differences[room:])
        retried = suite.retried()
        self.counts.update(suite.own)
        self.counts["flaky"] += len(retried)
        for how in retried.values():
            self.counts.subtract(how)
            self.counts["tests"] -= how.total()
        self.bad += [case for key, case in suite.bad if key not in retried]
        self._tracked -= len(suite.passes) + len(suite.failed)

    def _time(self, event: Event) -> None:
        """The earliest time that any suite names: the run is no younger than its oldest part."""
        self.made = min(filter(None, (self.made, reported.moment(event.attributes.get("timestamp")))), default=None)


def _first(text: str) -> str:
    """The first line of what a fault says."""
    return reported.words(text.strip().partition("\n")[0])
