import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';

/** What an exit status says of how a program ended (exit(3), signal(7)). */
export function exitMeaning(exitCode: number): string | undefined {
  const meanings: Readonly<Record<number, string>> = {
    0: 'it ended by itself, well',
    126: 'its command could not be executed',
    127: 'its command was not found',
    134: 'it aborted (SIGABRT)',
    137: 'it was killed (SIGKILL): out of memory, or it did not end in time when it was told to',
    139: 'it accessed memory that is not its own (SIGSEGV)',
    143: 'it was told to end (SIGTERM)',
  };
  return meanings[exitCode];
}

/** What errors of agents point at ("Stopped tasks error messages", ECS Developer Guide). */
const pointers: readonly (readonly [RegExp, string])[] = [
  [
    /^CannotPull(Container|Image)/,
    "see that the image exists under that very name and tag ('aws ecr describe-images'), that the execution role may pull it, and that the task's subnet reaches the registry",
  ],
  [
    /^ResourceInitializationError.*(secret|parameter|ssm|asm)/i,
    "see that the secret or parameter exists in the task's region and that the execution role may read it (docs/secrets.md)",
  ],
  [
    /^ResourceInitializationError.*(log|cloudwatch)/i,
    "make the log group ('aws logs create-log-group'), or let it be made with the option awslogs-create-group, and see that the execution role may write to it",
  ],
  [
    /^ResourceInitializationError/,
    'what the task needs before its containers start could not be had: the reason names it',
  ],
  [/^OutOfMemory/, 'give the container more memory, or find out what it fills'],
  [
    /^Cannot(Create|Start)Container/,
    'the engine refused the container: see its command, entry point, user and volumes in the definition',
  ],
  [
    /InvalidSubnetID|InvalidGroup/,
    "the service's or call's network configuration names what does not exist: correct it",
  ],
  [/InsufficientFreeAddresses/, 'the subnet has no address left: end something in it, or name another subnet'],
];

/** What to do about a task that stopped; the first is the likeliest. */
export function stopAdvice(task: Task, definition: TaskDefinition | undefined): readonly string[] {
  const advice: string[] = [];
  const reasons = [...task.containers.map(({ reason }) => reason), task.stop?.reason].filter(
    (one) => one !== undefined,
  );
  for (const reason of reasons) {
    const found = pointers.find(([pattern]) => pattern.test(reason))?.[1];
    if (found !== undefined && !advice.includes(found)) advice.push(found);
  }
  switch (task.stop?.code) {
    case 'EssentialContainerExited':
      advice.push(...logAdvice(task, definition));
      break;
    case 'TaskFailedToStart':
      if (advice.length === 0) advice.push('the reason names what could not be had; mend it and run the task again');
      break;
    case 'ServiceSchedulerInitiated':
      advice.push(`'stowage explain ${task.group.replace(/^service:/, '')}' tells what the service does and why`);
      break;
    case 'TerminationNotice':
      advice.push('its instance is gone: a service replaces it, a task that was run by hand is to be run again');
      break;
    case 'UserInitiated':
    case 'SpotInterruption':
    case undefined:
      break;
    default:
      task.stop?.code satisfies undefined;
  }
  return advice;
}

/** Where the containers that ended badly wrote what they had to say. */
function logAdvice({ id, containers }: Task, definition: TaskDefinition | undefined): string[] {
  return containers
    .filter(({ essential, exitCode }) => essential && exitCode !== undefined && exitCode !== 0)
    .map(({ name }) => {
      const log = definition?.document.containerDefinitions?.find((one) => one.name === name)?.logConfiguration;
      const group = log?.logDriver === 'awslogs' ? log.options?.['awslogs-group'] : undefined;
      if (group === undefined) return `${name} writes to no log group: give it a logConfiguration to see what it said`;
      const prefix = log?.options?.['awslogs-stream-prefix'];
      const stream = prefix === undefined ? '' : ` (stream ${prefix}/${name}/${id})`;
      return `'stowage logs ${group}' shows what ${name} said${stream}`;
    });
}
