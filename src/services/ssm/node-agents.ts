import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Ctx } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { ManagedNode } from '../../model/ssm/managed-node.ts';
import { assumedRole, beginSession } from '../../store/role-sessions.ts';
import { nameKey, roles } from '../../store/tables/iam.ts';
import { activations, managedNodes } from '../../store/tables/ssm.ts';
import { checkEnum, checkLength } from '../constraints.ts';
import { hashOf } from './activations.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';
import { unknownNode } from './find-node.ts';

/** How long the credentials of a node are good; its agent renews them halfway. */
const credentialSeconds = 3600;

interface RegisterInput {
  readonly ActivationId?: string | undefined;
  readonly ActivationCode?: string | undefined;
  readonly Fingerprint?: string | undefined;
  readonly PublicKey?: string | undefined;
  readonly PublicKeyType?: string | undefined;
  readonly IamRole?: string | undefined;
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[] | undefined;
}

interface ReportInput {
  readonly InstanceId?: string | undefined;
  readonly AgentName?: string | undefined;
  readonly AgentStatus?: string | undefined;
  readonly AgentVersion?: string | undefined;
  readonly AvailabilityZone?: string | undefined;
  readonly AvailabilityZoneId?: string | undefined;
  readonly ComputerName?: string | undefined;
  readonly IPAddress?: string | undefined;
  readonly PlatformName?: string | undefined;
  readonly PlatformType?: string | undefined;
  readonly PlatformVersion?: string | undefined;
  readonly SSMConnectionChannel?: string | undefined;
}

/**
 * What the agents of managed nodes call, and nobody else (the client that amazon-ssm-agent carries with it has them; the public
 * model does not): registering with an activation, unsigned; credentials of the node's role and another key, both signed with the
 * key that the node registered; and what it says of itself, with those credentials.
 */
export function nodeAgentHandlers({ store, clock, ids }: SsmDeps) {
  const signedBy = ({ caller }: Ctx): ManagedNode => {
    const row = store.get(managedNodes, caller.accessKeyId);
    if (row === undefined) throw unknownNode(caller.accessKeyId);
    return row;
  };

  return {
    RegisterManagedInstance(input: RegisterInput) {
      if (input.ActivationId === undefined || input.ActivationCode === undefined) {
        throw ssmErrors.validation('Registration without an activation is not supported.');
      }
      if (input.IamRole !== undefined || (input.Tags?.length ?? 0) > 0) {
        throw ssmErrors.validation('IamRole and Tags can not be specified together with an activation.');
      }
      const publicKey = readKey(input.PublicKey, input.PublicKeyType);
      const { ActivationId: activationId, ActivationCode: code, Fingerprint: fingerprint = '' } = input;
      const now = clock.now();
      return store.transact((tx) => {
        const activation = tx.get(activations, activationId);
        if (activation?.codeHash !== hashOf(code)) {
          throw new AwsError(
            'InvalidActivation',
            "The activation isn't valid. The activation might have been deleted, or the ActivationId and the ActivationCode don't match.",
          );
        }
        // One that heard no answer asks again: it is the same machine.
        const before = tx
          .by(managedNodes, 'publicKey', publicKey)
          .find((row) => row.activationId === activationId && row.fingerprint === fingerprint);
        if (before !== undefined) return { InstanceId: before.id };
        if (activation.expiresAt <= now) {
          throw new AwsError('ActivationExpired', 'The activation has expired. Create a new one and try again.');
        }
        if (activation.registrations >= activation.registrationLimit) {
          throw new AwsError(
            'RegistrationLimitExceeded',
            `The activation has reached its limit of ${activation.registrationLimit} registrations.`,
          );
        }
        const { account, region, iamRole, defaultInstanceName: name, tags } = activation;
        const id = `mi-0${ids.hex(16)}`;
        const row = { account, region, id, activationId, iamRole, fingerprint, publicKey, tags };
        tx.put(managedNodes, { ...row, ...given('name', name), registeredAt: now, report: {} });
        tx.put(activations, { ...activation, registrations: activation.registrations + 1 });
        return { InstanceId: id };
      });
    },

    RequestManagedInstanceRoleToken(input: { readonly Fingerprint?: string | undefined }, ctx: Ctx) {
      const node = signedBy(ctx);
      if (input.Fingerprint !== node.fingerprint) {
        throw new AwsError(
          'MachineFingerprintDoesNotMatch',
          `The fingerprint is not that of the machine that registered as ${node.id}.`,
        );
      }
      const role = store.get(roles, nameKey(node.account, node.iamRole));
      if (role === undefined) {
        throw new AwsError('InvalidInstanceId', `The IAM role ${node.iamRole} of ${node.id} does not exist any more.`);
      }
      const now = clock.now();
      const session = store.transact((tx) => {
        tx.update(managedNodes, node.id, (row) => ({ ...row, lastPingAt: now }));
        return beginSession(tx, { ids, now }, node.account, assumedRole(role, node.id), credentialSeconds);
      });
      return {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        TokenExpirationDate: dateOf(session.expiresAt),
        // When its key is to be changed is for the machine's own configuration to say (`KeyAutoRotateDays`).
        UpdateKeyPair: false,
      };
    },

    UpdateManagedInstancePublicKey(
      input: { readonly NewPublicKey?: string | undefined; readonly NewPublicKeyType?: string | undefined },
      ctx: Ctx,
    ) {
      const { id } = signedBy(ctx);
      const publicKey = readKey(input.NewPublicKey, input.NewPublicKeyType);
      store.transact((tx) => {
        const other = tx.by(managedNodes, 'publicKey', publicKey).find((row) => row.id !== id);
        if (other !== undefined) {
          throw new AwsError('PublicKeyAlreadyRegistered', 'The public key is that of another managed node.');
        }
        tx.update(managedNodes, id, (row) => ({ ...row, publicKey }));
      });
      return {};
    },

    /** Every five minutes, from credentials of the node's own role. */
    UpdateInstanceInformation(input: ReportInput, ctx: Ctx) {
      const id = input.InstanceId ?? '';
      checkEnum('platformType', input.PlatformType, ['Windows', 'Linux', 'MacOS']);
      const row = store.get(managedNodes, id);
      if (row === undefined || row.account !== ctx.account || !ctx.caller.arn.endsWith(`/${id}`)) throw unknownNode(id);
      // That it is `Active` is why it speaks; zones are those of EC2 instances, and over which channel it is reached is its own affair.
      const { AgentStatus: _, AvailabilityZone: _zone, AvailabilityZoneId: _id, SSMConnectionChannel: _by } = input;
      const report = {
        ...given('agentName', input.AgentName),
        ...given('agentVersion', input.AgentVersion),
        ...given('computerName', input.ComputerName),
        ...given('ipAddress', input.IPAddress),
        ...given('platformName', input.PlatformName),
        ...given('platformType', input.PlatformType),
        ...given('platformVersion', input.PlatformVersion),
      };
      store.transact((tx) =>
        tx.update(managedNodes, id, (before) => ({
          ...before,
          lastPingAt: clock.now(),
          report: { ...before.report, ...report },
        })),
      );
      return {};
    },
  };
}

/** A key as agents send it, made sure of: an RSA key of 2048 bits or more. */
function readKey(text: string | undefined, type: string | undefined): string {
  checkLength('publicKey', text, 392, 4096);
  checkEnum('publicKeyType', type, ['Rsa']);
  const key = parsed(text ?? '');
  if (key?.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new AwsError('InvalidPublicKey', 'The public key is not an RSA key of 2048 bits or more, DER in base64.');
  }
  return text ?? '';
}

function parsed(text: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
