#!/usr/bin/env bash
# Walkthrough 1, "ECR": an image is built, pushed and looked at.
source "$(dirname "$0")/lib.sh"

say 'docker build'
mkdir "$work/image"
cp "$(command -v busybox)" "$work/image/busybox"
printf 'FROM scratch\nCOPY busybox /busybox\nCMD ["/busybox", "echo", "Hello World!"]\n' >"$work/image/Dockerfile"
docker build -t hello-world "$work/image" >/dev/null
cleanup "docker rmi hello-world $registry/hello-world"
docker images --filter reference=hello-world | grep hello-world || fail 'the image is not there'
expect 'Hello World!' "$(docker run --rm --network none hello-world)" 'docker run'

say 'docker login, create-repository, push'
aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" | grep 'Login Succeeded'
aws ecr create-repository --repository-name hello-world --image-scanning-configuration scanOnPush=true >/dev/null
cleanup "aws ecr delete-repository --repository-name hello-world --force"
docker tag hello-world:latest "$registry/hello-world:latest"
docker push "$registry/hello-world:latest" | tee "$work/push"
digest=$(sed -n 's/.*digest: \(sha256:[0-9a-f]*\).*/\1/p' "$work/push")

say 'describe-images'
expect "$digest" "$(aws ecr describe-images --repository-name hello-world --query 'imageDetails[0].imageDigest' --output text)" digest
expect latest "$(aws ecr describe-images --repository-name hello-world --query 'imageDetails[0].imageTags[0]' --output text)" tag
aws ecr describe-image-scan-findings --repository-name hello-world --image-id imageTag=latest \
  --query imageScanStatus.status --output text

say 'docker pull gets the same image back'
docker rmi "$registry/hello-world:latest" >/dev/null
docker pull "$registry/hello-world:latest" | grep "$digest" || fail 'another digest came back'

say 'delete'
aws ecr batch-delete-image --repository-name hello-world --image-ids imageTag=latest >/dev/null
expect 0 "$(aws ecr list-images --repository-name hello-world --query 'length(imageIds)' --output text)" 'images left'
