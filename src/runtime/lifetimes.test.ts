import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

const fixture = fileURLToPath(new URL('./lifetimes.fixture.ts', import.meta.url));

/** What a scenario of the fixture prints, in a process of its own: one that crashes fails the test and nothing else. */
async function play(scenario: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--expose-gc', fixture, scenario], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  return JSON.parse(stdout);
}

const nothing = { values: 0, sessions: 0, runOptions: 0 };

describe('lifetimes, under garbage collection', { timeout: 180_000 }, () => {
  it('holds small arrays where V8 does not move them', async () => expect(await play('smallArrays')).toEqual(nothing));
  it('holds arrays that only a run knows', async () => expect(await play('droppedDuringRun')).toEqual(nothing));
  it('frees what nobody closed', async () => expect(await play('forgotten')).toEqual(nothing));

  it('does not grow over thousands of runs', async () => {
    const { grown, ...left } = (await play('steady')) as { grown: number };
    expect(left).toEqual(nothing);
    expect(grown).toBeLessThan(24); // MiB, over 15,000 runs; one leaked OrtValue a run would be more.
  });

  it('frees outputs with their run', async () => {
    const { grown, ...left } = (await play('largeOutputs')) as { grown: number };
    expect(left).toEqual(nothing);
    expect(grown).toBeLessThan(160); // MiB, of 640 that were given out.
  });

  it('survives threads that end', async () => expect(await play('workers')).toBe('ended'));

  it('survives the end of the process', async () => {
    await expect(play('exit')).rejects.toMatchObject({ code: 7, stdout: '"leaving"\n' });
  });
});
