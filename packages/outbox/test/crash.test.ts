import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { newFile } from './database.js'

/** A process that reports its progress; see instance.ts. Does not outlive the test. */
function startInstance (t: Test, file: string, role: 'writer' | 'unfinished' | 'relay') {
  const child = fork(new URL('instance.js', import.meta.url), [file, role])
  t.teardown(() => end(child))
  return child
}

/** Kills it like kill -9. */
async function end (child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** Resolves with its next messages; rejects if it ends instead. */
function said (child: ChildProcess, count: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const messages: unknown[] = []
    child.on('message', (message) => {
      messages.push(message)
      if (messages.length === count) resolve(messages)
    })
    child.once('exit', (code, signal) => { reject(new Error(`It ended with ${code ?? signal}`)) })
  })
}

t.test(
  'killed between commit and delivery: another process, already running, delivers',
  async (t) => {
    const { file, connect } = await newFile(t)
    const relay = startInstance(t, file, 'relay')
    const writer = startInstance(t, file, 'writer')
    // The relay may be faster, and deliver before the writer is gone, which is fine too.
    const [relayed] = await Promise.all([said(relay, 2), said(writer, 1).then(() => end(writer))])
    t.strictSame(relayed, [{ invalidated: ['from writer'] }, { pending: 0 }])
    t.strictSame(await connect().selectFrom('products').select('name').execute(), [
      { name: 'Kettle' }
    ])

    const stopped = once(relay, 'exit')
    relay.disconnect()
    t.strictSame(await stopped, [0, null], 'a stopped relay lets its process end')
  }
)

t.test(
  'the only process is killed between commit and delivery: the next one delivers',
  async (t) => {
    const { file } = await newFile(t)
    const writer = startInstance(t, file, 'writer')
    await said(writer, 1)
    await end(writer)
    t.strictSame(await said(startInstance(t, file, 'relay'), 2), [
      { invalidated: ['from writer'] },
      { pending: 0 }
    ])
  }
)

t.test('killed before the commit: neither data nor invalidation', async (t) => {
  const { file, connect } = await newFile(t)
  const writer = startInstance(t, file, 'unfinished')
  await said(writer, 1)
  await end(writer)
  const db = connect()
  t.strictSame(await db.selectFrom('products').selectAll().execute(), [])
  t.strictSame(await db.selectFrom('weir_outbox_tags').selectAll().execute(), [])
})
