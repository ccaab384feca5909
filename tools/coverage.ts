import type { Dump } from '../src/aws/schema/dump.ts';

/** The text of docs/coverage.md: every operation of every model, served or not. */
export function coverageText(services: readonly { dump: Dump; served: readonly string[] }[]): string {
  const all = services.reduce((sum, { dump }) => sum + dump.names.length, 0);
  const done = services.reduce((sum, { served }) => sum + served.length, 0);
  const rows = services.map(({ dump, served }) => `| ${dump.service} | ${served.length} | ${dump.names.length} |`);
  const lists = services.map(({ dump, served }) => {
    const lines = dump.names.map((name) => `- [${served.includes(name) ? 'x' : ' '}] ${name}`);
    return `## ${dump.service}\n\n${lines.join('\n')}\n`;
  });
  return `# Coverage

Every operation of the services that Stowage serves, taken from the AWS models and from the handlers in \`src/services\`. Made
by \`npm run generate\`; a test fails when it is out of date. An operation that is not served answers the error
\`NotImplemented\` (HTTP status 501), which names it.

| service | served | of |
| --- | --- | --- |
${rows.join('\n')}
| all | ${done} | ${all} |

${lists.join('\n')}`;
}
