#!/usr/bin/env bash
# Walkthrough 4, "EC2 launch type and port conflicts": an Auto Scaling group of one instance.
source "$(dirname "$0")/lib.sh"

image=$(push_hello httpd 2.4 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name httpd --force"
vpc=$(default_vpc)
http=$(group walkthrough4-http "$vpc" 80)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $http"
aws ec2 authorize-security-group-ingress --group-id "$http" --protocol tcp --port 32768-60999 --cidr 0.0.0.0/0 >/dev/null

say 'a key pair, an instance profile, one instance in EC2Cluster'
aws ecs create-cluster --cluster-name EC2Cluster >/dev/null
cleanup "aws ecs delete-cluster --cluster EC2Cluster"
aws ec2 create-key-pair --key-name walkthrough4 --query KeyMaterial --output text >"$work/key.pem"
grep -q 'BEGIN RSA PRIVATE KEY' "$work/key.pem"
cleanup "aws ec2 delete-key-pair --key-name walkthrough4"
aws iam create-role --role-name walkthrough4 --assume-role-policy-document \
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}' >/dev/null
cleanup "aws iam delete-role --role-name walkthrough4"
aws iam create-instance-profile --instance-profile-name walkthrough4 >/dev/null
cleanup "aws iam delete-instance-profile --instance-profile-name walkthrough4"
aws iam add-role-to-instance-profile --instance-profile-name walkthrough4 --role-name walkthrough4
cleanup "aws iam remove-role-from-instance-profile --instance-profile-name walkthrough4 --role-name walkthrough4"
printf '#!/bin/bash\necho ECS_CLUSTER=EC2Cluster >> /etc/ecs/ecs.config\n' >"$work/user-data"
aws autoscaling create-launch-configuration --launch-configuration-name walkthrough4 --image-id "$(ecs_image)" \
  --instance-type t2.micro --key-name walkthrough4 --security-groups "$http" --iam-instance-profile walkthrough4 \
  --user-data "file://$work/user-data"
cleanup "aws autoscaling delete-launch-configuration --launch-configuration-name walkthrough4"
aws autoscaling create-auto-scaling-group --auto-scaling-group-name walkthrough4 --launch-configuration-name walkthrough4 \
  --min-size 0 --max-size 1 --desired-capacity 1 --availability-zones us-east-1a
cleanup 'end_group walkthrough4'
until_ok 30 registered EC2Cluster 1
instance=$(group_instances walkthrough4)
address=$(aws ec2 describe-instances --instance-ids "$instance" --query 'Reservations[0].Instances[0].PublicIpAddress' --output text)
container_instance=$(aws ecs list-container-instances --cluster EC2Cluster --query 'containerInstanceArns[0]' --output text)
expect t2.micro "$(aws ecs list-attributes --cluster EC2Cluster --target-type container-instance \
  --attribute-name ecs.instance-type --query 'attributes[0].value' --output text)" ecs.instance-type

# definition HOST_PORT: registers a revision of the task definition httpd; prints its ARN.
definition() {
  aws ecs register-task-definition --family httpd --network-mode bridge --requires-compatibilities EC2 \
    --query taskDefinition.taskDefinitionArn --output text --container-definitions \
    "[{\"name\":\"httpd\",\"image\":\"$image\",\"memory\":32,\"portMappings\":[{\"containerPort\":8080,\"hostPort\":$1}]}]"
}

say 'a service of two on port 80: one task runs, the other finds no place, and the event says why'
aws ecs create-service --cluster EC2Cluster --service-name httpd --task-definition "$(definition 80)" \
  --desired-count 2 --launch-type EC2 >/dev/null
cleanup "aws ecs delete-service --cluster EC2Cluster --service httpd --force"
why="(service httpd) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ${container_instance##*/}) is already using a port required by your task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
told() {
  aws ecs describe-services --cluster EC2Cluster --services httpd --query 'services[0].events[].message' >"$work/events"
  grep -qF "$why" "$work/events"
}
until_ok 30 told
until_ok 30 answered_by "http://$address/" 1
expect 1 "$(aws ecs describe-services --cluster EC2Cluster --services httpd --query 'services[0].runningCount')" runningCount
aws ecs describe-container-instances --cluster EC2Cluster --container-instances "$container_instance" \
  --query 'containerInstances[0].remainingResources[?name==`PORTS`].stringSetValue[]' --output text | tr '\t' '\n' >"$work/used"
grep -qx 80 "$work/used"

say 'a revision with dynamic ports: both run on the one instance'
aws ecs update-service --cluster EC2Cluster --service httpd --task-definition "$(definition 0)" >/dev/null
aws ecs wait services-stable --cluster EC2Cluster --services httpd
tasks=$(aws ecs list-tasks --cluster EC2Cluster --service-name httpd --query taskArns --output text)
aws ecs describe-tasks --cluster EC2Cluster --tasks $tasks \
  --query 'tasks[].containers[].networkBindings[].hostPort' --output text | tr '\t' '\n' >"$work/ports"
cat "$work/ports"
expect 2 "$(sort -u "$work/ports" | wc -l)" 'different host ports'
for port in $(cat "$work/ports"); do
  [ "$port" -ge 32768 ] || fail "$port is no dynamic port"
  until_ok 20 answered_by "http://$address:$port/" 1
done

say 'the service deleted and the instance drained, its tasks end'
expect DRAINING "$(aws ecs update-container-instances-state --cluster EC2Cluster --container-instances "$container_instance" \
  --status DRAINING --query 'containerInstances[0].status' --output text)" status
aws ecs delete-service --cluster EC2Cluster --service httpd --force >/dev/null
empty() {
  [ "$(aws ecs describe-container-instances --cluster EC2Cluster --container-instances "$container_instance" \
    --query 'containerInstances[0].[runningTasksCount,pendingTasksCount]' --output text)" = $'0\t0' ]
}
until_ok 60 empty
if aws ecs delete-cluster --cluster EC2Cluster 2>"$work/error"; then fail 'a cluster with an instance was deleted'; fi
grep -q ClusterContainsContainerInstancesException "$work/error"

say 'the group emptied, the registration is gone, and the cluster can be deleted'
aws autoscaling set-desired-capacity --auto-scaling-group-name walkthrough4 --desired-capacity 0
until_ok 60 instances_are terminated "$instance"
expect 0 "$(aws ecs list-container-instances --cluster EC2Cluster --query 'length(containerInstanceArns)')" instances
expect INACTIVE "$(aws ecs delete-cluster --cluster EC2Cluster --query cluster.status --output text)" status
