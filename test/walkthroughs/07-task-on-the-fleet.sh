#!/usr/bin/env bash
# Walkthrough 7, "A task on the EC2 fleet": an Auto Scaling group of two to five.
source "$(dirname "$0")/lib.sh"

image=$(push_hello cowsay latest 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name cowsay --force"
aws ecs create-cluster --cluster-name Fleet >/dev/null
cleanup "aws ecs delete-cluster --cluster Fleet"
cleanup "aws logs delete-log-group --log-group-name /cowsay"

say 'a launch template, an Auto Scaling group of two to five from it'
printf '#!/bin/bash\ncat <<"EOC" >> /etc/ecs/ecs.config\nECS_CLUSTER=Fleet\nECS_INSTANCE_ATTRIBUTES={"stack":"farm"}\nEOC\n' >"$work/user-data"
aws ec2 create-launch-template --launch-template-name fleet --launch-template-data \
  "{\"ImageId\":\"$(ecs_image)\",\"InstanceType\":\"t2.small\",\"UserData\":\"$(base64 -w0 "$work/user-data")\"}" >/dev/null
cleanup "aws ec2 delete-launch-template --launch-template-name fleet"
aws autoscaling create-auto-scaling-group --auto-scaling-group-name fleet --launch-template LaunchTemplateName=fleet \
  --min-size 2 --max-size 5 --vpc-zone-identifier "$(two_subnets "$(default_vpc)" | tr ' ' ,)" --tags Key=Name,Value=farm
cleanup 'end_group fleet'
until_ok 30 registered Fleet 2
until_ok 30 in_service fleet 2
instances=$(group_instances fleet)
aws autoscaling describe-scaling-activities --auto-scaling-group-name fleet --query 'Activities[-1].[Description,Cause]' --output text >"$work/activity"
grep -q "^Launching a new EC2 instance: i-.*a user request created an AutoScalingGroup changing the desired capacity from 0 to 2" "$work/activity"
expect 2 "$(aws ecs list-container-instances --cluster Fleet --filter 'attribute:stack == farm and attribute:ecs.instance-type =~ t2.*' \
  --query 'length(containerInstanceArns)')" 'instances of the farm'

say 'a cow'
cow='echo \" _____ \"; echo \"< moo >\"; echo \" ----- \"'
aws ecs register-task-definition --family cowsay --requires-compatibilities EC2 --container-definitions \
  "[{\"name\":\"cow\",\"image\":\"$image\",\"memory\":64,\"entryPoint\":[\"/bin/busybox\",\"sh\",\"-c\"],\"command\":[\"$cow\"],
    \"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{\"awslogs-group\":\"/cowsay\",\"awslogs-region\":\"us-east-1\",\"awslogs-stream-prefix\":\"farm\",\"awslogs-create-group\":\"true\"}}}]" >/dev/null
aws ecs run-task --cluster Fleet --task-definition cowsay --count 2 --query 'tasks[].[taskArn,containerInstanceArn]' --output text >"$work/tasks"
expect 2 "$(cut -f2 "$work/tasks" | sort -u | wc -l)" 'instances that run a task'
aws ecs wait tasks-stopped --cluster Fleet --tasks $(cut -f1 "$work/tasks")
task=$(head -1 "$work/tasks" | cut -f1)
expect 0 "$(aws ecs describe-tasks --cluster Fleet --tasks "$task" --query 'tasks[0].containers[0].exitCode')" exitCode
said() {
  aws logs get-log-events --log-group-name /cowsay --log-stream-name "farm/cow/${task##*/}" --query 'events[].message' --output text >"$work/said"
  grep -q '< moo >' "$work/said"
}
until_ok 20 said

say 'started on an instance of our choice, and on none that does not fit'
chosen=$(head -1 "$work/tasks" | cut -f2)
expect "$chosen" "$(aws ecs start-task --cluster Fleet --task-definition cowsay --container-instances "$chosen" \
  --query 'tasks[0].containerInstanceArn' --output text)" 'the instance'
aws ecs run-task --cluster Fleet --task-definition cowsay --overrides '{"memory":"4096"}' --query 'failures[].reason' --output text >"$work/failures"
expect $'RESOURCE:MEMORY\tRESOURCE:MEMORY' "$(cat "$work/failures")" failures

say 'a stopped instance has no agent; started again it has the same registration'
# The group would put another in its place.
aws autoscaling suspend-processes --auto-scaling-group-name fleet --scaling-processes HealthCheck
first=${instances%%[[:space:]]*}
aws ec2 stop-instances --instance-ids "$first" >/dev/null
until_ok 60 instances_are stopped "$first"
until_ok 20 eval '! registered Fleet 2'
aws ec2 start-instances --instance-ids "$first" >/dev/null
until_ok 60 registered Fleet 2
expect 2 "$(aws ecs list-container-instances --cluster Fleet --query 'length(containerInstanceArns)')" registrations
