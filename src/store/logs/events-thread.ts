import { FilterPatternError } from '../../model/logs/filter-pattern.ts';
import { answerCalls } from '../file-calls.ts';
import { EventsDb } from './events-db.ts';

// A filter pattern is its caller's.
answerCalls(
  (path) => new EventsDb(path),
  (error) => error instanceof FilterPatternError,
);
