import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'

/** An empty folder that is removed after the test. */
export async function tempDir (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}
