/** The end of an answer: sent to its last byte, or its client gone. One listener on the answer, however many want to know. */

import type { ServerResponse } from 'node:http';
import { finished } from 'node:stream';

import type { FastifyReply } from 'fastify';

/** What counts and errors say of a request whose client left; nobody is there to be answered. nginx's number. */
export const CLIENT_GONE = 499;

type Listener = (broken: boolean) => void;

const listeners = new WeakMap<ServerResponse, Listener[]>();

/** Calls `listener` when the answer ends; `broken` says that its client went away before. */
export function whenAnswered({ raw }: FastifyReply, listener: Listener): void {
  const known = listeners.get(raw);
  if (known !== undefined) {
    known.push(listener);
    return;
  }
  const all = [listener];
  listeners.set(raw, all);
  finished(raw, (error) => {
    for (const one of all) one(error != null);
  });
}
