// An instance that applies a write and reports it by message. Then it answers (FATE=lives), is
// silent, or ends as by kill -9 (FATE=dies).
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

const { FATE } = process.env
const isSafe = (method: string | undefined): boolean =>
  ['GET', 'HEAD', 'OPTIONS'].includes(method ?? '')

const server = createServer((request, response) => {
  const die = (): void => { process.kill(process.pid, 'SIGKILL') }
  if (FATE === 'dies' && request.headers['x-die'] !== undefined) return die()
  text(request).then((body) => {
    if (isSafe(request.method)) response.end('ok')
    else {
      process.send?.(request.method, undefined, undefined, () => {
        if (FATE === 'dies') die()
        else if (FATE === 'lives') response.end(body)
      })
    }
  }, die)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.send?.(address?.port)
})
