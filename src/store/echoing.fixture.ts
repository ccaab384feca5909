import { parentPort, workerData } from 'node:worker_threads';

const { greeting } = workerData as { readonly greeting: string };
let count = 0;

parentPort?.on('message', (said: string) => {
  if (said === 'die') throw new Error('I die');
  count += 1;
  parentPort?.postMessage([`${greeting} ${said}`, count]);
});
