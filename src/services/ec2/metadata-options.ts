import type * as sdk from '@aws-sdk/client-ec2';
import type { Instance, MetadataOptions } from '../../model/ec2/instance.ts';
import { instances } from '../../store/tables/ec2.ts';
import { badValue, missing, unsupported } from './errors.ts';
import type { Ec2Operations } from './operation.ts';
import { checkId, find, kinds } from './resources.ts';

type Asked = Pick<
  sdk.InstanceMetadataOptionsRequest,
  'HttpTokens' | 'HttpPutResponseHopLimit' | 'HttpEndpoint' | 'HttpProtocolIpv6' | 'InstanceMetadataTags'
>;

/** The metadata options that are asked for, and `before` of those that are not. */
export function readMetadataOptions(asked: Asked | undefined, before: MetadataOptions): MetadataOptions {
  const hopLimit = asked?.HttpPutResponseHopLimit ?? before.httpPutResponseHopLimit;
  if (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64) {
    throw badValue(hopLimit, 'HttpPutResponseHopLimit', 'Specify a value between 1 and 64.');
  }
  if (asked?.HttpProtocolIpv6 === 'enabled') throw unsupported('IPv6');
  return {
    httpTokens: oneOf('HttpTokens', asked?.HttpTokens, ['optional', 'required']) ?? before.httpTokens,
    httpEndpoint: oneOf('HttpEndpoint', asked?.HttpEndpoint, ['disabled', 'enabled']) ?? before.httpEndpoint,
    httpPutResponseHopLimit: hopLimit,
    instanceMetadataTags:
      oneOf('InstanceMetadataTags', asked?.InstanceMetadataTags, ['disabled', 'enabled']) ??
      before.instanceMetadataTags,
  };
}

function oneOf<Value extends string>(
  name: string,
  value: string | undefined,
  values: readonly Value[],
): Value | undefined {
  if (value === undefined) return undefined;
  const found = values.find((each) => each === value);
  if (found === undefined) throw badValue(value, name, `Specify one of ${values.join(', ')}.`);
  return found;
}

/** An instance's metadata options as EC2 answers them; they are in force as soon as its machine has heard of them. */
export function sdkMetadataOptions({ metadataOptions }: Instance): sdk.InstanceMetadataOptionsResponse {
  return {
    State: 'applied',
    HttpTokens: metadataOptions.httpTokens,
    HttpPutResponseHopLimit: metadataOptions.httpPutResponseHopLimit,
    HttpEndpoint: metadataOptions.httpEndpoint,
    HttpProtocolIpv6: 'disabled',
    InstanceMetadataTags: metadataOptions.instanceMetadataTags,
  };
}

/** "Modify instance metadata options for existing instances", EC2 User Guide. */
export const metadataOptionOperations = {
  ModifyInstanceMetadataOptions: {
    takes: [
      'InstanceId',
      'HttpTokens',
      'HttpPutResponseHopLimit',
      'HttpEndpoint',
      'HttpProtocolIpv6',
      'InstanceMetadataTags',
    ],
    run(input, call) {
      if (input.InstanceId === undefined) throw missing('InstanceId');
      checkId(kinds.instance, input.InstanceId);
      const instance = find(call, kinds.instance, input.InstanceId, 'InstanceId');
      const changed = { ...instance, metadataOptions: readMetadataOptions(input, instance.metadataOptions) };
      call.tx.put(instances, changed);
      return {
        InstanceId: instance.id,
        // The answer says that the change is under way ("InstanceMetadataOptionsResponse", EC2 API Reference).
        InstanceMetadataOptions: { ...sdkMetadataOptions(changed), State: 'pending' },
      };
    },
  },
} satisfies Ec2Operations;
