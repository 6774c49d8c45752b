from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models.pipeline import SCANS, Fact, Step
from gatekeeper.models.pipeline.facts import Limited, limits
from gatekeeper.rule import rule


def _scans(step: Step) -> list[Fact]:
    facts = step.job.own_facts
    return [fact for fact in facts if fact.step is step and fact.kind in SCANS and fact.strength != "name"]


def _counts(step: Step) -> bool:
    """Whether a scan of the step may fail at all."""
    return any(fact.blocking != "no" for fact in _scans(step))


def _name(tool: str) -> str:
    """One name for a scanner, whether run by an action or by a command."""
    owner, _, last = tool.rpartition("/")
    if tool.startswith(("snyk/", "docker/scout")) or last == "scan-action":
        last = owner.partition("/")[0]
    return last.removesuffix("-action").removesuffix("-github").split(" ")[0]


def _covered(step: Step, limited: Limited, severity: str) -> bool:
    """Whether another run of the same scanner in the pipeline fails from that severity up."""
    for job in step.job.root.pipeline.all_jobs:
        for other in job.steps:
            alike = [fact for fact in _scans(other) if _name(fact.tool) == _name(limited.tool)]
            if other is step or not any(fact.blocking == "yes" for fact in alike):
                continue
            said = [each for each in limits(other) if _name(each.tool) == _name(limited.tool)]
            if not any(severity in each.limit.leaves_out or not each.limit.known for each in said):
                return True
    return False


@rule(
    "pipeline-scan-threshold",
    gate="security-scan",
    severity="high",
    seed="3.3 Quality Gates: security scan no critical issues",
    where=_counts,
)
def scan_threshold(step: Step, project: Project) -> Iterator[Finding | Unknown]:
    """A security scan fails on what is critical, and on what is high.

    An option can keep the grave findings from counting: a list of severities without CRITICAL, a CVSS score that
    hardly anything reaches, a severity up to which checks fail softly. A scan that lets critical findings through is
    no gate: that is of severity high. Leaving out what is high is a matter of policy: it is medium, and nothing where
    `thresholds.scan.high` in gatekeeper.yaml allows some. CVSS calls 7.0 and more high, 9.0 and more critical.

    A second run of the same scanner in the pipeline that does count them is enough. Scans that cannot fail at all are
    told of by pipeline-scan-can-fail.

    Bad:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          # expect: critical and high
          - run: trivy image --exit-code 1 --severity LOW,MEDIUM shop
          # expect: what is high
          - run: npm audit --audit-level=critical
          # expect: critical and high
          - run: dependency-check --scan . --failOnCVSS 9.5
          # expect: what is high
          - uses: anchore/scan-action@v6
            with: {image: shop, severity-cutoff: critical}
          # expect: what is high
          - run: checkov -d . --soft-fail-on HIGH
    ```

    Good:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: aquasecurity/trivy-action@master
            with: {image-ref: shop, exit-code: "1", severity: "CRITICAL,HIGH"}
          - uses: anchore/scan-action@v6
            with: {image: shop}
          - run: snyk test --severity-threshold=high
          - run: dependency-check --scan . --failOnCVSS 7
    ```

    Good, a second run that counts them:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: trivy image --exit-code 1 --severity CRITICAL shop
          - run: trivy image --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed shop
    ```

    Good, SARIF counts every severity:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: aquasecurity/trivy-action@master
            with: {image-ref: shop, exit-code: "1", severity: CRITICAL, format: sarif}
    ```

    Good, by policy:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: npm audit --audit-level=critical
    ```
    ```yaml gatekeeper.yaml
    thresholds: {scan: {high: 5}}
    ```

    Unknown:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: trivy image --exit-code 1 --severity $SEVERITY shop
    ```
    """
    for limited in limits(step):
        if not limited.limit.known:
            yield Unknown(limited.place, f"{_name(limited.tool)}: {limited.limit.said}")
        left = {name for name in limited.limit.leaves_out if not _covered(step, limited, name)}
        if "critical" in left:
            words = "critical and high" if "high" in left else "critical"
            yield _finding(limited, f"what is {words}", grave=True)
        elif "high" in left and not project.settings.thresholds.scan.high:
            yield _finding(limited, "what is high", grave=False)


def _finding(limited: Limited, what: str, grave: bool) -> Finding:
    message = f"{_name(limited.tool)} does not fail on {what}: {limited.limit.said}"
    fix = Fix("let it count what is high and critical")
    return Finding(limited.place, message, (), fix, None if grave else "medium")
