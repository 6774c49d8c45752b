from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.scraped import answers, apart, asked, neighbours, published_as, shared
from gatekeeper.models.prometheus_server import Server
from gatekeeper.rule import Answer, rule


@rule(
    "scrape-target-missing",
    gate="monitoring",
    severity="medium",
    seed="Anti-Patterns to Avoid: Missing monitoring",
    where=lambda server, project: any(asked(server)) and neighbours(server, project) is not None,
)
def scrape_target_missing(server: Server, project: Project) -> Iterator[Answer]:
    """Whom a Prometheus asks for metrics is there.

    A target in `static_configs` that no container answers to is down for ever, and so is one that is asked at the port
    under which the machine shows it: inside the network the container's own port counts. One in another network is not
    there either. Judged where Compose starts
    the Prometheus with this file: the names of the services beside it, their container names, host names and aliases.
    Addresses with a domain, of the machine itself, and jobs that rewrite addresses are not judged; in a network that
    others share it is not known.

    Bad:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 15s}
    scrape_configs:
      - job_name: orders
        static_configs:
          - targets:
              # expect: no service beside it is called order
              - order:8080
              # expect: the container's port is 8080
              - payments:9080
    ```
    ```yaml compose.yaml
    services:
      prometheus:
        image: prom/prometheus:v3.0.0
        volumes: ["./prometheus/prometheus.yml:/etc/prometheus/prometheus.yml"]
      orders:
        image: orders:1.0.0
      payments:
        image: payments:1.0.0
        ports: ["9080:8080"]
    ```

    Bad, another network:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 15s}
    scrape_configs:
      - job_name: orders
        static_configs:
          - targets:
              # expect: in none of the networks
              - orders:8080
    ```
    ```yaml compose.yaml
    services:
      prometheus:
        image: prom/prometheus:v3.0.0
        volumes: ["./prometheus/prometheus.yml:/etc/prometheus/prometheus.yml"]
        networks: [monitoring]
      orders:
        image: orders:1.0.0
        networks: [shop]
    networks: {monitoring: {}, shop: {}}
    ```

    Good, by other names:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 15s}
    scrape_configs:
      - job_name: orders
        static_configs: [{targets: ["Orders:8080", "shop-orders-1:8080", "o:8080", "db:9187"]}]
    ```
    ```yaml compose.yaml
    services:
      prometheus:
        image: prom/prometheus:v3.0.0
        volumes: ["./prometheus/prometheus.yml:/etc/prometheus/prometheus.yml"]
        links: ["orders:o"]
        extra_hosts: ["db:10.0.0.7"]
      orders:
        image: orders:1.0.0
    ```

    Good:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 15s}
    scrape_configs:
      - job_name: orders
        static_configs:
          - targets: ["orders:8080", "localhost:9090", "host.docker.internal:9323", "paying:8080"]
    ```
    ```yaml compose.yaml
    services:
      prometheus:
        image: prom/prometheus:v3.0.0
        volumes: ["./prometheus:/etc/prometheus"]
      orders:
        image: orders:1.0.0
      payments:
        image: payments:1.0.0
        container_name: paying
        ports: ["9080:8080"]
    ```

    Unknown, others share the network:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 15s}
    scrape_configs:
      - job_name: orders
        static_configs: [{targets: ["order:8080"]}]
    ```
    ```yaml compose.yaml
    services:
      prometheus:
        image: prom/prometheus:v3.0.0
        volumes: ["./prometheus/prometheus.yml:/etc/prometheus/prometheus.yml"]
        networks: [shop]
    networks:
      shop:
        external: true
    ```
    """
    around = neighbours(server, project)
    for each in asked(server) if around else ():
        found = answers(each.host, around) if around else None
        itself = around is not None and found is around.server
        if found is None and around is not None:
            words = f"no service beside it is called {each.host}"
            if shared(around):
                yield Unknown(each.node, f"{words}, but others may share its network")
            else:
                yield Finding(each.node, words, (Note(around.server, "what starts the Prometheus"),))
        elif found is not None and around is not None and apart(around.server, found):
            words = f"{each.host} is in none of the networks that the Prometheus is in"
            yield Finding(each.node, words, (Note(around.server, "what starts the Prometheus"),))
        elif found is not None and not itself and (inner := published_as(found, each.port)):
            words = (
                f"{each.host} is asked at {each.port}, which only the machine shows: the container's port is {inner}"
            )
            yield Finding(each.node, words, (Note(found["ports"], "where it is published"),))
