import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { must, run } from '../support/clients.ts';

const root = resolve(import.meta.dirname, '../..');

/** The shared libraries of programs and their loader, as `ldd` lists them. */
async function librariesOf(programs: readonly string[]): Promise<Set<string>> {
  const { stdout } = await run('ldd', programs);
  return new Set([...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path));
}

/** An image from nothing: `files` by their paths in it (a folder is copied with what is in it), and the programs' libraries. */
export async function buildImage(
  tag: string,
  image: {
    files: Readonly<Record<string, string>>;
    programs: readonly string[];
    entryPoint: readonly string[];
    env?: string;
  },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stowage-image-'));
  const put = async (from: string, to: string): Promise<void> => {
    const target = join(folder, to);
    mkdirSync(dirname(target), { recursive: true });
    await cp(realpathSync(from), target, { recursive: true, dereference: true, filter: (path) => !isDross(path) });
  };
  try {
    for (const [to, from] of Object.entries(image.files)) await put(from, to);
    for (const library of await librariesOf(image.programs)) await put(library, library);
    const changes = [`ENTRYPOINT ${JSON.stringify(image.entryPoint)}`, ...(image.env === undefined ? [] : [image.env])];
    const options = changes.map((change) => `--change '${change}'`).join(' ');
    await must('sh', ['-c', `tar -C ${folder} -c . | docker import ${options} - ${tag}`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What programs that only run do not need: other forms of the same code, tests, and the descriptions of services not asked. */
function isDross(path: string): boolean {
  const folders =
    '__pycache__|dist-es|dist-types|site-packages|dist-packages|test|idlelib|lib2to3|ensurepip|config-[^/]*';
  const services = 'botocore/data/(?!(sts|ecs|s3)(/|$)|[^/]*\\.json$)[^/]+';
  return new RegExp(`/(${folders}|${services})$|\\.(a|map|d\\.ts)$`).test(path);
}

/** The packages that others need, and they themselves, by their folders. */
function packagesOf(names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const add = (name: string, from: string): void => {
    for (let folder = from; ; folder = dirname(folder)) {
      const candidate = join(folder, 'node_modules', name);
      if (!existsSync(candidate)) {
        if (folder === dirname(folder)) return;
        continue;
      }
      if (found.has(candidate)) return;
      found.add(candidate);
      const { dependencies = {} } = JSON.parse(readFileSync(join(candidate, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>;
      };
      for (const each of Object.keys(dependencies)) add(each, candidate);
      return;
    }
  };
  for (const name of names) add(name, root);
  return found;
}

/** An image of this Node, the AWS SDK for JavaScript, and the program that looks around. */
export async function buildNodeImage(tag: string): Promise<void> {
  const packages = [...packagesOf(['@aws-sdk/client-sts', '@aws-sdk/client-ecs', '@aws-sdk/client-s3'])];
  await buildImage(tag, {
    files: {
      '/bin/node': process.execPath,
      '/app/ask.mjs': join(import.meta.dirname, 'ask.mjs'),
      '/app/stay.mjs': join(import.meta.dirname, 'stay.mjs'),
      ...Object.fromEntries(packages.map((folder) => [`/app${folder.slice(root.length)}`, folder])),
    },
    programs: [process.execPath],
    entryPoint: ['/bin/node', '/app/ask.mjs'],
  });
}

/** Where this machine's Python with boto3 is; `undefined` where there is none. */
export interface PythonWithBoto3 {
  readonly program: string;
  readonly stdlib: string;
  readonly version: string;
  /** The folders of boto3 and of what it needs. */
  readonly packages: readonly string[];
}

/** Looks for a Python that has boto3 (Debian's `python3-boto3`). */
export async function findBoto3(): Promise<PythonWithBoto3 | undefined> {
  const script = [
    'import boto3, botocore, s3transfer, jmespath, dateutil, urllib3, six, json, os, sys, sysconfig',
    'modules = [boto3, botocore, s3transfer, jmespath, dateutil, urllib3]',
    'print(json.dumps({"program": os.path.realpath(sys.executable), "stdlib": sysconfig.get_paths()["stdlib"],',
    '  "version": "%d.%d" % sys.version_info[:2], "packages": [os.path.dirname(m.__file__) for m in modules] + [six.__file__]}))',
  ].join('\n');
  for (const python of ['python3', '/usr/bin/python3']) {
    const { status, stdout } = await run(python, ['-c', script]).catch(() => ({ status: 1, stdout: '' }));
    if (status === 0) return JSON.parse(stdout) as PythonWithBoto3;
  }
  return undefined;
}

/** An image of this machine's Python with boto3, and the program that looks around. */
export async function buildPythonImage(tag: string, python: PythonWithBoto3): Promise<void> {
  const library = `/usr/lib/python${python.version}`;
  const dynamic = join(python.stdlib, 'lib-dynload');
  const extensions = await must('sh', ['-c', `ls ${dynamic}/*.so`]);
  await buildImage(tag, {
    files: {
      '/usr/bin/python3': python.program,
      [library]: python.stdlib,
      ...Object.fromEntries(python.packages.map((path) => [`/app/${path.slice(path.lastIndexOf('/') + 1)}`, path])),
      '/app/ask.py': join(import.meta.dirname, 'ask.py'),
    },
    programs: [python.program, ...extensions.split('\n')],
    entryPoint: ['/usr/bin/python3', '/app/ask.py'],
    env: 'ENV PYTHONHOME=/usr PYTHONDONTWRITEBYTECODE=1',
  });
}
