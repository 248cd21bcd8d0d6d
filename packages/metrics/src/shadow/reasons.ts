import { type ShadowFinding } from './finding.js'

/** A finding in words, with a stable code. */
export interface AdviceReason {
  readonly code: AdviceCode
  readonly text: string
}

export type AdviceCode =
  | 'SET_COOKIE'
  | 'PRIVATE'
  | 'NO_STORE'
  | 'VARY_ANY'
  | 'VARY_USER'
  | 'USER_BODIES'
  | 'USERS_DIFFER'
  | 'USERS_ONLY'
  | 'REFUSES'
  | 'ALTERNATES'
  | 'EXPIRED'
  | 'STATUS'
  | 'TOO_LARGE'
  | 'FEW_REQUESTS'
  | 'FEW_COMPARISONS'
  | 'SHORT_TIME'
  | 'CHANGES'
  | 'NO_REPEATS'
  | 'CREDENTIALS'
  | 'CREDENTIAL_HEADERS'
  | 'VARY'
  | 'WRITES'
  | 'IDENTICAL'

// Comparisons of two users' bodies that must be equal for each one that is not: a change between
// the two requests explains a few.
const SAME_FOR_EACH_DIFFERENT = 20
// Returns to an earlier body for the same request after which it depends on something unknown.
const FLIPS = 3
const MAJORITY = 0.5

export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`

export const percent = (share: number): string =>
  `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`

/** Returns the reasons why responses must not be shared. One is enough. */
export function dangersOf (finding: ShadowFinding): AdviceReason[] {
  const { signs, probes, users, flips, brief, changes, refused, statusFlips } = finding
  const of = (count: number) => `${percent(count / Math.max(1, probes))} of the responses`
  const reasons: AdviceReason[] = []
  const add = (isTrue: boolean, code: AdviceCode, text: string) => {
    if (isTrue) reasons.push({ code, text })
  }
  add(users.proven > 0, 'USER_BODIES',
    'Users get different bodies for one URL: each got theirs again after the other one.')
  const hasDifference =
    users.unclear > 0 || users.differ * SAME_FOR_EACH_DIFFERENT > users.same
  add(users.proven === 0 && hasDifference, 'USERS_DIFFER',
    `Bodies of one URL differed between users in ${users.differ} of ` +
    `${users.differ + users.same} comparisons.`)
  add(signs.setCookie > 0, 'SET_COOKIE', `${of(signs.setCookie)} set a cookie.`)
  add(signs.private > 0, 'PRIVATE', `${of(signs.private)} are declared as private.`)
  add(signs.noStore > 0, 'NO_STORE', `${of(signs.noStore)} are declared as no-store.`)
  add(signs.varyAny > 0, 'VARY_ANY', `${of(signs.varyAny)} have Vary: *.`)
  add(signs.varyUser > 0, 'VARY_USER',
    `${of(signs.varyUser)} name a header that identifies users in Vary.`)
  add(refused > 0, 'REFUSES',
    `The handler refused ${refused === 1 ? 'a request' : `${refused} requests`} (status 401, 402, ` +
    '403, 407, 451, or a redirect to a sign-in page), and a cache would answer these, too.')
  add(statusFlips > 0, 'ALTERNATES',
    'A URL is found and not found, or redirects, in turn, without a write: ' +
    `${counted(statusFlips, 'return')} to an earlier status.`)
  const isInTurn = flips >= FLIPS && flips > changes / 4
  add(statusFlips === 0 && (isInTurn || brief >= FLIPS), 'ALTERNATES',
    'Equal requests get different bodies in turn: responses depend on something that is none of ' +
    'the compared headers, such as another header, the address or chance.')
  add(probes > 0 && signs.expired >= probes, 'EXPIRED',
    'Every response has an Expires in the past or Pragma: no-cache, and no Cache-Control.')
  add(isForUsersOnly(finding), 'USERS_ONLY',
    'Every request identifies a user, and no response is declared as the same for all.')
  add(signs.status > probes * MAJORITY, 'STATUS',
    `${of(signs.status)} have a status that is not stored.`)
  add(signs.tooLarge > probes * MAJORITY, 'TOO_LARGE', `${of(signs.tooLarge)} are over 1 MiB.`)
  return reasons
}

/** Whether all requests identify a user; responses need not be observed for that. */
function isForUsersOnly (
  { sampled, identified, eligible, probes, signs }: ShadowFinding
): boolean {
  if (eligible > 0 || sampled === 0) return false
  return identified >= sampled || (probes > 0 && signs.credentials === probes)
}

/** Returns the request headers by which responses were seen to differ, without those in Vary. */
export const headersThatMatter = ({ headers, declaredVary }: ShadowFinding): string[] =>
  Object.entries(headers)
    .filter(([name, { proven }]) => proven > 0 && !declaredVary.includes(name))
    .map(([name]) => name)
    .sort()

/** A write route after which responses changed. */
export interface RelatedWrite {
  readonly route: string
  /** Share of intervals with such a write in which the response changed. */
  readonly changedShare: number
  /** Tags to invalidate, as `config.invalidates` has them. */
  readonly invalidates: readonly string[]
}

// Changes that must have followed a write before it counts as their cause.
const LEAST_CHANGES = 3

/** Returns the write routes that responses follow at least twice as often as without a write. */
export function relatedWrites (
  { writes, intervals, changes }: ShadowFinding,
  invalidates: (path: string) => readonly string[]
): RelatedWrite[] {
  return Object.entries(writes).flatMap(([route, [changed, unchanged]]) => {
    const [others, otherChanges] = [intervals - changed - unchanged, changes - changed]
    const changedShare = changed / (changed + unchanged)
    const otherwise = others <= 0 ? 0 : otherChanges / others
    if (changed < LEAST_CHANGES || changedShare < 2 * otherwise) return []
    return [{ route, changedShare, invalidates: invalidates(route.replace(/^\S+ /, '')) }]
  })
}
