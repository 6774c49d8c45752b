from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline import SCANS, Fact, Job, Step
from gatekeeper.rule import Reason, rule

_SCANS = SCANS - {"analysis"}


def _scans(step: Step) -> list[Fact]:
    """What it scans; the tool maker's own templates are judged by a rule of their own."""
    found = [fact for fact in step.job.facts if fact.step is step and fact.kind in _SCANS and fact.strength != "name"]
    return [fact for fact in found if not step.job.template or fact.tool != step.job.template]


def _tool(fact: Fact) -> str:
    """One name for a scanner, whether run by an action or by a command."""
    owner, _, name = fact.tool.rpartition("/")
    if fact.tool.startswith(("snyk/", "docker/scout")) or name == "scan-action":
        name = owner.partition("/")[0]
    return name.removesuffix("-action").removesuffix("-github")


def _only_scheduled(job: Job) -> bool:
    refs = {trigger.ref for trigger in job.starts}
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
    where=lambda step: bool(_scans(step)) and not _only_scheduled(step.job),
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

    Unknown, its report is looked at:
    ```yaml
    on: push
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: |
              polaris audit --audit-path k8s/ --format json > polaris.json
              if [ "$(jq '.Score' polaris.json)" -lt 80 ]; then exit 1; fi
    ```

    Bad, GitLab:
    ```yaml .gitlab-ci.yml
    trivy:
      stage: test
      script:
        # expect: allow_failure: true
        - trivy fs --exit-code 1 .
      allow_failure: true
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    trivy: {stage: test, script: [trivy fs --exit-code 1 .]}
    ```
    """
    scans = _scans(step)
    firm = {_tool(fact) for fact in step.job.root.pipeline.facts if fact.kind in _SCANS and fact.blocking == "yes"}
    said: set[str] = set()
    for fact in scans:
        if f"{fact.place.span} {fact.tool} {fact.reason}" in said:  # many calls behind one line
            continue
        said.add(f"{fact.place.span} {fact.tool} {fact.reason}")
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
