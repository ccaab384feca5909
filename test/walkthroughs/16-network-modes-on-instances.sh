#!/usr/bin/env bash
# Walkthrough 16, "Network modes", on an instance: bridge, host, none and awsvpc, each with what it can and cannot do.
source "$(dirname "$0")/lib.sh"

image=$(push_hello instance-modes latest 1)
cleanup "docker rmi $image"
cleanup "aws ecr delete-repository --repository-name instance-modes --force"
vpc=$(default_vpc)
open=$(group walkthrough16-instances "$vpc" 0-65535)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $open"
aws ecs create-cluster --cluster-name Modes >/dev/null
cleanup "aws ecs delete-cluster --cluster Modes"
cleanup "aws logs delete-log-group --log-group-name /instance-modes"
cleanup 'end_instances $instance'
instance=$(start_instances Modes t3.medium 1 --security-group-ids "$open")
read -r address private subnet <<<"$(aws ec2 describe-instances --instance-ids "$instance" \
  --query 'Reservations[0].Instances[0].[PublicIpAddress,PrivateIpAddress,SubnetId]' --output text)"

log='"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/instance-modes","awslogs-region":"us-east-1","awslogs-stream-prefix":"t","awslogs-create-group":"true"}}'
register() {
  aws ecs register-task-definition --family "$1" --network-mode "$2" --requires-compatibilities EC2 --container-definitions "$3" >/dev/null
}
# run FAMILY [OPTION…]: starts a task on the instance; prints its ARN.
run() { aws ecs run-task --cluster Modes --task-definition "$@" --query 'tasks[0].taskArn' --output text; }
web='"image":"'$image'","memory":32'
probe() { printf '"image":"%s","memory":32,"essential":true,"entryPoint":["/bin/busybox","sh","-c"],"command":["%s"],%s' "$image" "$1" "$log"; }
try() { printf 'if echo | /bin/busybox nc -w 3 %s >/dev/null; then echo %s open; else echo %s shut; fi; ' "$1" "$2" "$2"; }

say 'bridge: containers have a network each, links, ports of the instance, metadata and names'
tests="until echo | /bin/busybox nc -w 1 store 8080 >/dev/null 2>&1; do /bin/busybox sleep 0.1; done; echo linked open; "
tests+="$(try '127.0.0.1 8080' localhost)"
tests+='/bin/busybox wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task | /bin/busybox grep -o task/Modes/[0-9a-f]* ; '
tests+='/bin/busybox hostname; /bin/busybox grep -q 10.1.2.3.*extra /etc/hosts && echo hosts; '
tests+="/bin/busybox nslookup ip-${private//./-}.ec2.internal | /bin/busybox grep $private; echo done"
register bridge bridge "[{\"name\":\"web\",$web,\"essential\":false,\"portMappings\":[{\"containerPort\":8080,\"hostPort\":0}]},
  {\"name\":\"probe\",\"links\":[\"web:store\"],\"hostname\":\"prober\",\"extraHosts\":[{\"hostname\":\"extra\",\"ipAddress\":\"10.1.2.3\"}],$(probe "$tests")}]"
bridge=$(run bridge)

say 'bridge, with FireLens: programs find the router at its address on the bridge'
send='until echo through the bridge | /bin/busybox nc -w 3 $FLUENT_HOST $FLUENT_PORT; do /bin/busybox sleep 0.1; done'
# With an empty input nc would close its side at once, and the other nc would leave before it has said anything.
hear='/bin/busybox mkfifo /open; /bin/busybox sleep 300 >/open & /bin/busybox nc -l -p 24224 </open; echo done'
register routed bridge "[{\"name\":\"app\",$web,\"essential\":false,\"entryPoint\":[\"/bin/busybox\",\"sh\",\"-c\"],\"command\":[\"$send\"],
  \"logConfiguration\":{\"logDriver\":\"awsfirelens\",\"options\":{\"Name\":\"stdout\"}}},
  {\"name\":\"probe\",\"firelensConfiguration\":{\"type\":\"fluentbit\"},$(probe "$hear")}]"
routed=$(run routed)

say 'host: the port is that of the instance, and there is one of it'
register host host "[{\"name\":\"web\",$web,\"portMappings\":[{\"containerPort\":8080}]}]"
host=$(run host)
cleanup "aws ecs stop-task --cluster Modes --task $host && aws ecs wait tasks-stopped --cluster Modes --tasks $host"
expect RESOURCE:PORTS "$(aws ecs run-task --cluster Modes --task-definition host --query 'failures[0].reason' --output text)" failure
until_ok 30 answered_by "http://$address:8080/" 1

say 'none: nothing but its own loopback'
register none none "[{\"name\":\"probe\",$(probe "/bin/busybox ip -o link | /bin/busybox wc -l | /bin/busybox sed s/^/links:/; echo done")}]"
none=$(run none)

say 'awsvpc on an instance: an address of its own in the instance'"'"'s zone'
register own awsvpc "[{\"name\":\"web\",$web,\"portMappings\":[{\"containerPort\":8080}]}]"
own=$(run own --network-configuration "awsvpcConfiguration={subnets=[$subnet],securityGroups=[$open]}")
cleanup "aws ecs stop-task --cluster Modes --task $own && aws ecs wait tasks-stopped --cluster Modes --tasks $own"
aws ecs wait tasks-running --cluster Modes --tasks "$own"
own_address=$(aws ecs describe-tasks --cluster Modes --tasks "$own" \
  --query 'tasks[0].attachments[0].details[?name==`privateIPv4Address`].value' --output text)
[ "$own_address" != "$private" ] || fail 'the task has the address of its instance'

say 'what the containers found'
# lines TASK: what a task's probe wrote, once it is done.
lines() {
  aws logs get-log-events --log-group-name /instance-modes --log-stream-name "t/probe/${1##*/}" \
    --query 'events[].message' --output text | tr '\t' '\n' >"$work/${1##*/}"
  grep -qx done "$work/${1##*/}"
}
has() { grep -qE "$2" "$work/${1##*/}" || fail "no '$2' in: $(cat "$work/${1##*/}")"; }
until_ok 30 lines "$bridge"
for line in 'linked open' 'localhost shut' "^task/Modes/${bridge##*/}\$" '^prober$' '^hosts$' "$private"; do has "$bridge" "$line"; done
until_ok 30 lines "$routed"
has "$routed" '^through the bridge$'
until_ok 30 lines "$none"
has "$none" 'links: *1$'
