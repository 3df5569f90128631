/** Names of the hub: `hf:organisation/name@revision`. Parts of them become parts of paths, so nothing else is let through. */

import { UsageError } from '../core/index.ts';

/** What a name says. */
export interface HubName {
  /** `organisation/name`, or a bare name of the first models. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const PREFIX = 'hf:';
/** As the hub has them: letters, digits, `-`, `_` and `.`, no dots or dashes at the ends, nor `..` or `--`. */
const PART = /^(?!.*(?:\.\.|--))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;
const REVISION = /^(?!.*(?:\.\.|\/\/|@\{))[A-Za-z0-9_][A-Za-z0-9._/-]{0,254}$/;

/**
 * Takes a name apart.
 *
 * @throws UsageError `WEFT_HUB_NAME` when it is none
 */
export function parseHubName(text: string): HubName {
  const [id = '', revision = 'main', ...more] = text.slice(text.startsWith(PREFIX) ? PREFIX.length : 0).split('@');
  const parts = id.split('/');
  if (more.length === 0 && parts.length <= 2 && parts.every((part) => PART.test(part)) && REVISION.test(revision)) return { id, revision };
  throw new UsageError({
    code: 'WEFT_HUB_NAME',
    action: 'find a repository of the hub',
    rule: 'its name is hf:organisation/name or hf:organisation/name@revision',
    value: text.slice(0, 200),
    remedy: 'Copy the name from the page of the model.',
  });
}

/** A path within a repository: parts that are names, no `.` or `..`, nothing that some system reads as more. */
export function isSafePath(path: string): boolean {
  return path.length <= 1024 && path.split('/').every((part) => /^[^\\:*?"<>|\0-\x1f]{1,255}$/.test(part) && !/^\.+$/.test(part));
}
