#!/usr/bin/env bash
# Walkthrough 2, "Fargate behind a load balancer, from the command line".
source "$(dirname "$0")/lib.sh"

image=$(push_hello python-web-app latest 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name python-web-app --force"
vpc=$(default_vpc)
read -r subnet_a subnet_b <<<"$(two_subnets "$vpc")"
web=$(group walkthrough2-web "$vpc" 80)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $web"
app=$(group walkthrough2-app "$vpc" 8080)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $app"

say 'load balancer, target group, listener'
balancer=$(aws elbv2 create-load-balancer --name ecs-alb --subnets "$subnet_a" "$subnet_b" --security-groups "$web" \
  --scheme internet-facing --type application --ip-address-type ipv4 --query 'LoadBalancers[0].LoadBalancerArn' --output text)
targets=$(aws elbv2 create-target-group --name tg-ecs-app --protocol HTTP --port 8080 --target-type ip --vpc-id "$vpc" \
  --health-check-interval-seconds 5 --health-check-timeout-seconds 2 --healthy-threshold-count 2 \
  --query 'TargetGroups[0].TargetGroupArn' --output text)
aws elbv2 modify-target-group-attributes --target-group-arn "$targets" \
  --attributes Key=deregistration_delay.timeout_seconds,Value=1 >/dev/null
cleanup "until_ok 60 aws elbv2 delete-target-group --target-group-arn $targets"
cleanup "aws elbv2 delete-load-balancer --load-balancer-arn $balancer"
aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTP --port 80 \
  --default-actions "Type=forward,TargetGroupArn=$targets" >/dev/null

say 'cluster, task definition'
aws ecs create-cluster --cluster-name FargateCLI >/dev/null
cleanup "aws ecs delete-cluster --cluster FargateCLI"
role=$(execution_role)
cat >"$work/containers.json" <<JSON
[{"name": "python-web-app", "image": "$image", "essential": true,
  "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
  "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/python-web-app", "awslogs-region": "us-east-1",
    "awslogs-stream-prefix": "ecs", "awslogs-create-group": "true"}}}]
JSON
for spelling in '.5vCPU 1GB' '0.5 vCPU:1 GB' '512 1024'; do
  IFS=': ' read -r cpu memory <<<"${spelling/ vCPU/_vCPU}"
  aws ecs register-task-definition --family python-web-app --network-mode awsvpc --task-role-arn "$role" \
    --execution-role-arn "$role" --cpu "${cpu/_/ }" --memory "$memory" --requires-compatibilities FARGATE \
    --container-definitions "file://$work/containers.json" --query 'taskDefinition.[cpu,memory]' --output text |
    grep -x $'512\t1024' || fail "cpu and memory '$spelling' were not understood"
done
cleanup "aws logs delete-log-group --log-group-name /ecs/python-web-app"

say 'service'
cat >"$work/load-balancers.json" <<JSON
[{"targetGroupArn": "$targets", "containerName": "python-web-app", "containerPort": 8080}]
JSON
cat >"$work/network.json" <<JSON
{"awsvpcConfiguration": {"subnets": ["$subnet_a", "$subnet_b"], "securityGroups": ["$app"], "assignPublicIp": "ENABLED"}}
JSON
aws ecs create-service --cluster FargateCLI --service-name python-web-app --task-definition python-web-app \
  --load-balancers "file://$work/load-balancers.json" --desired-count 2 --launch-type FARGATE \
  --scheduling-strategy REPLICA --network-configuration "file://$work/network.json" >/dev/null
cleanup "aws ecs delete-service --cluster FargateCLI --service python-web-app --force && aws ecs wait services-inactive --cluster FargateCLI --services python-web-app"
aws ecs list-services --cluster FargateCLI --query 'serviceArns[0]' --output text | grep 'service/FargateCLI/python-web-app$'
aws ecs wait services-stable --cluster FargateCLI --services python-web-app

say 'the page, by the name of the load balancer, from both tasks'
name=$(aws elbv2 describe-load-balancers --load-balancer-arns "$balancer" --query 'LoadBalancers[0].DNSName' --output text)
until_ok 30 answered_by "http://$name/" 2

say 'the service says what it did, the tasks where they are'
until_ok 30 sh -c "command aws --endpoint-url $AWS_ENDPOINT_URL ecs describe-services --cluster FargateCLI --services python-web-app \
  --query 'services[0].events[].message' --output text | grep -q '(service python-web-app) has reached a steady state.'"
tasks=$(aws ecs list-tasks --cluster FargateCLI --service-name python-web-app --query taskArns --output text)
# shellcheck disable=SC2086
aws ecs describe-tasks --cluster FargateCLI --tasks $tasks --query 'tasks[].attachments[].details[?name==`privateIPv4Address`].value' \
  --output text | sort >"$work/addresses"
sort -u "$work/answers" | diff - <(tr '\t' '\n' <"$work/addresses" | sort) || fail 'other addresses answered than the tasks have'

say 'their logs have arrived'
until_ok 30 sh -c "command aws --endpoint-url $AWS_ENDPOINT_URL logs filter-log-events --log-group-name /ecs/python-web-app \
  --query 'length(events)' --output text | grep -qv '^0$'"
