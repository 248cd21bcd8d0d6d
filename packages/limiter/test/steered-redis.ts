import type { Redis } from 'ioredis'
import type { LimitStore } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'

/**
 * A Redis whose script sees the test's time, in microseconds, and in which nothing expires
 * meanwhile.
 */
export class SteeredRedis {
  now: number
  #underWay = 0

  constructor (readonly client: Redis, start: number) {
    this.now = start
  }

  /** Creates a store over it. @param isAlive returns false to lose commands */
  store (isAlive = () => true): LimitStore {
    return redisStore({
      client: {
        // Set so that each command has one key, and the time can be the second.
        isCluster: true,
        evalshaBuffer: () => Promise.reject(new Error('NOSCRIPT')),
        evalBuffer: async (source, _keys, key = '', ...args) => {
          if (!isAlive()) throw new Error('dead')
          this.#underWay++
          try {
            return await this.client.eval(steered(source), 2, key, String(this.now), ...args)
          } finally {
            this.#underWay--
          }
        },
        unlink: (key) => this.client.unlink(key)
      }
    })
  }

  /** Resolves when everything sent has been answered. */
  async quiet (): Promise<void> {
    // A request is sent in the next turn.
    for (let turn = 0; turn < 3 || this.#underWay > 0; turn++) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
  }
}

function steered (source: string): string {
  for (const text of ["redis.call('TIME')", "redis.call('PEXPIRE', key, 2 * ttl)"]) {
    if (source.split(text).length !== 2) throw new Error(`not once in the script: ${text}`)
  }
  return source
    .replace("redis.call('TIME')", '{ 0, KEYS[2] }')
    .replace("redis.call('PEXPIRE', key, 2 * ttl)", 'local _ = ttl')
}
