import { randomBytes } from 'node:crypto'
import { BlockList } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const COOKIE = 'weir-console'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Knows the visitors of a console on this machine. Those on the machine itself may look, unless a
 * page of another site led their browser here (DNS rebinding) or a proxy is between; others may
 * once they have used the login link, which gives their browser a cookie.
 */
export class Visitors {
  readonly #session = randomBytes(24).toString('base64url')
  /** Whether clients from elsewhere reach it: their browsers have to open the login link. */
  readonly #isOpen: boolean

  constructor (host: string) {
    this.#isOpen = !isLoopbackName(host)
  }

  /** Gives browsers a cookie with a successful login. */
  rememberLogins (app: FastifyInstance): void {
    app.addHook('onSend', async (request, reply) => {
      if (!request.url.startsWith('/api/stats/login') || reply.statusCode !== 200) return
      reply.header('set-cookie', `${COOKIE}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`)
    })
  }

  mayView (request: FastifyRequest): boolean {
    if (isHere(request) || this.#isLoggedIn(request)) return true
    // Pages have no figures in them.
    return this.#isOpen && !request.url.startsWith('/api/')
  }

  #isLoggedIn ({ headers: { cookie = '' } }: FastifyRequest): boolean {
    return cookie.split(/; */).includes(`${COOKIE}=${this.#session}`)
  }
}

/** Whether a request comes from this machine, by an address of this machine, and by no proxy. */
function isHere ({ headers, socket, host }: FastifyRequest): boolean {
  const { remoteAddress = '' } = socket
  if ('forwarded' in headers || 'x-forwarded-for' in headers) return false
  return isLoopbackAddress(remoteAddress) && isLoopbackName(host.replace(/:\d+$/, ''))
}

function isLoopbackAddress (address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  return loopback.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4')
}

/** Whether a host name can only be this machine: no DNS is asked for it. */
function isLoopbackName (name: string): boolean {
  const plain = name.replace(/^\[|\]$/g, '')
  if (plain === 'localhost') return true
  return /^[\d.]+$|:/.test(plain) && isLoopbackAddress(plain)
}
