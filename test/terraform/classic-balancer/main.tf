# A Classic Load Balancer with listeners of every kind, policies of every kind, and an instance.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
}

resource "aws_security_group" "web" {
  name   = "classic"
  vpc_id = data.aws_vpc.default.id
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "web" {
  ami           = data.aws_ssm_parameter.ami.value
  instance_type = "t3.micro"
  subnet_id     = data.aws_subnets.default.ids[0]
}

resource "aws_acm_certificate" "web" {
  domain_name       = "web.test"
  validation_method = "DNS"
}

resource "aws_s3_bucket" "logs" {
  bucket        = "classic-logs"
  force_destroy = true
}

resource "aws_elb" "web" {
  name                        = "web"
  subnets                     = slice(data.aws_subnets.default.ids, 0, 2)
  security_groups             = [aws_security_group.web.id]
  instances                   = [aws_instance.web.id]
  cross_zone_load_balancing   = true
  idle_timeout                = 400
  connection_draining         = true
  connection_draining_timeout = 30
  access_logs {
    bucket        = aws_s3_bucket.logs.bucket
    bucket_prefix = "web"
    interval      = 5
  }
  listener {
    lb_port           = 80
    lb_protocol       = "http"
    instance_port     = 8080
    instance_protocol = "http"
  }
  listener {
    lb_port            = 443
    lb_protocol        = "https"
    instance_port      = 8080
    instance_protocol  = "http"
    ssl_certificate_id = aws_acm_certificate.web.arn
  }
  listener {
    lb_port           = 22
    lb_protocol       = "tcp"
    instance_port     = 22
    instance_protocol = "tcp"
  }
  health_check {
    target              = "HTTP:8080/ping"
    interval            = 10
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
  tags = { Name = "web" }
}

resource "aws_lb_cookie_stickiness_policy" "time" {
  name                     = "time"
  load_balancer            = aws_elb.web.id
  lb_port                  = 80
  cookie_expiration_period = 600
}

resource "aws_lb_ssl_negotiation_policy" "strict" {
  name          = "strict"
  load_balancer = aws_elb.web.id
  lb_port       = 443
  attribute {
    name  = "Protocol-TLSv1.2"
    value = "true"
  }
  attribute {
    name  = "ECDHE-RSA-AES128-GCM-SHA256"
    value = "true"
  }
}

resource "aws_proxy_protocol_policy" "ssh" {
  load_balancer  = aws_elb.web.name
  instance_ports = ["22"]
}

output "name" {
  value = aws_elb.web.dns_name
}
