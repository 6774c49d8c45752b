"""How testers, scanners and validators are told to write a report: the table, as data.

Rows stand on the tools' own documentation and on their `--help`. A pair `name:kind` says which evidence a report
becomes; `name:` alone is a format that programs read and no gate does. An option whose addition would change how a tool
exits stands in no row: govulncheck ends with 0 once it writes JSON.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Tool(NamedTuple):
    """One tool. Lists are words parted by blanks.

    `commands`  the words that start it, alternatives parted by `;`
    `lacks`     what is missing where it leaves no report
    `add`       the options that make it write one, which becomes `kind`; `instead` replaces the command's words
    `to`        the file that standard output goes to; `front` the variables set before it; `needs` what else it takes
    `files`     options that name the file of a report
    `flags`     options that are a format; `choosers` options that take one of `formats`, or one `plain` for people
    `outputs`   options that name the file of the format chosen; `defaults` where it goes without them
    `variables` environment variables and the option that each stands for
    `code`      configuration that is code, and `mentions` what it says where it may choose a format
    `never`     options and words with which nothing is tested or scanned
    `itself`    where it always leaves a report
    """

    commands: str
    lacks: str
    add: str = ""
    kind: str = "junit"
    instead: str = ""
    to: str = ""
    front: str = ""
    needs: str = ""
    files: str = ""
    flags: str = ""
    choosers: str = ""
    formats: str = ""
    plain: str = ""
    outputs: str = ""
    defaults: str = ""
    variables: str = ""
    code: str = ""
    mentions: str = ""
    never: str = ""
    itself: str = ""
    last: bool = False  # options go behind the arguments: one of them takes every word that follows
    repeats: bool = False  # the options of `choosers` may stand there more than once

    @property
    def name(self) -> str:
        return self.commands.partition(";")[0].strip()


_TESTS = "test results"
_FINDINGS = "findings"
_CODE = "js ts mjs cjs mts cts"
_SNYK = "--json-file-output:snyk --sarif-file-output:sarif"


def _scripts(*stems: str) -> str:
    return " ".join(f"{stem}.{ending}" for stem in stems for ending in _CODE.split())


TOOLS = (
    Tool(
        "pytest; py.test",
        _TESTS,
        add="--junitxml=junit.xml",
        files="--junitxml:junit --junit-xml:junit --report-log: --alluredir: --json-report-file:",
        code="conftest.py",
        mentions="xmlpath",
        never="--collect-only --co --fixtures --markers -V",
    ),
    Tool("unittest", _TESTS, instead="xmlrunner --output-file junit.xml", needs="the package unittest-xml-reporting"),
    Tool("xmlrunner", _TESTS, itself="the XML that xmlrunner writes"),
    Tool(
        "jest",
        _TESTS,
        add="--reporters=default --reporters=jest-junit",
        needs="the package jest-junit",
        flags="--json:",
        choosers="--reporters --testResultsProcessor",
        formats="jest-junit:junit",
        plain="default summary verbose github-actions jest-progress-bar-reporter",
        outputs="--outputFile",
        defaults="jest-junit=junit.xml",
        code=_scripts("jest.config"),
        mentions=r"\breporters\b|junit|testResultsProcessor",
        never="--listTests --clearCache --showConfig -v",
        last=True,
        repeats=True,
    ),
    Tool(
        "vitest",
        _TESTS,
        add="--reporter=default --reporter=junit --outputFile.junit=junit.xml",
        choosers="--reporter",
        formats="junit:junit json: blob: tap: tap-flat:",
        plain="default agent basic dot github-actions hanging-process html minimal tree verbose",
        outputs="--outputFile --outputFile.junit --outputFile.json --outputFile.tap",
        code=_scripts("vitest.config", "vite.config", "vitest.workspace"),
        mentions=r"\breporters\b|junit",
        never="bench list init typecheck -v",
        repeats=True,
    ),
    Tool(
        "mocha",
        _TESTS,
        add="--reporter xunit --reporter-option output=junit.xml",
        choosers="--reporter -R",
        formats="xunit:junit json: json-stream: tap:",
        plain="doc dot html landing list markdown min nyan progress spec",
        outputs="--reporter-option --reporter-options -O",
        defaults="mocha-junit-reporter=test-results.xml",
        code=_scripts(".mocharc"),
        mentions="reporter|junit",
        never="--list-reporters --list-interfaces --dry-run -V",
    ),
    Tool(
        "node --test",
        _TESTS,
        add="--test-reporter=spec --test-reporter-destination=stdout"
        " --test-reporter=junit --test-reporter-destination=junit.xml",
        choosers="--test-reporter",
        formats="junit:junit tap: lcov:",
        plain="spec dot",
        outputs="--test-reporter-destination",
    ),
    Tool(
        "go test",
        _TESTS,
        instead="gotestsum --junitfile junit.xml --",
        needs="gotest.tools/gotestsum",
        flags="-json: --json:",
        never="-c -list -fuzz",
    ),
    Tool(
        "gotestsum",
        _TESTS,
        add="--junitfile junit.xml",
        files="--junitfile:junit --jsonfile:",
        variables="GOTESTSUM_JUNITFILE=--junitfile GOTESTSUM_JSONFILE=--jsonfile",
        never="tool",
    ),
    Tool(
        "ginkgo",
        _TESTS,
        add="--junit-report=junit.xml",
        files="--junit-report:junit -junit-report:junit --json-report:",
        never="build bootstrap generate labels outline unfocus version watch --dry-run",
    ),
    Tool(
        "cargo test",
        _TESTS,
        instead="cargo nextest run --profile ci",
        needs='cargo-nextest, and in .config/nextest.toml: [profile.ci.junit] path = "junit.xml"',
        never="--doc --no-run --list",
    ),
    Tool(
        "cargo nextest run",
        _TESTS,
        add="--profile ci",
        needs='in .config/nextest.toml: [profile.ci.junit] path = "junit.xml"',
        files="--junit-file:junit",  # what the configuration says, as an option
        choosers="--message-format",
        formats="libtest-json: libtest-json-plus:",
        plain="human",
        never="--no-run",
    ),
    Tool("mvn", _TESTS, itself="target/surefire-reports"),
    Tool("gradle", _TESTS, itself="build/test-results"),
    Tool(
        "dotnet test",
        _TESTS,
        add='--logger "junit;LogFilePath=junit.xml"',
        needs="the package JunitXml.TestLogger",
        files="--report-trx: --report-xunit-trx: --report-xunit: --report-junit:junit",
        choosers="--logger -l",
        formats="junit:junit trx: xunit: nunit:",
        plain="console html GitHubActions github",
        defaults="junit=TestResults trx=TestResults xunit=TestResults nunit=TestResults",
        never="--list-tests -t",
        repeats=True,
    ),
    Tool(
        "rspec",
        _TESTS,
        add="--format progress --format RspecJunitFormatter --out rspec.xml",
        needs="the gem rspec_junit_formatter",
        choosers="--format -f",
        formats="RspecJunitFormatter:junit json: j:",
        plain="progress p documentation doc d html h failures f RSpec::Github::Formatter",
        outputs="--out -o",
        code="spec/spec_helper.rb spec/rails_helper.rb",
        mentions="junit|JUnit|Junit",
        never="--dry-run -v",
        repeats=True,
    ),
    Tool(
        "phpunit",
        _TESTS,
        add="--log-junit junit.xml",
        files="--log-junit:junit --log-teamcity: --testdox-xml:",
        never="--list-tests --list-groups --list-suites --migrate-configuration --generate-configuration",
    ),
    Tool(
        "ctest",
        _TESTS,
        add="--output-junit junit.xml",
        files="--output-junit:junit",
        never="-N --show-only -T --test-action -D --dashboard -M -S --script --build-and-test",
    ),
    Tool(
        "playwright test",
        _TESTS,
        add="--reporter=list,junit",
        front="PLAYWRIGHT_JUNIT_OUTPUT_NAME=junit.xml",
        choosers="--reporter --add-reporter",
        formats="junit:junit json: blob:",
        plain="list line dot html github null",
        outputs="--output-file",  # stands for the variables
        variables="PLAYWRIGHT_JUNIT_OUTPUT_NAME=--output-file PLAYWRIGHT_JUNIT_OUTPUT_FILE=--output-file"
        " PLAYWRIGHT_JSON_OUTPUT_NAME=--output-file PLAYWRIGHT_JSON_OUTPUT_FILE=--output-file",
        defaults="blob=blob-report",
        code=_scripts("playwright.config"),
        mentions="reporter|junit",
        never="--list --ui -V",
    ),
    Tool(
        "cypress run",
        _TESTS,
        add='--reporter junit --reporter-options "mochaFile=results/[hash].xml"',
        choosers="--reporter -r",
        formats="junit:junit json: mochawesome:",
        plain="spec dot nyan tap landing list progress min doc markdown teamcity",
        outputs="--reporter-options -o",
        defaults="junit=test-results.xml mochawesome=mochawesome-report",
        code=_scripts("cypress.config"),
        mentions="reporter|junit",
    ),
    Tool(
        "k6 run",
        "measurements",
        add="--summary-export=k6.json",
        kind="k6",
        files="--summary-export:k6",
        choosers="--out -o",
        formats="json: csv: cloud: influxdb: experimental-prometheus-rw: opentelemetry:",
        defaults="cloud=the%cloud influxdb=InfluxDB experimental-prometheus-rw=Prometheus opentelemetry=OpenTelemetry",
        variables="K6_SUMMARY_EXPORT=--summary-export K6_OUT=--out",
        mentions="handleSummary",
        repeats=True,
    ),
    Tool(
        "trivy image; trivy i; trivy filesystem; trivy fs; trivy config; trivy conf; trivy repository; trivy repo;"
        "trivy rootfs; trivy sbom; trivy vm",
        _FINDINGS,
        add="--format json --output trivy.json",
        kind="trivy",
        choosers="--format -f",
        formats="json:trivy sarif:sarif cyclonedx:cyclonedx spdx-json:spdx spdx:spdx cosign-vuln: github:",
        plain="table",
        outputs="--output -o",
        variables="TRIVY_FORMAT=--format TRIVY_OUTPUT=--output",
        never="--download-db-only --download-java-db-only --reset --clear-cache",
    ),
    Tool(
        "snyk test; snyk container test",
        _FINDINGS,
        add="--json-file-output=snyk.json",
        kind="snyk",
        files=_SNYK,
        flags="--json:snyk --sarif:sarif",
    ),
    Tool(
        "snyk code test; snyk iac test",
        _FINDINGS,
        add="--sarif-file-output=snyk.sarif",
        kind="sarif",
        files="--json-file-output: --sarif-file-output:sarif",
        flags="--json: --sarif:sarif",
    ),
    Tool(
        "grype",
        _FINDINGS,
        add="-o sarif --file grype.sarif",
        kind="sarif",
        choosers="--output -o",
        formats="sarif:sarif json: cyclonedx:cyclonedx cyclonedx-json:cyclonedx",
        plain="table",
        outputs="--file",
        never="db version config completion explain",
    ),
    Tool(
        "checkov",
        _FINDINGS,
        add="-o cli -o sarif --output-file-path console,checkov.sarif",
        kind="sarif",
        choosers="--output -o",
        formats="sarif:sarif junitxml:junit json: csv: cyclonedx:cyclonedx cyclonedx_json:cyclonedx gitlab_sast: spdx:",
        plain="cli github_failed_only",
        outputs="--output-file-path",
        defaults="sarif=results.sarif",
        never="--list -l --show-config -v",
    ),
    Tool(
        "semgrep ci; semgrep scan; semgrep",
        _FINDINGS,
        add="--sarif-output=semgrep.sarif",
        kind="sarif",
        files="--sarif-output:sarif --json-output: --junit-xml-output:junit --gitlab-sast-output:",
        flags="--sarif:sarif --json: --junit-xml:junit --gitlab-sast: --gitlab-secrets:",
        outputs="--output -o",
        never="login logout publish show test validate install-semgrep-pro --validate --test --dump-config",
    ),
    Tool(
        "bandit",
        _FINDINGS,
        add="-f sarif -o bandit.sarif",
        kind="sarif",
        needs="the package bandit[sarif]",
        choosers="--format -f",
        formats="sarif:sarif json: xml: csv: yaml:",
        plain="screen txt html custom",
        outputs="--output -o",
    ),
    Tool(
        "gosec",
        _FINDINGS,
        add="-fmt sarif -out gosec.sarif",
        kind="sarif",
        choosers="-fmt --fmt",
        formats="sarif:sarif junit-xml:junit json: yaml: csv: sonarqube:",
        plain="text html golint",
        outputs="-out --out",
    ),
    Tool(
        "gitleaks detect; gitleaks git; gitleaks dir; gitleaks protect",
        _FINDINGS,
        add="--report-format sarif --report-path gitleaks.sarif",
        kind="sarif",
        files="--report-path: -r:",
        choosers="--report-format -f",
        formats="sarif:sarif junit:junit json: csv:",
        plain="template",
        outputs="--report-path -r",
    ),
    Tool(
        "hadolint",
        _FINDINGS,
        add="-f sarif",
        to="hadolint.sarif",
        kind="sarif",
        choosers="--format -f",
        formats="sarif:sarif json: checkstyle: codeclimate: gitlab_codeclimate: codacy: sonarqube:",
        plain="tty gnu",
        outputs="--output-file",  # of the action
        never="-v",
    ),
    Tool(
        "tflint",
        _FINDINGS,
        add="--format json",
        to="tflint.json",
        kind="tflint",
        choosers="--format -f",
        formats="json:tflint sarif:sarif junit:junit checkstyle:",
        plain="default compact",
        never="--init --langserver -v",
    ),
    Tool(
        "terraform validate; tofu validate",
        "verdict",
        add="-json",
        to="validate.json",
        kind="terraform_validate",
        flags="-json:terraform_validate --json:terraform_validate",
    ),
    Tool(
        "infracost breakdown",
        "estimate",
        add="--format json --out-file infracost.json",
        kind="infracost",
        choosers="--format",
        formats="json:infracost",
        plain="table html",
        outputs="--out-file",
    ),
    Tool("npm audit", _FINDINGS, add="--json", to="npm-audit.json", kind="", flags="--json:", never="fix signatures"),
)


class Input(NamedTuple):
    """An action that runs one of the tools: the words it makes of its inputs, and what to write under `with`.

    `words` starts the command; `splits` are inputs that hold options, `gives` inputs and the option each stands for,
    `switches` inputs that are true and the options they stand for, `otherwise` what inputs are when not given.
    """

    action: str
    words: str
    with_: str
    splits: str = ""
    gives: str = ""
    switches: str = ""
    otherwise: str = ""


_SNYK_FILES = "json=--json-file-output=snyk.json sarif=--sarif-file-output=snyk.sarif"


INPUTS = (
    Input(
        "aquasecurity/trivy-action",
        "trivy image",
        "format: json, output: trivy.json",
        gives="format=--format output=--output trivy-config=--config",
    ),
    Input(
        "hadolint/hadolint-action",
        "hadolint",
        "format: sarif, output-file: hadolint.sarif",
        gives="format=--format output-file=--output-file",
    ),
    Input(
        "bridgecrewio/checkov-action",
        "checkov",
        "output_format: sarif, output_file_path: checkov.sarif",
        gives="output_format=--output output_file_path=--output-file-path config_file=--config-file",
        otherwise="output_format=sarif",
    ),
    Input(
        "anchore/scan-action",
        "grype",
        "output-format: sarif, output-file: grype.sarif",
        gives="output-format=--output output-file=--file",
        otherwise="output-format=sarif output-file=results.sarif",
    ),
    Input("securego/gosec", "gosec", "args: -fmt sarif -out gosec.sarif ./...", splits="args"),
    Input("grafana/run-k6-action", "k6 run", "flags: --summary-export=k6.json", splits="path flags"),
    Input(
        "snyk/actions/docker",
        "snyk container test",
        "json: true",
        splits="args",
        switches=_SNYK_FILES,
        otherwise="sarif=true",
    ),
    Input(
        "snyk/actions/iac",
        "snyk iac test",
        "sarif: true",
        splits="args",
        switches=_SNYK_FILES,
        otherwise="sarif=true",
    ),
    Input("snyk/actions/", "snyk test", "json: true", splits="args", switches=_SNYK_FILES),
)


@lru_cache(maxsize=256)
def kinds(text: str) -> dict[str, str]:
    """`name:kind` pairs."""
    return {name: kind for name, _, kind in (pair.partition(":") for pair in text.split())}


@lru_cache(maxsize=256)
def values(text: str) -> dict[str, str]:
    """`name=value` pairs; `%` stands for a blank."""
    return {name: value.replace("%", " ") for name, _, value in (pair.partition("=") for pair in text.split())}


@lru_cache(maxsize=1)
def by_program() -> dict[str, list[tuple[tuple[str, ...], Tool]]]:
    """The rows by their first word, the longest command first."""
    rows: dict[str, list[tuple[tuple[str, ...], Tool]]] = {}
    for tool in TOOLS:
        for command in tool.commands.split(";"):
            words = tuple(command.split())
            rows.setdefault(words[0], []).append((words, tool))
    for known in rows.values():
        known.sort(key=lambda row: -len(row[0]))
    return rows
