"""Hostile but legal Terraform: what would make a checker say PASS of what is open, or FAIL of what is not there.

What would happen in the cloud decides, never what the checker says today.
"""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gatekeeper import engine
from gatekeeper.catalogue import Catalogue
from gatekeeper.testing import project_of

RULES = {rule.id: rule for rule in Catalogue([Path(__file__).parent.parent / "rules"]).rules()}

# `## rule: what is hostile about it: verdict` opens a repository, `-- path` a file of it; the first is main.tf. The
# verdict is that of every subject, `path subject verdict, ...` where they differ, or `nothing`: no subject is judged.
TRAPS = r"""
## tf-rds-encrypted: locals of locals: fail
locals {
  a = local.b
  b = local.c
  c = false
}
resource "aws_db_instance" "d" { storage_encrypted = local.a }
## tf-rds-encrypted: try wins first: fail
locals { s = { enc = false } }
resource "aws_db_instance" "d" { storage_encrypted = try(local.s.enc, true) }
## tf-rds-encrypted: try falls: pass
locals { s = { } }
resource "aws_db_instance" "d" { storage_encrypted = try(local.s.enc, true) }
## tf-rds-encrypted: coalesce false is not null: fail
resource "aws_db_instance" "d" { storage_encrypted = coalesce(false, true) }
## tf-rds-encrypted: lookup default: fail
variable "s" { default = { encrypted = false } }
provider "aws" {}
resource "aws_db_instance" "d" { storage_encrypted = lookup(var.s, "encrypted", true) }
## tf-rds-encrypted: conditional on two tfvars: fail
variable "env" {}
terraform {
  backend "s3" {}
}
resource "aws_db_instance" "d" { storage_encrypted = var.env == "prod" ? true : false }
-- prod.tfvars
env = "prod"
-- dev.tfvars
env = "dev"
## tf-rds-encrypted: conditional good in both: pass
variable "env" {}
terraform {
  backend "s3" {}
}
resource "aws_db_instance" "d" { storage_encrypted = contains(["dev","prod"], var.env) ? true : false }
-- prod.tfvars
env = "prod"
-- dev.tfvars
env = "dev"
## tf-rds-encrypted: one environment's file does not set it, no default: unknown
variable "enc" {}
terraform {
  backend "s3" {}
}
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
-- prod.tfvars
enc = true
-- dev.tfvars
x = "dev"
## tf-rds-encrypted: for_each one bad: fail
locals { dbs = { a = { enc = true }, b = { enc = false } } }
resource "aws_db_instance" "d" {
  for_each = local.dbs
  storage_encrypted = each.value.enc
}
## tf-rds-encrypted: for_each lookup default bad: fail
locals { dbs = { a = { enc = true }, b = { } } }
resource "aws_db_instance" "d" {
  for_each = local.dbs
  storage_encrypted = lookup(each.value, "enc", false)
}
## tf-rds-encrypted: for_each try null: fail
locals { dbs = { a = { enc = true }, b = { } } }
resource "aws_db_instance" "d" {
  for_each = local.dbs
  storage_encrypted = try(each.value.enc, null)
}
## tf-rds-encrypted: count index: fail
resource "aws_db_instance" "d" {
  count = 2
  storage_encrypted = count.index == 0
}
## tf-rds-encrypted: count 0 conditional: nothing
locals { on = false }
resource "aws_db_instance" "d" {
  count = local.on ? 1 : 0
  storage_encrypted = false
}
## tf-rds-encrypted: count conditional on tfvars one env: fail
variable "on" { type = bool }
terraform {
  backend "s3" {}
}
resource "aws_db_instance" "d" {
  count = var.on ? 1 : 0
  storage_encrypted = false
}
-- prod.tfvars
on = true
-- dev.tfvars
on = false
## tf-rds-encrypted: merge override order bad: fail
locals {
  base = { enc = true
  }
  over = { enc = false }
  m = merge(local.base, local.over)
}
resource "aws_db_instance" "d" { storage_encrypted = local.m.enc }
## tf-rds-encrypted: merge override order good: pass
locals {
  base = { enc = false }
  over = { enc = true }
  m = merge(local.base, local.over)
}
resource "aws_db_instance" "d" { storage_encrypted = local.m["enc"] }
## tf-rds-encrypted: merge with unknown last: unknown
variable "x" { type = map(bool) }
locals {
  base = { enc = true
  }
  m = merge(local.base, var.x)
}
resource "aws_db_instance" "d" { storage_encrypted = local.m["enc"] }
## tf-rds-encrypted: optional default false: fail
variable "x" {
  type = object({ enc = optional(bool, false)
  })
  default = {}
}
provider "aws" {}
resource "aws_db_instance" "d" { storage_encrypted = var.x.enc }
## tf-rds-encrypted: optional in map of objects, given by caller: fail
module "db" {
  source = "./db"
  dbs = { a = { enc = true }, b = { size = 3 } }
}
-- db/main.tf
variable "dbs" { type = map(object({ enc = optional(bool, false), size = optional(number) })) }
resource "aws_db_instance" "d" {
  for_each = var.dbs
  storage_encrypted = each.value.enc
}
## tf-rds-encrypted: modules two levels: fail
module "a" {
  source = "./a"
  secure = false
}
-- a/main.tf
variable "secure" {
  default = true
}
module "b" {
  source = "../b"
  enc = var.secure
}
-- b/main.tf
variable "enc" {
  default = true
}
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
## tf-rds-encrypted: two callers, one bad: fail
module "a" {
  source = "./b"
  enc = true
}
module "c" {
  source = "./b"
}
-- b/main.tf
variable "enc" { default = false }
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
## tf-rds-encrypted: module for_each one bad: fail
module "a" {
  for_each = { x = true, y = false }
  source = "./b"
  enc = each.value
}
-- b/main.tf
variable "enc" {}
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
## tf-rds-encrypted: module nullable false, null falls to the default: pass
module "a" {
  source = "./b"
  enc = null
}
-- b/main.tf
variable "enc" {
  default = true
  nullable = false
}
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
## tf-rds-encrypted: module null is null: fail
module "a" {
  source = "./b"
  enc = null
}
-- b/main.tf
variable "enc" {
  default = true
}
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
## tf-rds-encrypted: module output: fail
module "a" {
  source = "./b"
}
resource "aws_db_instance" "d" { storage_encrypted = module.a.enc }
-- b/main.tf
output "enc" { value = false }
## tf-rds-encrypted: module called count 0: nothing
module "a" {
  source = "./b"
  count = 0
}
-- b/main.tf
resource "aws_db_instance" "d" {
  storage_encrypted = false
}
## tf-rds-encrypted: string true: pass
resource "aws_db_instance" "d" { storage_encrypted = "true" }
## tf-rds-encrypted: string True is an error: unknown
resource "aws_db_instance" "d" { storage_encrypted = "True" }
## tf-rds-encrypted: number 1: fail
resource "aws_db_instance" "d" { storage_encrypted = 1 }
## tf-rds-encrypted: string 1: pass
resource "aws_db_instance" "d" { storage_encrypted = "1" }
## tf-rds-encrypted: string yes: unknown
resource "aws_db_instance" "d" { storage_encrypted = "yes" }
## tf-rds-encrypted: null: fail
resource "aws_db_instance" "d" { storage_encrypted = null }
## tf-rds-public: public True: unknown
resource "aws_db_instance" "d" { publicly_accessible = "True" }
## tf-rds-public: public 1: fail
resource "aws_db_instance" "d" { publicly_accessible = "1" }
## tf-rds-public: public yes: unknown
resource "aws_db_instance" "d" { publicly_accessible = "yes" }
## tf-rds-public: public null: pass
resource "aws_db_instance" "d" { publicly_accessible = null }
## tf-rds-encrypted: override file: fail
resource "aws_db_instance" "d" { storage_encrypted = true }
-- override.tf
resource "aws_db_instance" "d" {
  storage_encrypted = false
}
## tf-rds-encrypted: override file good: pass
resource "aws_db_instance" "d" {
  storage_encrypted = false
}
-- x_override.tf
resource "aws_db_instance" "d" { storage_encrypted = true }
## tf-rds-encrypted: override json: fail
resource "aws_db_instance" "d" { storage_encrypted = true }
-- override.tf.json
{"resource":{"aws_db_instance":{"d":{"storage_encrypted":false}}}}
## tf-rds-encrypted: override of a local: fail
locals {
  enc = true
}
resource "aws_db_instance" "d" { storage_encrypted = local.enc }
-- a_override.tf
locals { enc = false }
## tf-rds-encrypted: override of a variable: fail
variable "enc" {
  default = true
}
provider "aws" {}
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
-- a_override.tf
variable "enc" { default = false }
## tf-rds-encrypted: override of module source args: fail
module "m" {
  source = "./m"
  enc = true
}
-- a_override.tf
module "m" { enc = false }
-- m/main.tf
variable "enc" {
  default = true
}
resource "aws_db_instance" "d" { storage_encrypted = var.enc }
## tf-security-group-open: override blocks replace: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 443
    to_port = 443
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
-- override.tf
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: override blocks replace good: pass
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
-- override.tf
resource "aws_security_group" "g" {
  ingress {
    from_port = 443
    to_port = 443
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-duplicate-declaration: duplicate with override: pass
resource "aws_db_instance" "d" { storage_encrypted = true }
-- override.tf
resource "aws_db_instance" "d" {
  storage_encrypted = false
}
## tf-rds-encrypted: tf.json: fail
-- main.tf.json
{"resource":{"aws_db_instance":{"d":{"storage_encrypted":"${false}"}}}}
## tf-rds-encrypted: tf.json list form: fail
-- main.tf.json
{"resource":[{"aws_db_instance":[{"d":[{"storage_encrypted":false}]}]}]}
## tf-rds-encrypted: tofu over tf: main.tf aws_db_instance.d pass, main.tofu aws_db_instance.d fail
resource "aws_db_instance" "d" { storage_encrypted = true }
-- main.tofu
resource "aws_db_instance" "d" { storage_encrypted = false }
## tf-s3-public-access-block: same name in two modules, companion of the other: a/main.tf aws_s3_bucket.b pass, z/main.tf aws_s3_bucket.b fail
-- z/main.tf
provider "aws" {}
resource "aws_s3_bucket" "b" { bucket = "zz" }
-- a/main.tf
provider "aws" {}
resource "aws_s3_bucket" "b" { bucket = "aa" }
resource "aws_s3_bucket_public_access_block" "b" { bucket = aws_s3_bucket.b.id }
## tf-rds-public: ignore_changes on the attribute: pass
resource "aws_db_instance" "d" {
  publicly_accessible = false
  lifecycle { ignore_changes = [publicly_accessible] }
}
## tf-rds-encrypted: ignore_changes all: fail
resource "aws_db_instance" "d" {
  lifecycle { ignore_changes = all }
}
## tf-rds-encrypted: removed block: fail
removed {
  from = aws_db_instance.old
  lifecycle { destroy = false }
}
moved {
  from = aws_db_instance.x
  to = aws_db_instance.d
}
resource "aws_db_instance" "d" { }
## tf-security-group-open: halves of the world: fail
resource "aws_security_group_rule" "g" {
  type = "ingress"
  from_port = 22
  to_port = 22
  protocol = "tcp"
  cidr_blocks = ["0.0.0.0/1", "128.0.0.0/1"]
}
## tf-security-group-open: ipv6 only: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    ipv6_cidr_blocks = ["::/0"]
  }
}
## tf-security-group-open: ipv6 spelled long: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    ipv6_cidr_blocks = ["0::/0"]
  }
}
## tf-security-group-open: ipv6 global unicast: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    ipv6_cidr_blocks = ["2000::/3"]
  }
}
## tf-security-group-open: quarters: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/2","64.0.0.0/2","128.0.0.0/2","192.0.0.0/2"]
  }
}
## tf-security-group-open: other address, /0: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = ["10.0.0.0/0"]
  }
}
## tf-security-group-open: prefix list only: pass
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    prefix_list_ids = ["pl-123"]
  }
}
## tf-security-group-open: 0-65535: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 0
    to_port = 65535
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: protocol all: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 0
    to_port = 0
    protocol = "all"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: protocol ALL: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 0
    to_port = 0
    protocol = "ALL"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: protocol number -1: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 0
    to_port = 0
    protocol = -1
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: protocol 6: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "6"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: protocol TCP: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "TCP"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: port as text: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = "22"
    to_port = "22"
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: almost all ports: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 2
    to_port = 65535
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: 23-65535 has RDP: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 23
    to_port = 65535
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: 5000-65535 no admin: pass
resource "aws_security_group" "g" {
  ingress {
    from_port = 5000
    to_port = 65535
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: icmp: pass
resource "aws_security_group" "g" {
  ingress {
    from_port = -1
    to_port = -1
    protocol = "icmp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: udp 22: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "udp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: vpc rule -1 without ports: fail
resource "aws_vpc_security_group_ingress_rule" "g" {
  ip_protocol = "-1"
  cidr_ipv4 = "0.0.0.0/0"
}
## tf-security-group-open: space in the range: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = concat(["10.0.0.0/8"], ["0.0.0.0/0"])
  }
}
## tf-security-group-open: split: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = split(",", "10.0.0.0/8,0.0.0.0/0")
  }
}
## tf-security-group-open: format: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = [format("%s/%d","0.0.0.0",0)]
  }
}
## tf-security-group-open: toset: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = toset(["0.0.0.0/0"])
  }
}
## tf-security-group-open: cidrsubnet: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = [cidrsubnet("0.0.0.0/0", 0, 0)]
  }
}
## tf-security-group-open: attribute ingress as list from local: fail
locals { rules = [{ from_port = 22, to_port = 22, protocol = "tcp", cidr_blocks = ["0.0.0.0/0"] }] }
resource "aws_security_group" "g" { ingress = local.rules }
## tf-security-group-open: attribute ingress unknown: unknown
variable "rules" {}
resource "aws_security_group" "g" { ingress = var.rules }
## tf-security-group-open: dynamic known one bad: fail
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = [{p=443},{p=22}]
    iterator = it
    content {
      from_port = it.value.p
      to_port = it.value.p
      protocol = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
## tf-security-group-open: dynamic unknown world constant port 22: unknown
variable "on" { type = list(string) }
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = var.on
    content {
      from_port = 22
      to_port = 22
      protocol = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
## tf-security-group-open: dynamic unknown world unknown port: unknown
variable "ports" { type = list(number) }
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = var.ports
    content {
      from_port = ingress.value
      to_port = ingress.value
      protocol = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
## tf-security-group-open: dynamic nested in dynamic: fail
locals { groups = { a = { rules = [22] } } }
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = flatten([for k, g in local.groups : [for p in g.rules : { port = p, cidr = "0.0.0.0/0" }]])
    content {
      from_port = ingress.value.port
      to_port = ingress.value["port"]
      protocol = "tcp"
      cidr_blocks = [ingress.value.cidr]
    }
  }
}
## tf-security-group-open: type egress by variable: fail
locals { dirs = ["egress","ingress"] }
resource "aws_security_group_rule" "g" {
  for_each = toset(local.dirs)
  type = each.key
  from_port = 22
  to_port = 22
  protocol = "tcp"
  cidr_blocks = ["0.0.0.0/0"]
}
## tf-security-group-open: type unknown: unknown
variable "t" {}
resource "aws_security_group_rule" "g" {
  type = var.t
  from_port = 22
  to_port = 22
  protocol = "tcp"
  cidr_blocks = ["0.0.0.0/0"]
}
## tf-security-group-open: ports null: fail
resource "aws_security_group_rule" "g" {
  type = "ingress"
  from_port = null
  to_port = null
  protocol = "-1"
  cidr_blocks = ["0.0.0.0/0"]
}
## tf-security-group-open: cidr from csv file: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = [for r in csvdecode(file("${path.module}/a.csv")) : r.cidr]
  }
}
-- a.csv
name,cidr
x,0.0.0.0/0
## tf-security-group-open: cidr from yaml file: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = yamldecode(file("a.yaml")).open
  }
}
-- a.yaml
open:
 - 0.0.0.0/0
## tf-security-group-database: database port mssql range: fail
resource "aws_security_group" "g" {
  ingress {
    from_port = 1000
    to_port = 2000
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: registry sg module create false: nothing
module "sg" {
  source = "terraform-aws-modules/security-group/aws"
  version = "5.1.0"
  create = false
  ingress_cidr_blocks = ["0.0.0.0/0"]
  ingress_rules = ["ssh-tcp"]
}
## tf-iam-admin-policy: *,*: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["*:*"],Resource="*"}] })
}
## tf-iam-admin-policy: effect missing quoted single statement object: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Statement = {Effect="Allow",Action="*",Resource="*"} })
}
## tf-iam-any-action: NotAction/NotResource: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",NotAction=["iam:*"],NotResource="arn:aws:s3:::x"}] })
}
## tf-iam-admin-policy: Action * NotResource: pass
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["*"],NotResource="arn:aws:s3:::x"}] })
}
## tf-iam-any-action: Action * NotResource any: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["*"],NotResource="arn:aws:s3:::x"}] })
}
## tf-iam-any-action: NotAction []: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",NotAction=["iam:DeleteUser"],Resource="*"}] })
}
## tf-iam-service-wildcard: iam,*: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["iam:*"],Resource="*"}] })
}
## tf-iam-service-wildcard: i*,*: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["i*:*"],Resource="*"}] })
}
## tf-iam-service-wildcard: s3,Get*: pass
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["s3:Get*"],Resource="*"}] })
}
## tf-iam-service-wildcard: S3,*: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["S3:*"],Resource="*"}] })
}
## tf-iam-service-wildcard: vacuous condition: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["s3:*"],Resource="*",Condition={}}] })
}
## tf-iam-admin-policy: unknown statement list: unknown
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Statement = var.a })
}
## tf-iam-admin-policy: concat of statements: fail
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Statement = concat([{Effect="Allow",Action="*",Resource="*"}], []) })
}
## tf-iam-admin-policy: concat of statements unknown: unknown
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Statement = concat([{Effect="Allow",Action="s3:GetObject",Resource="*"}], var.a) })
}
## tf-iam-admin-policy: merge in policy: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode(merge({ Statement = [] }, { Statement = [{Effect="Allow",Action="*",Resource="*"}] }))
}
## tf-iam-admin-policy: file: fail
resource "aws_iam_policy" "p" {
  policy = file("${path.module}/p.json")
}
-- p.json
{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}
## tf-iam-admin-policy: templatefile: fail
resource "aws_iam_policy" "p" {
  policy = templatefile("${path.module}/p.json.tpl", { act = "*" })
}
-- p.json.tpl
{"Statement":[{"Effect":"Allow","Action":"${act}","Resource":"*"}]}
## tf-iam-admin-policy: templatefile with for: fail
resource "aws_iam_policy" "p" {
  policy = templatefile("p.json.tpl", { acts = ["s3:GetObject","*"] })
}
-- p.json.tpl
{"Statement":[%{ for i, a in acts ~}
%{ if i > 0 },%{ endif }{"Effect":"Allow","Action":"${a}","Resource":"*"}%{ endfor ~}]}
## tf-iam-admin-policy: heredoc: fail
variable "x" {}
resource "aws_iam_policy" "p" {
 policy = <<-EOF
   {"Statement":[{"Sid":"${var.x}","Effect":"Allow","Action":["*"],"Resource":["*"]}]}
  EOF
}
## tf-iam-admin-policy: document override fixes: pass
data "aws_iam_policy_document" "b" {
  source_policy_documents = [jsonencode({Statement=[{Sid="x",Effect="Allow",Action="*",Resource="*"}]})]
  override_policy_documents = [jsonencode({Statement=[{Sid="x",Effect="Allow",Action="s3:GetObject",Resource="*"}]})]
}
resource "aws_iam_policy" "p" { policy = data.aws_iam_policy_document.b.json }
## tf-iam-admin-policy: document override breaks: fail
data "aws_iam_policy_document" "b" {
  statement {
    sid = "x"
    actions = ["s3:GetObject"]
    resources = ["*"]
  }
  override_policy_documents = [jsonencode({Statement=[{Sid="x",Effect="Allow",Action="*",Resource="*"}]})]
}
resource "aws_iam_policy" "p" { policy = data.aws_iam_policy_document.b.json }
## tf-iam-admin-policy: document dynamic statement: fail
data "aws_iam_policy_document" "b" {
  dynamic "statement" {
    for_each = [["s3:GetObject"],["*"]]
    content {
      actions = statement.value
      resources = ["*"]
    }
  }
}
## tf-iam-admin-policy: document dynamic unknown: unknown
variable "x" {}
data "aws_iam_policy_document" "b" {
  dynamic "statement" {
    for_each = var.x
    content {
      actions = statement.value
      resources = ["*"]
    }
  }
}
## tf-iam-admin-policy: document in another module output: fail
module "m" {
  source = "./m"
}
resource "aws_iam_policy" "p" {
  policy = module.m.json
}
-- m/main.tf
data "aws_iam_policy_document" "d" {
  statement {
    actions = ["*"]
    resources = ["*"]
  }
}
output "json" { value = data.aws_iam_policy_document.d.json }
## tf-iam-admin-policy: role inline policy via for: fail
resource "aws_iam_role" "r" {
  assume_role_policy = "{}"
  dynamic "inline_policy" {
    for_each = { a = "*" }
    content {
      name = "x"
      policy = jsonencode({Statement=[{Effect="Allow",Action=inline_policy.value,Resource="*"}]})
    }
  }
}
## tf-iam-admin-policy: lower-case keys are no policy: pass
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{effect="Allow",action="*",resource="*"}] })
}
## tf-iam-admin-policy: effect allow lower-case: pass
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Deny",Action="*",Resource="*"}] })
}
## tf-iam-admin-policy: sso permission set: fail
resource "aws_ssoadmin_permission_set_inline_policy" "p" {
  inline_policy = jsonencode({Statement=[{Effect="Allow",Action="*",Resource="*"}]})
}
## tf-iam-admin-attached: attached by arn: fail
locals { name = "AdministratorAccess" }
resource "aws_iam_role_policy_attachment" "p" {
  role = "x"
  policy_arn = "arn:aws:iam::aws:policy/${local.name}"
}
## tf-iam-admin-attached: attached through data: fail
data "aws_iam_policy" "admin" { name = "AdministratorAccess" }
resource "aws_iam_role_policy_attachment" "p" {
  role = "x"
  policy_arn = data.aws_iam_policy.admin.arn
}
## tf-iam-trust-open: trust *: fail
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRole",Principal={AWS=["arn:aws:iam::1:root","*"]}}]}) }
## tf-iam-trust-open: trust vacuous condition: fail
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRole",Principal="*",Condition={}}]}) }
## tf-iam-trust-open: trust unknown: unknown
variable "who" {}
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRole",Principal={AWS=var.who}}]}) }
## tf-iam-privilege-escalation: escalation pattern: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["iam:Pass*","ec2:*"],Resource="*"}] })
}
## tf-iam-privilege-escalation: escalation PassRole in two statements with a Deny: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["iam:PassRole"],Resource="*"},{Effect="Allow",Action="lambda:*",Resource="*"}] })
}
## tf-iam-github-oidc: oidc without sub: fail
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRoleWithWebIdentity",Principal={Federated="arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},Condition={StringEquals={"token.actions.githubusercontent.com:aud"="sts.amazonaws.com"}}}]}) }
## tf-iam-github-oidc: oidc sub *: fail
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRoleWithWebIdentity",Principal={Federated="arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},Condition={StringLike={"token.actions.githubusercontent.com:sub"="repo:*"}}}]}) }
## tf-iam-github-oidc: oidc sub repo,org/*: pass
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRoleWithWebIdentity",Principal={Federated="arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},Condition={StringLike={"token.actions.githubusercontent.com:sub"="repo:org/name:*"}}}]}) }
## tf-iam-github-oidc: oidc StringNotLike: fail
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRoleWithWebIdentity",Principal={Federated="arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},Condition={StringNotLike={"token.actions.githubusercontent.com:sub"="repo:evil/*"}}}]}) }
## tf-iam-github-oidc: oidc IfExists: fail
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRoleWithWebIdentity",Principal={Federated="arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},Condition={StringLike={"token.actions.githubusercontent.com:sub"=["repo:org/name:*","*"]}}}]}) }
## tf-s3-public-access-block: companion count 0: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
}
resource "aws_s3_bucket_public_access_block" "b" {
  count = 0
  bucket = aws_s3_bucket.b.id
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = true
}
## tf-s3-public-access-block: companion count unknown: unknown
provider "aws" {}
variable "n" {}
resource "aws_s3_bucket" "b" {
}
resource "aws_s3_bucket_public_access_block" "b" {
  count = var.n
  bucket = aws_s3_bucket.b.id
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = true
}
## tf-s3-public-access-block: companion count by tfvars, dev has none: fail
provider "aws" {}
terraform {
  backend "s3" {}
}
variable "env" {}
resource "aws_s3_bucket" "b" {
}
resource "aws_s3_bucket_public_access_block" "b" {
  count = var.env == "prod" ? 1 : 0
  bucket = aws_s3_bucket.b.id
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = true
}
-- prod.tfvars
env="prod"
-- dev.tfvars
env="dev"
## tf-s3-public-access-block: companion in for_each over a part: unknown
provider "aws" {}
locals { buckets = ["a","b"] }
resource "aws_s3_bucket" "b" {
  for_each = toset(local.buckets)
  bucket = each.key
}
resource "aws_s3_bucket_public_access_block" "b" {
  for_each = toset(["a"])
  bucket = aws_s3_bucket.b[each.key].id
  block_public_acls = true
}
## tf-s3-public-access-block: companion for one instance: unknown
provider "aws" {}
resource "aws_s3_bucket" "b" {
  count = 2
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = aws_s3_bucket.b[0].id
  block_public_acls = true
}
## tf-s3-public-access-block: companion for the other by name: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = "two"
}
## tf-s3-public-access-block: companion by same variable: pass
provider "aws" {}
variable "n" {}
resource "aws_s3_bucket" "b" {
  bucket = var.n
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = var.n
}
## tf-s3-public-access-block: companion refers to a data bucket: unknown
provider "aws" {}
data "aws_s3_bucket" "x" { bucket = "other" }
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = data.aws_s3_bucket.x.id
}
## tf-s3-public-access-block: companion in a child module given the id: pass
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
module "pab" {
  source = "./pab"
  bucket = aws_s3_bucket.b.id
}
-- pab/main.tf
variable "bucket" {}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = var.bucket
}
## tf-s3-public-access-block: companion in a child module called for another: main.tf aws_s3_bucket.b pass, main.tf aws_s3_bucket.c fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
resource "aws_s3_bucket" "c" {
  bucket = "two"
}
module "pab" {
  source = "./pab"
  bucket = aws_s3_bucket.b.id
}
-- pab/main.tf
variable "bucket" {}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = var.bucket
}
## tf-s3-public-access-block: companion module switched off by its own flag: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
module "pab" {
  source = "./pab"
  bucket = aws_s3_bucket.b.id
  on = false
}
-- pab/main.tf
variable "bucket" {}
variable "on" { default = true }
resource "aws_s3_bucket_public_access_block" "b" {
  count = var.on ? 1 : 0
  bucket = var.bucket
}
## tf-s3-public-access-block: companion module on for one call, off for the other: unknown
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
resource "aws_s3_bucket" "c" {
  bucket = "two"
}
module "pab" {
  source = "./pab"
  bucket = aws_s3_bucket.b.id
}
module "pab2" {
  source = "./pab"
  bucket = aws_s3_bucket.c.id
  on = false
}
-- pab/main.tf
variable "bucket" {}
variable "on" { default = true }
resource "aws_s3_bucket_public_access_block" "b" {
  count = var.on ? 1 : 0
  bucket = var.bucket
}
## tf-s3-public-access-block: module called with count 0 makes the companion: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
module "pab" {
  source = "./pab"
  count = 0
  bucket = aws_s3_bucket.b.id
}
-- pab/main.tf
variable "bucket" {}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = var.bucket
}
## tf-s3-public-access-block: companion only in examples: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "one"
}
-- examples/x/main.tf
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = "one"
}
## tf-s3-restrict-public-buckets: one flag false: fail
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = aws_s3_bucket.b.id
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = false
}
## tf-s3-public-access-block: registry bucket module defaults: pass
module "b" {
  source = "terraform-aws-modules/s3-bucket/aws"
  version = "4.1.0"
  bucket = "x"
}
## tf-s3-public-access-block: registry bucket module attach off: fail
module "b" {
  source = "terraform-aws-modules/s3-bucket/aws"
  version = "4.1.0"
  bucket = "x"
  attach_public_policy = false
}
## tf-s3-public-access-block: registry bucket create false: nothing
module "b" {
  source = "terraform-aws-modules/s3-bucket/aws"
  version = "4.1.0"
  create_bucket = false
}
## tf-rds-public: registry rds: fail
module "d" {
  source = "terraform-aws-modules/rds/aws"
  version = "6.1.0"
  identifier = "x"
  publicly_accessible = true
}
## tf-eks-endpoint-open: eks empty cidrs: fail
resource "aws_eks_cluster" "c" {
  vpc_config {
    public_access_cidrs = []
  }
}
## tf-eks-endpoint-open: eks unknown cidrs: unknown
variable "c" {}
resource "aws_eks_cluster" "c" {
  vpc_config {
    public_access_cidrs = var.c
  }
}
## tf-eks-endpoint-open: eks private false text: pass
resource "aws_eks_cluster" "c" {
  vpc_config {
    endpoint_public_access = "false"
  }
}
## tf-eks-endpoint-open: eks dynamic vpc_config null: fail
resource "aws_eks_cluster" "c" {
  vpc_config {
    endpoint_public_access = null
    public_access_cidrs = null
  }
}
## tf-ebs-encrypted: ebs account default unknown: unknown
provider "aws" {}
variable "e" {}
resource "aws_ebs_encryption_by_default" "x" {
  enabled = var.e
}
resource "aws_ebs_volume" "v" {
}
## tf-ebs-encrypted: ebs account default in a module that is off: fail
provider "aws" {}
module "m" {
  source = "./m"
  count = 0
}
resource "aws_ebs_volume" "v" {
}
-- m/main.tf
resource "aws_ebs_encryption_by_default" "x" {
}
## tf-ebs-encrypted: ebs account default count unknown: unknown
provider "aws" {}
variable "e" {}
resource "aws_ebs_encryption_by_default" "x" {
  count = var.e
}
resource "aws_ebs_volume" "v" {
}
## tf-ebs-encrypted: ebs account default in another region: fail
provider "aws" {
  region = "eu-west-1"
}
provider "aws" {
  alias = "us"
  region = "us-east-1"
}
resource "aws_ebs_encryption_by_default" "x" {
  provider = aws.us
}
resource "aws_ebs_volume" "v" {
}
## tf-ebs-encrypted: ebs account default in examples: fail
provider "aws" {}
resource "aws_ebs_volume" "v" {
}
-- examples/a/main.tf
resource "aws_ebs_encryption_by_default" "x" {
}
## tf-instance-imdsv2: imds defaults in examples: fail
provider "aws" {}
resource "aws_instance" "v" {
}
-- examples/a/main.tf
resource "aws_ec2_instance_metadata_defaults" "x" {
  http_tokens = "required"
}
## tf-instance-imdsv2: imds template null: fail
provider "aws" {}
resource "aws_launch_template" "t" {
}
resource "aws_instance" "v" {
  launch_template {
    id = aws_launch_template.t.id
  }
}
## tf-instance-imdsv2: imds options empty: fail
provider "aws" {}
resource "aws_instance" "v" {
  metadata_options {
    http_endpoint = "enabled"
  }
}
## tf-instance-imdsv2: imds dynamic unknown: unknown
provider "aws" {}
variable "m" {}
resource "aws_instance" "v" {
  dynamic "metadata_options" {
    for_each = var.m
    content {
      http_tokens = "required"
    }
  }
}
## tf-instance-imdsv2: dynamic empty is absent: fail
provider "aws" {}
resource "aws_instance" "v" {
  dynamic "metadata_options" {
    for_each = []
    content {
      http_tokens = "required"
    }
  }
}
## tf-s3-tls-only: tls policy, allow only: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({Statement=[{Effect="Allow",Principal="*",Action="s3:*",Resource="*",Condition={Bool={"aws:SecureTransport"="true"}}}]})
}
## tf-s3-tls-only: tls policy, denies one prefix only: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({Statement=[{Effect="Deny",Principal="*",Action="s3:PutObject",Resource="*",Condition={Bool={"aws:SecureTransport"="false"}}}]})
}
## tf-s3-tls-only: tls policy, denies for one role only: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({Statement=[{Effect="Deny",Principal={AWS="arn:aws:iam::1:role/x"},Action="s3:*",Resource="*",Condition={Bool={"aws:SecureTransport"="false"}}}]})
}
## tf-s3-tls-only: tls policy, two conditions: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({Statement=[{Effect="Deny",Principal="*",Action="s3:*",Resource="*",Condition={Bool={"aws:SecureTransport"="false"},StringEquals={"aws:SourceVpc"="vpc-1"}}}]})
}
## tf-s3-policy-anonymous: anonymous, vacuous condition: fail
resource "aws_s3_bucket_policy" "b" {
  bucket = "x"
  policy = jsonencode({Statement=[{Effect="Allow",Principal="*",Action="s3:GetObject",Resource="*",Condition={}}]})
}
## tf-s3-policy-anonymous: anonymous, CanonicalUser/AWS list: fail
resource "aws_s3_bucket_policy" "b" {
  bucket = "x"
  policy = jsonencode({Statement=[{Effect="Allow",Principal={AWS=["*"]},Action="s3:GetObject",Resource="*"}]})
}
## tf-s3-policy-anonymous: anonymous, NotPrincipal allow: fail
resource "aws_s3_bucket_policy" "b" {
  bucket = "x"
  policy = jsonencode({Statement=[{Effect="Allow",NotPrincipal={AWS="arn:aws:iam::1:root"},Action="s3:GetObject",Resource="*"}]})
}
## tf-s3-policy-anonymous: anonymous, condition TLS only is vacuous: fail
resource "aws_s3_bucket_policy" "b" {
  bucket = "x"
  policy = jsonencode({Statement=[{Effect="Allow",Principal="*",Action="s3:GetObject",Resource="*",Condition={Bool={"aws:SecureTransport"="true"}}}]})
}
## tf-s3-policy-anonymous: anonymous, unknown principal in list: unknown
variable "p" {}
resource "aws_s3_bucket_policy" "b" {
  bucket = "x"
  policy = jsonencode({Statement=[{Effect="Allow",Principal={AWS=[var.p]},Action="s3:GetObject",Resource="*"}]})
}
## tf-kms-policy-open: kms unknown effect: unknown
variable "p" {}
resource "aws_kms_key" "b" {
  policy = jsonencode({Statement=[{Effect=var.p,Principal="*",Action="kms:*",Resource="*"}]})
}
## tf-lambda-permission-public: lambda source *: fail
resource "aws_lambda_permission" "p" {
  principal = "*"
  source_arn = null
}
## tf-lambda-permission-source: lambda principal service null source: fail
resource "aws_lambda_permission" "p" {
  principal = "s3.amazonaws.com"
  source_arn = null
}
## tf-lambda-permission-source: lambda principal unknown: unknown
variable "p" {}
resource "aws_lambda_permission" "p" {
  principal = var.p
}
## tf-ecs-privileged: ecs privileged heredoc: fail
variable "i" {}
resource "aws_ecs_task_definition" "p" {
 container_definitions = <<EOF
[{"name":"a","image":"${var.i}"},{"name":"b","image":"x","privileged":true}]
EOF
}
## tf-ecs-privileged: ecs privileged text true: fail
resource "aws_ecs_task_definition" "p" {
  container_definitions = jsonencode([{name="a",privileged="true"}])
}
## tf-ecs-privileged: ecs privileged merged: fail
locals {
  base = { privileged = true }
}
resource "aws_ecs_task_definition" "p" {
  container_definitions = jsonencode([for n in ["a"] : merge(local.base, { name = n })])
}
## tf-ecs-privileged: ecs privileged unknown list: unknown
variable "x" {}
resource "aws_ecs_task_definition" "p" {
  container_definitions = jsonencode(concat([{name="a"}], var.x))
}
## tf-cloudfront-https: cloudfront ordered one bad: fail
resource "aws_cloudfront_distribution" "d" {
  default_cache_behavior {
    viewer_protocol_policy = "https-only"
  }
  dynamic "ordered_cache_behavior" {
    for_each = ["https-only","allow-all"]
    content {
      viewer_protocol_policy = ordered_cache_behavior.value
    }
  }
}
## tf-cloudfront-https: cloudfront ordered unknown: unknown
variable "x" {}
resource "aws_cloudfront_distribution" "d" {
  default_cache_behavior {
    viewer_protocol_policy = "https-only"
  }
  dynamic "ordered_cache_behavior" {
    for_each = var.x
    content {
      viewer_protocol_policy = ordered_cache_behavior.value
    }
  }
}
## tf-cloudfront-tls: cloudfront tls two certs: fail
resource "aws_cloudfront_distribution" "d" {
  viewer_certificate {
    cloudfront_default_certificate = "true"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
## tf-rds-backup-retention: retention text: pass
resource "aws_db_instance" "d" {
  backup_retention_period = "14"
}
## tf-rds-backup-retention: retention zero: fail
resource "aws_db_instance" "d" {
  backup_retention_period = 0
}
## tf-rds-backup-retention: retention null: fail
resource "aws_db_instance" "d" {
  backup_retention_period = null
}
## tf-rds-backup-retention: retention computed: fail
locals {
  w = 1
}
resource "aws_db_instance" "d" {
  backup_retention_period = local.w * 7 - 1
}
## tf-rds-encrypted: replicate null is no replica: fail
resource "aws_db_instance" "d" {
  replicate_source_db = null
}
## tf-rds-encrypted: replicate try null unknown: unknown
variable "r" {}
resource "aws_db_instance" "d" {
  replicate_source_db = try(var.r.x, null)
}
## tf-rds-encrypted: snapshot empty string: fail
resource "aws_db_instance" "d" {
  snapshot_identifier = ""
}
## tf-s3-public-acl: acl for public through local map: fail
locals {
  acls = { x = "public-read" }
}
resource "aws_s3_bucket_acl" "d" {
  acl = local.acls["x"]
}
## tf-digitalocean-database-firewall-open: dO db firewall: fail
resource "digitalocean_database_firewall" "d" {
  rule {
    type = "ip_addr"
    value = "0.0.0.0/0"
  }
}
## tf-digitalocean-firewall-open: dO fw range includes 22: fail
resource "digitalocean_firewall" "d" {
  inbound_rule {
    protocol = "tcp"
    port_range = "20-443"
    source_addresses = ["0.0.0.0/0"]
  }
}
## tf-digitalocean-firewall-open: dO fw all: fail
resource "digitalocean_firewall" "d" {
  inbound_rule {
    protocol = "tcp"
    port_range = "all"
    source_addresses = ["::/0"]
  }
}
## tf-azure-nsg-open: azure nsg Internet tag: fail
resource "azurerm_network_security_rule" "d" {
  direction = "Inbound"
  access = "Allow"
  protocol = "*"
  destination_port_range = "*"
  source_address_prefix = "Internet"
}
## tf-azure-nsg-open: azure nsg case: fail
resource "azurerm_network_security_rule" "d" {
  direction = "inbound"
  access = "allow"
  protocol = "tcp"
  destination_port_ranges = ["80","20-30"]
  source_address_prefix = "*"
}
## tf-azure-nsg-open: azure nsg Deny: pass
resource "azurerm_network_security_rule" "d" {
  direction = "Inbound"
  access = "Deny"
  protocol = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
}
## tf-aks-api-restricted: azure aks ranges world: fail
resource "azurerm_kubernetes_cluster" "d" {
  api_server_access_profile {
    authorized_ip_ranges = ["0.0.0.0/0"]
  }
}
## tf-azure-role-wildcard: azure role */*: fail
resource "azurerm_role_definition" "d" {
  permissions {
    actions = ["Microsoft.Compute/*", "*"]
  }
}
## tf-vault-root-token: vault root upper: fail
resource "vault_token" "d" {
  policies = concat(["x"], ["root"])
}
## tf-vault-root-token: vault policies empty, token_policies root: fail
resource "vault_approle_auth_backend_role" "d" {
  policies = ["x"]
  token_policies = ["root"]
}
## tf-hardcoded-secret: secret in heredoc user data: fail
resource "aws_instance" "d" {
 user_data = <<EOF
export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzq8Zr2LmX0pTs
export AWS_ACCESS_KEY_ID=AKIAZ7QWERTYPBCD2FGH
EOF
}
## tf-hardcoded-secret: secret in override: main.tf aws_db_instance.d pass, override.tf resource.aws_db_instance.d fail
resource "aws_db_instance" "d" {
}
-- override.tf
resource "aws_db_instance" "d" {
  password = "hunter2hunter2"
}
## tf-rds-final-snapshot: final snapshot: fail
resource "aws_db_instance" "d" {
  skip_final_snapshot = "1"
}
## tf-rds-public: nullable null through two modules: fail
module "a" {
  source = "./a"
}
-- a/main.tf
variable "p" {
  default = null
}
module "b" {
  source = "../b"
  p = var.p
}
-- b/main.tf
variable "p" {
  default = true
  nullable = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
## tf-rds-public: coalesce null default: fail
variable "p" {
  default = null
}
provider "aws" {}
resource "aws_db_instance" "d" {
  publicly_accessible = coalesce(var.p, true)
}
## tf-rds-public: lookup 2 args missing: unknown
resource "aws_db_instance" "d" {
  publicly_accessible = lookup({ a = true }, "b")
}
## tf-rds-public: element wraps: fail
resource "aws_db_instance" "d" {
  publicly_accessible = element([false, true], 3)
}
## tf-rds-public: anytrue: fail
resource "aws_db_instance" "d" {
  publicly_accessible = anytrue([false, true])
}
## tf-rds-public: tobool: fail
resource "aws_db_instance" "d" {
  publicly_accessible = tobool("true")
}
## tf-rds-public: string compare: fail
locals {
  env = upper("prod")
}
resource "aws_db_instance" "d" {
  publicly_accessible = local.env == "PROD"
}
## tf-rds-public: workspace: unknown
resource "aws_db_instance" "d" {
  publicly_accessible = terraform.workspace == "dev"
}
## tf-rds-public: workspace map: unknown
locals {
  p = { dev = true, prod = false }
}
resource "aws_db_instance" "d" {
  publicly_accessible = local.p[terraform.workspace]
}
## tf-rds-public: environment variable wins over the default, root: pass
provider "aws" {}
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
## tf-rds-public: tfvars of another folder: fail
terraform {
  backend "s3" {}
}
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
-- envs/dev.tfvars
p = true
-- envs/prod.tfvars
p = false
## tf-rds-public: tfvars json: fail
terraform {
  backend "s3" {}
}
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
-- terraform.tfvars.json
{"p": true}
## tf-rds-public: auto.tfvars wins over terraform.tfvars: fail
terraform {
  backend "s3" {}
}
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
-- terraform.tfvars
p = false
-- a.auto.tfvars
p = true
## tf-rds-public: auto.tfvars lexical order: fail
terraform {
  backend "s3" {}
}
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
-- a.auto.tfvars
p = false
-- b.auto.tfvars
p = true
## tf-rds-public: tfvars uppercase tf example is none: pass
terraform {
  backend "s3" {}
}
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
-- terraform.tfvars.example
p = true
## tf-rds-public: variable with a typo in caller: pass
module "m" {
  source = "./m"
  pub = true
}
-- m/main.tf
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
## tf-rds-public: module source with ./. /: fail
module "m" {
  source = "./x/../m/"
  p = true
}
-- m/main.tf
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
## tf-rds-public: module by git of this repo, remote: pass
module "m" {
  source = "git::https://example.com/this.git//m"
  p = true
}
-- m/main.tf
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
## tf-rds-public: module never called with unknown var: unknown
-- m/main.tf
variable "p" {
  type = bool
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
## tf-rds-public: library default good but a caller passes bad through object: fail
module "m" {
  source = "./m"
  cfg = { public = true }
}
-- m/main.tf
variable "cfg" {
  type = object({ public = optional(bool, false) })
  default = {}
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.cfg.public
}
## tf-rds-public: object drops attributes not in its type: pass
module "m" {
  source = "./m"
  cfg = { other = true }
}
-- m/main.tf
variable "cfg" {
  type = object({ public = optional(bool, false) })
  default = {}
}
resource "aws_db_instance" "d" {
  publicly_accessible = try(var.cfg.other, false)
}
## tf-rds-public: any type keeps them: fail
module "m" {
  source = "./m"
  cfg = { other = true }
}
-- m/main.tf
variable "cfg" {
  type = any
}
resource "aws_db_instance" "d" {
  publicly_accessible = try(var.cfg.other, false)
}
## tf-rds-public: for_each module and map of objects: fail
locals {
  dbs = { a = {}, b = { public = true } }
}
module "m" {
  source = "./m"
  for_each = local.dbs
  public = try(each.value.public, false)
}
-- m/main.tf
variable "public" {
  type = bool
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.public
}
## tf-rds-public: splat sibling: fail
resource "aws_db_instance" "a" {
  publicly_accessible = true
}
resource "aws_db_instance" "d" {
  publicly_accessible = aws_db_instance.a.publicly_accessible
}
## tf-rds-public: circular locals: unknown
locals {
  a = local.b
  b = local.a
}
resource "aws_db_instance" "d" {
  publicly_accessible = local.a
}
## tf-rds-public: conditional with unknown test, both public: fail
variable "x" {}
resource "aws_db_instance" "d" {
  publicly_accessible = var.x ? true : true
}
## tf-rds-encrypted: conditional with null branch: fail
resource "aws_db_instance" "d" {
  storage_encrypted = true ? null : true
}
## tf-rds-encrypted: conditional unknown with null branch: unknown
variable "x" {}
resource "aws_db_instance" "d" {
  storage_encrypted = var.x ? null : true
}
## tf-rds-encrypted: one(): fail
resource "aws_db_instance" "d" {
  storage_encrypted = one([false])
}
## tf-rds-encrypted: yamldecode file: fail
locals {
  c = yamldecode(file("${path.module}/c.yaml"))
}
resource "aws_db_instance" "d" {
  for_each = local.c.dbs
  storage_encrypted = each.value.enc
}
-- c.yaml
dbs:
  a: {enc: true}
  b: {enc: false}
## tf-rds-encrypted: fileset for_each: fail
locals {
  c = { for f in fileset(path.module, "dbs/*.json") : f => jsondecode(file("${path.module}/${f}")) }
}
resource "aws_db_instance" "d" {
  for_each = local.c
  storage_encrypted = each.value.enc
}
-- dbs/a.json
{"enc":true}
-- dbs/b.json
{"enc":false}
## tf-azure-storage-public-blobs: azure storage text: fail
resource "azurerm_storage_account" "d" {
  allow_nested_items_to_be_public = "true"
}
## tf-azure-storage-public-blobs: azure storage old name: fail
resource "azurerm_storage_account" "d" {
  allow_blob_public_access = true
}
## tf-azure-storage-tls: azure tls TLS1_0: fail
resource "azurerm_storage_account" "d" {
  min_tls_version = "TLS1_0"
}
## tf-azure-key-vault-network: azure vault network Allow: fail
resource "azurerm_key_vault" "d" {
  network_acls {
    default_action = "Allow"
    bypass = "AzureServices"
  }
}
## tf-azure-nsg-open: azure nsg inline group one bad: fail
resource "azurerm_network_security_group" "d" {
  dynamic "security_rule" {
    for_each = { a = 443, b = 22 }
    content {
      direction = "Inbound"
      access = "Allow"
      protocol = "Tcp"
      destination_port_range = security_rule.value
      source_address_prefix = "0.0.0.0/0"
    }
  }
}
## tf-azure-nsg-open: azure nsg inline as attribute list: fail
resource "azurerm_network_security_group" "d" {
  security_rule = [{
    direction = "Inbound"
    access = "Allow"
    protocol = "Tcp"
    destination_port_range = "22"
    source_address_prefixes = ["0.0.0.0/0"]
    source_address_prefix = ""
  }]
}
## tf-azure-nsg-open: azure nsg empty prefix with prefixes: fail
resource "azurerm_network_security_rule" "d" {
  direction = "Inbound"
  access = "Allow"
  protocol = "Tcp"
  destination_port_range = ""
  destination_port_ranges = ["22"]
  source_address_prefix = "*"
}
## tf-helm-secret-in-set: helm set name escaped: fail
resource "helm_release" "d" {
  set {
    name = "auth.adminPassword"
    value = "hunter2hunter2"
  }
}
## tf-helm-secret-in-set: helm values yamlencode password: pass
resource "helm_release" "d" {
  values = [yamlencode({ auth = { existingSecret = "x" } })]
}
## tf-github-reviews: github reviews 0: fail
resource "github_branch_protection" "d" {
  required_pull_request_reviews {
    required_approving_review_count = 0
  }
}
## tf-github-force-push: github force push: fail
resource "github_branch_protection" "d" {
  allows_force_pushes = "true"
}
## tf-lb-listener-https: lb listener http forward: fail
resource "aws_lb_listener" "d" {
  protocol = "http"
  default_action {
    type = "forward"
  }
}
## tf-lb-listener-tls: lb listener tls old policy: fail
resource "aws_lb_listener" "d" {
  protocol = "HTTPS"
  ssl_policy = "ELBSecurityPolicy-TLS-1-1-2017-01"
}
## tf-elasticache-in-transit: redis text false: fail
resource "aws_elasticache_replication_group" "d" {
  transit_encryption_enabled = "false"
}
## tf-kinesis-encrypted: kinesis NONE: fail
resource "aws_kinesis_stream" "d" {
  encryption_type = "NONE"
  kms_key_id = "x"
}
## tf-opensearch-https: opensearch options empty: fail
resource "aws_opensearch_domain" "d" {
  domain_endpoint_options {
  }
}
## tf-msk-in-transit: msk tls plaintext: fail
resource "aws_msk_cluster" "d" {
  encryption_info {
    encryption_in_transit {
      client_broker = "TLS_PLAINTEXT"
    }
  }
}
## tf-redshift-encrypted: redshift text: fail
resource "aws_redshift_cluster" "d" {
  encrypted = "false"
}
## tf-ecs-public-ip: ecs public ip: fail
resource "aws_ecs_service" "d" {
  network_configuration {
    assign_public_ip = "true"
  }
}
## tf-ecs-container-secrets: ecs secret env: fail
locals {
  env = { DB_PASSWORD = "hunter2hunter2" }
}
resource "aws_ecs_task_definition" "d" {
  container_definitions = jsonencode([{name="a", environment=[for k, v in local.env : {name=k, value=v}]}])
}
## tf-ssm-parameter-secure: ssm type String: fail
resource "aws_ssm_parameter" "d" {
  name = "/prod/db/password"
  type = "String"
  value = var.x
}
variable "x" {}
## tf-ecs-circuit-breaker-rollback: ecs circuit breaker false: fail
resource "aws_ecs_service" "d" {
  deployment_circuit_breaker {
    enable = true
    rollback = false
  }
}
## tf-remote-state: state local backend: fail
terraform {
  backend "local" {}
}
provider "aws" {}
resource "aws_sqs_queue" "q" {
}
## tf-remote-state: state backend by override local: fail
terraform {
  backend "s3" {
    bucket = "x"
    key = "k"
    region = "r"
  }
}
provider "aws" {}
resource "aws_sqs_queue" "q" {
}
-- override.tf
terraform {
  backend "local" {}
}
## tf-cloudtrail-enabled: cloudtrail off text: fail
resource "aws_cloudtrail" "d" {
  enable_logging = "0"
}
## tf-spaces-private: spaces acl: fail
resource "digitalocean_spaces_bucket" "d" {
  acl = "public-read"
}
## tf-rds-public: provider alias for_each (tofu): fail
provider "aws" {
  alias = "by"
  for_each = toset(["a"])
  region = each.key
}
resource "aws_db_instance" "d" {
  provider = aws.by["a"]
  publicly_accessible = true
}
## tf-security-group-open: sg dynamic guarded by unknown flag: unknown
variable "ssh" {
  type = bool
}
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = var.ssh ? [1] : []
    content {
      from_port = 22
      to_port = 22
      protocol = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
## tf-security-group-open: dynamic off by default in a root: pass
provider "aws" {}
variable "ssh" {
  default = false
}
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = var.ssh ? [1] : []
    content {
      from_port = 22
      to_port = 22
      protocol = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
## tf-security-group-open: rule by count off: nothing
provider "aws" {}
variable "ssh" {
  default = false
}
resource "aws_security_group_rule" "g" {
  count = var.ssh ? 1 : 0
  type = "ingress"
  from_port = 22
  to_port = 22
  protocol = "tcp"
  cidr_blocks = ["0.0.0.0/0"]
}
## tf-security-group-open: group's self: pass
resource "aws_security_group" "g" {
  ingress {
    from_port = 0
    to_port = 0
    protocol = "-1"
    self = true
  }
}
## tf-security-group-open: empty cidrs: pass
resource "aws_security_group" "g" {
  ingress {
    from_port = 0
    to_port = 0
    protocol = "-1"
    cidr_blocks = []
    security_groups = ["sg-1"]
  }
}
## tf-security-group-open: egress all: pass
resource "aws_security_group" "g" {
  egress {
    from_port = 0
    to_port = 0
    protocol = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-rds-encrypted: instance replica: pass
resource "aws_db_instance" "a" {
  storage_encrypted = true
}
resource "aws_db_instance" "r" {
  replicate_source_db = aws_db_instance.a.identifier
}
## tf-rds-multi-az: aurora instance multi az: pass
resource "aws_db_instance" "a" {
  multi_az = "true"
}
## tf-rds-public: resource in an example calls module with bad: pass
-- m/main.tf
variable "p" {
  default = false
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
-- examples/x/main.tf
module "m" {
  source = "../../m"
  p = true
}
## tf-rds-public: module with each caller good: pass
-- m/main.tf
variable "p" {
  type = bool
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
-- main.tf
module "a" {
  source = "./m"
  p = false
}
module "b" {
  source = "./m"
  p = !true
}
## tf-s3-tls-only: policy only in companion with jsonencode of data: pass
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
data "aws_iam_policy_document" "d" {
  statement {
    effect = "Deny"
    actions = ["s3:*"]
    principals {
      type = "*"
      identifiers = ["*"]
    }
    resources = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"]
    condition {
      test = "Bool"
      variable = "aws:SecureTransport"
      values = ["false"]
    }
  }
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.bucket
  policy = data.aws_iam_policy_document.d.json
}
## tf-s3-tls-only: tls deny with AWS star and numeric condition beside in own statement: pass
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({Statement=[
    {Effect="Deny",Principal={AWS="*"},Action="s3:*",Resource="*",Condition={NumericLessThan={"s3:TlsVersion"="1.2"}}},
  ]})
}
## tf-s3-public-access-block: bucket companions by for_each of the bucket: pass
provider "aws" {}
variable "names" {
  type = set(string)
}
resource "aws_s3_bucket" "b" {
  for_each = var.names
  bucket = each.key
}
resource "aws_s3_bucket_public_access_block" "b" {
  for_each = aws_s3_bucket.b
  bucket = each.value.id
}
## tf-s3-public-access-block: same count, indexed: pass
variable "create" {
  type = bool
}
resource "aws_s3_bucket" "b" {
  count = var.create ? 1 : 0
}
resource "aws_s3_bucket_public_access_block" "b" {
  count = var.create ? 1 : 0
  bucket = aws_s3_bucket.b[0].id
}
## tf-s3-public-access-block: count in other words, indexed: pass
locals {
  create = true
}
resource "aws_s3_bucket" "b" {
  count = local.create ? 1 : 0
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket = aws_s3_bucket.b[0].id
}
## tf-s3-public-access-block: for_each over known keys, companion with a superset: pass
locals {
  names = toset(["a", "b"])
}
resource "aws_s3_bucket" "b" {
  for_each = toset(["a", "b"])
  bucket = each.key
}
resource "aws_s3_bucket_public_access_block" "b" {
  for_each = local.names
  bucket = aws_s3_bucket.b[each.key].id
}
## tf-s3-public-access-block: count.index companion: pass
resource "aws_s3_bucket" "b" {
  count = 3
}
resource "aws_s3_bucket_public_access_block" "b" {
  count = length(aws_s3_bucket.b)
  bucket = aws_s3_bucket.b[count.index].id
}
## tf-s3-public-access-block: count.index companion known: pass
locals {
  n = 3
}
resource "aws_s3_bucket" "b" {
  count = 3
}
resource "aws_s3_bucket_public_access_block" "b" {
  count = local.n
  bucket = aws_s3_bucket.b[count.index].id
}
## tf-s3-public-access-block: splat in a list: pass
resource "aws_s3_bucket" "b" {
  count = 2
}
resource "aws_s3_bucket_public_access_block" "b" {
  count = 2
  bucket = element(aws_s3_bucket.b[*].id, count.index)
}
## tf-s3-public-access-block: account block in another module off: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
resource "aws_s3_account_public_access_block" "b" {
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
}
## tf-prevent-destroy: override lifecycle merges: pass
resource "aws_efs_file_system" "d" {
  lifecycle {
    prevent_destroy = true
  }
}
-- override.tf
resource "aws_efs_file_system" "d" {
  lifecycle {
    ignore_changes = [tags]
  }
}
## tf-prevent-destroy: override lifecycle takes it off: fail
resource "aws_efs_file_system" "d" {
  lifecycle {
    prevent_destroy = true
  }
}
-- override.tf
resource "aws_efs_file_system" "d" {
  lifecycle {
    prevent_destroy = false
  }
}
## tf-rds-public: two override files, the later wins: fail
resource "aws_db_instance" "d" {
}
-- a_override.tf
resource "aws_db_instance" "d" {
  publicly_accessible = false
}
-- b_override.tf
resource "aws_db_instance" "d" {
  publicly_accessible = true
}
## tf-rds-public: override without a base is judged: fail
provider "aws" {}
-- a_override.tf
resource "aws_db_instance" "d" {
  publicly_accessible = true
}
## tf-rds-public: override in a called module, in contexts: fail
module "a" {
  source = "./m"
  p = false
}
module "b" {
  source = "./m"
  p = true
}
-- m/main.tf
variable "p" {
}
resource "aws_db_instance" "d" {
  publicly_accessible = false
}
-- m/override.tf
resource "aws_db_instance" "d" {
  publicly_accessible = var.p
}
## tf-rds-public: tf.json module called twice: fail
module "a" {
  source = "./m"
  p = false
}
module "b" {
  source = "./m"
  p = true
}
-- m/main.tf.json
{"variable":{"p":{}},"resource":{"aws_db_instance":{"d":{"publicly_accessible":"${var.p}"}}}}
## tf-rds-encrypted: json null: fail
-- main.tf.json
{"resource":{"aws_db_instance":{"d":{"storage_encrypted":null}}}}
## tf-rds-encrypted: json comment key: fail
-- main.tf.json
{"//":"x","resource":{"aws_db_instance":{"d":{"//":"y","storage_encrypted":false}}}}
## tf-security-group-open: json dynamic: fail
-- main.tf.json
{"resource":{"aws_security_group":{"d":{"dynamic":{"ingress":{"for_each":[22],"content":{"from_port":"${ingress.value}","to_port":22,"protocol":"tcp","cidr_blocks":["0.0.0.0/0"]}}}}}}}
## tf-rds-encrypted: nested comment and string with brace: fail
/* resource "aws_db_instance" "x" {} */
resource "aws_db_instance" "d" {
  # storage_encrypted = true
  // storage_encrypted = true
  tags = { a = "}" , b = "${"{"}" }
    storage_encrypted = false
  }
## tf-rds-encrypted: heredoc hides an attribute: fail
resource "aws_db_instance" "d" {
 x = <<-EOT
 storage_encrypted = true
 EOT
}
## tf-rds-encrypted: resource of the same name twice: a.tf aws_db_instance.d pass, b.tf aws_db_instance.d fail
-- a.tf
resource "aws_db_instance" "d" {
  storage_encrypted = true
}
-- b.tf
resource "aws_db_instance" "d" {
  storage_encrypted = false
}
## tf-efs-encrypted: provider defaults for old version: fail
resource "aws_efs_file_system" "d" {
  encrypted = "false"
}
## tf-efs-encrypted: efs encrypted 1: fail
resource "aws_efs_file_system" "d" {
  encrypted = "1"
}
## tf-s3-public-access-block: remote module that hides: unknown
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
module "p" {
  source = "example.com/x/y/aws"
  version = "1.0.0"
  bucket = aws_s3_bucket.b.id
}
## tf-s3-public-access-block: remote module with count 0 that hides: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
module "p" {
  source = "example.com/x/y/aws"
  count = 0
  version = "1.0.0"
  bucket = aws_s3_bucket.b.id
}
## tf-rds-public: registry rds count 0: nothing
module "d" {
  source = "terraform-aws-modules/rds/aws"
  version = "6.1.0"
  count = 0
  publicly_accessible = true
}
## tf-rds-public: registry rds for_each one bad: fail
module "d" {
  source = "terraform-aws-modules/rds/aws"
  version = "6.1.0"
  for_each = { a = false, b = true }
  publicly_accessible = each.value
}
## tf-rds-public: registry rds unknown: unknown
variable "x" {}
module "d" {
  source = "terraform-aws-modules/rds/aws"
  version = "6.1.0"
  publicly_accessible = var.x
}
## tf-rds-public: registry git form: fail
module "d" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-rds.git?ref=v6.1.0"
  publicly_accessible = true
}
## tf-cloudfront-https: json dynamic with iterator, nested: fail
-- main.tf.json
{"resource":{"aws_cloudfront_distribution":{"d":{"default_cache_behavior":{"viewer_protocol_policy":"https-only"},"dynamic":{"ordered_cache_behavior":[{"iterator":"it","for_each":["https-only","allow-all"],"content":{"viewer_protocol_policy":"${it.value}"}}]}}}}}
## tf-rds-public: json dynamic within a block: pass
-- main.tf.json
{"resource":{"aws_db_instance":{"d":{"publicly_accessible":false,"timeouts":[{"dynamic":{"x":{"for_each":[1],"content":{"a":1}}}}]}}}}
## tf-rds-public: json attribute named dynamic stays: fail
-- main.tf.json
{"resource":{"aws_db_instance":{"d":{"publicly_accessible":true,"tags":{"dynamic":"yes"}}}}}
## tf-rds-public: prefix in provider constraint: fail
resource "aws_rds_cluster_instance" "d" {
  publicly_accessible = "${true}"
}
## tf-instance-imdsv2: launch template in for_each one bad: fail
resource "aws_launch_template" "t" {
  for_each = { a = "required", b = "optional" }
  metadata_options {
    http_tokens = each.value
  }
}
## tf-efs-encrypted: efs unknown: unknown
variable "e" {}
resource "aws_efs_file_system" "t" {
  encrypted = var.e
}
## tf-efs-encrypted: efs try null: unknown
variable "e" {}
resource "aws_efs_file_system" "t" {
  encrypted = try(var.e.x, null)
}
## tf-ebs-encrypted: ebs block devices dynamic unknown: unknown
variable "e" {}
resource "aws_instance" "t" {
  root_block_device {
    encrypted = true
  }
  dynamic "ebs_block_device" {
    for_each = var.e
    content {
      encrypted = ebs_block_device.value.encrypted
    }
  }
}
## tf-ebs-encrypted: ebs block devices dynamic unknown, surely bad if there: unknown
variable "e" {}
resource "aws_instance" "t" {
  root_block_device {
    encrypted = true
  }
  dynamic "ebs_block_device" {
    for_each = var.e
    content {
      encrypted = false
    }
  }
}
## tf-ebs-encrypted: root device dynamic unknown: unknown
variable "e" {}
resource "aws_instance" "t" {
  dynamic "root_block_device" {
    for_each = var.e
    content {
      encrypted = true
    }
  }
}
## tf-digitalocean-firewall-open: DO dynamic guarded: unknown
variable "e" {}
resource "digitalocean_firewall" "t" {
  dynamic "inbound_rule" {
    for_each = var.e
    content {
      protocol = "tcp"
      port_range = "22"
      source_addresses = ["0.0.0.0/0"]
    }
  }
}
## tf-azure-nsg-open: azure dynamic guarded: unknown
variable "e" {}
resource "azurerm_network_security_group" "t" {
  dynamic "security_rule" {
    for_each = var.e
    content {
      direction = "Inbound"
      access = "Allow"
      protocol = "Tcp"
      destination_port_range = "22"
      source_address_prefix = "*"
    }
  }
}
## tf-ecs-circuit-breaker-rollback: ecs circuit dynamic unknown: unknown
variable "e" {}
resource "aws_ecs_service" "t" {
  dynamic "deployment_circuit_breaker" {
    for_each = var.e
    content {
      enable = true
      rollback = true
    }
  }
}
## tf-s3-encrypted: s3 encrypted dynamic unknown: unknown
provider "aws" {}
variable "e" {}
resource "aws_s3_bucket" "t" {
  dynamic "server_side_encryption_configuration" {
    for_each = var.e
    content {
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "aws:kms"
        }
      }
    }
  }
}
## tf-prevent-destroy: prevent destroy dynamic: fail
resource "aws_dynamodb_table" "t" {
  deletion_protection_enabled = "false"
}
## tf-prevent-destroy: dynamodb 1: pass
resource "aws_dynamodb_table" "t" {
  deletion_protection_enabled = "true"
}
## tf-prevent-destroy: azure lock ReadOnly of group elsewhere: fail
resource "azurerm_resource_group" "a" {
  name = "a"
}
resource "azurerm_resource_group" "b" {
  name = "b"
}
resource "azurerm_postgresql_flexible_server" "t" {
  resource_group_name = azurerm_resource_group.a.name
}
resource "azurerm_management_lock" "l" {
  scope = azurerm_resource_group.b.id
  lock_level = "CanNotDelete"
}
## tf-prevent-destroy: azure lock off: fail
resource "azurerm_postgresql_flexible_server" "t" {
  name = "x"
}
resource "azurerm_management_lock" "l" {
  count = 0
  scope = azurerm_postgresql_flexible_server.t.id
  lock_level = "CanNotDelete"
}
## tf-prevent-destroy: azure lock unknown count: unknown
variable "n" {}
resource "azurerm_postgresql_flexible_server" "t" {
  name = "x"
}
resource "azurerm_management_lock" "l" {
  count = var.n
  scope = azurerm_postgresql_flexible_server.t.id
  lock_level = "CanNotDelete"
}
## tf-s3-versioned: state bucket versioning suspended: fail
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
resource "aws_s3_bucket_versioning" "v" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration {
    status = "Suspended"
  }
}
## tf-s3-versioned: two versionings, one bad: pass
provider "aws" {}
resource "aws_s3_bucket" "b" {
  bucket = "x"
}
resource "aws_s3_bucket_versioning" "v" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration {
    status = "Enabled"
  }
}
## tf-security-group-open: cidr jsondecode tfvars map of lists: fail
terraform {
  backend "s3" {}
}
variable "rules" {
  type = map(list(string))
}
resource "aws_security_group_rule" "r" {
  for_each = var.rules
  type = "ingress"
  from_port = tonumber(each.key)
  to_port = tonumber(each.key)
  protocol = "tcp"
  cidr_blocks = each.value
}
-- terraform.tfvars
rules = {
 "443" = ["0.0.0.0/0"]
 "22" = ["10.0.0.0/8", "0.0.0.0/0"]
}
## tf-security-group-open: ports swapped: fail
resource "aws_security_group_rule" "r" {
  type = "ingress"
  from_port = 22
  to_port = max(22, 23)
  protocol = lower("TCP")
  cidr_blocks = compact(["", "0.0.0.0/0"])
}
## tf-security-group-open: vpc rule referenced group only: pass
resource "aws_vpc_security_group_ingress_rule" "r" {
  ip_protocol = "-1"
  referenced_security_group_id = "sg-1"
}
## tf-security-group-open: default group: fail
resource "aws_default_security_group" "r" {
  ingress {
    protocol = -1
    from_port = 0
    to_port = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
## tf-security-group-open: inline and null cidr: pass
resource "aws_security_group" "r" {
  ingress {
    protocol = "tcp"
    from_port = 22
    to_port = 22
    cidr_blocks = null
    security_groups = ["sg-1"]
  }
}
## tf-kms-policy-open: kms, condition any address: fail
resource "aws_kms_key" "k" {
  policy = jsonencode({Statement=[{Effect="Allow",Principal="*",Action="kms:*",Resource="*",Condition={IpAddress={"aws:SourceIp"="0.0.0.0/0"}}}]})
}
## tf-kms-policy-open: kms, caller account: pass
resource "aws_kms_key" "k" {
  policy = jsonencode({Statement=[{Effect="Allow",Principal="*",Action="kms:*",Resource="*",Condition={StringEquals={"kms:CallerAccount"="1"}}}]})
}
## tf-kms-policy-open: kms, deny everybody: pass
resource "aws_kms_key" "k" {
  policy = jsonencode({Statement=[{Effect="Deny",NotPrincipal={AWS="arn:aws:iam::1:root"},Action="kms:*",Resource="*"}]})
}
## tf-hardcoded-secret: hardcoded secret in locals map: fail
locals {
  db = { password = "S3cr3tPassw0rd" }
}
## tf-hardcoded-secret: secret in tfvars: fail
-- prod.tfvars
db_password = "S3cr3tPassw0rd"
## tf-hardcoded-secret: secret as default of a variable: fail
variable "db_password" {
  default = "S3cr3tPassw0rd"
}
## tf-hardcoded-secret: secret in a conditional: main.tf var.x pass, main.tf aws_db_instance.d fail
variable "x" {}
resource "aws_db_instance" "d" {
  password = var.x ? "S3cr3tPassw0rd" : "0therPassw0rd"
}
## tf-hardcoded-secret: secret in coalesce: main.tf var.x pass, main.tf aws_db_instance.d fail
variable "x" {}
resource "aws_db_instance" "d" {
  password = coalesce(var.x, "S3cr3tPassw0rd")
}
## tf-hardcoded-secret: secret in sensitive(): fail
resource "aws_db_instance" "d" {
  password = sensitive("S3cr3tPassw0rd")
}
## tf-provider-credentials: provider credentials: fail
locals {
  k = "wJalrXUtnFEMIK7MDENGbPxRfiCYzq8Zr2LmX0pT"
}
provider "aws" {
  access_key = "AKIAZ7QWERTYPBCD2FGH"
  secret_key = local.k
}
## tf-module-git-pinned: module git by branch: fail
module "m" {
  source = "git::https://example.com/m.git?ref=main"
}
## tf-module-git-pinned: module git no ref: fail
module "m" {
  source = "git@github.com:a/b.git"
}
## tf-module-version: module version range: fail
module "m" {
  source = "terraform-aws-modules/vpc/aws"
}
## tf-iam-admin-policy: **: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["**"],Resource="*"}] })
}
## tf-iam-admin-policy: resource **: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["*"],Resource="**"}] })
}
## tf-iam-admin-policy: resource arn:*: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["*"],Resource="arn:aws:*:*:*:*"}] })
}
## tf-iam-admin-policy: resource arn:aws:*: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["*"],Resource="arn:*"}] })
}
## tf-iam-service-wildcard: s3:**: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["s3:**"],Resource="*"}] })
}
## tf-iam-service-wildcard: vacuous condition 2: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=["s3:*"],Resource="*",Condition={StringLike={"aws:PrincipalArn"="*"}}}] })
}
## tf-iam-admin-policy: unknown action: unknown
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=var.a,Resource="*"}] })
}
## tf-iam-any-action: unknown action any: unknown
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=var.a,Resource="arn:aws:s3:::a"}] })
}
## tf-iam-admin-policy: unknown resource: unknown
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action="*",Resource=var.a}] })
}
## tf-iam-admin-policy: unknown effect: unknown
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect=var.a,Action="*",Resource="*"}] })
}
## tf-iam-admin-policy: document for_each: fail
locals { d = { a = ["s3:GetObject"], b = ["*"] } }
data "aws_iam_policy_document" "b" {
  for_each = local.d
  statement {
    actions = each.value
    resources = ["*"]
  }
}
## tf-iam-trust-open: trust not principal: fail
resource "aws_iam_role" "r" { assume_role_policy = jsonencode({Statement=[{Effect="Allow",Action="sts:AssumeRole",NotPrincipal={AWS="arn:aws:iam::1:root"}}]}) }
## tf-iam-privilege-escalation: escalation NotAction: fail
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",NotAction=["s3:*"],Resource="*"}] })
}
## tf-iam-privilege-escalation: escalation unknown: unknown
variable "a" {}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version="2012-10-17", Statement = [{Effect="Allow",Action=var.a,Resource="*"}] })
}
## tf-lb-listener-https: lb listener dynamic redirect unknown: unknown
variable "e" {}
resource "aws_lb_listener" "t" {
  protocol = "HTTP"
  dynamic "default_action" {
    for_each = var.e
    content {
      type = "redirect"
      redirect {
        protocol = "HTTPS"
      }
    }
  }
}
"""

SPELLED = {  # what an editor would not keep
    "## tf-rds-encrypted: other letters, line ends of Windows: fail": (
        'resource "aws_db_instance" "\u0434\u0430\u043d\u043d\u044b\u0435" {\r\n  storage_encrypted = false\r\n}\r\n'
    ),
    "## tf-iam-admin-policy: line ends of Windows in a heredoc: fail": (
        'resource "aws_iam_policy" "p" {\r\n  policy = <<EOF\r\n'
        '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}\r\nEOF\r\n}\r\n'
    ),
    "## tf-rds-encrypted: a byte order mark: fail": (
        '\ufeffresource "aws_db_instance" "d" { storage_encrypted = false }\n'
    ),
}


class Trap(NamedTuple):
    rule: str
    name: str
    verdict: str
    files: dict[str, str]

    def __str__(self) -> str:
        return f"{self.rule}-{self.name}"


def read(text: str) -> Iterator[Trap]:
    for part in text.split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        rule, name, verdict = title.split(": ")
        first, *more = (
            f"{body}\n".split("\n-- ") if not body.startswith("-- ") else ["", *f"\n{body}\n".split("\n-- ")[1:]]
        )
        files = {path: f"{inner}\n" for path, _, inner in (each.partition("\n") for each in more)}
        yield Trap(rule, name, verdict, {**({"main.tf": first} if first else {}), **files})


def spelled() -> Iterator[Trap]:
    for title, text in SPELLED.items():
        rule, name, verdict = title.removeprefix("## ").split(": ")
        yield Trap(rule, name, verdict, {"main.tf": text})


@pytest.mark.parametrize("trap", [*read(TRAPS), *spelled()], ids=str)
def test_trap(trap: Trap) -> None:
    project = project_of(trap.files.items())
    assert not [fault.message for fault in project.faults], "a trap is legal"
    outcome = engine.run([RULES[trap.rule]], project)[0]
    assert not outcome.error, outcome.error
    found = [f"{verdict.subject.path} {verdict.subject.name} {verdict.word}" for verdict in outcome.verdicts]
    if trap.verdict in ("pass", "fail", "unknown"):
        assert {each.rpartition(" ")[2] for each in found} == {trap.verdict}, found
    else:
        assert sorted(found) == ([] if trap.verdict == "nothing" else sorted(trap.verdict.split(", ")))
