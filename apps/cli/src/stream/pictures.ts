/** Pictures of a long run: each whole or not at all, under a name that tells its question. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fail, reasonOf } from '@deepfunctor/core';

/** Longest part of a name that comes from the inputs. */
const STEM = 100;
const TEMPORARY = /\.png\.[0-9a-f-]{36}\.tmp$/;

/** `0000012-seven-1-dots.png`: numbered, because inputs of one name may come from several folders. */
export function pictureName(index: number, inputs: readonly string[], functor: string): string {
  const stem = inputs
    .map((name) => basename(name, extname(name)))
    .join('-')
    .replace(/[^\w.-]+/g, '_')
    .slice(0, STEM);
  return `${String(index).padStart(7, '0')}-${stem}-${functor}.png`;
}

/** Make a folder, and take away what a run that was killed left half-written. Errors: OUTPUT_UNWRITABLE. */
export function preparePictures(folder: string): void {
  try {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder))
      if (TEMPORARY.test(name)) rmSync(join(folder, name), { force: true });
  } catch (cause) {
    fail('OUTPUT_UNWRITABLE', { where: folder, reason: reasonOf(cause), cause });
  }
}

/** As `writeWhole` does, but many at a time. Errors: OUTPUT_UNWRITABLE. */
export async function writePicture(path: string, png: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(png);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    fail('OUTPUT_UNWRITABLE', { where: path, reason: reasonOf(cause), cause });
  }
}
