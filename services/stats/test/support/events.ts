import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { type Test } from 'tap'

/** A Server-Sent Event. Text before the first event has no event name. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: unknown
}

/** Opens a stream of events; its connection ends with the test. */
export async function watch (
  t: Test, url: string, headers: Record<string, string> = {}
): Promise<{ response: IncomingMessage, events: AsyncIterableIterator<ServerSentEvent> }> {
  const asking = request(url, { headers: { accept: 'text/event-stream', ...headers } })
  t.teardown(() => { asking.destroy() })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asking.once('response', resolve).once('error', reject).end()
  })
  return { response, events: eventsOf(response) }
}

async function * eventsOf (response: IncomingMessage): AsyncIterableIterator<ServerSentEvent> {
  let event = ''
  for await (const line of createInterface({ input: response })) {
    if (line.startsWith('event: ')) event = line.slice(7)
    else if (line.startsWith('data: ')) yield { event, data: JSON.parse(line.slice(6)) }
  }
}

/** Returns the data of the next event with this name that matches the condition. */
export async function next<Data> (
  events: AsyncIterableIterator<ServerSentEvent>,
  event: string,
  is: (data: Data) => boolean = () => true
): Promise<Data> {
  for (;;) {
    const told = await events.next()
    if (told.done === true) throw new Error(`The stream ended without ${event}`)
    const data = told.value.data as Data
    if (told.value.event === event && is(data)) return data
  }
}
