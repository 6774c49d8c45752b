from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline import SCANS, Fact, Pipeline, Step
from gatekeeper.rule import Reason, rule

_SCANS = SCANS - {"analysis"}


def _scans(step: Step) -> list[Fact]:
    return [fact for fact in step.job.facts if fact.step is step and fact.kind in _SCANS and fact.strength != "name"]


def _tool(fact: Fact) -> str:
    """One name for a scanner, whether run by an action or by a command."""
    name = (
        fact.tool.rpartition("/")[2] if not fact.tool.startswith(("snyk/", "docker/scout")) else fact.tool.split("/")[0]
    )
    return name.removesuffix("-action").removesuffix("-github")


def _only_scheduled(pipeline: Pipeline) -> bool:
    refs = {trigger.ref for trigger in pipeline.triggers}
    return bool(refs) and refs <= {"schedule", "dispatch"}


def _uploads(step: Step) -> bool:
    """Whether a later step of the job hands results to code scanning."""
    return any(
        fact.tool.startswith("github/codeql-action/upload-sarif")
        for fact in step.job.facts
        if fact.order > step.index * 1000
    )


@rule(
    "pipeline-scan-can-fail",
    gate="security-scan",
    severity="high",
    seed="3.3 Quality Gates: security scan no critical issues",
    where=lambda step: bool(_scans(step)) and not _only_scheduled(step.job.pipeline),
)
def scan_can_fail(step: Step) -> Iterator[Finding | Unknown]:
    """A security scan fails the build when it finds something.

    Many scanners exit with 0 whatever they find, unless an option says otherwise; others are silenced by `|| true`, by
    a pipe or by `continue-on-error`. Such a scan looks like a gate and lets everything pass. What each scanner does
    comes from its documentation; one that is not settled there is UNKNOWN.

    A second run of the same scanner in the workflow that does fail is enough (one run writes the report, one decides).
    A scan that runs only on a schedule may report only. What goes to code scanning can block by merge protection, which
    is not in the files.

    Bad:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          # expect: trivy exits 0 whatever it finds
          - uses: aquasecurity/trivy-action@master
            with: {image-ref: shop}
          # expect: || true
          - run: npm audit || true
          - name: Snyk
            continue-on-error: true
            # expect: continue-on-error
            uses: snyk/actions/node@master
          # expect: without pipefail
          - run: gitleaks detect | tee leaks.txt
          # expect: --soft-fail
          - run: checkov -d . --soft-fail
    ```

    Bad, the reusable workflow's own:
    ```yaml
    on: workflow_call
    jobs:
      scan:
        runs-on: ubuntu-latest
        continue-on-error: true
        steps:
          # expect: the job has continue-on-error
          - run: pip-audit
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
          - uses: snyk/actions/node@master
          - run: npm audit --audit-level=high
          - uses: bridgecrewio/checkov-action@v12
    ```

    Good, a second run that fails:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: aquasecurity/trivy-action@master
            with: {image-ref: shop, format: sarif, output: trivy.sarif}
          - run: trivy image --exit-code 1 --severity CRITICAL shop
    ```

    Good, configured in a file:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - run: trivy fs .
    ```
    ```yaml trivy.yaml
    exit-code: 1
    ```

    Good, bash with pipefail:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - shell: bash
            run: gitleaks detect | tee leaks.txt
    ```

    Unknown:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: github/codeql-action/analyze@v3
    ```
    """
    scans = _scans(step)
    firm = {_tool(fact) for fact in step.job.root.pipeline.facts if fact.kind in _SCANS and fact.blocking == "yes"}
    for fact in scans:
        if fact.blocking == "yes" or _tool(fact) in firm:
            continue
        name = _tool(fact)
        if fact.blocking == "unknown":
            api = "code scanning" in fact.reason or "quality gate" in fact.reason
            yield Unknown(fact.place, f"{name}: {fact.reason}", Reason.NEEDS_API if api else Reason.UNRESOLVED)
        elif fact.tool.startswith(("github/codeql-action/", "ossf/")):
            yield Unknown(
                fact.place, f"{name} reports to code scanning, which blocks only by merge protection", Reason.NEEDS_API
            )
        elif _uploads(step):
            words = f"{name} cannot fail here ({fact.reason}); its results block only through merge protection"
            yield Unknown(fact.place, words, Reason.NEEDS_API)
        else:
            yield Finding(
                fact.place,
                f"{name} cannot fail the build: {fact.reason}",
                (),
                Fix("let it exit with a failure on findings"),
            )
