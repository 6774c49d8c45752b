from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links import deploys
from gatekeeper.links.structured import asked, hints, proofs
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Measure, Reason, absent, rule

_MOST = 20  # services that are named


@rule(
    "structured-logging",
    gate="logging",
    severity="high",
    seed="5.2 Logging, Structured logging",
    where=lambda repository, project: deploys(project).deploys,
)
def structured_logging(repository: Repository, project: Project) -> Iterator[Answer]:
    """Logs are structured.

    A line of JSON can be searched by its fields: every line of one order, of one user, of one trace. Configuration
    shows it: a logger that writes JSON (Logback, Log4j, Serilog, Spring Boot, python-json-logger), an environment that
    asks for it (`LOG_FORMAT=json`), or a shipper that reads its lines as JSON. An environment speaks for its own
    service, and so does a file below a folder that is called like one; of the others it is not known. What is commented
    out, defined and not used, or for tests and development shows nothing, nor does `Merge_Log`, which takes lines as
    they come. A library among the dependencies does not either: how it is set up stands in code, which is not read.

    Bad, it belongs here: # expect: nothing shows that logs are structured
    ```yaml gatekeeper.yaml
    owns: [logging]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              env: [{name: LOG_FORMAT, value: json}]
    ```

    Good, in the shipper:
    ```yaml k8s/promtail.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: promtail}
    data:
      promtail.yaml: |
        clients: [{url: "https://loki.example.com/loki/api/v1/push"}]
        scrape_configs:
          - job_name: pods
            pipeline_stages: [{cri: {}}, {json: {expressions: {level: level}}}]
    ```

    Unknown, of one service only:
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec:
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec: {containers: [{name: orders, image: "orders:1.2.0", args: [--log-format=json]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {selector: {app: orders}, ports: [{port: 80}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: billing}
    spec:
      selector: {matchLabels: {app: billing}}
      template:
        metadata: {labels: {app: billing}}
        spec: {containers: [{name: billing, image: "billing:1.2.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: billing}
    spec: {selector: {app: billing}, ports: [{port: 80}]}
    ```

    Unknown, an appender that nothing refers to:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    ```xml src/main/resources/logback-spring.xml
    <configuration>
      <appender name="JSON"><encoder class="net.logstash.logback.encoder.LogstashEncoder"/></appender>
      <appender name="LINES"><encoder><pattern>%msg</pattern></encoder></appender>
      <root><appender-ref ref="LINES"/></root>
    </configuration>
    ```

    Unknown, only a library:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    ```json package.json
    {"dependencies": {"pino": "9.0.0"}}
    ```
    """
    services, shown = asked(project)
    if proofs(project) and (shown or not services):
        if services:
            yield Measure(repository, f"{len(shown)} of {len(services)} services log in JSON", len(shown))
        for name in [name for name in services if name not in shown][:_MOST]:
            words = f"nothing shows that the logs of {name} are structured"
            yield Unknown(services[name], words, Reason.NOT_OWNED_HERE)
        return
    libraries = hints(project)
    hint = f"; {libraries[0]} is used, and may write JSON" if libraries else ""
    yield absent(project, "logging", f"nothing shows that logs are structured{hint}")
