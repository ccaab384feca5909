#!/usr/bin/env bash
# Walkthrough 3, "One Fargate task with a public IP".
source "$(dirname "$0")/lib.sh"

image=$(push_hello nginx latest 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name nginx --force"
vpc=$(default_vpc)
read -r subnet _ <<<"$(two_subnets "$vpc")"
http=$(group walkthrough3-http "$vpc" 8080)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $http"

say 'cluster with Container Insights'
aws ecs create-cluster --cluster-name FargateCluster --settings name=containerInsights,value=enabled >/dev/null
cleanup "aws ecs delete-cluster --cluster FargateCluster"
expect enabled "$(aws ecs describe-clusters --clusters FargateCluster --include SETTINGS \
  --query 'clusters[0].settings[0].value' --output text)" containerInsights

say 'run one task'
aws ecs register-task-definition --family nginx --network-mode awsvpc --cpu 256 --memory 512 --requires-compatibilities FARGATE \
  --execution-role-arn "$(execution_role)" \
  --container-definitions "[{\"name\":\"nginx\",\"image\":\"$image\",\"portMappings\":[{\"containerPort\":8080}]}]" >/dev/null
task=$(aws ecs run-task --cluster FargateCluster --task-definition nginx --launch-type FARGATE --count 1 \
  --network-configuration "awsvpcConfiguration={subnets=[$subnet],securityGroups=[$http],assignPublicIp=ENABLED}" \
  --query 'tasks[0].taskArn' --output text)
cleanup "aws ecs stop-task --cluster FargateCluster --task $task && aws ecs wait tasks-stopped --cluster FargateCluster --tasks $task"
aws ecs wait tasks-running --cluster FargateCluster --tasks "$task"

say 'open its public address'
interface=$(aws ecs describe-tasks --cluster FargateCluster --tasks "$task" \
  --query 'tasks[0].attachments[0].details[?name==`networkInterfaceId`].value' --output text)
address=$(aws ec2 describe-network-interfaces --network-interface-ids "$interface" \
  --query 'NetworkInterfaces[0].Association.PublicIp' --output text)
until_ok 20 answered_by "http://$address:8080/" 1

say 'the security group decides: closed, then open again'
aws ec2 revoke-security-group-ingress --group-id "$http" --protocol tcp --port 8080 --cidr 0.0.0.0/0 >/dev/null
closed() { ! curl -fsS --max-time 1 "http://$address:8080/" >/dev/null 2>&1; }
until_ok 10 closed
aws ec2 authorize-security-group-ingress --group-id "$http" --protocol tcp --port 8080 --cidr 0.0.0.0/0 >/dev/null
until_ok 10 answered_by "http://$address:8080/" 1

say 'stop it'
aws ecs stop-task --cluster FargateCluster --task "$task" --reason 'seen enough' >/dev/null
aws ecs wait tasks-stopped --cluster FargateCluster --tasks "$task"
aws ecs describe-tasks --cluster FargateCluster --tasks "$task" --query 'tasks[0].[lastStatus,stopCode,stoppedReason]' --output text |
  tee "$work/stopped"
grep -qx $'STOPPED\tUserInitiated\tseen enough' "$work/stopped" || fail 'the task stopped otherwise'
