/**
 * Lines that a person types at a terminal, by Node's readline: edited in place, recalled with the arrow keys. A line that
 * ends with a backslash goes on in the next, as in a shell.
 */

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

import { Stop } from '../context.ts';
import type { CliContext } from '../context.ts';
import type { Output } from './render-events.ts';

/** How lines are asked for. */
export interface LineEditorOptions {
  /** Stands before a line. */
  readonly prompt: string;
  /** Stands before the rest of a line that goes on. */
  readonly goesOn: string;
  /** Ctrl-C while a line is worked on; true when that was something to stop. */
  readonly interrupt: () => boolean;
}

/**
 * The lines as they are typed, until Ctrl-D. What is typed while a line is worked on is shown with the next prompt.
 *
 * @throws Stop on Ctrl-C when nothing else was to be stopped.
 */
export async function* editLines(
  { stdin, stdout, signal }: Pick<CliContext, 'stdin' | 'stdout' | 'signal'>,
  { prompt, goesOn, interrupt }: LineEditorOptions,
): AsyncGenerator<string> {
  const echo = createEcho(stdout);
  const editor = createInterface({ input: stdin, output: echo.stream, terminal: true, prompt, signal });
  let working = false;
  let interrupted = false;
  editor.on('SIGINT', () => {
    if (working && interrupt()) return;
    interrupted = true;
    editor.close();
  });
  try {
    let begun = '';
    editor.prompt();
    for await (const line of editor) {
      if (line.endsWith('\\')) {
        begun += `${line.slice(0, -1)}\n`;
        editor.setPrompt(goesOn);
      } else {
        echo.mute((working = true));
        yield begun + line;
        echo.mute((working = false));
        begun = '';
        editor.setPrompt(prompt);
      }
      editor.prompt(true);
    }
    stdout.write('\n'); // The cursor stands behind a prompt.
    if (interrupted) throw new Stop(SIGINT);
  } finally {
    editor.close();
  }
}

const SIGINT = 130;

/** The terminal as readline writes to it: silent while an answer is being written. */
function createEcho(output: Output): { readonly stream: Writable; mute(on: boolean): void } {
  let muted = false;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      if (!muted) output.write(chunk);
      done();
    },
  });
  // Readline asks for the width, which may change.
  Object.defineProperty(stream, 'columns', { get: () => output.columns });
  return {
    stream,
    mute(on) {
      muted = on;
    },
  };
}
