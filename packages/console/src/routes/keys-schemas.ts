import { Type } from 'typebox'
import { KEY_STATES } from '../keys/filter.js'
import { Count, orNull, Time } from './schemas.js'

const Namespace = Type.String({
  pattern: '^[\\w.-]+$',
  maxLength: 100,
  description: 'Name of a cache in the store',
  examples: ['responses']
})
const MOST_TEXT = 8192
const Text = (description: string) =>
  Type.String({ minLength: 1, maxLength: MOST_TEXT, description })

const State = Type.Enum([...KEY_STATES], {
  description: 'invalid: invalidated, or written by another package version; a read is a miss'
})
const key = Type.String({ description: 'Key as used by the cache' })
const metadata = {
  state: State,
  bytes: Type.Integer({ minimum: 0, description: 'Size in the store' }),
  tags: Type.Array(Type.String()),
  storedAt: orNull(Time),
  freshUntil: orNull(Time),
  staleUntil: orNull(Time),
  filledBy: orNull(Type.String({ description: 'Instance that computed the value' })),
  url: orNull(Type.String({ description: 'URL of a stored response' })),
  route: orNull(Type.String({ description: 'Route pattern, if the key contains it' })),
  selects: Type.Array(Type.String(), { description: 'Request header fields that select it' })
}

export const KeysQuery = Type.Object(
  {
    namespace: Namespace,
    cursor: Type.Optional(Text('cursor of the previous page')),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    route: Type.Optional(Text('Part of the URL, of the route or of the key')),
    tag: Type.Optional(Text('An exact tag')),
    state: Type.Optional(State),
    filledBy: Type.Optional(Text('Name of the instance that computed the value')),
    minBytes: Type.Optional(Count),
    minAge: Type.Optional(Type.Integer({ minimum: 0, description: 'Minimum age in ms' }))
  },
  { additionalProperties: false }
)

export const KeysSchema = Type.Object({
  namespace: Namespace,
  keys: Type.Array(Type.Object({ key, ...metadata })),
  cursor: orNull(Type.String({ description: 'cursor of the next page; null on the last one' })),
  examined: Type.Integer({ minimum: 0, description: 'Number of keys examined for this page' })
})

export const EntryQuery = Type.Object(
  { namespace: Namespace, key: Type.String({ minLength: 1, maxLength: 65_536 }) },
  { additionalProperties: false }
)

export const EntrySchema = Type.Object({
  namespace: Namespace,
  key,
  ...metadata,
  errorUntil: orNull(Time),
  costMs: orNull(Type.Number({ description: 'Time it took to compute the value' })),
  response: orNull(
    Type.Object({
      status: Type.Integer(),
      headers: Type.Array(Type.Object({ name: Type.String(), value: Type.String() }))
    })
  ),
  preview: Type.Object({
    kind: Type.Enum(['text', 'bytes', 'variants', 'unreadable'], {
      description:
        'variants: an index of the responses of this URI. unreadable: written by another serializer'
    }),
    text: Type.String({ description: 'The first 4,096 characters, or the first bytes as hex' }),
    truncated: Type.Boolean()
  })
})

export const NamespacesSchema = Type.Object({
  namespaces: Type.Array(Type.String()),
  complete: Type.Boolean({
    description: 'false if the store has too many keys to examine; more namespaces may exist'
  })
})

const Names = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 65_536 }), {
      minItems: 1,
      maxItems: 100,
      description
    })
  )
export const InvalidationBody = Type.Object(
  {
    namespace: Namespace,
    tags: Names('Invalidates entries with any of these tags'),
    keys: Names('Invalidates the entries of these keys')
  },
  { additionalProperties: false }
)
export const InvalidationSchema = Type.Object({
  namespace: Namespace,
  tags: Type.Array(Type.String()),
  keys: Type.Array(Type.String()),
  tookMs: Type.Number({ description: 'Time until no instance served the invalidated entries' }),
  edge: Type.Array(Type.Object({
    service: Type.String(),
    done: Type.Boolean({
      description: 'False: no instance has carried it out yet; the request stays for up to a day'
    })
  }), { description: 'Services whose instances were asked to purge their caches at the edge' })
})
