import { randomBytes } from 'node:crypto'
import auth, { type Role } from '@weir/fastify/auth'
import { fastify } from 'fastify'
import { StartError } from './errors.js'

/** Long enough for trying things out, and no longer. */
const LIFETIME = '12h'

export type DemoTokens = Readonly<Record<Role, string>>

/** A random secret: tokens signed with it are worthless after the next start. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/**
 * Returns a token for each role, signed with the instances' secret.
 *
 * @throws StartError `WEIR_ERR_HOPELESS` for a secret that cannot sign
 */
export async function demoTokens (secret: string): Promise<DemoTokens> {
  const app = fastify()
  try {
    await app.register(auth, { jwt: [{ algorithm: 'HS256', secret }] })
  } catch (error) {
    throw new StartError(
      'WEIR_ERR_HOPELESS',
      `JWT_SECRET cannot be used: ${error instanceof Error ? error.message : String(error)}`
    )
  }
  const token = (role: Role) =>
    app.jwt.HS256.sign({ sub: `demo-${role}`, role }, { expiresIn: LIFETIME })
  const tokens = { reader: token('reader'), editor: token('editor'), admin: token('admin') }
  await app.close()
  return tokens
}

/** The tokens as `export` lines for a shell. */
export const exportLines = (tokens: DemoTokens): string =>
  Object.entries(tokens)
    .map(([role, token]) => `  export ${role.toUpperCase()}_TOKEN=${token}`)
    .join('\n')
