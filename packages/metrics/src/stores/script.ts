import { createHash } from 'node:crypto'

/** A Lua script with the digest Redis knows it by. */
export interface Script {
  readonly source: string
  readonly sha: string
}

/** What running a script needs of a client. ioredis' `Redis` and `Cluster` have it. */
export interface ScriptClient {
  evalsha (sha: string, keys: number, ...args: (string | number)[]): Promise<unknown>
  eval (source: string, keys: number, ...args: (string | number)[]): Promise<unknown>
}

export const script = (source: string): Script => ({ source, sha: createHash('sha1').update(source).digest('hex') })

/** Runs a script over one key by its digest, and by its text where Redis does not know it (any more). */
export async function evaluate (
  client: ScriptClient, { sha, source }: Script, key: string, args: readonly (string | number)[]
): Promise<unknown> {
  try {
    return await client.evalsha(sha, 1, key, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return client.eval(source, 1, key, ...args)
  }
}
