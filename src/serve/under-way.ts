/** The answers that are under way: a server that closes waits for them, but not for ever. */

import type { FastifyInstance } from 'fastify';

import { whenAnswered } from './answer-end.ts';

/** See {@link answersUnderWay}. */
export interface UnderWay {
  /** Resolves when every request has its answer to the last byte, at the latest after `milliseconds`. */
  settled(milliseconds: number): Promise<void>;
}

/** Watches an application's answers from now on. */
export function answersUnderWay(app: FastifyInstance): UnderWay {
  let count = 0;
  let idle: () => void = () => undefined;
  app.addHook('onRequest', async (_, reply) => {
    count++;
    // Sent to its end, or its client is gone.
    whenAnswered(reply, () => {
      count--;
      if (count === 0) idle();
    });
  });
  return {
    settled(milliseconds) {
      if (count === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
