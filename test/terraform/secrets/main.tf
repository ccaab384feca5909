# Keys, parameters and secrets as an application has them.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
# Tags on keys make the provider wait ten seconds.
provider "aws" {}
data "aws_caller_identity" "here" {}
resource "aws_kms_key" "app" {
  description             = "of the app"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "all"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}
resource "aws_kms_alias" "app" {
  name          = "alias/app"
  target_key_id = aws_kms_key.app.key_id
}
resource "aws_ssm_parameter" "url" {
  name  = "/app/url"
  type  = "String"
  value = "https://app"
  tags  = { Project = "secrets" }
}
resource "aws_ssm_parameter" "password" {
  name        = "/app/password"
  description = "of the database"
  type        = "SecureString"
  key_id      = aws_kms_key.app.arn
  value       = "hunter2"
  tier        = "Advanced"
}
resource "aws_secretsmanager_secret" "db" {
  name                    = "app/db"
  description             = "the database"
  kms_key_id              = aws_kms_alias.app.arn
  recovery_window_in_days = 7
  tags                    = { Project = "secrets" }
}
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({ username = "app", password = "hunter2" })
}
resource "aws_secretsmanager_secret_policy" "db" {
  secret_arn = aws_secretsmanager_secret.db.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:root" }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
    }]
  })
}
data "aws_secretsmanager_secret_version" "db" {
  secret_id  = aws_secretsmanager_secret.db.name
  depends_on = [aws_secretsmanager_secret_version.db]
}
data "aws_ssm_parameters_by_path" "app" {
  path       = "/app"
  depends_on = [aws_ssm_parameter.url, aws_ssm_parameter.password]
}
output "username" {
  value = nonsensitive(jsondecode(data.aws_secretsmanager_secret_version.db.secret_string).username)
}
output "parameters" {
  value = join(",", nonsensitive(data.aws_ssm_parameters_by_path.app.names))
}
