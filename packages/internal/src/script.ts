import { createHash } from 'node:crypto'

/** A Lua script and the digest by which Redis identifies it. */
export interface Script {
  readonly source: string
  readonly sha: string
}

export type ScriptArgument = string | Buffer | number

/** The commands that {@link runScript} sends. ioredis' `Redis` and `Cluster` have them. */
export interface ScriptClient {
  evalsha (sha: string, keys: number, ...args: ScriptArgument[]): Promise<unknown>
  eval (source: string, keys: number, ...args: ScriptArgument[]): Promise<unknown>
}

export function script (source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/** Runs a script by its digest, or by its source if Redis does not have it (any more). */
export async function runScript (
  client: ScriptClient,
  { sha, source }: Script,
  keys: readonly ScriptArgument[],
  args: readonly ScriptArgument[]
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return client.eval(source, keys.length, ...keys, ...args)
  }
}

/** Reports whether the error is a reply of Redis, rather than a missing reply. */
export function isReplyError (error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}
