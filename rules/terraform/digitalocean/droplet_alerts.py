from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unresolved
from gatekeeper.links import alarms
from gatekeeper.links.related import of_type
from gatekeeper.links.tagged import meant_by
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, absent, rule


@rule(
    "tf-droplet-alerts",
    gate="alerting",
    severity="medium",
    seed="Anti-Patterns to Avoid: Missing monitoring",
    where=lambda resource: resource.type == "digitalocean_droplet",
)
def droplet_alerts(droplet: Resource, project: Project) -> Iterator[Answer]:
    """Droplets have alerts.

    A full disk or a machine that is down is noticed by users first when nobody else looks. Good is a monitor alert that
    names the droplet, one of its tags, or no droplet at all, which means all of them; or a check from outside. Where
    this repository has no alerts of any kind, they may be elsewhere: that is a fault only where `owns` in
    gatekeeper.yaml names alerts.

    Bad, alerts for others:
    ```hcl
    # expect: no alert
    resource "digitalocean_droplet" "db" {
      monitoring = true
    }
    resource "digitalocean_droplet" "web" {
      monitoring = true
    }
    resource "digitalocean_monitor_alert" "web" {
      type     = "v1/insights/droplet/cpu"
      entities = [digitalocean_droplet.web.id]
      alerts {
        email = ["oncall@example.com"]
      }
    }
    ```

    Bad, they belong here: # expect: no alert
    ```yaml gatekeeper.yaml
    owns: [alerts]
    ```
    ```hcl main.tf
    resource "digitalocean_droplet" "web" {
      monitoring = true
    }
    ```

    Good:
    ```hcl
    resource "digitalocean_droplet" "web" {
      count      = 3
      monitoring = true
    }
    resource "digitalocean_monitor_alert" "disk" {
      type = "v1/insights/droplet/disk_utilization_percent"
      alerts {
        email = ["oncall@example.com"]
      }
    }
    ```

    Good, by a tag:
    ```hcl
    resource "digitalocean_droplet" "web" {
      tags = ["web"]
    }
    resource "digitalocean_monitor_alert" "cpu" {
      type = "v1/insights/droplet/cpu"
      tags = ["web"]
    }
    ```

    Unknown, there are none here:
    ```hcl
    resource "digitalocean_droplet" "web" {
      monitoring = true
    }
    ```
    """
    of_all = [each for each in of_type("digitalocean_monitor_alert", project) if _for_all(each)]
    if of_all or of_type("digitalocean_uptime_alert", project):
        return
    found, doubt = meant_by(droplet, "digitalocean_monitor_alert", "entities", project)
    if found:
        return
    if doubt is not None and doubt.expression:
        raise Unresolved(doubt, doubt.expression)
    if of_type("digitalocean_monitor_alert", project):
        yield Finding(droplet, f"no alert is for {droplet.name}", fix=_FIX)
    elif not alarms(project):
        yield absent(project, "alerts", f"no alert for {droplet.name} here")


_FIX = Fix("add a digitalocean_monitor_alert for its CPU, memory and disk")


def _for_all(alert: Resource) -> bool:
    """Whether an alert names no droplet: it is for every one. Those of balancers and databases name their own."""
    type_ = alert.node["type"]
    others = type_.known and not type_.text.startswith("v1/insights/droplet/")
    return not others and not alert.present("entities") and not alert.present("tags")
