import { existsSync, readdirSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';

// Run as a program by `compileAhead`: loads what a control plane loads, sooner or later, and does nothing with it.
const sources = join(import.meta.dirname, '..');
const all = (folder: string): string[] => readdirSync(join(sources, folder)).map((name) => join(sources, folder, name));

const modules = [
  ...['control-plane', 'platform', 'conductor'].map((name) => join(sources, 'main', `${name}.ts`)),
  ...all('services').map((folder) => join(folder, 'handlers.ts')),
  ...all('aws/protocols'),
  // Those that are programs of threads fail here, once they are compiled.
  ...['store/journal', 'store/logs', 'store/metrics'].flatMap(all).filter((path) => /-(thread|writer)\.ts$/.test(path)),
].filter((path) => path.endsWith('.ts') && !path.includes('.test.') && existsSync(path));
for (const path of modules) await import(path).catch(() => {});
flushCompileCache();
