import { type Kysely } from 'kysely'
import { writing } from '../db/open.js'
import { type StatsSchema } from '../db/schema.js'
import {
  STATS_ERR_LOGIN_EXPIRED,
  STATS_ERR_LOGIN_OFF,
  STATS_ERR_LOGIN_UNKNOWN,
  STATS_ERR_LOGIN_USED
} from '../errors.js'
import { digestOf, expiryOf, isSameCode } from './code.js'

/** The code that allows one login; undefined if there is no login link. */
export interface LoginOptions {
  readonly code: string | undefined
  readonly db: Kysely<StatsSchema>
}

/**
 * Accepts the login code once. Its use is written to the database first, so that neither a restart
 * nor another process with the same DATA_DIR accepts it again. If the process dies before the
 * response, the code is used up.
 *
 * @param now ms since 1970
 * @throws STATS_ERR_LOGIN_OFF (404), STATS_ERR_LOGIN_UNKNOWN (403), STATS_ERR_LOGIN_EXPIRED (410),
 *   STATS_ERR_LOGIN_USED (410)
 */
export async function useCode (
  given: string,
  { code, db }: LoginOptions,
  now: number
): Promise<void> {
  if (code === undefined) throw new STATS_ERR_LOGIN_OFF()
  if (!isSameCode(given, code)) throw new STATS_ERR_LOGIN_UNKNOWN()
  const expiresAt = expiryOf(code)
  if (now >= expiresAt) throw new STATS_ERR_LOGIN_EXPIRED()
  const isFirst = await writing(db, async (connection) => {
    await connection.deleteFrom('logins').where('expiresAt', '<=', now).execute()
    const { numInsertedOrUpdatedRows = 0n } = await connection
      .insertInto('logins')
      .values({ digest: digestOf(code), expiresAt })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows > 0n
  })
  if (!isFirst) throw new STATS_ERR_LOGIN_USED()
}
