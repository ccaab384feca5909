import { Readable } from 'node:stream';
import type { Segment } from '../../model/s3/object.ts';
import type { Blobs } from '../../store/blobs/blobs.ts';
import type { ByteRange } from './ranges.ts';

/** The bytes of a content that may lie in several blobs. None of them is deleted before the stream is closed. */
export function streamContent(blobs: Blobs, segments: readonly Segment[], range: ByteRange): Readable {
  const release = blobs.hold(segments.map(({ blob }) => blob));
  const stream = Readable.from(pieces(blobs, segments, range), { objectMode: false });
  return stream.once('close', release);
}

async function* pieces(blobs: Blobs, segments: readonly Segment[], { start, end }: ByteRange) {
  for (const { blob, start: from, end: to } of segmentRanges(segments, { start, end })) {
    yield* blobs.stream(blob, { start: from, end: to }) as AsyncIterable<Buffer>;
  }
}

/** What of each blob belongs to a range of the whole. */
export function segmentRanges(
  segments: readonly Segment[],
  { start, end }: ByteRange,
): ({ blob: string } & ByteRange)[] {
  const found: ({ blob: string } & ByteRange)[] = [];
  let at = 0;
  for (const { blob, start: offset = 0, sizeBytes } of segments) {
    const from = Math.max(0, start - at);
    const to = Math.min(sizeBytes - 1, end - at);
    if (from <= to) found.push({ blob, start: offset + from, end: offset + to });
    at += sizeBytes;
  }
  return found;
}

/** A range of a content as segments of its own. */
export function cutSegments(segments: readonly Segment[], range: ByteRange): Segment[] {
  return segmentRanges(segments, range).map(({ blob, start, end }) => ({ blob, start, sizeBytes: end - start + 1 }));
}
