import type { ServiceId } from '../src/aws/service-table.ts';

/** A schema as the SDK's packages export it: kind, namespace, name, traits, and what its kind has. */
type Schema = readonly unknown[];

/** Simple types by their number in the SDK's schemas. */
const [text, flag, time] = [0, 2, 4];

const namespace = 'com.amazonaws.ssm';

/** A structure of members, of which the first `required` must be there. */
function structure(name: string, members: Readonly<Record<string, unknown>>, required = 0): Schema {
  return [3, namespace, name, 0, Object.keys(members), Object.values(members), required];
}

function operation(name: string, input: Schema, output: Schema): Schema {
  return [9, namespace, name, 0, () => input, () => output];
}

/** An error with a message, of HTTP status 400 as all of Systems Manager's are. */
function error(name: string): Schema {
  return [-3, namespace, name, { error: 'client', httpError: 400 }, ['Message'], [text]];
}

const tag = structure('Tag', { Key: text, Value: text }, 2);

/** Members that they leave out, by structure: agents' clients send them (`ecs-agent/api/ecs` of amazon-ecs-agent). */
export const unpublishedMembers: Partial<
  Record<ServiceId, Readonly<Record<string, Readonly<Record<string, unknown>>>>>
> = {
  ecs: { RegisterContainerInstanceRequest: { clientToken: text } },
};

/**
 * Operations that the published models leave out, since AWS's own agents alone call them. Shapes as the client has them that
 * amazon-ssm-agent carries with it (`extra/aws-sdk-go/service/ssm/api.go`, Apache License 2.0), reduced as all others are.
 */
export const unpublished: Partial<Record<ServiceId, readonly Schema[]>> = {
  ssm: [
    operation(
      'RegisterManagedInstance',
      structure(
        'RegisterManagedInstanceRequest',
        {
          PublicKey: text,
          Fingerprint: text,
          ActivationId: text,
          ActivationCode: text,
          PublicKeyType: text,
          IamRole: text,
          Tags: [1, namespace, 'TagList', 0, () => tag],
        },
        2,
      ),
      structure('RegisterManagedInstanceResult', { InstanceId: text }),
    ),
    operation(
      'RequestManagedInstanceRoleToken',
      structure('RequestManagedInstanceRoleTokenRequest', { Fingerprint: text }, 1),
      structure('RequestManagedInstanceRoleTokenResult', {
        AccessKeyId: text,
        SecretAccessKey: text,
        SessionToken: text,
        TokenExpirationDate: time,
        UpdateKeyPair: flag,
      }),
    ),
    operation(
      'UpdateManagedInstancePublicKey',
      structure('UpdateManagedInstancePublicKeyRequest', { NewPublicKey: text, NewPublicKeyType: text }, 2),
      structure('UpdateManagedInstancePublicKeyResult', {}),
    ),
    operation(
      'UpdateInstanceInformation',
      structure(
        'UpdateInstanceInformationRequest',
        {
          InstanceId: text,
          AgentName: text,
          AgentStatus: text,
          AgentVersion: text,
          AvailabilityZone: text,
          AvailabilityZoneId: text,
          ComputerName: text,
          IPAddress: text,
          PlatformName: text,
          PlatformType: text,
          PlatformVersion: text,
          SSMConnectionChannel: text,
        },
        1,
      ),
      structure('UpdateInstanceInformationResult', {}),
    ),
    ...[
      'ActivationExpired',
      'InvalidPublicKey',
      'MachineFingerprintDoesNotMatch',
      'PublicKeyAlreadyRegistered',
      'RegistrationLimitExceeded',
    ].map(error),
  ],
};
