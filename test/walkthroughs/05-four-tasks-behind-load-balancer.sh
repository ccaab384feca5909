#!/usr/bin/env bash
# Walkthrough 5, "ALB in front of four Fargate tasks": target group tg-ecs-app2, grace period 30 s, two subnets.
source "$(dirname "$0")/lib.sh"

image=$(push_hello ecs-app2 latest 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name ecs-app2 --force"
vpc=$(default_vpc)
read -r subnet_a subnet_b <<<"$(two_subnets "$vpc")"
web=$(group walkthrough5-web "$vpc" 80)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $web"
app=$(aws ec2 create-security-group --group-name walkthrough5-app --description 'only from the balancer' --vpc-id "$vpc" \
  --query GroupId --output text)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $app"
aws ec2 authorize-security-group-ingress --group-id "$app" --protocol tcp --port 8080 --source-group "$web" >/dev/null

balancer=$(aws elbv2 create-load-balancer --name alb-ecs-app2 --subnets "$subnet_a" "$subnet_b" --security-groups "$web" \
  --query 'LoadBalancers[0].LoadBalancerArn' --output text)
targets=$(aws elbv2 create-target-group --name tg-ecs-app2 --protocol HTTP --port 8080 --target-type ip --vpc-id "$vpc" \
  --health-check-interval-seconds 5 --health-check-timeout-seconds 2 --healthy-threshold-count 2 \
  --query 'TargetGroups[0].TargetGroupArn' --output text)
cleanup "until_ok 60 aws elbv2 delete-target-group --target-group-arn $targets"
cleanup "aws elbv2 delete-load-balancer --load-balancer-arn $balancer"
aws elbv2 modify-target-group-attributes --target-group-arn "$targets" \
  --attributes Key=deregistration_delay.timeout_seconds,Value=1 >/dev/null
aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTP --port 80 \
  --default-actions "Type=forward,TargetGroupArn=$targets" >/dev/null
aws elbv2 wait load-balancer-available --load-balancer-arns "$balancer"

aws ecs create-cluster --cluster-name FargateCluster2 >/dev/null
cleanup "aws ecs delete-cluster --cluster FargateCluster2"
aws ecs register-task-definition --family ecs-app2 --network-mode awsvpc --cpu 256 --memory 512 --requires-compatibilities FARGATE \
  --execution-role-arn "$(execution_role)" \
  --container-definitions "[{\"name\":\"app\",\"image\":\"$image\",\"portMappings\":[{\"containerPort\":8080}]}]" >/dev/null
aws ecs create-service --cluster FargateCluster2 --service-name ecs-app2 --task-definition ecs-app2 --desired-count 4 \
  --launch-type FARGATE --health-check-grace-period-seconds 30 \
  --load-balancers "targetGroupArn=$targets,containerName=app,containerPort=8080" \
  --network-configuration "awsvpcConfiguration={subnets=[$subnet_a,$subnet_b],securityGroups=[$app]}" >/dev/null
cleanup "aws ecs delete-service --cluster FargateCluster2 --service ecs-app2 --force && aws ecs wait services-inactive --cluster FargateCluster2 --services ecs-app2"
aws ecs wait services-stable --cluster FargateCluster2 --services ecs-app2

say 'four tasks answer, in both subnets'
name=$(aws elbv2 describe-load-balancers --load-balancer-arns "$balancer" --query 'LoadBalancers[0].DNSName' --output text)
until_ok 30 answered_by "http://$name/" 4
expect 4 "$(aws elbv2 describe-target-health --target-group-arn "$targets" \
  --query 'length(TargetHealthDescriptions[?TargetHealth.State==`healthy`])' --output text)" 'healthy targets'
tasks=$(aws ecs list-tasks --cluster FargateCluster2 --service-name ecs-app2 --query taskArns --output text)
# shellcheck disable=SC2086
zones=$(aws ecs describe-tasks --cluster FargateCluster2 --tasks $tasks --query 'tasks[].availabilityZone' --output text | tr '\t' '\n' | sort -u | wc -l)
expect 2 "$zones" 'zones in use'

say 'a task that dies is replaced'
# shellcheck disable=SC2086
aws ecs stop-task --cluster FargateCluster2 --task "${tasks%%[[:space:]]*}" >/dev/null
four_healthy() {
  local now
  now=$(aws ecs list-tasks --cluster FargateCluster2 --service-name ecs-app2 --desired-status RUNNING --query taskArns --output text)
  [[ "$now" != *"${tasks%%[[:space:]]*}"* ]] &&
    [ "$(aws elbv2 describe-target-health --target-group-arn "$targets" \
      --query 'length(TargetHealthDescriptions[?TargetHealth.State==`healthy`])' --output text)" = 4 ]
}
until_ok 60 four_healthy
