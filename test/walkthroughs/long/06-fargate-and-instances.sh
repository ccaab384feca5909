#!/usr/bin/env bash
# Walkthrough 6, "DemoCluster: Fargate and EC2 together": an Auto Scaling group of t2.micro from 0 to 5; nginxdemos-hello with a new ALB.
source "$(dirname "$0")/../lib.sh"

image=$(push_hello nginxdemos-hello latest 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name nginxdemos-hello --force"
vpc=$(default_vpc)
read -r subnet_a subnet_b <<<"$(two_subnets "$vpc")"
web=$(group walkthrough6-web "$vpc" 80)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $web"
app=$(group walkthrough6-app "$vpc" 8080)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $app"

say 'DemoCluster with an empty group of t2.micro'
aws ecs create-cluster --cluster-name DemoCluster --capacity-providers FARGATE FARGATE_SPOT >/dev/null
cleanup "aws ecs delete-cluster --cluster DemoCluster"
printf '#!/bin/bash\necho ECS_CLUSTER=DemoCluster >> /etc/ecs/ecs.config\n' >"$work/user-data"
aws ec2 create-launch-template --launch-template-name demo --launch-template-data \
  "{\"ImageId\":\"$(ecs_image)\",\"InstanceType\":\"t2.micro\",\"UserData\":\"$(base64 -w0 "$work/user-data")\"}" >/dev/null
cleanup "aws ec2 delete-launch-template --launch-template-name demo"
aws autoscaling create-auto-scaling-group --auto-scaling-group-name demo --launch-template 'LaunchTemplateName=demo,Version=$Latest' \
  --min-size 0 --max-size 5 --desired-capacity 0 --vpc-zone-identifier "$subnet_a,$subnet_b"
cleanup 'end_group demo'
expect 0 "$(aws ecs list-container-instances --cluster DemoCluster --query 'length(containerInstanceArns)')" instances

say 'nginxdemos-hello on Fargate, behind a new load balancer'
balancer=$(aws elbv2 create-load-balancer --name demo-hello --subnets "$subnet_a" "$subnet_b" --security-groups "$web" \
  --query 'LoadBalancers[0].LoadBalancerArn' --output text)
targets=$(aws elbv2 create-target-group --name tg-nginxdemos-hello --protocol HTTP --port 8080 --target-type ip --vpc-id "$vpc" \
  --health-check-interval-seconds 5 --health-check-timeout-seconds 2 --healthy-threshold-count 2 \
  --query 'TargetGroups[0].TargetGroupArn' --output text)
cleanup "until_ok 60 aws elbv2 delete-target-group --target-group-arn $targets"
cleanup "aws elbv2 delete-load-balancer --load-balancer-arn $balancer"
aws elbv2 modify-target-group-attributes --target-group-arn "$targets" \
  --attributes Key=deregistration_delay.timeout_seconds,Value=1 >/dev/null
aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTP --port 80 \
  --default-actions "Type=forward,TargetGroupArn=$targets" >/dev/null
aws elbv2 wait load-balancer-available --load-balancer-arns "$balancer"
# definition NETWORK_MODE COMPATIBILITY PORTS: registers a revision; prints its ARN.
definition() {
  aws ecs register-task-definition --family nginxdemos-hello --network-mode "$1" --cpu 256 --memory 512 \
    --requires-compatibilities "$2" --execution-role-arn "$(execution_role)" --query taskDefinition.taskDefinitionArn --output text \
    --container-definitions "[{\"name\":\"nginxdemos-hello\",\"image\":\"$image\",\"portMappings\":[$3]}]"
}
aws ecs create-service --cluster DemoCluster --service-name nginxdemos-hello --desired-count 1 --launch-type FARGATE \
  --task-definition "$(definition awsvpc FARGATE '{"containerPort":8080}')" \
  --load-balancers "targetGroupArn=$targets,containerName=nginxdemos-hello,containerPort=8080" \
  --network-configuration "awsvpcConfiguration={subnets=[$subnet_a,$subnet_b],securityGroups=[$app]}" >/dev/null
cleanup "aws ecs delete-service --cluster DemoCluster --service nginxdemos-hello --force && aws ecs wait services-inactive --cluster DemoCluster --services nginxdemos-hello"
name=$(aws elbv2 describe-load-balancers --load-balancer-arns "$balancer" --query 'LoadBalancers[0].DNSName' --output text)
until_ok 60 answered_by "http://$name/" 1

say 'three of them: another task answers at each reload'
aws ecs update-service --cluster DemoCluster --service nginxdemos-hello --desired-count 3 >/dev/null
aws ecs wait services-stable --cluster DemoCluster --services nginxdemos-hello
rm -f "$work/answers"
until_ok 60 answered_by "http://$name/" 3

say 'the group grows to two, in two zones, and a task runs on each instance'
aws autoscaling set-desired-capacity --auto-scaling-group-name demo --desired-capacity 2
until_ok 60 registered DemoCluster 2
until_ok 30 in_service demo 2
zones=$(aws autoscaling describe-auto-scaling-instances --output text \
  --query "AutoScalingInstances[?AutoScalingGroupName=='demo'].AvailabilityZone" | tr '\t' '\n' | sort -u | wc -l)
expect 2 "$zones" 'zones of the group'
tasks=$(aws ecs run-task --cluster DemoCluster --count 2 --launch-type EC2 --placement-constraints type=distinctInstance \
  --task-definition "$(definition bridge EC2 '{"containerPort":8080,"hostPort":80}')" --query 'tasks[].taskArn' --output text)
# shellcheck disable=SC2086
aws ecs wait tasks-running --cluster DemoCluster --tasks $tasks
# shellcheck disable=SC2086
expect 2 "$(aws ecs describe-tasks --cluster DemoCluster --tasks $tasks --output text \
  --query 'tasks[].containerInstanceArn' | tr '\t' '\n' | sort -u | wc -l)" 'instances that hold port 80'

say 'an instance that is terminated is replaced, for a reason that the group tells'
lost=$(group_instances demo | cut -f1)
aws ec2 terminate-instances --instance-ids "$lost" >/dev/null
replaced() { in_service demo 2 && [[ "$(group_instances demo)" != *"$lost"* ]]; }
until_ok 60 replaced
aws autoscaling describe-scaling-activities --auto-scaling-group-name demo --query 'Activities[].Cause' --output text >"$work/causes"
grep -q 'an EC2 health check indicating it has been terminated or stopped' "$work/causes"
grep -q 'an unhealthy instance needing to be replaced' "$work/causes"

say 'the group shrinks to none'
aws autoscaling set-desired-capacity --auto-scaling-group-name demo --desired-capacity 0
until_ok 60 in_service demo 0
expect 0 "$(aws ecs list-container-instances --cluster DemoCluster --query 'length(containerInstanceArns)')" instances
