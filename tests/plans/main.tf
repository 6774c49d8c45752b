terraform {
  required_version = ">= 1.4"
  backend "local" {}
}

variable "replicas" {
  type = number
}

variable "password" {
  type      = string
  sensitive = true
}

variable "spare" {
  type    = bool
  default = false
}

resource "terraform_data" "service" {
  count = var.replicas
  input = {
    replicas = var.replicas
    password = var.password
    id       = terraform_data.network.id
  }
}

resource "terraform_data" "network" {
  input = "10.0.0.0/16"
}

resource "terraform_data" "spare" {
  count = var.spare ? 1 : 0
  input = "x"
}

module "part" {
  for_each = toset(["a", "b.c"])
  source   = "./modules/part"
  size     = length(each.key)
}
