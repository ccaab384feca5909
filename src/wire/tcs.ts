/** What an agent says about its tasks' health and use (TCS), with the names of `ecs-agent/tcs/model`. */
export interface PublishHealthRequest {
  readonly tasks: readonly {
    readonly taskArn: string;
    readonly containers: readonly {
      readonly containerName: string;
      readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
      /** Epoch milliseconds. */
      readonly statusSince: number;
    }[];
  }[];
}
