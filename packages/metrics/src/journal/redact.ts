import { createHmac } from 'node:crypto'
import { shown } from '@weir/internal'
import { MetricsError } from '../errors.js'

// Bytes of the keyed hash of a removed value.
const HASH_BYTES = 6
// Times that a value may be encoded within another; one that goes deeper is removed.
const DEEPEST = 5

/**
 * Returns a function that removes secrets from URLs, keys and tags: the values of sensitive
 * parameters, names and passwords before a host, tokens, and the request headers in a key. A keyed
 * hash stands for each, `[redacted 4fG_x2Qa]`, so that different texts remain different; without a
 * secret only `[redacted]`.
 * @throws MetricsError WEIR_METRICS_INVALID_OPTION
 * @param names of parameters, besides those that name secrets
 * @param secret returns the key of the hashes, if it is known
 * @example redactor(['email'])('/p?email=me') // '/p?email=[redacted]'
 */
export function redactor (
  names: readonly string[],
  secret: () => string | undefined = () => undefined
): (text: string) => string {
  const isList: unknown = Array.isArray(names) &&
    names.every((name: unknown) => typeof name === 'string' && name !== '')
  if (isList !== true || typeof secret !== 'function') {
    throw new MetricsError(
      'WEIR_METRICS_INVALID_OPTION',
      `redactor(${shown(names)}, ${shown(secret)}) needs a list of names of parameters, like ['email'], and perhaps a function that returns a secret`
    )
  }
  const own = new Set(names.map((name) => name.toLowerCase()))
  const mark = (value: string) => {
    const key = secret()
    return key === undefined ? '[redacted]' : `[redacted ${hashOf(key, value)}]`
  }
  const isSecretName = (name: string) => isSensitive(name) || own.has(name.toLowerCase())

  /** Returns whether a value, decoded as often as it is encoded, has a secret. */
  const hasSecret = (value: string): boolean => {
    let text = value
    for (let depth = 0; depth < DEEPEST; depth++) {
      const hasName = [...text.matchAll(NAMES)].some(([, parameter, property, quoted]) =>
        isSecretName(decoded(unescaped(parameter ?? property ?? quoted ?? ''))))
      if (hasName || SCHEME.test(text) || text.search(USERINFO) !== -1 || hasToken(text)) {
        return true
      }
      const next = decoded(text)
      if (next === text) return false
      text = next
    }
    return true
  }

  const parameter = (whole: string, before: string, name: string, value: string) =>
    isSecretName(decoded(name)) || hasSecret(value)
      ? `${before}${name}=${mark(value)}`
      : whole

  // An encoded separator makes a parameter of what has none.
  const bare = (whole: string, before: string, text: string) =>
    text.includes('%') && hasSecret(text) ? before + mark(text) : whole
  const segment = (text: string) => {
    const changed = text.replace(PATH_PARAMETER, parameter)
    const hasSeparator = /%(?:25)*(?:3[bdf]|2[36])/i.test(changed)
    return hasSeparator && !changed.includes('[redacted') && hasSecret(changed)
      ? mark(changed)
      : changed
  }

  const url = (given: string) => {
    const text = normalEncoding(given).replace(USERINFO, '://')
    const end = text.search(/[?#]/)
    const path = end === -1 ? text : text.slice(0, end)
    const rest = end === -1 ? '' : text.slice(end)
    const changed = path.split('/').map(segment).join('/') +
      rest.replace(PARAMETER, parameter).replace(NO_PARAMETER, bare)
    return withoutTokens(changed, mark)
  }

  return (text) => {
    if (!/[?;#&@%=\n]|eyJ/.test(text)) return text
    const [first = '', ...lines] = text.split('\n')
    return [url(first), ...lines.map((line) => headerLine(line, mark))].join('\n')
  }
}

/** Characters of a recorded text, without what stands for the rest. */
export const LONGEST = 1024

/**
 * Returns a key, a URL or a tag as it is recorded: a long one ends with a removed parameter.
 * @example bounded(redactor([]), '/p?token=x') // '/p?token=[redacted]'
 */
export function bounded (redact: (text: string) => string, given: string): string {
  const text = redact(given)
  if (text.length <= LONGEST) return text
  // No character of the text may end the parameter.
  const whole = Buffer.from(text).toString('base64url')
  return text.slice(0, LONGEST) + redact(`?token=${whole}`).slice('?token='.length)
}

/** Returns whether a text has lost a value that no hash stands for: others may be the same text. */
export const isMerged = (text: string): boolean => text.includes('[redacted]')

/** Decodes what needs no encoding, and writes other encodings in upper case. */
export const normalEncoding = (text: string): string =>
  text.replace(/%([\da-f]{2})/gi, (whole, code: string) => {
    const character = String.fromCharCode(parseInt(code, 16))
    return /[\w.~-]/.test(character) ? character : whole.toUpperCase()
  })

const PARAMETER = /([?&#])([^=&#?]+)=([^&#]*)/g
const PATH_PARAMETER = /(;)([^=;/]+)=([^;/]*)/g
// Names of parameters, or of properties in JSON.
const NAMES = /(?:^|[?&;#])([^=&#;?]+)=|"([^"]{1,64})"\s*:|'([^']{1,64})'\s*:/g
// Parameters without a value.
const NO_PARAMETER = /([?&#])([^=&#?]+)(?=[&#?]|$)/g
// Credentials of the field Authorization.
const SCHEME = /(?:^|[\s+,:"'=])(?:bearer|basic|digest|negotiate)[\s+:]+\S/i
const USERINFO = /:\/\/[^/?#\s]*@/g

// Parts of names, and words that are secret on their own.
const PARTS = /passw|passphrase|secret|token|signature|credential|sessi|jwt|bearer|assertion|saml|hmac|oauth|authoriz|(?:api|access|private|auth)[_-]?key|x-(?:amz|goog)-/i
const WORDS: ReadonlySet<string> = new Set([
  'pwd', 'pass', 'sig', 'auth', 'authentication', 'sid', 'code', 'otp', 'totp', 'pin', 'ticket',
  'key', 'nonce', 'state', 'cookie',
  'csrf', 'xsrf', 'mfa', 'tkn', 'tok'
])
// Words that are secret only as a whole name, or before a word that says so.
const ALONE = /^_?(?:magic|invite|reset|refresh|verify|verification)(?:[_-]?(?:token|code|id|link|hash))?$/i

const isSensitive = (name: string): boolean =>
  PARTS.test(name) || ALONE.test(name) ||
  name.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z\d]+/)
    .some((word) => WORDS.has(word.replace(/(?<=...)s$/, '')) || WORDS.has(word))

/** Decodes text that may be malformed; only ASCII matters here. */
const decoded = (text: string): string =>
  text.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))

/** Decodes characters that JSON has as escapes. */
const unescaped = (text: string): string => text
  .replace(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
  .replaceAll('\\', '')

// Texts that may have a token: JSON in base64 begins with eyJ, and a dot ends it.
const RUN = /[\w.~-]{8,}/g
const tokenIn = (run: string): number => {
  const at = run.indexOf('eyJ')
  return at !== -1 && /\.[\w~-]*\./.test(run.slice(at)) ? at : -1
}
const hasToken = (text: string) =>
  text.includes('eyJ') && [...text.matchAll(RUN)].some(([run]) => tokenIn(run) !== -1)
const withoutTokens = (text: string, mark: (token: string) => string) =>
  text.includes('eyJ')
    ? text.replace(RUN, (run) => {
      const at = tokenIn(run)
      return at === -1 ? run : run.slice(0, at) + mark(run.slice(at))
    })
    : text

/** A line of a key after its URL: the path of its route, or a request header with its value. */
function headerLine (line: string, mark: (value: string) => string): string {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):(.*)$/s.exec(line) ?? []
  if (name !== undefined && value !== undefined) return `${name}:${mark(value)}`
  return line === '' || /^(?:[/*]|[\w!#$%&'*+.^`|~-]+$)/.test(line) ? line : mark(line)
}

/** Returns a name of a key of hashes, which does not tell the key. */
export const keyName = (key: string): string =>
  createHmac('sha256', key).update('name').digest().toString('base64url', 0, HASH_BYTES)

const hashOf = (key: string, value: string): string =>
  createHmac('sha256', key).update(`redacted\n${value}`).digest().toString('base64url', 0, HASH_BYTES)
