#!/usr/bin/env bash
# Walkthrough 15, "Path-based routing": /api/users, /api/topics and /api/messages, each to a service of its own, several tasks of each on
# one instance through dynamic ports.
source "$(dirname "$0")/lib.sh"

mkdir "$work/api"
cp "$(command -v busybox)" "$work/api/busybox"
cat >"$work/api/Dockerfile" <<'END'
FROM scratch
COPY busybox /bin/busybox
ENTRYPOINT ["/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; /bin/busybox mkdir -p /www/api; echo \"$SERVICE $(/bin/busybox hostname)\" >/www/api/$SERVICE; /bin/busybox httpd -f -p 8080 -h /www & wait"]
END
image=$registry/api:latest
docker build -q -t "$image" "$work/api" >/dev/null
cleanup "docker rmi $image"
aws ecr create-repository --repository-name api >/dev/null
cleanup "aws ecr delete-repository --repository-name api --force"
aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" >/dev/null 2>&1
docker push -q "$image" >/dev/null

vpc=$(default_vpc)
read -r subnet_a subnet_b <<<"$(two_subnets "$vpc")"
web=$(group walkthrough15-web "$vpc" 80)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $web"
fleet=$(aws ec2 create-security-group --group-name walkthrough15-fleet --description 'dynamic ports, from the balancer' --vpc-id "$vpc" \
  --query GroupId --output text)
cleanup "until_ok 60 aws ec2 delete-security-group --group-id $fleet"
aws ec2 authorize-security-group-ingress --group-id "$fleet" --protocol tcp --port 32768-60999 --source-group "$web" >/dev/null

balancer=$(aws elbv2 create-load-balancer --name alb-api --subnets "$subnet_a" "$subnet_b" --security-groups "$web" \
  --query 'LoadBalancers[0].LoadBalancerArn' --output text)
cleanup "aws elbv2 delete-load-balancer --load-balancer-arn $balancer"
listener=$(aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTP --port 80 \
  --default-actions 'Type=fixed-response,FixedResponseConfig={StatusCode=404,ContentType=text/plain,MessageBody=nothing}' \
  --query 'Listeners[0].ListenerArn' --output text)

aws ecs create-cluster --cluster-name ApiCluster >/dev/null
cleanup "aws ecs delete-cluster --cluster ApiCluster"
instance=$(start_instances ApiCluster t3.medium 1 --subnet-id "$subnet_a" --security-group-ids "$fleet")
cleanup "end_instances $instance"

priority=0
for service in users topics messages; do
  priority=$((priority + 1))
  targets=$(aws elbv2 create-target-group --name "tg-$service" --protocol HTTP --port 80 --target-type instance --vpc-id "$vpc" \
    --health-check-path "/api/$service" --health-check-interval-seconds 5 --health-check-timeout-seconds 4 --healthy-threshold-count 2 \
    --query 'TargetGroups[0].TargetGroupArn' --output text)
  cleanup "until_ok 60 aws elbv2 delete-target-group --target-group-arn $targets"
  aws elbv2 modify-target-group-attributes --target-group-arn "$targets" \
    --attributes Key=deregistration_delay.timeout_seconds,Value=1 >/dev/null
  rule=$(aws elbv2 create-rule --listener-arn "$listener" --priority "$priority" --conditions "Field=path-pattern,Values=/api/$service*" \
    --actions "Type=forward,TargetGroupArn=$targets" --query 'Rules[0].RuleArn' --output text)
  cleanup "aws elbv2 delete-rule --rule-arn $rule"
  aws ecs register-task-definition --family "$service" --network-mode bridge --requires-compatibilities EC2 --container-definitions \
    "[{\"name\":\"api\",\"image\":\"$image\",\"cpu\":64,\"memory\":64,\"portMappings\":[{\"containerPort\":8080,\"hostPort\":0}],\"environment\":[{\"name\":\"SERVICE\",\"value\":\"$service\"}]}]" >/dev/null
  aws ecs create-service --cluster ApiCluster --service-name "$service" --task-definition "$service" --desired-count 2 --launch-type EC2 \
    --load-balancers "targetGroupArn=$targets,containerName=api,containerPort=8080" >/dev/null
  cleanup "aws ecs delete-service --cluster ApiCluster --service $service --force"
done

say 'each path leads to its own service, and to both of its tasks'
name=$(aws elbv2 describe-load-balancers --load-balancer-arns "$balancer" --query 'LoadBalancers[0].DNSName' --output text)
# both_answer SERVICE: succeeds once two containers of the service, and nothing else, have answered.
both_answer() {
  curl -fsS --max-time 5 "http://$name/api/$1" >>"$work/said-$1" || return 1
  ! grep -qv "^$1 " "$work/said-$1" || fail "/api/$1 led elsewhere: $(cat "$work/said-$1")"
  [ "$(sort -u "$work/said-$1" | wc -l)" = 2 ]
}
for service in users topics messages; do until_ok 120 both_answer "$service"; done
expect 404 "$(curl -s -o /dev/null -w '%{http_code}' "http://$name/api/other")" 'the status of another path'

say 'the tasks of a service share the instance, under ports of their own'
targets=$(aws elbv2 describe-target-groups --names tg-users --query 'TargetGroups[0].TargetGroupArn' --output text)
expect "$instance" "$(aws elbv2 describe-target-health --target-group-arn "$targets" \
  --query 'TargetHealthDescriptions[].Target.Id' --output text | tr '\t' '\n' | sort -u)" 'the targets'
ports=$(aws elbv2 describe-target-health --target-group-arn "$targets" --query 'TargetHealthDescriptions[].Target.Port' --output text | tr '\t' '\n' | sort)
tasks=$(aws ecs list-tasks --cluster ApiCluster --service-name users --query taskArns --output text)
# shellcheck disable=SC2086
bound=$(aws ecs describe-tasks --cluster ApiCluster --tasks $tasks --query 'tasks[].containers[].networkBindings[].hostPort' --output text | tr '\t' '\n' | sort)
expect "$bound" "$ports" 'the ports of the targets'
expect 2 "$(sort -u <<<"$ports" | wc -l)" 'how many ports there are'
