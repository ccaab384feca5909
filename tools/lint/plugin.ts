import { dirname, resolve } from 'node:path';
import { definePlugin, defineRule } from '@oxlint/plugins';
import { judge } from './walls.ts';

/** The project's own lint rules. `stowage/walls`: an import may only cross the walls that docs/architecture.md allows. */
export default definePlugin({
  meta: { name: 'stowage' },
  rules: {
    walls: defineRule({
      create(context) {
        const check = (node: { source?: unknown }): void => {
          const source = node.source as { value?: unknown } | null | undefined;
          const target = source?.value;
          if (typeof target !== 'string' || !target.startsWith('.')) return;
          const reason = judge(context.filename, resolve(dirname(context.filename), target));
          if (reason !== undefined) context.report({ message: reason, node: source as never });
        };
        return {
          ImportDeclaration: check,
          ExportNamedDeclaration: check,
          ExportAllDeclaration: check,
          ImportExpression: check,
        };
      },
    }),
  },
});
