#!/usr/bin/env bash
# Walkthrough 16, "Network modes", the awsvpc part: a task has an address and security groups of its own; containers of one
# task share localhost; two tasks hold the same port; a group decides who may enter.
source "$(dirname "$0")/lib.sh"

image=$(push_hello modes latest 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name modes --force"
vpc=$(default_vpc)
read -r subnet _ <<<"$(two_subnets "$vpc")"
open=$(group walkthrough16-open "$vpc" 8080)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $open"
shut=$(aws ec2 create-security-group --group-name walkthrough16-shut --description shut --vpc-id "$vpc" --query GroupId --output text)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $shut"
aws ecs create-cluster --cluster-name modes >/dev/null
cleanup "aws ecs delete-cluster --cluster modes"
cleanup "aws logs delete-log-group --log-group-name /modes"

# run FAMILY GROUP: starts a task of the family; prints its ARN.
run() {
  aws ecs run-task --cluster modes --task-definition "$1" --launch-type FARGATE \
    --network-configuration "awsvpcConfiguration={subnets=[$subnet],securityGroups=[$2]}" --query 'tasks[0].taskArn' --output text
}
address_of() {
  aws ecs describe-tasks --cluster modes --tasks "$1" \
    --query 'tasks[0].attachments[0].details[?name==`privateIPv4Address`].value' --output text
}
stop() { aws ecs stop-task --cluster modes --task "$1" && aws ecs wait tasks-stopped --cluster modes --tasks "$1"; }
log='"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/modes","awslogs-region":"us-east-1","awslogs-stream-prefix":"t","awslogs-create-group":"true"}}'
register() {
  aws ecs register-task-definition --family "$1" --network-mode awsvpc --cpu 256 --memory 512 --requires-compatibilities FARGATE \
    --execution-role-arn "$(execution_role)" --container-definitions "$2" >/dev/null
}

say 'a host port other than the container port is refused'
if register refused "[{\"name\":\"web\",\"image\":\"$image\",\"portMappings\":[{\"containerPort\":8080,\"hostPort\":80}]}]" 2>"$work/error"; then
  fail 'it was accepted'
fi
grep -q ClientException "$work/error"

say 'two tasks, each with port 8080 on an address of its own'
register web "[{\"name\":\"web\",\"image\":\"$image\",\"portMappings\":[{\"containerPort\":8080}]}]"
first=$(run web "$open")
cleanup "stop $first"
second=$(run web "$shut")
cleanup "stop $second"
aws ecs wait tasks-running --cluster modes --tasks "$first" "$second"
first_address=$(address_of "$first")
second_address=$(address_of "$second")
[ "$first_address" != "$second_address" ] || fail 'both tasks have one address'

say 'a third task reaches the open one and itself over localhost, not the shut one'
probe="for a in $first_address $second_address 127.0.0.1; do if echo | /bin/busybox nc -w 3 \$a 8080 >/dev/null; then echo \$a open; else echo \$a shut; fi; done; echo done"
register probe "[{\"name\":\"web\",\"image\":\"$image\",\"essential\":false},
  {\"name\":\"probe\",\"image\":\"$image\",\"entryPoint\":[\"/bin/busybox\",\"sh\",\"-c\"],\"command\":[\"$probe\"],
   \"dependsOn\":[{\"containerName\":\"web\",\"condition\":\"START\"}],$log}]"
third=$(run probe "$shut")
cleanup "stop $third"
aws ecs wait tasks-stopped --cluster modes --tasks "$third"
lines() {
  aws logs filter-log-events --log-group-name /modes --query 'events[].message' --output text | tr '\t' '\n' >"$work/probe"
  grep -qx done "$work/probe"
}
until_ok 20 lines
cat "$work/probe"
for line in "$first_address open" "$second_address shut" '127.0.0.1 open'; do grep -qx "$line" "$work/probe" || fail "no '$line'"; done
expect EssentialContainerExited "$(aws ecs describe-tasks --cluster modes --tasks "$third" --query 'tasks[0].stopCode' --output text)" stopCode

say 'an interface of a task cannot be deleted by hand'
interface=$(aws ecs describe-tasks --cluster modes --tasks "$first" \
  --query 'tasks[0].attachments[0].details[?name==`networkInterfaceId`].value' --output text)
if aws ec2 delete-network-interface --network-interface-id "$interface" 2>"$work/error"; then fail 'it was deleted'; fi
