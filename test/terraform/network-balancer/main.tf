# A network load balancer with listeners of every kind and addresses of its own, and one before an application load balancer.
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

data "aws_availability_zones" "available" {
  state = "available"
}

resource "aws_vpc" "main" {
  cidr_block = "10.41.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.available.names[count.index]
}

resource "aws_security_group" "balancer" {
  name   = "balancer"
  vpc_id = aws_vpc.main.id
  ingress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_eip" "static" {
  count  = 2
  domain = "vpc"
}

resource "aws_lb" "facing" {
  name                             = "facing"
  load_balancer_type               = "network"
  enable_cross_zone_load_balancing = true
  security_groups                  = [aws_security_group.balancer.id]
  dynamic "subnet_mapping" {
    for_each = [0, 1]
    content {
      subnet_id     = aws_subnet.public[subnet_mapping.value].id
      allocation_id = aws_eip.static[subnet_mapping.value].id
    }
  }
  depends_on = [aws_internet_gateway.main]
}

resource "aws_lb" "internal" {
  name               = "internal"
  internal           = true
  load_balancer_type = "network"
  subnet_mapping {
    subnet_id            = aws_subnet.public[0].id
    private_ipv4_address = "10.41.0.50"
  }
}

resource "aws_acm_certificate" "tls" {
  domain_name       = "tls.test"
  validation_method = "DNS"
}

resource "aws_lb_target_group" "of" {
  for_each             = toset(["TCP", "TLS", "UDP", "TCP_UDP"])
  name                 = replace(each.key, "_", "-")
  port                 = 8080
  protocol             = each.key
  target_type          = "ip"
  vpc_id               = aws_vpc.main.id
  deregistration_delay = 10
  proxy_protocol_v2    = each.key == "TCP"
  health_check {
    protocol            = each.key == "TLS" ? "HTTPS" : "TCP"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
  dynamic "stickiness" {
    for_each = each.key == "UDP" ? [1] : []
    content {
      type = "source_ip"
    }
  }
}

resource "aws_lb_listener" "on" {
  for_each          = { TCP = 80, TLS = 443, UDP = 53, TCP_UDP = 54 }
  load_balancer_arn = aws_lb.facing.arn
  port              = each.value
  protocol          = each.key
  certificate_arn   = each.key == "TLS" ? aws_acm_certificate.tls.arn : null
  ssl_policy        = each.key == "TLS" ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null
  alpn_policy       = each.key == "TLS" ? "HTTP2Preferred" : null
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.of[each.key].arn
  }
}

resource "aws_lb_target_group_attachment" "one" {
  target_group_arn = aws_lb_target_group.of["TCP"].arn
  target_id        = "10.41.1.77"
}

resource "aws_lb" "application" {
  name            = "application"
  internal        = true
  subnets         = aws_subnet.public[*].id
  security_groups = [aws_security_group.balancer.id]
}

resource "aws_lb_listener" "application" {
  load_balancer_arn = aws_lb.application.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "from the application load balancer"
      status_code  = "200"
    }
  }
}

resource "aws_lb_target_group" "application" {
  name        = "application"
  port        = 80
  protocol    = "TCP"
  target_type = "alb"
  vpc_id      = aws_vpc.main.id
}

resource "aws_lb_target_group_attachment" "application" {
  target_group_arn = aws_lb_target_group.application.arn
  target_id        = aws_lb.application.arn
  depends_on       = [aws_lb_listener.application]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_route_table_association" "public" {
  count          = 2
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_lb_listener" "before_application" {
  load_balancer_arn = aws_lb.facing.arn
  port              = 8080
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.application.arn
  }
}

output "address" {
  value = aws_eip.static[0].public_ip
}
