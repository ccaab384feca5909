import type { Gauge } from '../../main/views/fleet.ts';
import type { Span } from './text.ts';

/** From so much of a resource on, little is left. */
const nearlyFull = 0.9;

/** How much of something is taken, in `cells` columns of which each can be half. */
export function bar({ registered, used }: Gauge, cells: number): readonly Span[] {
  const share = registered <= 0 ? 0 : Math.min(1, Math.max(0, used / registered));
  // Something is never shown as nothing, nor is what is left.
  const halves = Math.min(
    share < 1 ? 2 * cells - 1 : 2 * cells,
    Math.max(share > 0 ? 1 : 0, Math.round(share * cells * 2)),
  );
  const filled = '━'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '╸' : '');
  return [
    { text: filled, style: share >= nearlyFull ? 'busy' : 'good' },
    { text: '─'.repeat(cells - filled.length), style: 'dim' },
  ];
}
