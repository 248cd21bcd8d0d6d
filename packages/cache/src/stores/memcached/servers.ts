import { createHash } from 'node:crypto'
import { MemcachedServer } from './server.js'

/**
 * Locates a namespace or one of its keys: the server, and a text of 43 characters for the item's
 * name.
 */
export interface Location {
  readonly server: MemcachedServer
  readonly digest: string
}

/**
 * All servers of a store. Rendezvous hashing assigns each key to one server, whichever ones answer.
 */
export class Servers {
  readonly #all: readonly MemcachedServer[]

  /** @param addresses of all servers; the same on every instance, in any order */
  constructor (addresses: readonly string[], timeout: number) {
    this.#all = addresses.map((address) => new MemcachedServer(address, timeout))
  }

  locate (...names: readonly string[]): Location {
    return this.located(digestOf(JSON.stringify(names)))
  }

  located (digest: string): Location {
    const [first, ...others] = this.#all
    if (first === undefined) throw new Error('no servers')
    if (others.length === 0) return { server: first, digest }
    let [server, highest] = [first, weightOf(first, digest)]
    for (const other of others) {
      const weight = weightOf(other, digest)
      if (weight > highest) [server, highest] = [other, weight]
    }
    return { server, digest }
  }

  close (): void {
    for (const server of this.#all) server.close()
  }
}

export const digestOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url')

export const isDigest = (text: string): boolean => /^[\w-]{43}$/.test(text)

const weightOf = ({ address }: MemcachedServer, digest: string): number =>
  createHash('sha256').update(`${address} ${digest}`).digest().readUIntBE(0, 6)
