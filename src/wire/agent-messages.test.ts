import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAgentMessage } from './agent-messages.ts';
import { MalformedMessageError } from './shape.ts';
import { readSignedFrame } from './signed-frame.ts';
import { readTelemetryMessage } from './telemetry-messages.ts';

const frame = (type: string, message: unknown): string => JSON.stringify({ type, message });

describe('a message of an agent', () => {
  it('is read without what nobody asked for', () => {
    const message = { cluster: 'c', containerInstance: 'i', messageId: 'm', more: 1 };
    expect(readAgentMessage(frame('AckRequest', message))).toEqual({
      type: 'AckRequest',
      message: { cluster: 'c', containerInstance: 'i', messageId: 'm' },
    });
  });

  it('of a type that nobody knows is passed over', () => {
    expect(readAgentMessage(frame('AttachThings', {}))).toBeUndefined();
    expect(readAgentMessage(frame('toString', {}))).toBeUndefined();
  });

  it('may have null where Go has no value', () => {
    const change = { cluster: 'c', task: 't', status: 'STOPPED', reason: '', containers: null, managedAgents: null };
    expect(readAgentMessage(frame('SubmitTaskStateChange', change))?.message).toEqual({
      cluster: 'c',
      task: 't',
      status: 'STOPPED',
      reason: '',
      containers: [],
    });
  });

  it.each([
    ['no JSON', '{', 'the frame is not JSON'],
    ['no object', '1', 'the frame has no type'],
    ['no type', '{"message":{}}', 'the frame has no type'],
    ['no message', '{"type":"AckRequest"}', 'AckRequest is not an object'],
    ['a missing member', frame('HeartbeatAckRequest', {}), 'HeartbeatAckRequest.messageId is not a string'],
    [
      'a status that does not exist',
      frame('SubmitTaskStateChange', { cluster: '', task: '', status: 'GONE', reason: '', containers: [] }),
      'SubmitTaskStateChange.status is not one of PENDING, RUNNING, STOPPED',
    ],
    [
      'a wrong item',
      frame('TaskStopVerificationMessage', { messageId: 'm', stopCandidates: [1] }),
      'TaskStopVerificationMessage.stopCandidates[0] is not an object',
    ],
  ])('with %s is malformed', (_, text, why) => {
    expect(() => readAgentMessage(text)).toThrow(new MalformedMessageError(why));
  });

  it('of any content is read or malformed, and nothing else', () => {
    const types = fc.constantFrom('AckRequest', 'SubmitTaskStateChange', 'StowageLogEvents', 'PublishHealthRequest');
    fc.assert(
      fc.property(types, fc.jsonValue(), (type, message) => {
        for (const read of [readAgentMessage, readTelemetryMessage]) {
          try {
            read(frame(type, message));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedMessageError);
          }
        }
      }),
    );
  });
});

describe('a frame of telemetry', () => {
  it('has headers in front of its content', () => {
    expect(readSignedFrame('Host: a:1\r\nX-Amz-Date:  20260101T000000Z\r\n\r\n{"a":"\r\n\r\n"}')).toEqual({
      headers: { host: 'a:1', 'x-amz-date': '20260101T000000Z' },
      content: '{"a":"\r\n\r\n"}',
    });
    expect(() => readSignedFrame('{}')).toThrow('the frame has no headers');
    expect(() => readSignedFrame('Host\r\n\r\n{}')).toThrow('a header of the frame has no name');
  });

  it('has its times in seconds', () => {
    const content = frame('PublishHealthRequest', {
      metadata: { cluster: 'c', containerInstance: 'i', messageId: 'm', fin: true },
      tasks: [
        {
          taskArn: 't',
          taskDefinitionFamily: 'web',
          containers: [{ containerName: 'web', healthStatus: 'HEALTHY', statusSince: 1795272137.15 }],
        },
      ],
      timestamp: 1795272138,
    });
    expect(readTelemetryMessage(content)?.message).toMatchObject({
      tasks: [{ containers: [{ healthStatus: 'HEALTHY', statusSince: 1795272137150 }] }],
    });
  });
});
