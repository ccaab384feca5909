import { Readable } from 'node:stream';
import type { Segment } from '../../model/s3/object.ts';
import type { Blobs } from '../../store/blobs/blobs.ts';
import { openStream } from '../../store/keys/sealed-stream.ts';
import type { ByteRange } from './ranges.ts';

/** A content that may lie in several blobs. */
export interface Content {
  readonly segments: readonly Segment[];
  /** What opens the blobs of an object that is encrypted with a key of KMS. */
  readonly dataKey?: Buffer | undefined;
}

/** The bytes of a content, or of a range of it. None of its blobs is deleted before the stream is closed. */
export function streamContent(blobs: Blobs, { segments, dataKey }: Content, range: ByteRange): Readable {
  const release = blobs.hold(segments.map(({ blob }) => blob));
  const stream = Readable.from(pieces(blobs, { segments, dataKey }, range), { objectMode: false });
  return stream.once('close', release);
}

async function* pieces(blobs: Blobs, { segments, dataKey }: Content, { start, end }: ByteRange) {
  for (const { segment, start: from, end: to } of segmentRanges(segments, { start, end })) {
    const { blob, start: offset = 0, sizeBytes } = segment;
    if (dataKey === undefined) {
      yield* blobs.stream(blob, { start: offset + from, end: offset + to }) as AsyncIterable<Buffer>;
    } else {
      const source = (range: ByteRange): AsyncIterable<Buffer> => blobs.stream(blob, range);
      // A blob that is sealed is the whole of its segment.
      yield* openStream(source, dataKey, sizeBytes, { start: from, end: to });
    }
  }
}

/** What of each segment belongs to a range of the whole. */
function segmentRanges(
  segments: readonly Segment[],
  { start, end }: ByteRange,
): ({ readonly segment: Segment } & ByteRange)[] {
  const found: ({ readonly segment: Segment } & ByteRange)[] = [];
  let at = 0;
  for (const segment of segments) {
    const from = Math.max(0, start - at);
    const to = Math.min(segment.sizeBytes - 1, end - at);
    if (from <= to) found.push({ segment, start: from, end: to });
    at += segment.sizeBytes;
  }
  return found;
}

/** A range of a content that is not sealed as segments of its own. */
export function cutSegments(segments: readonly Segment[], range: ByteRange): Segment[] {
  return segmentRanges(segments, range).map(({ segment: { blob, start: offset = 0 }, start, end }) => ({
    blob,
    start: offset + start,
    sizeBytes: end - start + 1,
  }));
}
