import { slowTexts } from '@weir/internal/testing'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t from 'tap'
import { userOfApiKey } from '../auth/api-keys.js'
import { acceptTokens } from '../auth/tokens.js'
import { addressOf } from '../client-address.js'
import { addressList, clientOf, parseAddress } from '../rate-limit/addresses.js'
import { Identities } from '../rate-limit/identity.js'
import { originOf } from '../response-cache/authority.js'
import { chooseEncodingForRange } from '../response-cache/encoding.js'
import { joinedVary, listOf } from '../response-cache/fields.js'
import { fittingGroups, shortenGroups } from '../response-cache/groups.js'
import { keyOf, variantKeyOf, writtenTags } from '../response-cache/key.js'
import {
  commonPath,
  commonQuery,
  hasDotSegments,
  normalizedEncoding,
  normalizedPath,
  splitTarget
} from '../response-cache/path.js'
import { hideUndeclared, queryOf } from '../response-cache/query.js'
import { groupTags, isTag, tagsFor } from '../response-cache/tags.js'
import { fieldErrors } from '../service/validation.js'

/** Returns a request and its reply as handlers get them, to be given other text. */
async function handled (): Promise<[FastifyRequest, FastifyReply]> {
  const app = Fastify()
  t.teardown(() => app.close())
  return new Promise((resolve) => {
    app.get('/', (request, reply) => {
      resolve([request, reply])
      reply.send('x')
    })
    app.inject('/')
  })
}

const [request, reply] = await handled()
const { raw } = request
const listed = addressList(['192.0.2.0/24', '2001:db8::/32'])
const identities = new Identities('test')
const queries = {
  none: queryOf({}, undefined),
  plain: queryOf(
    { schema: { querystring: { type: 'object', properties: { a: { type: 'string' } } } } },
    ['a']
  ),
  open: queryOf(
    { schema: { querystring: { type: 'object', additionalProperties: true } } },
    undefined
  )
}
const queryText = queries.none
const key = keyOf({
  slash: true,
  queryText,
  hasQuerySchema: false,
  origin: 'http://shop.test',
  vary: ['accept', 'accept-encoding'],
  custom: undefined,
  route: { url: '/*' }
})
const ownKey = keyOf({
  slash: true,
  queryText,
  hasQuerySchema: false,
  origin: 'http://shop.test',
  vary: [],
  custom: ({ url }) => url,
  route: { url: '/*' }
})
const placeholders = tagsFor(['product:{id}'])

/** Functions of the plugins that read text of clients and origins. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  splitTarget: (text) => splitTarget(text),
  'splitTarget of an absolute form': (text) => splitTarget(`http://${text}`),
  normalizedPath: (text) => normalizedPath(`/${text}`),
  normalizedEncoding: (text) => normalizedEncoding(text),
  commonPath: (text) => commonPath(`/${text}`, false),
  commonQuery: (text) => commonQuery(`?${text}`),
  hasDotSegments: (text) => hasDotSegments(`/${text}`),
  writtenTags: (text) => writtenTags('http://shop.test', `/${text}`, false),
  originOf: (text) => {
    raw.headers.host = text
    return originOf(request)
  },
  'queryOf without a schema': (text) => queries.none(request, text),
  'queryOf with declared names': (text) => {
    request.query = { a: text, b: text }
    return queries.plain(request, text)
  },
  'queryOf with names that are not declared': (text) => {
    request.query = { [text]: text, other: [text] }
    return queries.open(request, text)
  },
  keyOf: (text) => {
    raw.url = `/${text}`
    raw.headers.accept = raw.headers['accept-encoding'] = text
    return key(request)
  },
  'keyOf with a key of the route': (text) => {
    raw.url = `/${text}`
    return ownKey(request)
  },
  variantKeyOf: (text) => {
    raw.headers['accept-language'] = text
    return variantKeyOf(
      { uri: 'a', written: { origin: 'a', path: 'a', query: undefined, slash: true }, key: 'a' },
      ['accept-language'],
      request
    )
  },
  hideUndeclared: (text) => {
    raw.url = `/?${text}`
    request.query = { [text]: text, a: text }
    return hideUndeclared(request, ['a'])
  },
  chooseEncodingForRange: (text) => {
    raw.headers.range = text
    raw.headers['accept-encoding'] = text
    chooseEncodingForRange(request)
  },
  fittingGroups: (text) => fittingGroups(text.split(',')),
  shortenGroups: (text) => {
    shortenGroups({ 'cache-control': text, 'cdn-cache-control': `no-cache${text}` }, [text])
  },
  joinedVary: (text) => joinedVary(text, text),
  listOf: (text) => listOf(text),
  groupTags: (text) => groupTags(text),
  isTag: (text) => isTag(text),
  tagsFor: (text) => {
    request.params = { id: text }
    return placeholders(request, reply)
  },
  'addressOf of X-Forwarded-For': (text) => {
    raw.headers['x-forwarded-for'] = text
    return addressOf(request)
  },
  'addressOf of Forwarded': (text) => {
    delete raw.headers['x-forwarded-for']
    raw.headers.forwarded = text
    return addressOf(request)
  },
  parseAddress: (text) => clientOf(parseAddress(text)),
  addressList: (text) => listed(text),
  'addressList of entries': (text) => addressList([text]),
  'Identities.ofAddress': (text) => identities.ofAddress(text),
  'Identities.ofUser': (text) => identities.ofUser(text),
  userOfApiKey: (text) =>
    userOfApiKey(
      text,
      () => undefined,
      () => {}
    ).catch(() => {}),
  fieldErrors: (text) =>
    fieldErrors([{ keyword: 'type', instancePath: `/${text}`, params: {}, message: text }], 'body')
}

for (const [name, read] of Object.entries(READERS)) {
  t.test(`${name} takes linear time`, async (t) => { t.strictSame(slowTexts(read), []) })
}

t.test('a token takes linear time', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const userOfToken = await acceptTokens(app, [{ algorithm: 'HS256', secret: 's'.repeat(32) }], 0)
  t.strictSame(slowTexts(userOfToken), [])
  t.strictSame(
    slowTexts((text) =>
      userOfToken(
        `${Buffer.from(JSON.stringify({ alg: 'HS256', kid: text })).toString('base64url')}.e30.x`
      )
    ),
    []
  )
})
