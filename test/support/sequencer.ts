import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest and says so neither by its size nor, in a fresh clone, by an earlier run. */
const longest = ['test/walkthroughs/', 'test/resilience/engine', 'test/in-task/', 'test/deployments/'];

/**
 * As vitest orders the files, but the longest begin first, so that none of them is left alone at the end, and those on
 * the machine before the others, which fill what is left of the processors.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      if (project.name === 'unit') return longest.length + 1;
      const found = longest.findIndex((part) => moduleId.includes(part));
      return found === -1 ? longest.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
