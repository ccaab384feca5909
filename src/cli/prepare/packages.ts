import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that a command of ours needs, and the packages that bring it: one after another is tried. */
export interface Need {
  readonly program: string;
  readonly packages: readonly [string, ...string[]];
  /** What it is for, as a person would say it. */
  readonly purpose: string;
  /** Where else it comes from, when no package brings it. */
  readonly otherwise?: string;
}

const engine: Need = { program: 'dockerd', packages: ['docker.io'], purpose: 'the container engine' };
// Since Debian 13 the client is a package of its own.
const dockerCli: Need = {
  program: 'docker',
  packages: ['docker.io', 'docker-cli'],
  purpose: 'building and pushing images',
};
const iptables: Need = { program: 'iptables', packages: ['iptables'], purpose: "the engine's own rules" };
const serving: readonly Need[] = [
  { program: 'haproxy', packages: ['haproxy'], purpose: 'load balancers' },
  { program: 'nft', packages: ['nftables'], purpose: 'security groups' },
  { program: 'ip', packages: ['iproute2'], purpose: 'VPC networks' },
  { program: 'conntrack', packages: ['conntrack'], purpose: 'ending flows of network load balancers' },
];
const clients: readonly Need[] = [
  {
    program: 'aws',
    packages: ['awscli'],
    purpose: 'the aws CLI',
    otherwise: "'snap install aws-cli --classic' on Ubuntu",
  },
  { program: 'busybox', packages: ['busybox-static'], purpose: 'the contents of example images' },
];
const testing: readonly Need[] = [
  { program: 'curl', packages: ['curl'], purpose: 'walkthroughs' },
  { program: 'pgrep', packages: ['procps'], purpose: 'finding what is to be killed' },
  { program: 'wrk', packages: ['wrk'], purpose: 'load on the balancers' },
];

/** What a command is about to do; each purpose needs what the ones before it need, and more. */
export type Purpose = 'serve' | 'demo' | 'test';

/** Every program that `purpose` needs. `ownEngine`: whether the engine has to be installed here. */
export function needsOf(purpose: Purpose, ownEngine: boolean): readonly Need[] {
  return [
    ...(ownEngine ? [engine, iptables] : []),
    ...serving,
    ...(purpose === 'serve' ? [] : [dockerCli, ...clients]),
    ...(purpose === 'test' ? testing : []),
  ];
}

/** The places where programs are, the administrators' folders included: a user's PATH often lacks them. */
export function programPath(env: NodeJS.ProcessEnv = process.env): string[] {
  return [...new Set([...(env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'])].filter(
    Boolean,
  );
}

/** Where a program is, or `undefined`. */
export function locate(program: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const folder of programPath(env)) {
    const candidate = join(folder, program);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not here: the next folder.
    }
  }
  return undefined;
}
