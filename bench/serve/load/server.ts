/** A server for one of the measurements of load: started, asked, and ended. */

import { startChild } from '../child.ts';
import type { Child } from '../child.ts';
import { createAgent } from '../client.ts';
import type { ServerChoice, ServerRequests } from '../server-child.ts';
import type { Agent } from 'node:http';

/** A server that runs in a process of its own. */
export interface LoadedServer {
  readonly url: string;
  readonly agent: Agent;
  readonly child: Child<ServerRequests>;
}

/** Starts a server, uses it, and ends it. */
export async function withServer<T>(choice: ServerChoice, use: (server: LoadedServer) => Promise<T>): Promise<T> {
  const child = startChild<ServerRequests>('server-child.ts');
  const agent = createAgent();
  try {
    const url = await child.ask('start', choice);
    return await use({ url, agent, child });
  } finally {
    agent.destroy();
    await child.close();
  }
}
