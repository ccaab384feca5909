import { runScripts } from './run-scripts.ts';

runScripts(import.meta.dirname);
