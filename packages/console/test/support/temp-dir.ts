import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'

/** Creates a directory that is removed with the test. */
export async function tempDir (t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-stats-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}
