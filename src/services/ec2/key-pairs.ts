import type * as sdk from '@aws-sdk/client-ec2';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { newRsaKey, publicKeyFingerprint } from '../../base/rsa-key.ts';
import type { KeyPair } from '../../model/ec2/launch.ts';
import { scopeOf } from '../../model/tags.ts';
import { keyPairs } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { invalidValue, missing, unsupported } from './errors.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { kinds, newId } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';

function sdkPair(pair: KeyPair, withKey: boolean): sdk.KeyPairInfo {
  return {
    KeyPairId: pair.id,
    KeyName: pair.name,
    KeyType: pair.type,
    KeyFingerprint: pair.fingerprint,
    CreateTime: dateOf(pair.createdAt),
    Tags: sdkTags(pair.tags),
    ...(withKey ? given('PublicKey', pair.publicKey) : {}),
  };
}

function checkName(call: Call, name: string | undefined): string {
  if (name === undefined || name === '') throw missing('KeyName');
  if (name.length > 255) throw invalidValue('A key name has at most 255 characters.');
  if (pairNamed(call, name) !== undefined) {
    throw new AwsError('InvalidKeyPair.Duplicate', `The keypair '${name}' already exists.`);
  }
  return name;
}

/** Key pairs. No instance here has a door for SSH; what names one finds it as on AWS. */
export const keyPairOperations = {
  CreateKeyPair: {
    takes: ['KeyName', 'KeyType', 'KeyFormat', 'TagSpecifications'],
    run(input, call) {
      const name = checkName(call, input.KeyName);
      const { KeyType: type = 'rsa', KeyFormat: format = 'pem' } = input;
      if (type !== 'rsa') throw unsupported(`Making a key of type ${type}`);
      if (format !== 'pem') throw unsupported(`The key format ${format}`);
      const { pem, fingerprint, publicKey } = newRsaKey();
      const pair: KeyPair = {
        account: call.account,
        region: call.region,
        id: newId(call.ids, 'key'),
        name,
        type,
        fingerprint,
        publicKey: `${publicKey} ${name}`,
        createdAt: call.now,
        tags: newTags('key-pair', input.TagSpecifications),
      };
      call.tx.put(keyPairs, pair);
      // Nobody keeps the private key but the caller.
      return { ...sdkPair(pair, false), KeyMaterial: pem };
    },
  },
  ImportKeyPair: {
    takes: ['KeyName', 'PublicKeyMaterial', 'TagSpecifications'],
    run(input, call) {
      const name = checkName(call, input.KeyName);
      if (input.PublicKeyMaterial === undefined) throw missing('PublicKeyMaterial');
      const publicKey = Buffer.from(input.PublicKeyMaterial).toString('utf8');
      const read = publicKeyFingerprint(publicKey);
      if (read === undefined) {
        throw new AwsError('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
      }
      const pair: KeyPair = {
        account: call.account,
        region: call.region,
        id: newId(call.ids, 'key'),
        name,
        ...read,
        publicKey: publicKey.trim(),
        createdAt: call.now,
        tags: newTags('key-pair', input.TagSpecifications),
      };
      call.tx.put(keyPairs, pair);
      return { KeyPairId: pair.id, KeyName: name, KeyFingerprint: pair.fingerprint, Tags: sdkTags(pair.tags) };
    },
  },
  DescribeKeyPairs: {
    takes: ['KeyNames', 'KeyPairIds', 'Filters', 'IncludePublicKey'],
    run(input, call) {
      const named = (input.KeyNames ?? []).map((name) => {
        const row = pairNamed(call, name);
        if (row === undefined) {
          throw new AwsError('InvalidKeyPair.NotFound', `The key pair '${name}' does not exist`);
        }
        return row.id;
      });
      const { rows } = describeRows(
        call,
        kinds.keyPair,
        input,
        { ids: [...(input.KeyPairIds ?? []), ...named], name: 'keyPairIds' },
        {
          'key-pair-id': (pair) => pair.id,
          'key-name': (pair) => pair.name,
          fingerprint: (pair) => pair.fingerprint,
        },
      );
      return { KeyPairs: rows.map((pair) => sdkPair(pair, input.IncludePublicKey === true)) };
    },
  },
  DeleteKeyPair: {
    takes: ['KeyName', 'KeyPairId'],
    run(input, call) {
      if (input.KeyName === undefined && input.KeyPairId === undefined) throw missing('KeyName');
      const row =
        input.KeyName === undefined
          ? call.tx.by(keyPairs, 'scope', scopeOf(call)).find(({ id }) => id === input.KeyPairId)
          : pairNamed(call, input.KeyName);
      // One that does not exist is as good as deleted.
      if (row !== undefined) call.tx.delete(keyPairs, row.id);
      return { Return: true, ...given('KeyPairId', row?.id) };
    },
  },
} satisfies Ec2Operations;

function pairNamed(call: Call, name: string): KeyPair | undefined {
  return call.tx.by(keyPairs, 'name', `${scopeOf(call)}/${name}`)[0];
}
