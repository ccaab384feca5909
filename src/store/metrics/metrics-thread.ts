import { answerCalls } from '../file-calls.ts';
import { MetricsDb } from './metrics-db.ts';

answerCalls((path) => new MetricsDb(path));
