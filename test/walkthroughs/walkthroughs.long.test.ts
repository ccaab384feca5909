import { join } from 'node:path';
import { runScripts } from './run-scripts.ts';

runScripts(join(import.meta.dirname, 'long'));
