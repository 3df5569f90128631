/** Asks a server for its health again and again, in a process that does nothing else and so measures no delay of its own. Started by `startChild`. */

import { setTimeout as sleep } from 'node:timers/promises';

import { answerParent } from './child.ts';
import { createAgent, get } from './client.ts';

/** What it can be asked. */
export type ProbeRequests = {
  /** Milliseconds of each of `count` answers of `url`, with a pause of `between` milliseconds. */
  readonly probe: {
    readonly request: { readonly url: string; readonly count: number; readonly between: number };
    readonly answer: readonly number[];
  };
};

async function probe({ url, count, between }: ProbeRequests['probe']['request']): Promise<readonly number[]> {
  const agent = createAgent();
  const times: number[] = [];
  try {
    // The first opens the connection.
    for (let index = 0; index <= count; index++) {
      const { status, milliseconds } = await get(url, agent);
      if (status !== 200) throw new Error(`${url} says ${status}`);
      if (index > 0) times.push(milliseconds);
      await sleep(between);
    }
  } finally {
    agent.destroy();
  }
  return times;
}

answerParent<ProbeRequests>({ probe });
