import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import { figureKeys, figureScript, figuresBetween, openFlows, parseCounts, type Counts } from './figures.ts';
import type { FlowReport } from './driver.ts';
import { conntrack, inside, pathOf } from './kernel-flows.ts';

/** Where one balancer's counters are: an nftables table in its VPC's network namespace, and what was read of it in its directory. */
export interface FigurePlace {
  readonly directory: string;
  readonly table: string;
  readonly namespace: string;
}

/** The readings that bound what was told last, or is to be told. */
interface Note {
  readonly sequence: number;
  readonly from: Counts;
  readonly until: Counts;
}

const noteFile = 'figures.json';
const scriptFile = 'figures.nft';
/** Names where the counters are, for whoever takes them away. */
const namespaceFile = 'figures.at';

/** Makes what counts the flows of a balancer; unless it is `anew`, only where something else is to be counted than before. */
export async function applyFigures(place: FigurePlace, spec: BalancerSpec, anew: boolean): Promise<void> {
  const script = figureScript(place.table, figureKeys(spec));
  const path = join(place.directory, scriptFile);
  await writeFile(join(place.directory, namespaceFile), place.namespace, { mode: 0o600 });
  if (!anew && existsSync(path) && readFileSync(path, 'utf8') === script) return;
  await writeFile(path, script, { mode: 0o600 });
  await inside(place.namespace, 'nft', '-f', path);
}

/** Takes it away, where it is; in a namespace that is gone there is nothing. */
export async function removeFigures({ directory, table }: Omit<FigurePlace, 'namespace'>): Promise<void> {
  const path = join(directory, namespaceFile);
  if (!existsSync(path)) return;
  const namespace = readFileSync(path, 'utf8');
  if (existsSync(pathOf(namespace))) await inside(namespace, 'nft', `add table ip ${table}; delete table ip ${table}`);
}

/**
 * What flows made since what was told up to `told`. What is answered is noted before, so that after a crash the same is answered again with the
 * same number: whoever has it already knows.
 */
export async function readFigures(place: FigurePlace, spec: BalancerSpec, told: number): Promise<FlowReport> {
  const active = await readActive(place, spec);
  const noted = readNote(place);
  if (noted !== undefined && noted.sequence > told) {
    return { sequence: noted.sequence, figures: figuresBetween(noted.from, noted.until), active };
  }
  const until = await readCounts(place, spec);
  const note: Note = { sequence: (noted?.sequence ?? told) + 1, from: noted?.until ?? {}, until };
  const path = join(place.directory, noteFile);
  await writeFile(`${path}.new`, JSON.stringify(note), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return { sequence: note.sequence, figures: figuresBetween(note.from, until), active };
}

function readNote({ directory }: FigurePlace): Note | undefined {
  const path = join(directory, noteFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Note) : undefined;
}

/** A namespace that was made anew has none yet. */
async function readCounts(place: FigurePlace, spec: BalancerSpec): Promise<Counts> {
  const list = async (): Promise<Counts> =>
    parseCounts((await inside(place.namespace, 'nft', '-j', 'list', 'counters', 'table', 'ip', place.table)).stdout);
  return list().catch(async () => {
    await applyFigures(place, spec, true);
    return list();
  });
}

/** The flows that are open now. */
async function readActive({ namespace }: FigurePlace, spec: BalancerSpec): Promise<FlowReport['active']> {
  const keys = figureKeys(spec);
  const active: FlowReport['active'][number][] = [];
  for (const packets of ['tcp', 'udp']) {
    const own = keys.filter(({ protocol }) => (protocol === 'UDP') === (packets === 'udp'));
    for (const address of new Set(own.map((key) => key.address))) {
      const asked = own.find((key) => key.address === address)?.publicAddress;
      const listings = [];
      for (const each of asked === undefined ? [address] : [address, asked]) {
        listings.push(openFlows((await conntrack(namespace, '-L', '-p', packets, '--orig-dst', each)).stdout));
      }
      for (const { protocol, port } of own.filter((key) => key.address === address)) {
        const flows = listings.reduce((sum, open) => sum + (open.get(port) ?? 0), 0);
        active.push({ address, protocol, port, flows });
      }
    }
  }
  return active;
}
