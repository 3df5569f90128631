/** The errors of the hub. */

import { WeftError } from '../core/index.ts';

/** The hub cannot be reached, or stopped answering. */
export function offlineError(action: string, value: string, cause?: unknown): WeftError {
  return new WeftError({
    code: 'WEFT_HUB_OFFLINE',
    action,
    rule: 'the hub cannot be reached, and it was not downloaded before',
    value,
    remedy: 'Connect to the network, set HF_ENDPOINT to a mirror, or give the path of a folder that you have.',
    cause,
  });
}

/** What an answer that is no success means. */
export function statusError(action: string, status: number): WeftError {
  if (status === 404) return missingError(action, 'status 404');
  if (status === 401 || status === 403) {
    return new WeftError({
      code: 'WEFT_HUB_REFUSED',
      action,
      rule: 'the hub asks for a token: there is no such name, or it is private or asks for terms to be accepted',
      value: `status ${status}`,
      remedy: 'Check the name; accept the terms on its page and set HF_TOKEN.',
    });
  }
  return new WeftError({
    code: 'WEFT_HUB_SERVER',
    action,
    rule: 'the hub did not answer as it should',
    value: `status ${status}`,
    remedy: status === 429 ? 'Wait a few minutes: it was asked too often.' : 'Try again later: what was downloaded is kept.',
  });
}

/** There is no such repository, revision or file. */
export function missingError(action: string, value: string): WeftError {
  return new WeftError({
    code: 'WEFT_HUB_MISSING',
    action,
    rule: 'there is no such repository, revision or file',
    value,
    remedy: 'Copy the name from the page of the model, and the revision from its history.',
  });
}

/** An answer that lies, is cut off, or is larger than it may be. */
export function contentError(action: string, rule: string, value: string): WeftError {
  return new WeftError({
    code: 'WEFT_HUB_CONTENT',
    action,
    rule,
    value,
    remedy: 'Try again: what was downloaded is kept, and the rest is fetched.',
  });
}
