from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.files import Text
from gatekeeper.models.pipeline import ignored_findings
from gatekeeper.rule import Place, rule


@rule(
    "pipeline-scan-ignores-expire",
    gate="security-scan",
    severity="medium",
    seed="3.3 Quality Gates: security scan no critical issues",
    where=lambda text: text.path.rpartition("/")[2] in ignored_findings.files(),
)
def scan_ignores_expire(text: Text, project: Project) -> Iterator[Finding]:
    """What a scanner is told to ignore has a reason and an end that has not passed.

    A finding that is ignored for ever is one that nobody looks at again, also when a fix is out. Every entry says why;
    where the format knows a last day, it has one; and an entry whose day has passed is removed or renewed. Read are
    `.trivyignore` (`exp:2027-01-31` behind the id), `.trivyignore.yaml`, `.snyk`, `osv-scanner.toml`, and without
    dates of their own `.grype.yaml`, `.checkov.yaml` and `.gitleaksignore`: there the reason is a comment beside or
    above the entry. An entry that ignores everything is no exception but the end of the scan.

    Bad:
    ```text .trivyignore
    # the vendor says that our build is not affected
    # expect: has no end
    CVE-2024-3094
    # being replaced
    # expect: ended on 2026-01-31
    CVE-2024-6387 exp:2026-01-31
    ```

    Bad, neither:
    ```yaml .trivyignore.yaml
    vulnerabilities:
      # expect: without a reason and without an end
      - id: CVE-2023-44487
    ```

    Bad, Snyk:
    ```yaml .snyk
    version: v1.25.0
    ignore:
      # expect: without a reason
      SNYK-JS-LODASH-567746:
        - "*":
            reason: None Given
            expires: 2027-01-31T00:00:00.000Z
    ```

    Bad, OSV:
    ```toml osv-scanner.toml
    # expect: has no end
    [[IgnoredVulns]]
    id = "GO-2022-0968"
    reason = "no SSH servers are connected to"
    ```

    Bad, everything:
    ```yaml .checkov.yaml
    skip-check:
      # expect: ignores everything
      - CKV_*
    ```

    Unknown, it cannot be read:
    ```yaml .grype.yaml
    ignore: [
    ```

    Good:
    ```text .trivyignore
    # the vendor says that our build is not affected
    CVE-2024-3094 exp:2027-01-31
    ```
    ```yaml .grype.yaml
    ignore:
      - vulnerability: CVE-2023-44487
        reason: no HTTP/2 behind the proxy
    ```
    ```text .gitleaksignore
    # the key of the documentation's example
    docs/example.md:aws-access-token:12
    ```
    """
    for entry in ignored_findings.entries(text.node.source):
        place = Place(entry.source, entry.span)
        name = entry.name or "an entry"
        if entry.everything:
            yield Finding(place, f"{name} ignores everything", (), Fix("name the findings that are accepted"))
            continue
        lacks = [
            words
            for words, there in (("a reason", entry.reason), ("an end", entry.until or not entry.dated))
            if not there
        ]
        if entry.until and entry.until < project.today:
            yield Finding(place, f"{name} ended on {entry.until}", (), Fix("remove it, or renew it with a reason"))
        elif len(lacks) == 2:
            yield Finding(
                place, f"{name} is ignored without a reason and without an end", (), Fix("say why and until when")
            )
        elif lacks:
            what = "is ignored without a reason" if lacks == ["a reason"] else "has no end"
            yield Finding(place, f"{name} {what}", (), Fix("say why and until when"))
