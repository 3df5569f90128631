/** commander's complaints in the form of all our errors: code, "Cannot … as …: …", remedy. */

import type { Command, CommanderError } from 'commander';

import { UsageError } from '../core/index.ts';

interface Complaint {
  readonly code: string;
  readonly rule: string;
  readonly remedy: (help: string) => string;
}

const SEE_HELP = (help: string): string => `See ${help}.`;

const COMPLAINTS: Readonly<Record<string, Complaint>> = {
  'commander.unknownCommand': { code: 'WEFT_COMMAND_UNKNOWN', rule: 'the command is unknown', remedy: SEE_HELP },
  'commander.unknownOption': { code: 'WEFT_FLAG_UNKNOWN', rule: 'the flag is unknown', remedy: SEE_HELP },
  'commander.missingArgument': { code: 'WEFT_ARGUMENT', rule: 'an argument is missing', remedy: SEE_HELP },
  'commander.excessArguments': { code: 'WEFT_ARGUMENT', rule: 'there are too many arguments', remedy: SEE_HELP },
  'commander.optionMissingArgument': { code: 'WEFT_FLAG_VALUE', rule: 'a flag lacks its value', remedy: SEE_HELP },
  'commander.missingMandatoryOptionValue': { code: 'WEFT_FLAG_VALUE', rule: 'a flag that must be given is missing', remedy: SEE_HELP },
  'commander.conflictingOption': { code: 'WEFT_FLAG_VALUE', rule: 'two flags exclude each other', remedy: SEE_HELP },
};

/** The {@link UsageError} for what commander refused, when `argv` was given to `program`. */
export function usageError(error: CommanderError, program: Command, argv: readonly string[]): UsageError {
  const command = commandPath(program, argv);
  const { code, rule, remedy } = COMPLAINTS[error.code] ?? { code: 'WEFT_ARGUMENT', rule: 'commander refused it', remedy: SEE_HELP };
  const suggestion = /\(Did you mean (.+)\?\)/s.exec(error.message)?.[1];
  return new UsageError({
    code,
    action: `run ${command}`,
    rule,
    value: /'([^']*)'/.exec(error.message)?.[1] ?? error.message.replace(/^error: /, ''),
    remedy: suggestion === undefined ? remedy(`${command} --help`) : `Did you mean ${suggestion}?`,
    cause: error,
  });
}

/** `weft tokenizer train`: as far as `argv` names commands that there are. */
function commandPath(program: Command, argv: readonly string[]): string {
  const path = [program.name()];
  let command: Command | undefined = program;
  for (const argument of argv) {
    command = command.commands.find((candidate) => candidate.name() === argument);
    if (command === undefined) break;
    path.push(command.name());
  }
  return path.join(' ');
}
