import { group, rule, task, vpc } from '../src/drivers/network/spec-for-tests.ts';
import { Netns } from '../src/drivers/network/netns.ts';
import { LinuxWorld } from '../src/drivers/network/world-for-tests.ts';
import type { SecurityGroupSpec, VpcSpec } from '../src/wire/network-spec.ts';
import { median, nowMs, type Row } from './report.ts';

const tasks = 500;
const groups = 100;
const rulesEach = 50;
const rounds = 9;
const patienceMs = 20_000;

/** A VPC of 500 tasks and 5,000 rules; `port` is the last one of the first group. */
function crowded(port: number, extra: VpcSpec['interfaces'] = []): VpcSpec {
  const securityGroups = Array.from({ length: groups }, (_, index): SecurityGroupSpec => {
    const rules = Array.from({ length: rulesEach - 1 }, (_, at) =>
      rule('tcp', 1000 + at, at % 2 === 0 ? `sg-${(index + at) % groups}` : `10.${at}.0.0/16`),
    );
    return group(`sg-${index}`, ...rules, rule('tcp', index === 0 ? port : 2000, '0.0.0.0/0'));
  });
  const interfaces = Array.from({ length: tasks }, (_, index) =>
    task(`crowd-${index}`, `10.0.${1 + Math.floor(index / 200)}.${20 + (index % 200)}`, [
      `sg-${index % groups}`,
      `sg-${(index + 1) % groups}`,
    ]),
  );
  return vpc('vpc-bench', { securityGroups, interfaces: [...interfaces, ...extra] });
}

/** How long a change of rules takes to hold, and an interface to be attached, in a VPC of 500 tasks and 5,000 rules. */
export async function benchNetwork(): Promise<Row[]> {
  const world = await LinuxWorld.make('none');
  try {
    const { driver } = world;
    const ends = [task('client', '10.0.1.250', ['sg-1']), task('server', '10.0.2.250', ['sg-0'])];
    const startedAt = nowMs();
    await driver.applyVpc(crowded(9000, ends));
    const made = nowMs() - startedAt;
    const attached: number[] = [];
    for (const each of ends) {
      const pid = await world.pidOf('vpc-bench', each);
      const at = nowMs();
      await driver.attach('vpc-bench', each.interfaceId, pid);
      attached.push(nowMs() - at);
    }
    world.knows(crowded(9000, ends));
    const client = await world.prober('vpc-bench', '10.0.1.250');
    const server = await world.prober('vpc-bench', '10.0.2.250');
    const inside = new Netns(driver.namespaceOf('vpc-bench'));
    const changes: number[] = [];
    const additions: number[] = [];
    const spawns: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const port = 9001 + round;
      await server.ask('listen', { protocol: 'tcp', address: '10.0.2.250', port });
      const spec = crowded(port, ends);
      let at = nowMs();
      await driver.applyVpc(spec);
      const seen = await client.ask('connect', { protocol: 'tcp', address: '10.0.2.250', port, patienceMs });
      changes.push(nowMs() - at);
      if (seen !== '10.0.1.250') throw new Error(`port ${port} is not open`);
      const more = crowded(port, [...ends, task('more', '10.0.3.9', ['sg-7'])]);
      at = nowMs();
      await driver.applyVpc(more);
      additions.push(nowMs() - at);
      at = nowMs();
      await inside.nft(
        'add element ip stowage unchecked { "t00000000000000" }\ndelete element ip stowage unchecked { "t00000000000000" }\n',
      );
      spawns.push(nowMs() - at);
    }
    const floor = { floor: median(spawns), against: 'one nft transaction of one element' };
    return [
      { name: 'VPC of 500 tasks and 5,000 rules made', value: made, unit: 'ms' },
      { name: 'group of 50 rules changed, new connection passes', value: median(changes), unit: 'ms', ...floor },
      { name: 'policy of one more task', value: median(additions), unit: 'ms', ...floor },
      { name: 'interface attached', value: median(attached), unit: 'ms' },
    ];
  } finally {
    await world.dispose();
  }
}
