/**
 * The formats of strings that JSON Schema names, as patterns of the whole string.
 *
 * Decided: each is a set of strings that every common validator takes; what only some take (time zones left out, zones of IPv6
 * addresses, addresses in Unicode) is left out. Dates are those that exist. Sources: RFC 3339 sections 5.6 and appendix A (dates,
 * times, durations), RFC 4122 (UUIDs), RFC 5321 and 1123 (mail and host names), RFC 4291 (IPv6), RFC 3986 (URIs).
 */

import { type Expression, choice } from './expression.ts';
import { readPattern } from './read-pattern.ts';

const LEAP_YEAR = String.raw`(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)`;
const DATE = String.raw`(?:\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)|${LEAP_YEAR}-02-29)`;
const TIME = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+\-](?:[01]\d|2[0-3]):[0-5]\d)`;

const COUNT = String.raw`\d{1,9}`;
const SECONDS = `${COUNT}S`;
const MINUTES = `${COUNT}M(?:${SECONDS})?`;
const HOURS = `${COUNT}H(?:${MINUTES})?`;
const DAYS = `${COUNT}D`;
const MONTHS = `${COUNT}M(?:${DAYS})?`;
const YEARS = `${COUNT}Y(?:${MONTHS})?`;
const CLOCK = `T(?:${HOURS}|${MINUTES}|${SECONDS})`;
const DURATION = `P(?:(?:${YEARS}|${MONTHS}|${DAYS})(?:${CLOCK})?|${CLOCK}|${COUNT}W)`;

const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]\d|\d)`;
const IPV4 = String.raw`${OCTET}(?:\.${OCTET}){3}`;
const GROUP = '[0-9a-fA-F]{1,4}';
/** Eight groups, or fewer with `::` for those that are left out; an IPv4 address may stand for the last two. */
const IPV6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  `(?:${GROUP}:){6}${IPV4}`,
  ...Array.from({ length: 7 }, (_, before) => {
    const start = before === 0 ? ':' : `(?:${GROUP}:){${before}}`;
    const room = 7 - before;
    const groups = `:${GROUP}(?::${GROUP}){0,${room - 1}}`;
    const mapped = room >= 3 ? `|:(?:${GROUP}:){0,${room - 2}}${IPV4}` : room === 2 ? `|:${IPV4}` : '';
    return `${start}(?::|${groups}${mapped})`;
  }),
  `(?:${GROUP}:){7}:`,
].join('|');

/** A label of so many letters, digits and hyphens at most. */
const label = (longest: number): string => `[a-zA-Z0-9](?:[a-zA-Z0-9\\-]{0,${longest - 2}}[a-zA-Z0-9])?`;
/** At most 253 characters: four labels of any length, or more of half and of a quarter of it. */
const HOSTNAME = [
  `${label(62)}(?:\\.${label(62)}){0,3}`,
  `${label(31)}(?:\\.${label(31)}){4,6}`,
  `${label(15)}(?:\\.${label(15)}){7,14}`,
].join('|');
const ATOM = "[a-zA-Z0-9!#$%&'*+\\/=?^_`{|}~\\-]";
/** At most 64 characters before the sign. */
const EMAIL = `(?:${ATOM}{1,64}|${ATOM}{1,31}\\.${ATOM}{1,32}|${ATOM}{1,20}(?:\\.${ATOM}{1,20}){2})@${label(62)}(?:\\.${label(62)}){1,3}`;

const ESCAPED_BYTE = '%[0-9a-fA-F]{2}';
const UNRESERVED = String.raw`a-zA-Z0-9\-._~`;
const SUB_DELIMITERS = "!$&'()*+,;=";
const PATH_CHARACTER = `(?:[${UNRESERVED}${SUB_DELIMITERS}:@]|${ESCAPED_BYTE})`;
const HOST_CHARACTER = `(?:[${UNRESERVED}${SUB_DELIMITERS}]|${ESCAPED_BYTE})`;
const USER = `(?:(?:[${UNRESERVED}${SUB_DELIMITERS}:]|${ESCAPED_BYTE})*@)?`;
const AUTHORITY = String.raw`\/\/${USER}${HOST_CHARACTER}*(?::\d{0,5})?(?:\/${PATH_CHARACTER}*)*`;
const QUERY = String.raw`(?:${PATH_CHARACTER}|[\/?])*`;
const URI = String.raw`[a-zA-Z][a-zA-Z0-9+\-.]*:(?:${AUTHORITY}|\/(?:${PATH_CHARACTER}+(?:\/${PATH_CHARACTER}*)*)?|${PATH_CHARACTER}+(?:\/${PATH_CHARACTER}*)*)(?:\?${QUERY})?(?:#${QUERY})?`;

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': `${DATE}T${TIME}`,
  date: DATE,
  time: TIME,
  duration: DURATION,
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  email: EMAIL,
  hostname: HOSTNAME,
  ipv4: IPV4,
  ipv6: IPV6,
  uri: URI,
};

/** The names of the formats that are known. */
export const STRING_FORMATS: readonly string[] = Object.keys(FORMATS);

/** The strings of a format; undefined for one that is not known. */
export function stringFormat(name: string): Expression | undefined {
  if (!Object.hasOwn(FORMATS, name)) return undefined;
  return choice(...readPattern(FORMATS[name] as string).map(({ expression }) => expression));
}
