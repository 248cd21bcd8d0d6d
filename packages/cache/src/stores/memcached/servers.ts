import { createHash } from 'node:crypto'
import { MemcachedServer } from './server.js'

/**
 * Names a namespace, or a key of it, among all servers: its server and a text of 43 characters that
 * fits an item's name.
 */
export interface Location {
  readonly server: MemcachedServer
  readonly digest: string
}

/**
 * All servers of a store. Each key has one, whichever of them answer: by the highest of the hashes
 * of key and server.
 */
export class Servers {
  readonly #all: readonly MemcachedServer[]

  /** @param addresses of each; every instance has the same, in any order */
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
