variable "size" {
  type = number
}

resource "terraform_data" "disk" {
  input            = { size = var.size }
  triggers_replace = [var.size]
}
