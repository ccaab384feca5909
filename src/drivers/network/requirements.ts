import { release } from 'node:os';
import { messageOf } from '../../base/errors.ts';
import { runCommand } from '../../base/command.ts';
import { systemIds } from '../../base/ids.ts';
import { cidrText, overlaps, parseCidr } from '../../base/ipv4.ts';
import { shapingLines } from './faults.ts';
import { runTc } from './linux-faults.ts';
import { hostLinkPrefix } from './names.ts';
import { Netns, netnsInode } from './netns.ts';
import { replaceTable } from './nft-table.ts';
import { parseRoutedBlocks, routesCommand } from './observe.ts';
import { vpcTable } from './vpc-table.ts';

/** What was found out about one thing that networks need. */
export interface Requirement {
  readonly ok: boolean;
  readonly what: string;
  /** What to do when it is not well. */
  readonly mend?: string;
}

/** What to look at. */
export interface RequirementsOptions {
  readonly installationId: string;
  /** The installation's block of public addresses, once it has one. */
  readonly publicPool?: string;
  /** The kernel that the container engine runs on, as it says ("KernelVersion" of its `/version`). */
  readonly engineKernel?: string;
  /** The processes of the engine's containers as it lists them now: proof that we see the same processes. */
  readonly containerPids?: () => Promise<readonly number[]>;
  /** The path of a network namespace that plays the host (tests). */
  readonly hostNamespace?: string;
}

/** Whether this machine can hold VPCs, and what to do where it cannot. Leaves nothing behind. */
export async function networkRequirements(options: RequirementsOptions): Promise<Requirement[]> {
  if (process.getuid?.() !== 0) {
    return [{ ok: false, what: 'networks need root', mend: 'use sudo' }];
  }
  const host = new Netns(options.hostNamespace);
  return [
    ...(await namespaces()),
    await sameKernel(options),
    ...(await firewalls(host)),
    ...(await routes(host, options)),
  ];
}

/** Makes a network namespace with a VPC's whole table in it, and removes it again. */
async function namespaces(): Promise<Requirement[]> {
  const name = `stowage-try-${systemIds.hex(8)}`;
  try {
    await runCommand('ip', ['netns', 'add', name]);
  } catch (error) {
    return [
      {
        ok: false,
        what: `network namespaces cannot be made: ${messageOf(error)}`,
        mend: 'in a container, run it privileged, in the network and process namespaces of the host',
      },
    ];
  }
  const found: Requirement[] = [{ ok: true, what: 'network namespaces can be made' }];
  try {
    const empty = {
      vpcId: 'try',
      cidr: '10.0.0.0/16',
      subnets: [],
      routeTables: [],
      internetGateway: false,
      natGateways: [],
      securityGroups: [],
      interfaces: [],
      hosts: {},
    };
    await new Netns(`/run/netns/${name}`).nft(replaceTable(vpcTable(empty), 'is-tried'));
    found.push({ ok: true, what: 'nftables knows all that security groups need' });
    found.push(await shaping(new Netns(`/run/netns/${name}`)), await tunnels(new Netns(`/run/netns/${name}`)));
  } catch (error) {
    found.push({
      ok: false,
      what: `nftables cannot hold security groups: ${messageOf(error)}`,
      mend: 'nft 1.0 or later, and a kernel with nf_tables, nft_nat, nft_fib_ipv4 and nft_ct (modprobe them)',
    });
  } finally {
    await runCommand('ip', ['netns', 'delete', name]);
  }
  return found;
}

/** Whether faults of latency and packet loss can be injected. Nothing else needs it, so that a kernel without it is well. */
async function shaping(netns: Netns): Promise<Requirement> {
  const rates = { delayMs: 1, jitterMs: 0, lossPercent: 0, sources: ['10.0.0.0/8'], spared: [], flowsPercent: 1 };
  try {
    await runTc(netns, shapingLines({ kind: 'latency', ...rates }, 'lo'));
    return { ok: true, what: 'packets can be delayed and lost where tasks ask for it (fault injection)' };
  } catch {
    const lacks = 'sch_prio, sch_netem, cls_u32 or cls_flow';
    return {
      ok: true,
      what: `this kernel cannot delay or lose packets (it lacks ${lacks}): tasks that ask for such faults are told 'internal error'`,
    };
  }
}

/** Whether VPCs can span machines. One machine alone does not need it, so that a kernel without it is well. */
async function tunnels(netns: Netns): Promise<Requirement> {
  try {
    await netns.run('ip', 'link', 'add', 'vx', 'type', 'vxlan', 'id', '1', 'dstport', '4789', 'local', '127.0.0.1');
    return { ok: true, what: 'VPCs can span machines (VXLAN)' };
  } catch (error) {
    return {
      ok: true,
      what: `VPCs cannot span machines: this kernel makes no VXLAN devices (modprobe vxlan may help): ${messageOf(error)}`,
    };
  }
}

/** The engine's processes must be ours to enter. */
async function sameKernel({ engineKernel, containerPids }: RequirementsOptions): Promise<Requirement> {
  const mend = 'run Stowage on the machine the engine runs on (or, for Docker Desktop, as a container beside it)';
  if (engineKernel !== undefined && engineKernel !== release()) {
    return { ok: false, what: `the engine runs on another kernel (${engineKernel}, ours is ${release()})`, mend };
  }
  const unseen = ((await containerPids?.()) ?? []).filter((pid) => netnsInode(`/proc/${pid}/ns/net`) === undefined);
  // One that has ended meanwhile proves nothing.
  const still = unseen.length === 0 ? [] : ((await containerPids?.()) ?? []);
  const hidden = unseen.find((pid) => still.includes(pid));
  if (hidden !== undefined) {
    return { ok: false, what: `the engine's processes are not visible here (${hidden})`, mend };
  }
  return { ok: true, what: 'the engine runs on this kernel' };
}

/** Firewalls that drop what they do not know, beyond those that we tell. */
async function firewalls(host: Netns): Promise<Requirement[]> {
  const tables = await host.script('nft list tables 2>/dev/null || true');
  const rules = await host.script('iptables -w -S 2>/dev/null || true');
  const forwarding = (await host.script('cat /proc/sys/net/ipv4/ip_forward')).trim() === '1';
  return [
    {
      ok: true,
      what: forwarding ? 'IPv4 forwarding is on' : "IPv4 forwarding is off; 'stowage up' turns it on",
    },
    ...(/inet firewalld/.test(tables)
      ? [
          {
            ok: false,
            what: 'firewalld drops what tasks send to the internet',
            mend: 'firewall-cmd --permanent --zone=trusted --add-source=100.127.0.0/16 && firewall-cmd --reload',
          },
        ]
      : []),
    ...(/-s 100\.64\.0\.0\/10 (! -i \S+ )?-j DROP/.test(rules)
      ? [
          {
            ok: false,
            what: 'a VPN (Tailscale, for one) drops packets of 100.64.0.0/10, where public addresses come from',
            mend: 'choose another range for them: STOWAGE_PUBLIC_RANGE=198.18.0.0/16, before the first start',
          },
        ]
      : []),
  ];
}

/** Nobody else may route the public addresses. */
async function routes(host: Netns, { publicPool, installationId }: RequirementsOptions): Promise<Requirement[]> {
  const pool = parseCidr(publicPool ?? '');
  if (pool === undefined) return [];
  const [program, ...args] = routesCommand;
  const others = parseRoutedBlocks(await host.run(program, ...args)).filter(({ cidr, device }) => {
    const block = parseCidr(cidr);
    const ours = device.startsWith(hostLinkPrefix(installationId)) || (device === '' && cidr === publicPool);
    return block !== undefined && overlaps(block, pool) && !ours;
  });
  if (others.length === 0) {
    return [{ ok: true, what: `the public addresses ${cidrText(pool)} are routed by nobody else` }];
  }
  return [
    {
      ok: false,
      what: `the public addresses ${cidrText(pool)} overlap ${others.map(({ cidr }) => cidr).join(', ')}, routed elsewhere`,
      mend: 'choose another range with STOWAGE_PUBLIC_RANGE and start afresh (stowage reset)',
    },
  ];
}
