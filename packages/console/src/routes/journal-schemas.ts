import { Type } from 'typebox'
import { Count, orNull } from './schemas.js'

const Namespace = Type.String({
  pattern: '^[\\w.-]+$',
  maxLength: 100,
  description: 'Namespace of a response cache',
  examples: ['responses']
})
const Time = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000, description }))
const Text = (description: string, maxLength = 2048) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }))

export const Kind = Type.Enum(['filled', 'served', 'invalidated', 'written', 'gap'], {
  description:
    'filled: a response was computed and stored; served: a request was answered; ' +
    'invalidated: an invalidation is in the store; written: a write was answered; ' +
    'gap: events that an instance could not record'
})

export const JournalQuery = Type.Object(
  {
    namespace: Namespace,
    from: Time('ms since 1970. Default: 15 minutes before to'),
    to: Time('ms since 1970. Default: now'),
    kind: Type.Optional(Kind),
    url: Text('Part of a URL or of a key'),
    tag: Text('An exact tag'),
    client: Text('Name of a client, such as user:alice', 200),
    instance: Text('Name of an instance', 100),
    request: Text('Id of a request', 1024),
    trace: Text('Id of a trace', 100),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 }))
  },
  { additionalProperties: false }
)

export const WhyQuery = Type.Object(
  {
    namespace: Namespace,
    url: Type.String({
      minLength: 1, maxLength: 2048, description: 'Path and query, perhaps with scheme and host'
    }),
    client: Text('Name of a client, such as user:alice', 200),
    at: Time('When it was seen, ms since 1970. Default: now'),
    within: Type.Optional(Type.Integer({
      minimum: 0,
      maximum: 3_600_000,
      default: 30_000,
      description: 'ms before and after, in which a request counts as the one that is meant'
    }))
  },
  { additionalProperties: false }
)

const Words = Type.Array(Type.Union([Type.String(), Type.Object({ at: Type.Number() })]), {
  description: 'A sentence; times in it are ms since 1970'
})
const Request = Type.Object({
  method: Type.String(),
  url: Type.String(),
  id: Type.String(),
  trace: orNull(Type.String()),
  client: orNull(Type.String())
})
const Moment = Type.Number({ description: 'ms since 1970' })

const EventSchema = Type.Object({
  kind: Kind,
  at: Moment,
  began: orNull(Moment),
  instance: Type.String(),
  text: Words,
  key: orNull(Type.String({ description: 'Key of the response' })),
  url: orNull(Type.String({ description: 'URL of the response' })),
  stamp: orNull(Type.Number({ description: 'Identifies the version of the response' })),
  etag: orNull(Type.String()),
  outcome: orNull(Type.String({ description: 'Of a served request or a write' })),
  status: orNull(Type.Integer()),
  count: Type.Integer({ minimum: 0, description: 'Requests or events that it stands for' }),
  request: orNull(Request),
  clients: Type.Array(Type.String()),
  tags: Type.Array(Type.String())
})

const Gap = Type.Object({ from: Moment, to: Moment, text: Words })

export const JournalSchema = Type.Object({
  namespace: Namespace,
  events: Type.Array(EventSchema, { description: 'Newest first' }),
  complete: Type.Boolean({ description: 'Whether these are all that match' }),
  gaps: Type.Array(Gap, { description: 'Times for which events may be missing' })
})

const Version = Type.Object({
  key: Type.String(),
  stamp: Type.Number(),
  etag: orNull(Type.String()),
  filledBy: orNull(Type.String()),
  storedAt: orNull(Moment),
  freshUntil: orNull(Moment),
  staleUntil: orNull(Moment),
  cacheControl: orNull(Type.String()),
  tags: Type.Array(Type.String())
})

export const WhySchema = Type.Object({
  namespace: Namespace,
  url: Type.String(),
  at: Moment,
  cause: Type.String({
    description: 'Reason for the version that was served, or for there being no request',
    examples: ['before-acknowledged', 'not-told', 'client-cache']
  }),
  conclusion: Words,
  certain: Type.Boolean({
    description: 'false: events that the journal lacks could change the conclusion'
  }),
  gaps: Type.Array(Gap),
  served: orNull(EventSchema),
  version: orNull(Version),
  fill: orNull(EventSchema),
  write: orNull(EventSchema),
  invalidation: orNull(EventSchema),
  timeline: Type.Array(
    Type.Object({
      ...EventSchema.properties,
      decisive: Type.Boolean({ description: 'Whether the conclusion rests on it' })
    }),
    { description: 'Oldest first' }
  )
})

export const JournalsSchema = Type.Object({
  namespaces: Type.Array(Type.String()),
  instances: Count
})
