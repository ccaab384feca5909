# What every walkthrough shares. Each script runs against the endpoint in AWS_ENDPOINT_URL and cleans up after itself.
set -euo pipefail

# A CLI older than AWS_ENDPOINT_URL (Debian's) gets the endpoint as an option; a current one does not mind.
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# expect WANTED GOT WHAT
expect() { [ "$1" = "$2" ] || fail "$3: expected '$1', got '$2'"; }

# until_ok SECONDS COMMAND…: runs the command until it succeeds; a busy machine has five times the seconds.
until_ok() {
  local deadline=$((SECONDS + 5 * $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within the time: $*"
    sleep 0.2
  done
}

# Clean-up steps run in reverse order at the end, whatever happened.
cleanups=()
cleanup() { cleanups=("$*" "${cleanups[@]}"); }
run_cleanups() {
  local status=$?
  set +e
  # Each in a shell of its own: one that fails must not keep the others from running.
  for step in "${cleanups[@]}"; do (eval "$step") >/dev/null 2>&1; done
  exit "$status"
}
trap run_cleanups EXIT

work=$(mktemp -d)
cleanup "rm -rf '$work'"

# The folder of the examples' sources.
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples" && pwd)

registry=${AWS_ENDPOINT_URL#http://}

# push_hello REPOSITORY TAG REVISION: builds the hello page and pushes it to our registry; prints its URI.
push_hello() {
  mkdir -p "$work/hello"
  cp "$(command -v busybox)" "$work/hello/busybox"
  cp "$examples"/hello/{Dockerfile,index.cgi} "$work/hello/"
  sed -i "s/^ENV REVISION=.*/ENV REVISION=$3/" "$work/hello/Dockerfile"
  docker build -q -t "$registry/$1:$2" "$work/hello" >/dev/null
  aws ecr describe-repositories --repository-names "$1" >/dev/null 2>&1 ||
    aws ecr create-repository --repository-name "$1" >/dev/null
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" >/dev/null 2>&1
  docker push -q "$registry/$1:$2" >/dev/null
  printf '%s/%s:%s\n' "$registry" "$1" "$2"
}

default_vpc() { aws ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId' --output text; }

# two_subnets VPC: two of its subnets, separated by a blank.
two_subnets() {
  aws ec2 describe-subnets --filters "Name=vpc-id,Values=$1" --query 'Subnets[:2].SubnetId' --output text | tr '\t' ' '
}

# group NAME VPC PORT: a security group that allows the port from everywhere; prints its id.
group() {
  local id
  id=$(aws ec2 create-security-group --group-name "$1" --description "$1" --vpc-id "$2" --query GroupId --output text)
  aws ec2 authorize-security-group-ingress --group-id "$id" --protocol tcp --port "$3" --cidr 0.0.0.0/0 >/dev/null
  printf '%s\n' "$id"
}

execution_role() {
  # Two walkthroughs may want it at the same moment: whoever comes second finds it.
  aws iam create-role --role-name ecsTaskExecutionRole --query Role.Arn --output text --assume-role-policy-document \
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}' \
    2>/dev/null || aws iam get-role --role-name ecsTaskExecutionRole --query Role.Arn --output text
}

# page_from URL: the address of the task that made the page.
page_from() { curl -fsS --max-time 5 "$1" | sed -n 's/.*<b>\([0-9.]*\)<\/b>.*/\1/p'; }

# answered_by URL COUNT: succeeds once COUNT different tasks have answered.
answered_by() {
  local address
  address=$(page_from "$1") || return 1
  [ -n "$address" ] || return 1
  printf '%s\n' "$address" >>"$work/answers"
  [ "$(sort -u "$work/answers" | wc -l)" -ge "$2" ]
}

# ecs_image: the id of an ECS-optimized image.
ecs_image() {
  aws ec2 describe-images --owners amazon --filters 'Name=name,Values=amzn2-ami-ecs-hvm-*' --query 'Images[0].ImageId' --output text
}

# start_instances CLUSTER TYPE COUNT [OPTION…]: instances whose user data names the cluster, running and registered; prints their ids.
start_instances() {
  local cluster=$1 type=$2 count=$3 ids
  shift 3
  printf '#!/bin/bash\necho ECS_CLUSTER=%s >> /etc/ecs/ecs.config\n' "$cluster" >"$work/user-data-$cluster"
  ids=$(aws ec2 run-instances --image-id "$(ecs_image)" --instance-type "$type" --count "$count" \
    --user-data "file://$work/user-data-$cluster" --query 'Instances[].InstanceId' --output text "$@")
  until_ok 30 registered "$cluster" "$count"
  printf '%s\n' "$ids"
}

# registered CLUSTER COUNT: succeeds once so many agents are connected.
registered() {
  [ "$(aws ecs list-container-instances --cluster "$1" --filter 'agentConnected == true' \
    --query 'length(containerInstanceArns)')" -ge "$2" ]
}

# group_instances NAME: the ids of an Auto Scaling group's instances.
group_instances() {
  aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$1" \
    --query 'AutoScalingGroups[0].Instances[].InstanceId' --output text
}

# in_service NAME COUNT: succeeds once so many instances of the group are in service, and no others are there.
in_service() {
  [ "$(aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$1" --output text \
    --query 'AutoScalingGroups[0].[length(Instances),length(Instances[?LifecycleState==`InService`])]')" = "$2"$'\t'"$2" ]
}

# end_group NAME: deletes an Auto Scaling group with its instances, and waits.
end_group() {
  aws autoscaling delete-auto-scaling-group --auto-scaling-group-name "$1" --force-delete
  until_ok 60 group_is_gone "$1"
}
group_is_gone() {
  [ "$(aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$1" --query 'length(AutoScalingGroups)')" = 0 ]
}

# end_instances ID…: terminates them and waits.
end_instances() {
  aws ec2 terminate-instances --instance-ids "$@" >/dev/null
  until_ok 60 instances_are terminated "$@"
}
instances_are() {
  local state=$1
  shift
  [ -z "$(aws ec2 describe-instances --instance-ids "$@" --output text \
    --query "Reservations[].Instances[?State.Name!='$state'].InstanceId")" ]
}
