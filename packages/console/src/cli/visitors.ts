import { randomBytes } from 'node:crypto'
import { BlockList } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const COOKIE = 'weir-console'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Decides which visitors may view a console on this machine. All may open the pages. Local visitors
 * may see figures, unless a page of another site directed their browser here (DNS rebinding) or the
 * request came through a proxy. Others may after using the login link, which sets a cookie.
 */
export class Visitors {
  readonly #session = randomBytes(24).toString('base64url')

  /** Sets a cookie on each successful login. */
  rememberLogins (app: FastifyInstance): void {
    app.addHook('onSend', async (request, reply) => {
      if (!request.url.startsWith('/api/stats/login') || reply.statusCode !== 200) return
      reply.header('set-cookie', `${COOKIE}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`)
    })
  }

  mayView (request: FastifyRequest): boolean {
    // Pages contain no figures, and a login link opens in them: behind a proxy with TLS, too.
    return !request.url.startsWith('/api/') || isHere(request) || this.#isLoggedIn(request)
  }

  #isLoggedIn ({ headers: { cookie = '' } }: FastifyRequest): boolean {
    return cookie.split(/; */).includes(`${COOKIE}=${this.#session}`)
  }
}

/** Whether a request comes directly from this machine, through a local address and no proxy. */
function isHere ({ headers, socket, host }: FastifyRequest): boolean {
  const { remoteAddress = '' } = socket
  if ('forwarded' in headers || 'x-forwarded-for' in headers) return false
  return isLoopbackAddress(remoteAddress) && isLoopbackName(host.replace(/:\d+$/, ''))
}

function isLoopbackAddress (address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  return loopback.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4')
}

/** Whether a host name always refers to this machine. Does no DNS lookup. */
function isLoopbackName (name: string): boolean {
  const plain = name.replace(/^\[|\]$/g, '')
  if (plain === 'localhost') return true
  return /^[\d.]+$|:/.test(plain) && isLoopbackAddress(plain)
}
