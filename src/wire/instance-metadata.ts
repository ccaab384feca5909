/** The instance metadata service of one instance: what it says, and to whom ("Instance metadata and user data", EC2 User Guide). */
export interface InstanceMetadataSpec {
  /** `HttpEndpoint`; whoever asks one that is disabled is forbidden to. */
  readonly enabled: boolean;
  /** `HttpTokens`: whether requests without a session's token are refused. */
  readonly tokensRequired: boolean;
  /** `HttpPutResponseHopLimit`: how many hops away a token is received at most. */
  readonly hopLimit: number;
  /** What tokens are authenticated with: those of another instance are worth nothing here. */
  readonly tokenKey: string;
  /** Whether tasks of the instance that have an interface of their own are answered (not with `ECS_AWSVPC_BLOCK_IMDS`). */
  readonly answersTasks: boolean;
  /** Base64. */
  readonly userData?: string;
  /**
   * The texts, by path below `/latest/`: `meta-data/ami-id`. Folders are what the paths say; one whose entries are listed under other
   * names than their own has its list as a text too, with a slash at the end of the path.
   */
  readonly texts: Readonly<Record<string, string>>;
}
