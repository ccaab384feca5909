# A service of the EC2 launch type in bridge mode, on instances of a launch template, behind a load balancer.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "image" {
  type = string
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

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "instance" {
  name               = "terraform-instance"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "instance" {
  role       = aws_iam_role.instance.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
}

resource "aws_iam_instance_profile" "instance" {
  name = "terraform-instance"
  role = aws_iam_role.instance.name
}

resource "aws_security_group" "web" {
  name        = "terraform-instances-web"
  description = "HTTP from anywhere"
  vpc_id      = data.aws_vpc.default.id
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "instance" {
  name        = "terraform-instances"
  description = "dynamic ports from the load balancer"
  vpc_id      = data.aws_vpc.default.id
  ingress {
    from_port       = 32768
    to_port         = 60999
    protocol        = "tcp"
    security_groups = [aws_security_group.web.id]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ecs_cluster" "main" {
  name = "terraform-instances"
}

locals {
  join_cluster = <<-EOT
    #!/bin/bash
    echo ECS_CLUSTER=${aws_ecs_cluster.main.name} >> /etc/ecs/ecs.config
  EOT
}

resource "aws_launch_template" "instance" {
  name          = "terraform-instances"
  image_id      = data.aws_ssm_parameter.ami.value
  instance_type = "t3.micro"
  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "enabled"
  }
  vpc_security_group_ids = [aws_security_group.instance.id]
  tag_specifications {
    resource_type = "instance"
    tags          = { Fleet = "terraform" }
  }
}

resource "aws_instance" "template" {
  subnet_id = data.aws_subnets.default.ids[0]
  launch_template {
    id      = aws_launch_template.instance.id
    version = "$Latest"
  }
  # Not in the template: the provider would take its hash for a change, on AWS too.
  user_data = local.join_cluster
  tags      = { Name = "of-the-template" }
}

resource "aws_instance" "own" {
  ami                    = data.aws_ssm_parameter.ami.value
  instance_type          = "t3.micro"
  subnet_id              = data.aws_subnets.default.ids[1]
  iam_instance_profile   = aws_iam_instance_profile.instance.name
  vpc_security_group_ids = [aws_security_group.instance.id]
  user_data              = local.join_cluster
  metadata_options {
    http_tokens = "required"
  }
  tags = { Name = "own" }
}

resource "aws_lb" "main" {
  name               = "terraform-instances"
  load_balancer_type = "application"
  subnets            = slice(data.aws_subnets.default.ids, 0, 2)
  security_groups    = [aws_security_group.web.id]
}

resource "aws_lb_target_group" "app" {
  name                 = "terraform-instances"
  port                 = 80
  protocol             = "HTTP"
  target_type          = "instance"
  vpc_id               = data.aws_vpc.default.id
  deregistration_delay = 1
  health_check {
    path                = "/"
    interval            = 5
    timeout             = 2
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.app.arn
  }
}

resource "aws_ecs_task_definition" "app" {
  family                   = "terraform-instances"
  requires_compatibilities = ["EC2"]
  network_mode             = "bridge"
  container_definitions = jsonencode([{
    name         = "app"
    image        = var.image
    memory       = 64
    essential    = true
    portMappings = [{ containerPort = 8080, hostPort = 0 }]
  }])
}

resource "aws_ecs_task_definition" "agent" {
  family                   = "terraform-agent"
  requires_compatibilities = ["EC2"]
  network_mode             = "bridge"
  container_definitions = jsonencode([{
    name      = "agent"
    image     = var.image
    memory    = 64
    essential = true
  }])
}

resource "aws_ecs_service" "app" {
  name                  = "app"
  cluster               = aws_ecs_cluster.main.id
  task_definition       = aws_ecs_task_definition.app.arn
  desired_count         = 2
  launch_type           = "EC2"
  wait_for_steady_state = true
  load_balancer {
    target_group_arn = aws_lb_target_group.app.arn
    container_name   = "app"
    container_port   = 8080
  }
  depends_on = [aws_lb_listener.http, aws_instance.template, aws_instance.own]
}

resource "aws_ecs_service" "agent" {
  name                               = "agent"
  cluster                            = aws_ecs_cluster.main.id
  task_definition                    = aws_ecs_task_definition.agent.arn
  scheduling_strategy                = "DAEMON"
  launch_type                        = "EC2"
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0
  depends_on                         = [aws_instance.template, aws_instance.own]
}

output "url" {
  value = "http://${aws_lb.main.dns_name}/"
}
