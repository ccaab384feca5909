import { systemIds } from '../../base/ids.ts';
import { FilterPatternError } from '../../model/logs/filter-pattern.ts';
import { answerCalls } from '../file-calls.ts';
import { EventsDb } from './events-db.ts';

// A filter pattern is its caller's.
answerCalls(
  (path) => new EventsDb(path, systemIds),
  (error) => error instanceof FilterPatternError,
);
