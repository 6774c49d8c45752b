from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Node, Project, Unknown
from gatekeeper.links.collectors import included, together
from gatekeeper.models.telemetry import FluentBitConfig, filled_in
from gatekeeper.rule import Answer, rule

# What is built in, and what the parsers.conf of its images defines.
_SHIPPED = frozenset(
    """
    docker cri go java python ruby apache apache2 apache_error nginx k8s-nginx-ingress json logfmt docker-daemon
    syslog-rfc5424 syslog-rfc3164-local syslog-rfc3164 mongodb envoy istio-envoy-proxy kube-custom filter-kube-test
    docker_no_time json_regex envoy_json crio
    """.split()
)
_KEYS = ("parser", "parser_firstline", "docker_mode_parser", "multiline.parser")


def _named(config: FluentBitConfig) -> Iterator[Node]:
    for each in config.components:
        if each.kind not in ("input", "filter") or (each.kind == "filter" and each.type not in ("parser", "multiline")):
            continue
        for key, nodes in each.values.items():
            if key in _KEYS or key.startswith("parser_"):
                yield from (node for node in nodes if node.known and node.text)


@rule(
    "fluentbit-parser-undefined",
    gate="logging",
    severity="medium",
    seed="5.2 Logging, Structured logging",
    where=lambda config: any(True for _ in _named(config)),
)
def parser_undefined(config: FluentBitConfig, project: Project) -> Iterator[Answer]:
    """The parsers that Fluent Bit is to use are defined.

    With a parser that does not exist an input is not started, or its lines stay one text that nobody can search by
    field. Known are the parsers of the files that `Parsers_File` names, as far as they are here, those that are built
    in, and those that its images bring.

    Bad:
    ```ini fluent-bit/fluent-bit.conf
    [SERVICE]
        Parsers_File custom-parsers.conf
    [INPUT]
        Name   tail
        # expect: no parser orders_json
        Parser orders_json
    ```
    ```ini fluent-bit/custom-parsers.conf
    [PARSER]
        Name   orders
        Format json
    ```

    Good:
    ```ini fluent-bit/fluent-bit.conf
    [SERVICE]
        Parsers_File custom-parsers.conf
    [INPUT]
        Name             tail
        multiline.parser docker, cri
    [FILTER]
        Name     parser
        Match    *
        Key_Name log
        Parser   orders
    ```
    ```ini fluent-bit/custom-parsers.conf
    [PARSER]
        Name   orders
        Format json
    ```

    Unknown, the parsers are elsewhere:
    ```ini fluent-bit/fluent-bit.conf
    [SERVICE]
        Parsers_File /fluent-bit/parsers/custom.conf
    [INPUT]
        Name   tail
        Parser orders_json
    ```
    """
    configs = together(config, project)
    known = _SHIPPED | {parser for each in configs for parser in each.parsers}
    files = [(each, node) for each in configs for node in each.parser_files]
    away = [node for each, node in files if not included(each, node, project) and not _of_image(node)]
    for node in _named(config):
        for name in (part.strip() for part in node.text.split(",")):
            if not name or name in known:
                continue
            if filled_in(name) or away or not files or config.home.merged:
                yield Unknown(node, f"the parser {name} is not defined in the files that are here")
            else:
                yield Finding(node, f"no parser {name} is defined")


def _of_image(node: Node) -> bool:
    """Whether it is the file of parsers that the image brings."""
    return node.known and posixpath.basename(node.text) == "parsers.conf"
