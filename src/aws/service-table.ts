/** A wire protocol of the AWS APIs (Smithy's "AWS protocols" chapter names them). */
export type ProtocolName =
  | 'aws-json-1.0'
  | 'aws-json-1.1'
  | 'query'
  | 'ec2-query'
  | 'rest-json'
  | 'rest-xml'
  | 'rpc-v2-cbor';

/** What the SDK's schemas do not say of a service. */
export interface ServiceRow {
  /** Our name of it: the key in `Services`, the folder under `src/services`, the file under `generated`. */
  readonly id: string;
  /** The SDK's package is `@aws-sdk/client-<sdk>`. */
  readonly sdk: string;
  /** The service in the credential scope of a signature. */
  readonly scope: string;
  /** Every protocol the service speaks, the one of today's SDKs first. */
  readonly protocols: readonly ProtocolName[];
  /** What stands before the dot of `X-Amz-Target`. */
  readonly target?: string;
  /** The API version: `Version` of a query request; no two services share one. */
  readonly version: string;
  readonly xmlns?: string;
  /** The code of an error that the front itself finds: a required member that is missing. */
  readonly missingCode: string;
  /** The sentence of that error, where it is not AWS's common one. */
  readonly missingMessage?: string;
  /** The same of a value of the wrong type; a JSON body's is SerializationException everywhere. */
  readonly malformedCode: string;
  /** The same in an XML body, where it is another. */
  readonly malformedDocumentCode?: string;
  /** The code of a failure that is ours. */
  readonly internalCode: string;
  /** Whether every error of a client's has status 400 on AWS, whatever its model says. */
  readonly always400?: boolean;
  /** Largest request body in bytes. */
  readonly bodyLimit: number;
  /** Whether a query parameter that the model does not know is refused, as EC2 does. */
  readonly refusesUnknown?: boolean;
  /** Operations that AWS takes without a signature. */
  readonly unsigned?: readonly string[];
  /** Operations of which only the served ones are in `generated`: EC2's model is 15 times the others. */
  readonly servedOnly?: boolean;
}

const MIB = 1024 * 1024;

/** Every service we serve operations of. */
export const serviceTable = [
  {
    id: 'ecs',
    sdk: 'ecs',
    scope: 'ecs',
    protocols: ['aws-json-1.1'],
    target: 'AmazonEC2ContainerServiceV20141113',
    version: '2014-11-13',
    missingCode: 'InvalidParameterException',
    malformedCode: 'InvalidParameterException',
    internalCode: 'ServerException',
    bodyLimit: 4 * MIB,
  },
  {
    id: 'ecr',
    sdk: 'ecr',
    scope: 'ecr',
    protocols: ['aws-json-1.1'],
    target: 'AmazonEC2ContainerRegistry_V20150921',
    version: '2015-09-21',
    missingCode: 'InvalidParameterException',
    malformedCode: 'InvalidParameterException',
    internalCode: 'ServerException',
    // UploadLayerPart takes parts of 20 MiB, in base64.
    bodyLimit: 32 * MIB,
  },
  {
    id: 'elb',
    sdk: 'elastic-load-balancing',
    scope: 'elasticloadbalancing',
    protocols: ['query'],
    version: '2012-06-01',
    xmlns: 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/',
    missingCode: 'ValidationError',
    malformedCode: 'MalformedInput',
    internalCode: 'InternalFailure',
    bodyLimit: 4 * MIB,
  },
  {
    id: 'elbv2',
    sdk: 'elastic-load-balancing-v2',
    scope: 'elasticloadbalancing',
    protocols: ['query'],
    version: '2015-12-01',
    xmlns: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
    missingCode: 'ValidationError',
    malformedCode: 'MalformedInput',
    internalCode: 'InternalFailure',
    bodyLimit: 4 * MIB,
  },
  {
    id: 'autoscaling',
    sdk: 'auto-scaling',
    scope: 'autoscaling',
    protocols: ['query'],
    version: '2011-01-01',
    xmlns: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
    missingCode: 'ValidationError',
    malformedCode: 'MalformedInput',
    internalCode: 'InternalFailure',
    bodyLimit: 4 * MIB,
    // Scaling policies, schedules, refreshes and warm pools are the larger part of it.
    servedOnly: true,
  },
  {
    id: 'ec2',
    sdk: 'ec2',
    scope: 'ec2',
    protocols: ['ec2-query'],
    version: '2016-11-15',
    xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    missingCode: 'MissingParameter',
    malformedCode: 'InvalidParameterValue',
    internalCode: 'InternalError',
    bodyLimit: 4 * MIB,
    refusesUnknown: true,
    servedOnly: true,
  },
  {
    id: 'logs',
    sdk: 'cloudwatch-logs',
    scope: 'logs',
    protocols: ['aws-json-1.1'],
    target: 'Logs_20140328',
    version: '2014-03-28',
    missingCode: 'InvalidParameterException',
    malformedCode: 'InvalidParameterException',
    internalCode: 'ServiceUnavailableException',
    bodyLimit: 4 * MIB,
  },
  {
    id: 'cloudwatch',
    sdk: 'cloudwatch',
    scope: 'monitoring',
    protocols: ['aws-json-1.0', 'rpc-v2-cbor', 'query'],
    target: 'GraniteServiceVersion20100801',
    version: '2010-08-01',
    xmlns: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
    missingCode: 'ValidationError',
    malformedCode: 'MalformedInput',
    internalCode: 'InternalServiceFault',
    bodyLimit: 4 * MIB,
    // Dashboards, streams, insight rules and anomaly detectors are not.
    servedOnly: true,
  },
  {
    id: 'iam',
    sdk: 'iam',
    scope: 'iam',
    protocols: ['query'],
    version: '2010-05-08',
    xmlns: 'https://iam.amazonaws.com/doc/2010-05-08/',
    missingCode: 'ValidationError',
    malformedCode: 'MalformedInput',
    internalCode: 'ServiceFailure',
    bodyLimit: 4 * MIB,
  },
  {
    id: 's3',
    sdk: 's3',
    scope: 's3',
    protocols: ['rest-xml'],
    version: '2006-03-01',
    xmlns: 'http://s3.amazonaws.com/doc/2006-03-01/',
    missingCode: 'MalformedXML',
    missingMessage: 'The XML you provided was not well-formed or did not validate against our published schema',
    malformedCode: 'InvalidArgument',
    malformedDocumentCode: 'MalformedXML',
    internalCode: 'InternalError',
    // CompleteMultipartUpload names up to 10,000 parts; the bodies of objects stream and are not held against this.
    bodyLimit: 8 * MIB,
  },
  {
    id: 'sts',
    sdk: 'sts',
    scope: 'sts',
    protocols: ['query'],
    version: '2011-06-15',
    xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/',
    missingCode: 'ValidationError',
    malformedCode: 'MalformedInput',
    internalCode: 'InternalFailure',
    bodyLimit: 4 * MIB,
    unsigned: ['AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML'],
  },
  {
    id: 'kms',
    sdk: 'kms',
    scope: 'kms',
    protocols: ['aws-json-1.1'],
    target: 'TrentService',
    version: '2014-11-01',
    missingCode: 'ValidationException',
    malformedCode: 'ValidationException',
    internalCode: 'KMSInternalException',
    always400: true,
    bodyLimit: MIB,
  },
  {
    id: 'ssm',
    sdk: 'ssm',
    scope: 'ssm',
    protocols: ['aws-json-1.1'],
    target: 'AmazonSSM',
    version: '2014-11-06',
    missingCode: 'ValidationException',
    malformedCode: 'ValidationException',
    internalCode: 'InternalServerError',
    always400: true,
    bodyLimit: 4 * MIB,
    unsigned: ['RegisterManagedInstance'],
    // Parameter Store, sessions and managed nodes are a small part of it.
    servedOnly: true,
  },
  {
    id: 'secretsmanager',
    sdk: 'secrets-manager',
    scope: 'secretsmanager',
    protocols: ['aws-json-1.1'],
    target: 'secretsmanager',
    version: '2017-10-17',
    missingCode: 'InvalidParameterException',
    malformedCode: 'InvalidParameterException',
    internalCode: 'InternalServiceError',
    bodyLimit: MIB,
  },
  {
    id: 'codedeploy',
    sdk: 'codedeploy',
    scope: 'codedeploy',
    protocols: ['aws-json-1.1'],
    target: 'CodeDeploy_20141006',
    version: '2014-10-06',
    missingCode: 'InvalidInputException',
    malformedCode: 'InvalidInputException',
    internalCode: 'InternalFailure',
    always400: true,
    bodyLimit: MIB,
    // Revisions of its own, instances and GitHub are most of the rest.
    servedOnly: true,
  },
  {
    id: 'acm',
    sdk: 'acm',
    scope: 'acm',
    protocols: ['aws-json-1.1'],
    target: 'CertificateManager',
    version: '2015-12-08',
    missingCode: 'ValidationException',
    malformedCode: 'ValidationException',
    internalCode: 'InternalFailure',
    always400: true,
    bodyLimit: MIB,
  },
] as const satisfies readonly ServiceRow[];

/** The id of a service we serve. */
export type ServiceId = (typeof serviceTable)[number]['id'];
