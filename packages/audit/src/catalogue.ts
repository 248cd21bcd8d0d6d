/** Weight of a finding: `high` lets one client decide what others get, or shows one's data. */
export type Severity = 'high' | 'medium' | 'low'

interface Entry {
  readonly severity: Severity
  readonly explanation: string
  readonly weir: string
  readonly general: string
}

const POISON = 'One client decides what all others get until the entry ends.'

/** The checks by their stable ids, each with its remedies. */
export const CATALOGUE = {
  'unkeyed-header': {
    severity: 'high',
    explanation:
      `A request header field changes the stored response and is not part of its key. ${POISON}`,
    weir:
      'Add the field to Vary (config.cache.vary), or do not use it on cached routes; take ' +
      'X-Forwarded-* from your proxy only (trustProxy with its address).',
    general: 'Send Vary with the field, put it into the key, or do not read it.'
  },
  'unkeyed-host': {
    severity: 'high',
    explanation:
      `The host name of a request is in the stored response and not in its key. ${POISON}`,
    weir:
      'Leave the authority in the key: do not leave it out in `key`; set the option origin if ' +
      'all hosts are one site.',
    general: 'Put the host into the key, or build links from a configured origin.'
  },
  'unkeyed-cookie': {
    severity: 'high',
    explanation: `A cookie changes the stored response and is not part of its key. ${POISON}`,
    weir:
      'Add the cookie to the key of the route (config.cache.key), or send ' +
      'Cache-Control: private.',
    general: 'Put the cookie into the key, or do not store responses that depend on it.'
  },
  'unkeyed-query': {
    severity: 'high',
    explanation:
      `A query parameter changes the stored response and is not part of its key. ${POISON}`,
    weir: 'Declare the parameter in the query schema, and leave it in `key`.',
    general: 'Build the key from the whole query, or from all parameters that the handler reads.'
  },
  'query-pollution': {
    severity: 'high',
    explanation:
      `A parameter that is sent twice is keyed by one value and answered by another. ${POISON}`,
    weir: 'Leave the key to the query schema: it keys what the handler reads.',
    general: 'Refuse repeated parameters, or key all values.'
  },
  'query-separator': {
    severity: 'high',
    explanation: `The app and its cache split the query differently (; or &). ${POISON}`,
    weir: 'Leave the key to the query schema, and parse queries in one place (querystringParser).',
    general: 'Build the key from the query that the handler sees.'
  },
  'unkeyed-body': {
    severity: 'high',
    explanation: `The body of a GET request changes the stored response. ${POISON}`,
    weir: 'Do not read bodies of GET requests; use QUERY or POST.',
    general: 'Do not read bodies of GET requests, or put them into the key.'
  },
  'method-override': {
    severity: 'high',
    explanation: `A header field changes the method, and the response is stored for GET. ${POISON}`,
    weir: 'Do not rewrite the method on cached routes.',
    general: 'Take the method from the request line, or put the effective one into the key.'
  },
  'hop-by-hop': {
    severity: 'high',
    explanation:
      'A field named in Connection is dropped before the handler and stays in the key. ' +
      POISON,
    weir: 'Do not drop fields that Connection names after the cache has made its key.',
    general: 'Drop fields that Connection names before the key is made, or keep end-to-end fields.'
  },
  'vary-ignored': {
    severity: 'high',
    explanation:
      'The response says Vary, and the cache serves it to requests with another value. ' +
      POISON,
    weir: 'Let the response cache read Vary: do not store responses in a cache of your own.',
    general: 'Key stored responses by every field that Vary names (RFC 9111 4.1).'
  },
  'path-deception': {
    severity: 'high',
    explanation:
      'A path that looks like a file gets the page of a user, and the page is stored for all: ' +
      'whoever makes a user follow a link reads their data.',
    weir:
      'Do not serve per-user pages under a wildcard, and do not cache by file extension; send ' +
      'Cache-Control: private on them.',
    general: 'Store by what the response says (Cache-Control), never by the extension of the path.'
  },
  'path-collision': {
    severity: 'high',
    explanation: `Two paths that the app answers differently share a key. ${POISON}`,
    weir: 'Leave the path in the key as the router sees it: do not rewrite it in `key`.',
    general: 'Make the key from the path that is routed, without another normalization.'
  },
  'user-leak': {
    severity: 'high',
    explanation: "One user's response is served to another user or to an anonymous client.",
    weir:
      'Remove `public: true`, add the credential to the credentials of the response cache, or ' +
      'send Cache-Control: private.',
    general:
      'Do not store responses to requests with credentials unless they say public, and never ' +
      'what depends on the user.'
  },
  'guard-bypass': {
    severity: 'high',
    explanation:
      'The app refuses anonymous clients, and its cache serves them what a user has requested.',
    weir: 'Register the access check before the response cache, which then runs it on hits, too.',
    general: 'Check access before the cache is asked.'
  },
  'stored-set-cookie': {
    severity: 'high',
    explanation:
      'A stored response sets the cookie of the client that filled it: others get its session.',
    weir: 'Do not set cookies on cached routes, and do not force storing.',
    general: 'Do not store responses with Set-Cookie, or store them without it.'
  },
  'stored-private': {
    severity: 'medium',
    explanation: 'A response with Cache-Control: private or no-store is stored and served again.',
    weir: 'Remove config.cache from the route, or the directive from the response.',
    general: 'Honour Cache-Control of the response (RFC 9111 3).'
  },
  'stored-credentials': {
    severity: 'medium',
    explanation:
      'A response to a request with Authorization is stored and served to others, and does not ' +
      'say that it is for all clients (RFC 9111 3.5).',
    weir:
      'Say Cache-Control: public on the response, or `public: true` on the route, if it does ' +
      'not depend on the user.',
    general: 'Store responses to Authorization only with public, s-maxage or must-revalidate.'
  },
  'stored-error': {
    severity: 'high',
    explanation:
      'A request with an odd field gets an error, and the error is stored for all: one request ' +
      'takes the page down.',
    weir:
      'Judge the field before the response cache, or let the failure have a status that is not ' +
      'stored (400, 431, 500).',
    general: 'Do not store error responses unless they say so.'
  },
  'stored-refusal': {
    severity: 'high',
    explanation: 'The refusal of one client (401, 403) is stored, and locks out clients that may see the page.',
    weir: 'Run the access check before the response cache, and leave refusals to it: it stores none on its own.',
    general: 'Do not store responses with status 401 or 403, or put the credentials into the key.'
  },
  'stored-failure': {
    severity: 'medium',
    explanation:
      'A failure (5xx) is stored without an explicit lifetime, and served after the app has ' +
      'recovered.',
    weir: 'Do not force storing of failures.',
    general: 'Store only statuses that are cacheable (RFC 9110 15.1), and failures not at all.'
  },
  'partial-stored': {
    severity: 'high',
    explanation: 'A request for a range stores a part of the response, which is served as a whole.',
    weir: 'Let the response cache answer ranges: do not store responses in a cache of your own.',
    general: 'Do not store the response to a request with Range as the whole one.'
  },
  'head-stored': {
    severity: 'high',
    explanation: 'A HEAD request stores an empty body, which GET requests get.',
    weir: 'Let the response cache answer HEAD from what GET stored.',
    general: 'Put the method into the key, or store responses to GET only.'
  },
  'conditional-stored': {
    severity: 'high',
    explanation: 'A 304 is stored as the response: clients that have nothing get no body.',
    weir: 'Let @weir/fastify/conditional answer conditional requests.',
    general: 'Do not store a 304 as a response; drop conditional fields before a fill.'
  },
  'conditional-mismatch': {
    severity: 'medium',
    explanation:
      'A validator that is not that of the response gets a 304: clients keep using ' +
      'a wrong copy.',
    weir: 'Let @weir/fastify/conditional compare the ETag with that of the response.',
    general: 'Compare If-None-Match with the ETag of the very response (RFC 9110 13.1.2).'
  },
  'encoding-mixup': {
    severity: 'high',
    explanation: 'A compressed body is stored for clients that did not say that they can read it.',
    weir: 'Send Vary: Accept-Encoding with compressed responses.',
    general: 'Key stored responses by Accept-Encoding, or store them uncompressed.'
  },
  'vary-star-stored': {
    severity: 'medium',
    explanation:
      'A response with Vary: * is served from the cache; such a response matches no other ' +
      'request (RFC 9111 4.1).',
    weir: 'Send Vary with the fields that matter.',
    general: 'Do not reuse responses with Vary: *.'
  },
  'response-splitting': {
    severity: 'high',
    explanation: 'A line break in the request becomes a header field of the response.',
    weir: "Do not write to the socket; Node's response refuses line breaks.",
    general: 'Refuse control characters in what goes into header fields.'
  }
} as const satisfies Readonly<Record<string, Entry>>

/** Stable ids of the checks. */
export type CheckId = keyof typeof CATALOGUE
