/** commander's complaints in the form of all our errors: code, "Cannot … as …: …", remedy. */

import type { Command, CommanderError } from 'commander';

import { UsageError } from '../core/index.ts';

interface Complaint {
  readonly code: string;
  readonly rule: string;
  /** What of commander's message is the value; default the part in quotes. */
  readonly value?: RegExp;
}

const COMPLAINTS: Readonly<Record<string, Complaint>> = {
  'commander.unknownCommand': { code: 'WEFT_COMMAND_UNKNOWN', rule: 'the command is unknown' },
  'commander.unknownOption': { code: 'WEFT_FLAG_UNKNOWN', rule: 'the flag is unknown' },
  'commander.missingArgument': { code: 'WEFT_ARGUMENT', rule: 'an argument is missing' },
  'commander.excessArguments': {
    code: 'WEFT_ARGUMENT',
    rule: 'there are too many arguments',
    value: /expected \d+ arguments? but got \d+/i,
  },
  'commander.optionMissingArgument': { code: 'WEFT_FLAG_VALUE', rule: 'a flag lacks its value' },
  'commander.missingMandatoryOptionValue': { code: 'WEFT_FLAG_VALUE', rule: 'a flag that must be given is missing' },
  'commander.conflictingOption': { code: 'WEFT_FLAG_VALUE', rule: 'two flags exclude each other' },
};

/** The {@link UsageError} for what commander refused, when `argv` was given to `program`. */
export function usageError(error: CommanderError, program: Command, argv: readonly string[]): UsageError {
  const command = [program.name(), ...commandPath(program, argv).names].join(' ');
  const { code, rule, value = /'([^']*)'/ } = COMPLAINTS[error.code] ?? { code: 'WEFT_ARGUMENT', rule: 'commander refused it' };
  const suggestion = /\(Did you mean (.+)\?\)/s.exec(error.message)?.[1];
  const found = value.exec(error.message);
  return new UsageError({
    code,
    action: `run ${command}`,
    rule,
    value: found?.[1] ?? found?.[0] ?? error.message.replace(/^error: /, ''),
    remedy: suggestion === undefined ? `See ${command} --help.` : `Did you mean ${suggestion}?`,
    cause: error,
  });
}

/** The command that `argv` names, as far as it names commands that there are: `tokenizer`, `train`. */
export function commandPath(program: Command, argv: readonly string[]): { readonly command: Command; readonly names: readonly string[] } {
  let command = program;
  const names: string[] = [];
  for (const argument of argv) {
    const next = command.commands.find((candidate) => candidate.name() === argument);
    if (next === undefined) break;
    command = next;
    names.push(argument);
  }
  return { command, names };
}
