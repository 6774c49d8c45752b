"""Which tools measure the coverage of tests in pipelines, and what fails when too little is covered.

A threshold gates where it stands in a command that a pipeline runs, or in the settings of a tool that a pipeline runs
with coverage. A service that posts a status (Codecov, Sonar) gates only where its server and the repository's settings
say so. Sources are the tools' own documentation of their options and settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from gatekeeper.links.pipelines import entries
from gatekeeper.links.ran import ran_in
from gatekeeper.links.tool_settings import settings_in
from gatekeeper.models import Place, Spot
from gatekeeper.models.pipeline import Fact, Job, Step
from gatekeeper.node import START, regex
from gatekeeper.project import Project

_NUMBER = r"(?:0*[1-9]\d{0,2}(?:\.\d{1,3})?|0?\.\d{1,3})"


class Held(StrEnum):
    """Whether too little coverage fails something: yes, no, or as a server or a setting elsewhere says."""

    YES = "yes"
    SERVER = "server"
    NO = "no"


class Measured(NamedTuple):
    """A tool that measures coverage in a pipeline, where, and whether a threshold holds; `why` in words."""

    tool: str
    step: Step
    held: Held
    why: str = ""
    at: Spot | None = None


class _Family(NamedTuple):
    """One language's tools: the programs that measure, the words that ask them to, the options that set a threshold,
    and the files whose settings do either."""

    name: str
    programs: frozenset[str]
    measures: re.Pattern[str]
    gates: re.Pattern[str]
    files: re.Pattern[str]
    measuring: re.Pattern[str]
    settings: re.Pattern[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER = regex(r"(?!)")
_FAMILIES = (
    _Family(
        "pytest-cov",
        _words("pytest py.test coverage tox nox slipcover"),
        regex(r"--cov\b|\bcoverage (?:run|report|xml|html)\b"),
        regex(rf"--cov-fail-under[= ]{_NUMBER}|--fail-under[= ]{_NUMBER}"),
        regex(r"(?:pyproject\.toml|setup\.cfg|pytest\.ini|tox\.ini|\.coveragerc|noxfile\.py)\Z"),
        regex(r"--cov\b|\bcoverage run\b"),
        regex(rf"fail[_-]under[ =\"']{{1,6}}{_NUMBER}|--cov-fail-under[= ]{_NUMBER}"),
    ),
    _Family(
        "Jest",
        _words("jest react-scripts craco"),
        regex(r"--coverage\b|--collectCoverage\b|--ci --coverage|--code-coverage"),
        regex(r"--coverageThreshold"),
        regex(r"(?:package\.json|jest[\w.-]*\.config\.\w{2,4}|jest[\w.-]*\.json)\Z"),
        regex(r"collectCoverage[\"']?\s{0,4}:\s{0,4}true"),
        regex(r"coverageThreshold[\"']?\s{0,4}:"),
    ),
    _Family(
        "Vitest",
        _words("vitest"),
        regex(r"--coverage\b"),
        regex(rf"--coverage\.thresholds\.\w{{1,20}}[= ]{_NUMBER}|--coverage\.thresholds\.100"),
        regex(r"(?:vitest[\w.-]*\.\w{2,4}|vite\.config\.\w{2,4})\Z"),
        regex(r"coverage[\"']?\s{0,4}:\s{0,4}\{[^}]{0,400}enabled:\s{0,4}true"),
        regex(r"thresholds?\s{0,4}:\s{0,4}\{|(?:lines|statements|branches|functions)\s{0,4}:\s{0,4}[1-9]"),
    ),
    _Family(
        "Karma",
        _words("ng karma"),
        regex(r"--code-coverage\b|--coverage\b"),
        _NEVER,
        regex(r"(?:karma\.conf\.\w{2,3}|angular\.json)\Z"),
        regex(r"codeCoverage\"?\s{0,4}:\s{0,4}true"),
        regex(r"(?:thresholds?|check)\s{0,4}:\s{0,4}\{"),
    ),
    _Family(
        "nyc",
        _words("nyc c8"),
        regex(r""),
        regex(r"--check-coverage\b|\bcheck-coverage\b|--100\b"),
        regex(r"(?:package\.json|\.nycrc(?:\.json|\.ya?ml)?|nyc\.config\.js|\.c8rc(?:\.json)?)\Z"),
        _NEVER,
        regex(r"check-coverage[\"']?\s{0,4}:\s{0,4}true"),
    ),
    _Family(
        "JaCoCo",
        _words("mvn gradle"),
        regex(r"jacoco|koverVerify|koverXmlReport|\b(?:verify|check|install|deploy)\b"),
        regex(r"jacocoTestCoverageVerification|koverVerify|jacoco:check"),
        regex(r"(?:pom\.xml|[\w.-]{1,60}\.gradle(?:\.kts)?)\Z"),
        regex(r"jacoco|kover"),
        regex(r"violationRules|<limit>|<minimum>0?\.\d|minBound"),
    ),
    _Family(
        "go test -cover",
        _words("go gotestsum ginkgo go-test-coverage"),
        regex(r"-cover(?:profile|pkg|mode)?\b|go-test-coverage"),
        regex(r"go-test-coverage\b|\bgo-cover-treemap -threshold"),
        regex(r"\.testcoverage\.ya?ml\Z"),
        _NEVER,
        _NEVER,
    ),
    _Family(
        "coverlet",
        _words("dotnet coverlet"),
        regex(r"CollectCoverage=true|XPlat Code Coverage|--collect\b|dotnet-coverage|\bcoverlet\b"),
        regex(rf"/p:Threshold={_NUMBER}|-p:Threshold={_NUMBER}|--threshold {_NUMBER}"),
        regex(r"(?:[\w.-]{1,100}\.csproj|Directory\.Build\.props)\Z"),
        regex(r"<CollectCoverage>true"),
        regex(rf"<Threshold>{_NUMBER}"),
    ),
    _Family(
        "SimpleCov",
        _words("rspec rails rake minitest cucumber parallel_rspec parallel_test"),
        _NEVER,
        _NEVER,
        regex(r"(?:spec_helper\.rb|rails_helper\.rb|test_helper\.rb|\.simplecov|simplecov\w{0,20}\.rb|support/env\.rb)\Z"),
        regex(r"SimpleCov\.(?:start|configure)"),
        regex(r"(?:minimum_coverage|minimum_coverage_by_file|refuse_coverage_drop|maximum_coverage_drop)\b"),
    ),
    _Family(
        "PHPUnit",
        _words("phpunit pest artisan"),
        regex(r"--coverage\b|--coverage-\w{2,10}"),
        regex(rf"--min[= ]{_NUMBER}|coverage-check"),
        regex(r"composer\.json\Z"),
        _NEVER,
        _NEVER,
    ),
    _Family(
        "cargo coverage",
        _words("cargo grcov"),
        regex(r"tarpaulin|llvm-cov|grcov"),
        regex(rf"--fail-under(?:-\w{{1,12}})?[= ]{_NUMBER}"),
        regex(r"(?:\.?tarpaulin\.toml)\Z"),
        _NEVER,
        regex(rf"fail-under\s{{0,4}}=\s{{0,4}}{_NUMBER}"),
    ),
    _Family(
        "ExCoveralls",
        _words("mix"),
        regex(r"--cover\b|coveralls"),
        _NEVER,
        regex(r"(?:coveralls\.json|mix\.exs)\Z"),
        _NEVER,
        regex(rf"minimum_coverage[\"']?\s{{0,4}}:\s{{0,4}}{_NUMBER}|threshold:\s{{0,4}}{_NUMBER}"),
    ),
    _Family(
        "Flutter",
        _words("flutter dart very_good"),
        regex(r"--coverage\b"),
        regex(rf"--min-coverage[= ]{_NUMBER}"),
        _NEVER,
        _NEVER,
        _NEVER,
    ),
)  # fmt: skip
_BY_PROGRAM = {program: family for family in _FAMILIES for program in family.programs}
# Actions that fail below a number: the action, and the input that sets it ('' where it always does).
_GATING_ACTIONS = (
    ("vladopajic/go-test-coverage", ""),
    ("verygoodopensource/very_good_coverage", ""),
    ("irongut/codecoveragesummary", "fail_below_min"),
    ("5monkeys/cobertura-action", "fail_below_threshold"),
    ("insightsengineering/coverage-action", "fail"),
    ("artiomtr/jest-coverage-report-action", "threshold"),
    ("orgoro/coverage", "thresholdall"),
    ("zgosalvez/github-actions-report-lcov", "minimum-coverage"),
    ("barecheck/code-coverage-action", "minimum-ratio"),
    ("devmasx/coverage-check-action", "min_coverage"),
    ("aki77/simplecov-report-action", "failedthreshold"),
    ("romeovs/lcov-reporter-action", "-"),
    ("madrapps/jacoco-report", "-"),
    ("py-cov-action/python-coverage-comment-action", "-"),
    ("davelosert/vitest-coverage-report-action", "-"),
    ("danielpalme/reportgenerator-github-action", "-"),
    ("mi-kas/kover-report", "-"),
    ("cicirello/jacoco-badge-generator", "-"),
)
_SERVICES = (
    ("codecov", "Codecov"),
    ("coveralls", "Coveralls"),
    ("codacy", "Codacy"),
    ("paambaati/codeclimate-action", "Code Climate"),
    ("qltysh/qlty-action", "Qlty"),
    ("sonarsource/", "SonarQube"),
    ("sonar", "SonarQube"),
    ("deepsourcelabs/", "DeepSource"),
)
_NO_CODE = _words(  # they test settings, charts and policies
    "terraform tofu terragrunt conftest opa promtool chainsaw ct helm kuttl molecule bats kubeconform packer cfn-lint"
)
_NAMES = frozenset(name for _, name in _SERVICES)
_SPEAKS = regex(r"cov|quality|sonar|threshold")
_MAY_TEST = regex(r"cov|quality|sonar|threshold|test|check|verify|\bci\b|\bbuild\b|lint")
_SETTINGS = regex(r"(?:\.?codecov\.ya?ml)\Z")
_TESTS_NOT = regex(r"(?:^|/)(?:node_modules|vendor|fixtures?|examples?|\.venv)/")


class Coverage(NamedTuple):
    """What a repository's pipelines do about coverage."""

    measured: tuple[Measured, ...]
    services: tuple[Measured, ...]
    tests: tuple[Fact, ...]
    open: tuple[Step, ...]
    remote: tuple[str, ...]


def coverage_of(project: Project) -> Coverage:
    """What pipelines measure and gate; made once."""
    return project.once("coverage gates", _coverage)


def _coverage(project: Project) -> Coverage:
    jobs = [job for pipeline in entries(project) for job in pipeline.all_jobs]
    tests = tuple(
        f
        for job in jobs
        for f in job.facts
        if f.kind in ("test", "coverage") and f.strength != "name" and f.tool not in _NO_CODE
    )
    measured: dict[str, Measured] = {}
    services: dict[str, Measured] = {}
    for job in jobs:
        for step in job.steps:
            if step.never:
                continue
            for found in _of_step(step, project):
                if found.tool in _NAMES:
                    if found.held is Held.SERVER:
                        _keep(services, found)
                else:
                    _keep(measured, found)
    for found in _by_settings(jobs, project):
        _keep(measured, found)
    reporters = {slug for slug, name in _GATING_ACTIONS if name == "-"}
    if set(measured) - reporters:  # what they show was measured by another
        measured = {tool: each for tool, each in measured.items() if tool not in reporters}
    open_ = tuple(step for job in jobs for step in job.steps if not step.classified)
    remote = (*(job.unresolved for job in jobs), *(each.text for p in entries(project) for each in p.unresolved))
    return Coverage(tuple(measured.values()), tuple(services.values()), tests, open_, tuple(filter(None, remote)))


_READ = regex(r"outputs\.[\w-]{0,40}cov|cov[\w-]{0,40}\.(?:json|xml|txt|info|out)")


def doubts(found: Coverage, measured: Measured | None) -> str:
    """What may ask for a number although nothing is seen to: a step that no table knows, behind the one that measures
    or beside the tests, or a pipeline elsewhere. '' for nothing."""
    speaks = _SPEAKS if measured else _MAY_TEST
    remote = next((text for text in found.remote if speaks.search(text.rpartition("/")[2].lower())), "")
    if remote:
        return f"{remote} is in another repository"
    jobs = {id(measured.step.job)} if measured else {id(fact.step.job) for fact in found.tests}
    later = [] if measured is None else [s for s in measured.step.job.steps if s.index > measured.step.index]
    for step in later:
        if "exit 1" in step.run and _READ.search(f"{step.run[:4000]} {step.cond.source.slice(step.cond.span)}"):
            return f"{step.words} reads the coverage, and may ask for a number"
    for step in found.open:
        near = id(step.job) in jobs and (measured is None or step.index > measured.step.index)
        if near or _SPEAKS.search(f"{step.slug} {step.label} {step.run[:2000]}".lower()):
            return f"what {step.words} of {step.job.name} does is not known"
    return ""


def _keep(found: dict[str, Measured], new: Measured) -> None:
    """One answer for each tool; one that holds wins."""
    old = found.get(new.tool)
    if old is None or (old.held is Held.NO and new.held is not Held.NO):
        found[new.tool] = new


def _of_step(step: Step, project: Project) -> Iterator[Measured]:
    if step.uses:
        yield from _of_action(step, project)
    for command in ran_in(step, project):
        yield from _of_command(command.words, step, project)


def _of_action(step: Step, project: Project) -> Iterator[Measured]:
    for slug, name in _GATING_ACTIONS:
        if step.slug.startswith(slug):
            value = step.inputs.get(name, "") if name not in ("", "-") else ""
            gates = name == "" or (name != "-" and value.lower() not in ("", "false", "0"))
            yield Measured(
                slug, step, Held.YES if gates else Held.NO, "" if gates else "it reports and asks for nothing"
            )
            return
    yield from _service(step.slug, step, project)


def _service(text: str, step: Step, project: Project) -> Iterator[Measured]:
    name = next((name for prefix, name in _SERVICES if text.startswith(prefix)), "")
    if not name:
        return
    off = project.once("Codecov switched off", _switched_off) if name == "Codecov" else None
    if off is not None:
        yield Measured(name, step, Held.NO, "its statuses are informational or off", off)
    else:
        yield Measured(name, step, Held.SERVER, f"whether the status of {name} is required is in the server's settings")


def _switched_off(project: Project) -> Place | None:
    """The settings of Codecov in which no status can fail: informational, or off."""
    path = next((path for path in project.tree.paths if _SETTINGS.search(path) and path.count("/") < 2), "")
    text = settings_in(path, project) if path else ""
    if "status:" not in text:
        return None
    body = text[text.index("status:") :]
    kinds = re.findall(r"^\s{2,12}(project|patch|changes):\s{0,4}(\S{0,10})", body, re.MULTILINE)
    said = {name: value.strip("'\"").lower() for name, value in kinds}
    off = ("off", "false", "no", "0")
    if not {"project", "patch"} <= set(said) and "informational: true" not in body:
        return None
    live = [name for name in ("project", "patch") if said.get(name, "") not in off]
    if len(re.findall(r"informational:\s{0,3}true", body)) < len(live):
        return None
    return Place(project.tree.source(path), START)


def _of_command(words: tuple[str, ...], step: Step, project: Project) -> Iterator[Measured]:
    program = words[0]
    text = " ".join(words)
    if program in ("codecov", "codecovcli", "coveralls", "sonar-scanner", "cc-test-reporter"):
        yield from _service({"cc-test-reporter": "paambaati/codeclimate-action"}.get(program, program), step, project)
        return
    if program in ("mvn", "gradle", "dotnet") and re.search(r"\bsonar(?:qube|scanner)?\b", text):
        yield from _service("sonar", step, project)
    if program == "diff-cover":
        gates = bool(re.search(r"--fail-under", text))
        yield Measured("diff-cover", step, Held.YES if gates else Held.NO, "" if gates else "no --fail-under")
        return
    family = _BY_PROGRAM.get(program)
    if family is None:
        return
    files = _files(family, project)
    by_settings = any(family.measuring.search(settings_in(path, project)) for path in files)
    asked = bool(family.measures.search(text))
    if program in ("tox", "nox"):
        runs = by_settings
    elif family.name == "JaCoCo":
        runs = by_settings and asked
    else:
        runs = by_settings or asked
    if runs:
        yield _judged(family, text, step, files, project)


def _judged(family: _Family, text: str, step: Step, files: list[str], project: Project) -> Measured:
    unheard = _unheard(step)
    if family.gates.search(text):
        return Measured(family.name, step, Held.NO if unheard else Held.YES, unheard)
    at = next((path for path in files if _asks(family, path, project)), "")
    if not at:
        return Measured(family.name, step, Held.NO, f"no threshold in {_where(files)}")
    idle = _idle(settings_in(at, project)) if family.name == "JaCoCo" else ""
    why = f"{at} has rules, and {idle}" if idle else unheard
    return Measured(family.name, step, Held.NO if why else Held.YES, why, Place(project.tree.source(at), START))


def _unheard(step: Step) -> str:
    """Why a failure of the tests that a step runs stops nothing; '' where it does."""
    facts = [fact for fact in step.facts if fact.kind in ("test", "coverage", "e2e")]
    return facts[0].reason if facts and all(fact.blocking == "no" for fact in facts) else ""


_DEPENDS = regex(r"(?:dependsOn|finalizedBy)[^\n]{0,120}(?:jacocoTestCoverageVerification|koverVerify)")


def _idle(text: str) -> str:
    """Why the rules of a build file are not asked. Gradle's `check` asks them only where it depends on the task."""
    if "violationRules" in text:
        return "" if _DEPENDS.search(text) else "nothing runs jacocoTestCoverageVerification"
    if "<plugin" in text and "jacoco" in text:
        return "" if re.search(r"<goal>\s{0,9}check\s{0,9}</goal>", text) else "its goal `check` is not run"
    return ""


def _where(files: list[str]) -> str:
    return f"its command or {', '.join(files[:2])}" if files else "its command"


def _by_settings(jobs: list[Job], project: Project) -> Iterator[Measured]:
    """SimpleCov measures whenever the tests run that load it."""
    family = next(each for each in _FAMILIES if each.name == "SimpleCov")
    files = [path for path in _files(family, project) if family.measuring.search(settings_in(path, project))]
    if not files:
        return
    for job in jobs:
        for fact in job.facts:
            if fact.kind in ("test", "e2e") and fact.tool in family.programs | {"bundle", "rake"}:
                yield _judged(family, "", fact.step, _files(family, project), project)
                return


def _files(family: _Family, project: Project) -> list[str]:
    def make(project: Project) -> list[str]:
        return [
            path
            for path in project.tree.paths
            if family.files.search(path) and path.count("/") < 10 and not _TESTS_NOT.search(path)
        ][:60]

    return project.once(("coverage files", family.name), make)


_HEADER = regex(r"^\[([^\]\n]{1,100})\]", re.MULTILINE)


def _asks(family: _Family, path: str, project: Project) -> bool:
    """Whether a file of settings sets a threshold. In Python's the same option is one of other tools too, for what is
    documented or linted: it counts where the section, or the line, speaks of coverage."""
    text = settings_in(path, project)
    if family.name != "pytest-cov":
        return bool(family.settings.search(text))
    headers = [(header.start(), header[1]) for header in _HEADER.finditer(text)]
    for match in islice(family.settings.finditer(text), 50):
        section = next((name for start, name in reversed(headers) if start < match.start()), "")
        near = text[max(0, match.start() - 200) : match.end()]
        said = near if path.endswith(".py") else near.rpartition("\n")[2]
        if "cov" in section or section == "report" or "cov" in said:
            return True
    return False


def threshold_without_measure(project: Project) -> Place | None:
    """A setting that asks for coverage, where nothing measures it."""
    for family in _FAMILIES:
        for path in _files(family, project):
            if family.name not in ("JaCoCo", "Vitest", "Karma") and _asks(family, path, project):
                return Place(project.tree.source(path), START)
    return None
