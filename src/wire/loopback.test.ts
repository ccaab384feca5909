import { expect, it } from 'vitest';
import { loopback } from './loopback.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it('delivers copies, later and in order', async () => {
  const { left, right } = loopback<{ list: number[] }, string>();
  const heard: { list: number[] }[] = [];
  const message = { list: [1] };
  left.send(message);
  right.onMessage((each) => heard.push(each));
  message.list.push(2);
  left.send({ list: [3] });
  expect(heard).toEqual([]);
  await turn();
  expect(heard).toEqual([{ list: [1] }, { list: [3] }]);
});

it('tells both ends of a close, and delivers nothing after it', async () => {
  const { left, right } = loopback<string, string>();
  const said: string[] = [];
  left.onClose(() => said.push('left'));
  right.onClose(() => said.push('right'));
  right.onMessage((each) => said.push(each));
  left.send('lost');
  right.close();
  left.close();
  left.send('late');
  await turn();
  expect(said).toEqual(['left', 'right']);
});
