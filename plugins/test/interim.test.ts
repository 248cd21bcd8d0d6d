import { once } from 'node:events'
import {
  createServer,
  type InformationEvent,
  type IncomingMessage,
  request,
  type ServerResponse
} from 'node:http'
import { inject } from 'light-my-request'
import t, { type Test } from 'tap'
import { writeInterim } from '../response-cache/interim.js'

/** Returns the data that a client of HTTP/1.1 gets from a server with this handler. */
async function ask (t: Test, answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => { answer(response) }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) {
    throw new Error('it does not listen to a port')
  }
  const interim: [number, object][] = []
  const sent = request({ host: '127.0.0.1', port: address.port, agent: false })
  sent
    .on('information', ({ statusCode, headers }: InformationEvent) => {
      interim.push([statusCode, { ...headers }])
    })
    .end()
  const [response] = await once(sent, 'response') as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return { interim, status: response.statusCode, body: Buffer.concat(chunks).toString() }
}

t.test('several interim responses, with fields that can be sent', async (t) => {
  const answer = await ask(t, (response) => {
    writeInterim(response, 103, {
      'x-a': ['1', '2'],
      'x b': '1',
      'x-c': 'a\r\nx-d: 1',
      'x-e': '\0',
      'x-f': 'ä'
    })
    writeInterim(response, 110, {})
    response.end('text')
  })
  t.strictSame(answer, {
    interim: [
      [103, { 'x-a': '1, 2', 'x-f': 'ä' }],
      [110, {}]
    ],
    status: 200,
    body: 'text'
  })
})

t.test('none after the final response has started', async (t) => {
  const answer = await ask(t, (response) => {
    response.writeHead(200, { 'content-length': 4 }).flushHeaders()
    writeInterim(response, 103, { link: '</a>' })
    response.write('te')
    writeInterim(response, 103, { link: '</a>' })
    response.end('xt')
    writeInterim(response, 103, { link: '</a>' })
  })
  t.strictSame(answer, { interim: [], status: 200, body: 'text' })
})

t.test('none with inject', async (t) => {
  const { statusCode, headers, payload } = await inject((_request, response) => {
    writeInterim(response, 103, { link: '</a>' })
    response.end('text')
  }, '/')
  t.match(
    { statusCode, headers, payload },
    { statusCode: 200, headers: { link: undefined }, payload: 'text' }
  )
})
