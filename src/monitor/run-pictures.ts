/**
 * Pictures that a run folder holds as PNG, e.g. grids of what an image model draws as it learns: those in the folder itself and in its
 * `images`, in the order of their names, numbers in these as numbers. Only whole PNG files of a bounded size are given out.
 */

import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders inside a run folder that may hold pictures. */
const PLACES = ['', 'images'] as const;
const MOST_PICTURES = 1000;
const MOST_BYTES = 16 << 20;
/** How a PNG begins: PNG specification, section 5.2. */
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** How it ends: the IEND chunk and its checksum, section 11.2.5. */
const END = Buffer.from([0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);

const order = new Intl.Collator('en', { numeric: true });

/** Names of the pictures, with `images/` before those in there. */
export async function pictureNames(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const place of PLACES) {
    const entries = await readdir(join(folder, place), { withFileTypes: true }).catch(() => []);
    const here = entries.filter((entry) => entry.isFile() && /^[^.].*\.png$/i.test(entry.name)).map(({ name }) => name);
    names.push(...here.toSorted(order.compare).map((name) => (place === '' ? name : `${place}/${name}`)));
  }
  return names.slice(0, MOST_PICTURES);
}

/** A picture's bytes; undefined where there is none of that name, it is no PNG, too large, or still being written. */
export async function readPicture(folder: string, name: string): Promise<Buffer | undefined> {
  // The name is looked up, never joined: no path from outside reaches the disk.
  const known = (await pictureNames(folder)).find((one) => one === name);
  if (known === undefined) return undefined;
  try {
    const file = await open(join(folder, known), 'r');
    try {
      if ((await file.stat()).size > MOST_BYTES) return undefined;
      const bytes = await file.readFile();
      return bytes.subarray(0, 8).equals(SIGNATURE) && bytes.subarray(-8).equals(END) ? bytes : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
