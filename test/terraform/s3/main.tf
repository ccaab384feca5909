# Buckets with what most configurations say of them, and objects. Lifecycles are left out: the provider waits half a minute
# for each.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  s3_use_path_style = true
  default_tags { tags = { Project = "buckets" } }
}
resource "aws_s3_bucket" "main" {
  bucket_prefix = "main-"
  force_destroy = true
}
resource "aws_s3_bucket_versioning" "main" {
  bucket = aws_s3_bucket.main.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_public_access_block" "main" {
  bucket                  = aws_s3_bucket.main.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_ownership_controls" "main" {
  bucket = aws_s3_bucket.main.id
  rule { object_ownership = "BucketOwnerEnforced" }
}
resource "aws_s3_bucket_policy" "main" {
  bucket = aws_s3_bucket.main.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Action    = "s3:GetObject"
      Resource  = "${aws_s3_bucket.main.arn}/*"
    }]
  })
}
resource "aws_s3_object" "env" {
  bucket       = aws_s3_bucket.main.id
  key          = "app/settings.env"
  content      = "COLOUR=blue\n"
  content_type = "text/plain"
  metadata     = { from = "terraform" }
}
resource "aws_s3_object_copy" "copy" {
  bucket = aws_s3_bucket.main.id
  key    = "app/copy.env"
  source = "${aws_s3_bucket.main.id}/${aws_s3_object.env.key}"
}
data "aws_s3_object" "env" {
  bucket = aws_s3_bucket.main.id
  key    = aws_s3_object.env.key
}
output "content" { value = data.aws_s3_object.env.body }
output "bucket" { value = aws_s3_bucket.main.id }
