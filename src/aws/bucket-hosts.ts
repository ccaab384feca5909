const region = '[a-z]{2}(?:-[a-z]+)+-\\d';

/**
 * Hosts that begin with the name of a bucket ("Virtual hosting of buckets", Amazon S3 User Guide): AWS's own, and the same
 * below `localhost`, where `s3` may be left out.
 */
const forms = [
  new RegExp(`^(.+)\\.s3(?:[.-](?:dualstack\\.)?${region})?\\.amazonaws\\.com$`),
  new RegExp(`^(.+)\\.s3(?:\\.${region})?\\.localhost$`),
];
const short = new RegExp(`^(?!s3(?:\\.${region})?\\.localhost$)(.+)\\.localhost$`);

/**
 * The bucket that a Host header names. `isS3` says whether the request is known to be for S3 otherwise: the short form,
 * `bucket.localhost`, says so by itself of nothing.
 */
export function bucketOfHost(host: string | undefined, isS3: boolean): string | undefined {
  const name = host?.replace(/:\d+$/, '').toLowerCase() ?? '';
  for (const form of isS3 ? [...forms, short] : forms) {
    const bucket = form.exec(name)?.[1];
    if (bucket !== undefined) return bucket;
  }
  return undefined;
}
