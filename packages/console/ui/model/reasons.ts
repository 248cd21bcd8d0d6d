/** A reason for not storing a response, or for bypassing a cache. */
export interface Reason {
  /** A clause after "not stored:", without a full stop. */
  readonly words: string
  /** Sentences that say what to do, or that there is nothing to do. */
  readonly advice: string
  /** True for mistakes and outages; other reasons follow from requests and rules. */
  readonly isProblem?: boolean
}

const SHARED =
  'If the response is the same for every client, set public: true on the route, or send Cache-Control: public. ' +
  'If it differs by client, leave it: it must not be shared.'
const MIDDLEWARE =
  'Move the middleware behind the cache, or set these headers in a hook of Fastify, which runs before the response is stored.'

/** Meaning and advice for each value of `detail` in Cache-Status. */
export const REASONS: Readonly<Record<string, Reason>> = {
  // Requests
  METHOD: {
    words: 'only responses to GET are stored',
    advice: 'Nothing to do. Declare reads as GET or HEAD.'
  },
  HEAD: {
    words: 'the response to HEAD has no body to store',
    advice: 'Nothing to do: the next GET stores the response.'
  },
  REQUEST_NO_STORE: {
    words: 'the request said no-store',
    advice: 'The client decides this. Set requestDirectives: false on the route to ignore it.'
  },
  REQUEST_NO_CACHE: {
    words: 'the request asked for a new response',
    advice: 'The client decides this. Set requestDirectives: false on the route to ignore it.'
  },
  REQUEST_MAX_AGE: {
    words: 'the request asked for a younger response',
    advice: 'The client decides this. Set requestDirectives: false on the route to ignore it.'
  },
  REQUEST_MIN_FRESH: {
    words: 'the request asked for a response that stays fresh for longer',
    advice: 'The client decides this. Set requestDirectives: false on the route to ignore it.'
  },
  ONLY_IF_CACHED: {
    words: 'the request accepts only a stored response, and there was none',
    advice: 'Nothing to do: the client asked for 504 in this case.'
  },
  PRECONDITION: {
    words: 'the request has a condition that only the handler can evaluate',
    advice: 'Nothing to do. Clients that only read do not need If-Match or If-Unmodified-Since.'
  },
  BODY: {
    words: 'the request has a body',
    advice: 'Remove the body from the client’s GET requests.'
  },
  INVALID: {
    words: 'the request does not match the schema of the route',
    advice: 'Fix the client, or the schema. The handler decides what such a request gets.'
  },
  FRAGMENT: {
    words: 'the URL contains a #',
    advice: 'Fix the client: # and what follows it do not belong in a request.'
  },
  DOT_SEGMENTS: {
    words: 'the URL has dot segments, and the response is not a success',
    advice: 'Fix the client: send the path without /./ and /../.'
  },
  UPGRADE: {
    words: 'the request asks for another protocol',
    advice: 'Nothing to do: WebSockets and the like are not cached.'
  },
  REFILL: {
    words: 'a background refill reached another route than it was started for',
    advice: 'Check hooks and rewriteUrl: they send a request of the cache itself elsewhere.',
    isProblem: true
  },

  // Credentials and cookies
  AUTHORIZATION: {
    words: 'the request has credentials, and the response does not say that it is for everybody',
    advice: SHARED
  },
  COOKIE: {
    words: 'the request has a cookie, and the response does not say that it is for everybody',
    advice: `${SHARED} If cookies do not matter here, set credentials: ['authorization'].`
  },
  'X-API-KEY': {
    words: 'the request has an API key, and the response does not say that it is for everybody',
    advice: SHARED
  },
  USER: {
    words: 'the user is known, and the response does not say that it is for everybody',
    advice: SHARED
  },
  CERTIFICATE: {
    words: 'the client has a certificate, and the response does not say that it is for everybody',
    advice: SHARED
  },
  SET_COOKIE: {
    words: 'the response sets a cookie',
    advice:
      'Do not set cookies on this route, or set setCookie: \'strip\' to store the response without them.'
  },
  SESSION: {
    words: 'a session would be saved with the response',
    advice: 'Do not touch the session on this route: set saveUninitialized: false, rolling: false.'
  },
  PRIVATE: {
    words: 'the response says private: it is for one client',
    advice: 'Send Cache-Control without private if the response is the same for every client.'
  },

  // Routes
  UNLESS: {
    words: 'the unless of the route excludes the request',
    advice: 'Nothing to do, if that is intended.'
  },
  INVALID_UNLESS: {
    words: 'the unless of the route did not return true or false',
    advice: 'Fix unless: it must return a boolean, not a promise. The log has the value.',
    isProblem: true
  },
  ONLY_IF: {
    words: 'the onlyIf of the route rejects the response',
    advice: 'Nothing to do, if that is intended.'
  },
  INVALID_ONLY_IF: {
    words: 'the onlyIf of the route did not return true or false',
    advice: 'Fix onlyIf: it must return a boolean, not a promise. The log has the value.',
    isProblem: true
  },
  INVALID_KEY: {
    words: 'the key function of the route did not return a key',
    advice: 'Fix key: it must return a non-empty string, not a promise. The log has the value.',
    isProblem: true
  },
  INVALID_CONSTRAINT: {
    words: 'the constraints of the route cannot be told apart',
    advice: 'Use constraints that are text, or give the route a key function.',
    isProblem: true
  },
  INVALID_TAG: {
    words: 'the tags of the route are not a list of non-empty strings',
    advice: 'Fix tags. The log has the value that the function returned.',
    isProblem: true
  },
  INVALID_REFRESH: {
    words: 'the refresh of the route did not return true or false',
    advice: 'Fix refresh: it must return a boolean, not a promise. The log has the value.',
    isProblem: true
  },
  NO_TTL: {
    words: 'nothing says how long the response is fresh',
    advice: 'Set ttl on the route, or send Cache-Control: max-age.'
  },
  NEGATIVE: {
    words: 'the route does not store responses such as 404',
    advice: 'Set negative on the route to store them for a time.'
  },
  TOO_LARGE: {
    words: 'the response is too large',
    advice: 'Raise maxBodyBytes of the cache, or paginate the response.'
  },
  CACHE_OFF: {
    words: 'the cache is switched off',
    advice: 'Nothing to do, if that is intended.'
  },

  // Responses
  STATUS: {
    words: 'responses with this status are not stored',
    advice: 'Nothing to do for errors. A stored 404 needs negative on the route.'
  },
  NO_STORE: {
    words: 'the response says no-store',
    advice: 'Remove no-store from its Cache-Control if it may be stored.'
  },
  NO_CACHE: {
    words: 'the stored response has to be revalidated each time',
    advice: 'Remove no-cache from its Cache-Control, or set ttl on the route.'
  },
  VARY_STAR: {
    words: 'the response differs for each request (Vary: *)',
    advice: 'Name the request headers that matter instead of *.'
  },
  VARY: {
    words: 'the Vary header changed after it was sent',
    advice: 'Set Vary before the first byte of the body, or list the headers in vary of the route.'
  },
  PARTIAL: {
    words: 'the response is only a part',
    advice: 'Nothing to do: a complete response is stored, and its ranges are served from it.'
  },
  RANGE: {
    words: 'the origin answered the range of the client itself',
    advice: 'Nothing to do: a request without Range stores the response.'
  },
  CONDITION: {
    words: 'the origin answered the condition of the client itself',
    advice: 'Nothing to do: a request without a condition stores the response.'
  },
  EVENTS: {
    words: 'the response is a stream of events',
    advice: 'Nothing to do: streams have no end to store.'
  },
  TRAILERS: {
    words: 'the response has trailers',
    advice: 'Send these fields as headers: trailers are not stored.'
  },
  REASON: {
    words: 'the status has a reason phrase of its own',
    advice: 'Leave the reason phrase to Node: HTTP/2 has none, and it is not stored.'
  },
  NONCE: {
    words: 'the Content-Security-Policy has a nonce, which is for one response only',
    advice: 'Use hashes instead of nonces on cached pages.'
  },
  WRITE_HEAD: {
    words: 'other middleware changes the headers when they are sent',
    advice: MIDDLEWARE
  },
  INCOMPLETE: {
    words: 'the response is shorter than its Content-Length',
    advice: 'Find out why the handler or the origin ends early: the log of the service has it.',
    isProblem: true
  },

  // Coherence and outages
  INVALIDATED: {
    words: 'the response was invalidated while it was computed',
    advice: 'Nothing to do: the next request computes it again.'
  },
  UNSETTLED: {
    words: 'a write may still be under way',
    advice: 'Nothing to do, unless it stays: then see whether the outbox is drained.'
  },
  STORE_FAILED: {
    words: 'the store did not take the response',
    advice: 'Check the store: its log, its memory, and whether instances reach it.',
    isProblem: true
  },
  OUTAGE: {
    words: 'the store does not answer, so the response cannot be checked for changes',
    advice: 'Check the store, and whether instances reach it.',
    isProblem: true
  },
  STALE_IF_ERROR: {
    words: 'computing a new response failed',
    advice: 'Check the handler or the origin: clients get a stale response meanwhile.',
    isProblem: true
  },
  SOFT_TIMEOUT: {
    words: 'a new response took too long; it is still being computed',
    advice: 'Check the origin, or raise softTimeout.',
    isProblem: true
  },
  UPSTREAM_FAILING: {
    words: 'the circuit breaker of the upstream is open',
    advice: 'Check the upstream: calls to it are refused until a probe is answered.',
    isProblem: true
  },
  CLIENT_SHARE: {
    words: 'the client used up its share of calls to the upstream',
    advice: 'Nothing to do: other clients are served.'
  }
}

/** Returns the meaning of a reason; an unknown reason is described by its name. */
export const reasonOf = (name: string): Reason =>
  (Object.hasOwn(REASONS, name) ? REASONS[name] : undefined) ?? {
    words: `${name}, which this version of the console does not know`,
    advice: 'See the reference of Cache-Status.'
  }
