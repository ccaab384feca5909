/** The plugins that a genuine agent looks for before it takes tasks of the mode awsvpc. */
export const cniPlugins = ['vpc-eni', 'ecs-bridge', 'ecs-ipam', 'aws-appmesh'] as const;

/**
 * One script for all of them, told apart by the name it is called by (CNI specification 0.3). `vpc-eni` has the control plane of this machine hang
 * the task's interface, with its address, routes and security groups; `ecs-bridge` leads from the task to the agent, for metadata
 * and credentials; addresses are its own matter, and there is no App Mesh.
 */
export function cniScript({ control, version }: { readonly control: string; readonly version: string }): string {
  return `#!/bin/sh
# CNI plugins of Stowage for amazon-ecs-agent on an EC2 instance of the control plane's own machine.
set -eu
case "\${1:-}" in
  --capabilities) echo '{"capabilities":["awsvpc-network-mode"]}'; exit 0 ;;
  --version) echo '{"version":"${version}","dirty":false,"gitShortHash":"stowage"}'; exit 0 ;;
esac
fail() { printf '{"cniVersion":"0.3.0","code":100,"msg":"%s"}\\n' "$(printf %s "$1" | tr -d '"\\n')"; exit 1; }
config=$(cat)
field() { printf %s "$config" | sed -n "s/.*\\"$1\\" *: *\\"\\([^\\"]*\\)\\".*/\\1/p"; }
pid=$(printf %s "\${CNI_NETNS:-}" | sed -n 's:.*/\\([0-9]*\\)/ns/net$:\\1:p')
# The instance has a network of its own, where the control plane does not answer: its socket is found anywhere.
control() { curl --silent --show-error --fail-with-body --unix-socket '${control}' -X POST "http://localhost/_stowage/$1" 2>&1; }
none='{"cniVersion":"0.3.0","dns":{}}'
case "$(basename "$0") \${CNI_COMMAND:-}" in
  *" VERSION") echo '{"cniVersion":"0.3.0","supportedVersions":["0.3.0"]}' ;;
  "vpc-eni ADD")
    answer=$(control "plug?mac=$(field eniMACAddress)&pid=$pid") || fail "the interface was not attached: $answer"
    echo "$none" ;;
  "vpc-eni DEL")
    answer=$(control "unplug?mac=$(field eniMACAddress)") || fail "the interface was not taken away: $answer" ;;
  "ecs-bridge ADD")
    # Whoever makes the link has its number.
    n=2
    until ip link add "ecs$n" type veth peer name ecs-eth0 netns "$pid" 2>/dev/null; do
      n=$((n + 1))
      [ "$n" -lt 255 ] || fail 'no link to the agent could be made'
    done
    {
      ip addr add 169.254.172.1/32 dev "ecs$n"
      ip link set "ecs$n" up
      ip route replace "169.254.172.$n/32" dev "ecs$n"
      nsenter --net="/proc/$pid/ns/net" sh -ec "
        ip addr add 169.254.172.$n/32 dev ecs-eth0
        ip link set ecs-eth0 up
        ip route add 169.254.172.1/32 dev ecs-eth0
        ip route add 169.254.170.2/32 via 169.254.172.1 dev ecs-eth0 src 169.254.172.$n"
    } >&2 || fail 'the link to the agent could not be set up'
    printf '{"cniVersion":"0.3.0","ips":[{"version":"4","address":"169.254.172.%s/22","gateway":"169.254.172.1"}],"dns":{}}\\n' "$n" ;;
  "ecs-bridge DEL") [ ! -e "/proc/$pid/ns/net" ] || nsenter --net="/proc/$pid/ns/net" ip link delete ecs-eth0 2>/dev/null || true ;;
  *" ADD") echo "$none" ;;
esac
`;
}
