import { aclHandlers } from './acls.ts';
import { taggingHandlers } from './tagging.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { bucketHandlers } from './buckets.ts';
import { absentHandlers } from './configuration/absent.ts';
import { accessHandlers } from './configuration/access.ts';
import { corsHandlers } from './configuration/cors.ts';
import { encryptionHandlers } from './configuration/encryption.ts';
import { lifecycleHandlers } from './configuration/lifecycle.ts';
import { policyHandlers } from './configuration/policy.ts';
import { versioningHandlers } from './configuration/versioning.ts';
import { copyObjectHandlers } from './copy-object.ts';
import { listVersionHandlers } from './list-versions.ts';
import { completeHandlers } from './multipart/complete.ts';
import { partHandlers } from './multipart/parts.ts';
import { uploadHandlers } from './multipart/uploads.ts';
import { objectAttributesHandlers } from './object-attributes.ts';
import { deleteObjectHandlers } from './delete-objects.ts';
import { getObjectHandlers } from './get-object.ts';
import { KeyIndex } from './key-index.ts';
import { listObjectHandlers } from './list-objects.ts';
import { putObjectHandlers } from './put-object.ts';

/** Amazon S3: general purpose buckets and their objects, for their owner; policies are kept, enforcement is not here yet. */
export function s3Handlers(deps: S3Deps): S3Handlers {
  const index = new KeyIndex(deps.store);
  return {
    ...bucketHandlers(deps),
    ...putObjectHandlers(deps),
    ...getObjectHandlers(deps),
    ...deleteObjectHandlers(deps),
    ...copyObjectHandlers(deps),
    ...objectAttributesHandlers(deps),
    ...uploadHandlers(deps),
    ...partHandlers(deps),
    ...completeHandlers(deps),
    ...versioningHandlers(deps),
    ...policyHandlers(deps),
    ...accessHandlers(deps),
    ...corsHandlers(deps),
    ...encryptionHandlers(deps),
    ...lifecycleHandlers(deps),
    ...absentHandlers(deps),
    ...aclHandlers(deps),
    ...taggingHandlers(deps),
    ...listObjectHandlers(deps, index),
    ...listVersionHandlers(deps, index),
  };
}
