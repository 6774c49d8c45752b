from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.open_ports import DATABASES, opened, ways_through
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("name the networks, tags or service accounts that need it")


def _lets_in(resource: Resource) -> bool:
    direction, disabled = resource.node["direction"], resource.node["disabled"]
    if resource.type != "google_compute_firewall" or (disabled.known and disabled.text == "true"):
        return False
    return not direction.present or direction == "INGRESS"


@rule(
    "tf-gcp-firewall-database",
    gate="security-posture",
    severity="critical",
    seed="6.1 Security Hardening, Network segmentation",
    where=_lets_in,
)
def firewall_database(firewall: Resource) -> Iterator[Answer]:
    """Firewalls of Google Cloud open no database to the whole internet.

    Databases are found within hours: somebody tries passwords on them, and some want none. Judged are the usual ports
    of SQL Server, Oracle, MySQL, PostgreSQL, MongoDB, Redis, Memcached, Cassandra, Elasticsearch, CouchDB and etcd, in
    rules that let in; one without a source lets everybody in. A rule that opens SSH, RDP or every port is found by
    `tf-security-group-open`. Tools that ask for any other port alone (CKV_GCP_75, CKV2_GCP_12), or for none at all
    (GCP-0027), mean something else.

    Bad:
    ```hcl
    resource "google_compute_firewall" "db" {
      network       = google_compute_network.main.id
      # expect: PostgreSQL
      source_ranges = ["0.0.0.0/0"]
      allow {
        protocol = "tcp"
        ports    = ["5432"]
      }
    }
    ```

    Bad, in a range:
    ```hcl
    variable "ports" {
      default = ["6000-7000"]
    }
    resource "google_compute_firewall" "cache" {
      # expect: Redis
      source_ranges = ["10.0.0.0/8", "::/0"]
      allow {
        protocol = "tcp"
        ports    = var.ports
      }
    }
    ```

    Good:
    ```hcl
    resource "google_compute_firewall" "db" {
      source_ranges = ["10.0.0.0/8"]
      allow {
        protocol = "tcp"
        ports    = ["5432"]
      }
    }
    resource "google_compute_firewall" "web" {
      source_ranges = ["0.0.0.0/0"]
      allow {
        protocol = "tcp"
        ports    = ["443"]
      }
    }
    resource "google_compute_firewall" "tagged" {
      source_tags = ["web"]
      allow {
        protocol = "tcp"
        ports    = ["5432"]
      }
    }
    resource "google_compute_firewall" "out" {
      direction          = "EGRESS"
      destination_ranges = ["0.0.0.0/0"]
      allow {
        protocol = "tcp"
        ports    = ["5432"]
      }
    }
    ```

    Unknown:
    ```hcl
    variable "from" {
      type = list(string)
    }
    resource "google_compute_firewall" "db" {
      source_ranges = var.from
      allow {
        protocol = "tcp"
        ports    = ["5432"]
      }
    }
    ```
    """
    if not firewall.node["disabled"].known:
        doubt = [firewall.node["disabled"]]
        ways = [way._replace(doubts=doubt) for way in ways_through(firewall)]
    else:
        ways = list(ways_through(firewall))
    for at, what in opened(ways, DATABASES, everything=False):
        yield Finding(at, f"{firewall.name} opens {what} to the whole internet", fix=_FIX)
