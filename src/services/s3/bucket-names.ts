import { s3Error } from './errors.ts';

const reservedPrefix = /^(xn--|sthree-|amzn-s3-demo-)/;
const reservedSuffix = /(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

/** Throws InvalidBucketName ("General purpose bucket naming rules", Amazon S3 User Guide). */
export function checkBucketName(name: string): void {
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(name);
  const valid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !isAddress &&
    !reservedPrefix.test(name) &&
    !reservedSuffix.test(name);
  if (!valid) throw s3Error(400, 'InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
}
