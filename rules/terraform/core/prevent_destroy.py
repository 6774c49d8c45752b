from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.links.related import companions, referred, surely_with
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, Reason, rule

# What cannot be made again, with the attribute by which its provider keeps it and the value that does; '' where there
# is none. What a rule of its own asks for its protection is not here: RDS, Neptune, DocumentDB, Cloud SQL, key vaults.
_KEPT: dict[str, tuple[str, str]] = {
    "aws_cloudhsm_v2_cluster": ("", ""),
    "aws_cognito_user_pool": ("deletion_protection", "ACTIVE"),
    "aws_directory_service_directory": ("", ""),
    "aws_dynamodb_table": ("deletion_protection_enabled", "true"),
    "aws_efs_file_system": ("", ""),
    "aws_elasticsearch_domain": ("", ""),
    "aws_fsx_lustre_file_system": ("", ""),
    "aws_fsx_ontap_file_system": ("", ""),
    "aws_fsx_windows_file_system": ("", ""),
    "aws_keyspaces_table": ("", ""),
    "aws_memorydb_cluster": ("", ""),
    "aws_msk_cluster": ("", ""),
    "aws_opensearch_domain": ("", ""),
    "aws_qldb_ledger": ("deletion_protection", "true"),
    "aws_redshift_cluster": ("", ""),
    "aws_timestreamwrite_table": ("", ""),
    "azurerm_cosmosdb_account": ("", ""),
    "azurerm_mariadb_server": ("", ""),
    "azurerm_mssql_database": ("", ""),
    "azurerm_mssql_managed_instance": ("", ""),
    "azurerm_mysql_flexible_server": ("", ""),
    "azurerm_mysql_server": ("", ""),
    "azurerm_postgresql_flexible_server": ("", ""),
    "azurerm_postgresql_server": ("", ""),
    "azurerm_sql_database": ("", ""),
    "digitalocean_database_cluster": ("", ""),
    "digitalocean_volume": ("", ""),
    "google_alloydb_cluster": ("deletion_protection", "true"),
    "google_bigtable_instance": ("deletion_protection", "true"),
    "google_filestore_instance": ("deletion_protection_enabled", "true"),
    "google_firestore_database": ("delete_protection_state", "DELETE_PROTECTION_ENABLED"),
    "google_spanner_database": ("deletion_protection", "true"),
    "hcloud_volume": ("delete_protection", "true"),
    "linode_database_mysql_v2": ("", ""),
    "linode_database_postgresql_v2": ("", ""),
    "mongodbatlas_advanced_cluster": ("termination_protection_enabled", "true"),
    "mongodbatlas_cluster": ("termination_protection_enabled", "true"),
    "ovh_cloud_project_database": ("deletion_protection", "true"),
    "scaleway_rdb_instance": ("", ""),
    "vultr_database": ("", ""),
}
_BY_DEFAULT = frozenset(("google_bigtable_instance", "google_spanner_database"))  # protected unless told otherwise
_SINCE = {"google_alloydb_cluster": "version 7 of the google provider"}  # protected unless told otherwise, since then
_LOCKS = "azurerm_management_lock"


def _untold(resource: Resource) -> bool:
    """A resource of a remote module whose caller has no say in it."""
    return resource.implied and not _KEPT[resource.type][0] and not resource.blocks("lifecycle")


@rule(
    "tf-prevent-destroy",
    gate="deployment-rollback",
    severity="high",
    seed="8. Disaster Recovery; Phase 7 Backup and recovery tested",
    where=lambda resource: resource.type in _KEPT and not resource.module.shown and not _untold(resource),
)
def prevent_destroy(resource: Resource, project: Project) -> Iterator[Answer]:
    """Data that cannot be made again is protected from being destroyed.

    A renamed resource, a changed attribute that forces a new one, or a `terraform destroy` in the wrong directory takes
    the database with everything in it, and the plan that says so is one line among hundreds. Either is enough:
    `prevent_destroy` in the resource's `lifecycle`, the provider's own deletion protection where there is one, or a
    management lock (Azure). Judged are databases, file systems, search domains, user pools and brokers; databases of
    RDS, Neptune, DocumentDB and Cloud SQL and key vaults have rules of their own. A bucket that holds something is not
    destroyed unless `force_destroy` says so. Examples are not judged.

    Bad:
    ```hcl
    # expect: aws_dynamodb_table.orders can be destroyed by a plan
    resource "aws_dynamodb_table" "orders" {
      name     = "orders"
      hash_key = "id"
    }
    # expect: aws_efs_file_system.uploads can be destroyed
    resource "aws_efs_file_system" "uploads" {
      lifecycle {
        prevent_destroy = false
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_dynamodb_table" "orders" {
      name                        = "orders"
      deletion_protection_enabled = true
    }
    resource "digitalocean_database_cluster" "orders" {
      engine = "pg"
      lifecycle {
        prevent_destroy = true
      }
    }
    resource "google_spanner_database" "orders" {
      name = "orders"
    }
    resource "azurerm_postgresql_flexible_server" "orders" {
      name = "orders"
    }
    resource "azurerm_management_lock" "orders" {
      scope      = azurerm_postgresql_flexible_server.orders.id
      lock_level = "CanNotDelete"
    }
    ```

    Unknown, whoever calls it decides:
    ```hcl
    variable "protected" {
      type = bool
    }
    resource "aws_dynamodb_table" "orders" {
      name                        = "orders"
      deletion_protection_enabled = var.protected
    }
    ```
    """
    kept = resource.node.at("lifecycle.prevent_destroy")
    if kept.present and kept.known and kept.text == "true":
        return
    name, wanted = _KEPT[resource.type]
    protection = resource.effective(name) if name else None
    if protection is not None and protection.present:
        if protection.text.lower() == wanted.lower():
            return
    elif resource.type in _SINCE and not kept.present:
        words = f"whether {resource.name} is protected depends on the provider: it is since {_SINCE[resource.type]}"
        yield Unknown(resource, words, Reason.NO_EVIDENCE)
        return
    elif resource.type in _BY_DEFAULT or (kept.present and kept.text == "true"):
        return
    locked, doubt = _locked(resource, project)
    if locked:
        return
    if doubt is not None:
        yield Unknown(doubt, f"nobody can tell whether this locks {resource.name}")
        return
    at = resource.node[name] if name and resource.node[name].present else resource
    remedy = f"set {name}, or add" if name else "add"
    fix = Fix(f"{remedy} lifecycle {{ prevent_destroy = true }}")
    yield Finding(at, f"{resource.name} can be destroyed by a plan", fix=fix)


def _locked(resource: Resource, project: Project) -> tuple[bool, Node | None]:
    """Whether a management lock is on it, on its server, or on its resource group; and else what may be one."""
    if resource.provider != "azurerm":
        return False, None
    around = [each for path in ("resource_group_name", "server_id") for each in referred(resource, path, project)]
    doubts: list[Node] = []
    for each in (resource, *around):
        found, open_ = companions(each, [_LOCKS], ["scope"], project)
        if any(surely_with(lock, each) for lock in found):
            return True, None
        doubts += [*(lock.node["scope"] for lock in found), *open_]
    return False, next(iter(doubts), None)
