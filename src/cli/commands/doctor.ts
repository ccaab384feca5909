import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { createDocker } from '../../drivers/docker/engine.ts';
import { networkRequirements } from '../../drivers/network/requirements.ts';
import type { Command } from '../command.ts';
import { healthOf } from '../control-plane-client.ts';
import type { Installation } from '../installation.ts';
import { engineAnswers } from '../prepare/engine.ts';
import { locate, needsOf } from '../prepare/packages.ts';

/** What the doctor found out about one thing. */
interface Finding {
  readonly ok: boolean;
  readonly what: string;
  /** What to do when it is not well. */
  readonly mend?: string;
}

/** `stowage doctor`: everything that must be well, and how to mend what is not. Changes nothing. */
export const doctor: Command = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'check what this machine needs, and say how to mend what is missing',
  options: {},
  async run({ installation, terminal, json }) {
    const findings = await examine(installation);
    const well = findings.every((finding) => finding.ok);
    if (json) terminal.json({ ok: well, findings });
    else {
      for (const { ok, what, mend } of findings) {
        if (ok) terminal.done(what);
        else terminal.warn(`${what}\n    ${terminal.bold('mend:')} ${mend ?? ''}`);
      }
      terminal.line(well ? '\nall is well' : '');
    }
    return well ? 0 : 1;
  },
};

async function examine(installation: Installation): Promise<Finding[]> {
  const root = process.getuid?.() === 0;
  const engine = await engineAnswers();
  const findings: Finding[] = [
    {
      ok: process.platform === 'linux',
      what: `operating system: ${process.platform}`,
      mend: 'run Stowage on Linux, or as a container beside the engine (that image follows)',
    },
    { ok: root, what: root ? 'runs as root' : 'does not run as root', mend: 'use sudo' },
    ...needsOf('demo', engine === undefined).map(({ program, packages: [pack], purpose }) => {
      const path = locate(program);
      const what = path === undefined ? `${program} is missing (${purpose})` : `${program}: ${path} (${purpose})`;
      return { ok: path !== undefined, what, mend: `apt-get install ${pack} ('stowage up' and 'stowage demo' do it)` };
    }),
    {
      ok: engine !== undefined,
      what: engine === undefined ? 'no container engine answers' : `Docker Engine ${engine.version} answers`,
      mend: "start it ('systemctl start docker'; 'stowage up' does it)",
    },
    ...(engine?.mapsUsers === undefined ? [] : [users(engine.mapsUsers)]),
    ...(root && engine !== undefined ? await networks(installation) : []),
    disk(installation.home),
    await port(installation),
  ];
  return findings;
}

/** An engine whose containers do not have the users of this machine. */
function users(how: 'userns-remap' | 'rootless'): Finding {
  const other = 'or let DOCKER_HOST name the socket of an engine of root without it';
  return how === 'rootless'
    ? {
        ok: false,
        what: 'the engine runs rootless, which is not supported: networks of tasks, limits and volumes are made by root, outside of it',
        mend: `start the engine of root ('systemctl start docker') and unset DOCKER_HOST, ${other}`,
      }
    : {
        ok: false,
        what: 'the engine maps user ids (userns-remap), which is not supported: the modes host and privileged, and files in volumes, would not be what a task definition says',
        mend: `remove "userns-remap" from /etc/docker/daemon.json (or from dockerd's options) and restart the engine, ${other}; images and containers that were made with it are not seen without it`,
      };
}

/** What networks need beyond programs. */
async function networks({ id, home }: Installation): Promise<Finding[]> {
  const pool = join(home, 'public-pool');
  const publicPool = existsSync(pool) ? readFileSync(pool, 'utf8').trim() : undefined;
  const docker = createDocker({ dockerHost: process.env['DOCKER_HOST'], clock: systemClock });
  try {
    const { kernel } = await docker.version();
    return await networkRequirements({
      installationId: id,
      engineKernel: kernel,
      ...(publicPool === undefined ? {} : { publicPool }),
      containerPids: async () => (await docker.list([])).map(({ pid }) => pid).filter((pid) => pid > 0),
    });
  } finally {
    await docker.close();
  }
}

function disk(home: string): Finding {
  let folder = home;
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const gigabytes = (bavail * bsize) / 2 ** 30;
    return {
      ok: gigabytes >= 1,
      what: `${home}: ${gigabytes.toFixed(1)} GB free`,
      mend: `free some space, or choose another folder with --home`,
    };
  } catch (error) {
    return {
      ok: false,
      what: `${home} cannot be written: ${messageOf(error)}`,
      mend: 'use sudo, or choose another folder with --home',
    };
  }
}

async function port(installation: Installation): Promise<Finding> {
  const { host, port: number } = installation;
  const running = await healthOf(installation);
  if (running !== undefined) return { ok: true, what: `process ${running.pid} serves on ${host}:${number}` };
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer()
    .once('error', () => resolve(false))
    .listen(number, host, () => server.close(() => resolve(true)));
  const free = await promise;
  return {
    ok: free,
    what: free ? `port ${number} on ${host} is free` : `port ${number} on ${host} is taken by another program`,
    mend: 'choose another one with --port',
  };
}
