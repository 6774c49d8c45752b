from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.prometheus import seconds
from gatekeeper.models.prometheus_server import Server
from gatekeeper.rule import rule

_LOOKBACK = 300.0  # https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness


@rule(
    "prometheus-scrape-interval",
    gate="monitoring",
    severity="low",
    seed="5.1 Monitoring",
    aliases=["promtool:too-long-scrape-interval"],
    where=lambda server: bool(server.intervals),
)
def scrape_interval(server: Server) -> Iterator[Finding]:
    """Prometheus scrapes at least every five minutes.

    A query looks back five minutes for the last value. With a longer interval a series is gone between two scrapes:
    graphs have gaps, and alerts end and begin again.

    Bad:
    ```yaml prometheus/prometheus.yml
    global:
      # expect: scrapes every 10m
      scrape_interval: 10m
    scrape_configs:
      - job_name: orders
        # expect: is no duration: fast
        scrape_interval: fast
        static_configs: [{targets: ["orders:8080"]}]
    ```

    Good:
    ```yaml prometheus/prometheus.yml
    global: {scrape_interval: 30s}
    scrape_configs:
      - job_name: orders
        scrape_interval: 2m
        static_configs: [{targets: ["orders:8080"]}]
    ```
    """
    for node in server.intervals:
        every = seconds(node)
        if every is None and node.known and node.text and "{" not in node.text and "$" not in node.text:
            yield Finding(node, f"scrape_interval is no duration: {node.text[:40]}", fix=Fix("scrape_interval: 30s"))
        elif every is not None and every > _LOOKBACK:
            yield Finding(node, f"{server.name} scrapes every {node.text}: in between a series is gone")
