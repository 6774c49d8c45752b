from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.collectors import overlap, tags, together, unseen
from gatekeeper.models.telemetry import FluentBitConfig, filled_in
from gatekeeper.rule import Answer, rule


def _judged(config: FluentBitConfig, project: Project) -> bool:
    """Whether records enter somewhere in what is loaded together, and something here says which it means."""
    configs = together(config, project)
    chosen = any(each.kind in ("filter", "output") and each.get("match") for each in config.components)
    return chosen and any(each.sources for each in configs) and tags(configs) is not None


@rule("fluentbit-unmatched", gate="logging", severity="medium", seed="5.2 Logging", where=_judged)
def unmatched(config: FluentBitConfig, project: Project) -> Iterator[Answer]:
    """Every filter and output of Fluent Bit matches the tag of an input.

    Records go where their tag is matched. An output that matches no tag gets nothing, without a word of complaint; a
    filter does nothing. Tags come from inputs and from `rewrite_tag`; where an input takes the tags of its senders
    (`forward`, `http`), or a stream makes some, any may come, and nothing is judged. The files of a folder, and the
    texts of a ConfigMap, are loaded together.

    Bad:
    ```ini fluent-bit/fluent-bit.conf
    [INPUT]
        Name tail
        Path /var/log/containers/*.log
        Tag  kube.*
    [FILTER]
        Name  kubernetes
        Match kube.*
    [OUTPUT]
        Name  es
        # expect: matches no tag: app.*
        Match app.*
    ```

    Bad, in YAML:
    ```yaml fluent-bit/fluent-bit.yaml
    pipeline:
      inputs:
        - name: systemd
          tag: host.systemd
      outputs:
        - name: loki
          # expect: matches no tag: kube.*
          match: kube.*
    ```

    Good:
    ```ini fluent-bit/fluent-bit.conf
    [INPUT]
        Name tail
        Tag  kube.*
    [FILTER]
        Name  rewrite_tag
        Match kube.var.log.*
        Rule  $level ^error$ errors.$TAG true
    [OUTPUT]
        Name  es
        Match errors.*
    [OUTPUT]
        Name  loki
        Match kube.*
    ```

    Good, a tag that is made of the name of a file:
    ```ini fluent-bit/fluent-bit.conf
    [INPUT]
        Name      tail
        Path      /var/log/containers/*.log
        Tag       kube.<namespace_name>.<pod_name>
        Tag_Regex (?<pod_name>[a-z0-9-]+)_(?<namespace_name>[^_]+)_
    [OUTPUT]
        Name  loki
        Match kube.shop.*
    ```

    Unknown, an include that is not here:
    ```ini fluent-bit/fluent-bit.conf
    @INCLUDE /fluent-bit/inputs/*.conf
    [INPUT]
        Name cpu
    [OUTPUT]
        Name  es
        Match kube.*
    ```
    """
    configs = together(config, project)
    known = tags(configs) or []
    away = unseen(config, project)
    for each in config.components:
        match = each.get("match") if each.kind in ("filter", "output") else None
        if match is None or not match.known or any(overlap(match.text, tag) for tag in known):
            continue
        words = f"the {each.kind} {each.type} matches no tag: {match.text}"
        if filled_in(match.text):
            yield Unknown(match, "what it matches is filled in when it starts")
        elif away is not None or config.home.merged:
            yield Unknown(match, f"{words}; not all that is loaded is here")
        else:
            yield Finding(match, words)
