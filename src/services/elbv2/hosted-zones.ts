/** The hosted zones of application load balancers' names ("Elastic Load Balancing endpoints and quotas", AWS General Reference). */
const applicationZones: Readonly<Record<string, string>> = {
  'us-east-2': 'Z3AADJGX6KTTL2',
  'us-east-1': 'Z35SXDOTRQ7X7K',
  'us-west-1': 'Z368ELLRRE2KJ0',
  'us-west-2': 'Z1H1FL5HABSF5',
  'ap-south-1': 'ZP97RAFLXTNZK',
  'ap-northeast-2': 'ZWKZPGTI48KDX',
  'ap-southeast-1': 'Z1LMS91P8CMLE5',
  'ap-southeast-2': 'Z1GM3OXH4ZPM65',
  'ap-northeast-1': 'Z14GRHDCWA56QT',
  'ca-central-1': 'ZQSVJUPU6J1EY',
  'eu-central-1': 'Z215JYRZR1TBD5',
  'eu-west-1': 'Z32O12XQLNTSW2',
  'eu-west-2': 'ZHURV8PSTC4K8',
  'eu-west-3': 'Z3Q77PNBQS71R4',
  'eu-north-1': 'Z23TAZ6LKFMNIO',
  'sa-east-1': 'Z2P70J7HTTTPLU',
};

/** Those of network load balancers' names. */
const networkZones: Readonly<Record<string, string>> = {
  'us-east-2': 'ZLMOA37VPKANP',
  'us-east-1': 'Z26RNL4JYFTOTI',
  'us-west-1': 'Z24FKFUX50B4VW',
  'us-west-2': 'Z18D5FSROUN65G',
  'ap-south-1': 'ZVDDRBQ08TROA',
  'ap-northeast-2': 'ZIBE1TIR4HY56',
  'ap-southeast-1': 'ZKVM4W9LS7TM',
  'ap-southeast-2': 'ZCT6FZBF4DROD',
  'ap-northeast-1': 'Z31USIVHYNEOWT',
  'ca-central-1': 'Z2EPGBW3API2WT',
  'eu-central-1': 'Z3F0SRJ5LGBH90',
  'eu-west-1': 'Z2IFOLAFXWLO4F',
  'eu-west-2': 'ZD4D7Y8KGAS4G',
  'eu-west-3': 'Z1CMS0P5QUZ6D5',
  'eu-north-1': 'Z1UDT6IFJ4EJM',
  'sa-east-1': 'ZTK26PT1VY4CU',
};

/** The hosted zone id of a region; regions that AWS has and the table has not share one. */
export function hostedZoneOf(region: string, type: 'application' | 'network' = 'application'): string {
  return type === 'network'
    ? (networkZones[region] ?? 'Z26RNL4JYFTOTI')
    : (applicationZones[region] ?? 'Z35SXDOTRQ7X7K');
}
