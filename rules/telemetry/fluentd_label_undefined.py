from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatekeeper import Finding, Node, Project, Unknown
from gatekeeper.links.collectors import together, unseen
from gatekeeper.models.telemetry import Component, FluentdConfig, filled_in
from gatekeeper.rule import Answer, rule

_BUILT_IN = frozenset({"@ROOT", "@ERROR", "@FLUENT_LOG"})


def _labels(components: Iterable[Component]) -> Iterator[Node]:
    for each in components:
        yield from each.values.get("@label", ())
        for part in each.parts:
            yield from part.values.get("@label", ())


@rule(
    "fluentd-label-undefined",
    gate="logging",
    severity="high",
    seed="5.2 Logging",
    where=lambda config: any(True for _ in _labels(config.components)),
)
def label_undefined(config: FluentdConfig, project: Project) -> Iterator[Answer]:
    """The labels that Fluentd sends records to are defined.

    Fluentd does not start when `@label` names one that no `<label>` defines. The files of a folder are loaded
    together.

    Bad:
    ```xml fluentd/fluent.conf
    <source>
      @type forward
      # expect: no label @APP
      @label @APP
    </source>
    <label @APPS>
      <match **>
        @type elasticsearch
      </match>
    </label>
    ```

    Good:
    ```xml fluentd/fluent.conf
    <source>
      @type forward
      @label @APP
    </source>
    <label @APP>
      <match **>
        @type elasticsearch
      </match>
    </label>
    ```

    Unknown, an include that is not here:
    ```xml fluentd/fluent.conf
    @include conf.d/*.conf
    <source>
      @type forward
      @label @APP
    </source>
    ```
    """
    configs = together(config, project)
    known = {each.id for one in configs for each in one.components if each.kind == "label"} | _BUILT_IN
    away = unseen(config, project)
    for node in _labels(config.components):
        name = node.text
        if name in known:
            continue
        if filled_in(name) or config.home.merged or away is not None or not known - _BUILT_IN:
            yield Unknown(node, f"the label {name} is not defined here; not all that is loaded is here")
        else:
            yield Finding(node, f"no label {name} is defined")
