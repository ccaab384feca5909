# An application load balancer with HTTPS, logs of requests and connections, and rules of every kind.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region            = "us-east-1"
  s3_use_path_style = true
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

resource "aws_security_group" "web" {
  name        = "web"
  description = "HTTP and HTTPS from anywhere"
  vpc_id      = data.aws_vpc.default.id
  dynamic "ingress" {
    for_each = [80, 443]
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}

resource "aws_s3_bucket" "logs" {
  bucket        = "terraform-access-logs"
  force_destroy = true
}

resource "aws_acm_certificate" "shop" {
  for_each          = toset(["shop.test", "api.test"])
  domain_name       = each.key
  validation_method = "DNS"
}

resource "aws_lb" "main" {
  name                                        = "rules"
  load_balancer_type                          = "application"
  subnets                                     = slice(sort(data.aws_subnets.default.ids), 0, 2)
  security_groups                             = [aws_security_group.web.id]
  idle_timeout                                = 120
  client_keep_alive                           = 600
  desync_mitigation_mode                      = "strictest"
  drop_invalid_header_fields                  = true
  enable_tls_version_and_cipher_suite_headers = true
  enable_xff_client_port                      = true
  preserve_host_header                        = true
  xff_header_processing_mode                  = "preserve"
  access_logs {
    bucket  = aws_s3_bucket.logs.bucket
    prefix  = "web"
    enabled = true
  }
  connection_logs {
    bucket  = aws_s3_bucket.logs.bucket
    prefix  = "connections"
    enabled = true
  }
}

resource "aws_lb_target_group" "web" {
  for_each             = toset(["blue", "green"])
  name                 = each.key
  port                 = 8080
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = data.aws_vpc.default.id
  deregistration_delay = 5
  slow_start           = 60
  stickiness {
    type            = "app_cookie"
    cookie_name     = "SESSION"
    cookie_duration = 3600
  }
}

resource "aws_lb_target_group" "grpc" {
  name                          = "grpc"
  port                          = 50051
  protocol                      = "HTTP"
  protocol_version              = "GRPC"
  target_type                   = "ip"
  vpc_id                        = data.aws_vpc.default.id
  load_balancing_algorithm_type = "least_outstanding_requests"
  health_check {
    path    = "/grpc.health.v1.Health/Check"
    matcher = "0"
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn                                            = aws_lb.main.arn
  port                                                         = 443
  protocol                                                     = "HTTPS"
  ssl_policy                                                   = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn                                              = aws_acm_certificate.shop["shop.test"].arn
  routing_http_response_server_enabled                         = false
  routing_http_response_strict_transport_security_header_value = "max-age=31536000"
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "nothing here"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_certificate" "api" {
  listener_arn    = aws_lb_listener.https.arn
  certificate_arn = aws_acm_certificate.shop["api.test"].arn
}

resource "aws_lb_listener_rule" "canary" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 10
  action {
    type = "forward"
    forward {
      dynamic "target_group" {
        for_each = { blue = 90, green = 10 }
        content {
          arn    = aws_lb_target_group.web[target_group.key].arn
          weight = target_group.value
        }
      }
      stickiness {
        enabled  = true
        duration = 600
      }
    }
  }
  condition {
    path_pattern {
      values = ["/app/*"]
    }
  }
}

resource "aws_lb_listener_rule" "grpc" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 20
  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.grpc.arn
  }
  condition {
    host_header {
      values = ["grpc.*"]
    }
  }
  condition {
    http_request_method {
      values = ["POST"]
    }
  }
}

resource "aws_lb_listener_rule" "moved" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 30
  action {
    type = "redirect"
    redirect {
      host        = "new.#{host}"
      path        = "/from/#{path}"
      query       = "#{query}&moved=1"
      status_code = "HTTP_302"
    }
  }
  condition {
    http_header {
      http_header_name = "X-Client"
      values           = ["old-*", "ancient"]
    }
  }
}

resource "aws_lb_listener_rule" "answered" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 40
  action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "fixed by a rule"
      status_code  = "200"
    }
  }
  condition {
    query_string {
      key   = "health"
      value = "check*"
    }
  }
  condition {
    source_ip {
      values = ["0.0.0.0/0"]
    }
  }
}

output "name" {
  value = aws_lb.main.dns_name
}
