import type { Change } from '../support/mutated-package.js'

/** One change of the plugins' compiled response cache. */
export interface Edit extends Change {
  readonly file: string
}

/** A build with one broken rule. */
export interface Mutant {
  readonly rule: string
  readonly edits: readonly Edit[]
  /** The application in which it shows. */
  readonly subject: string
  /** A finding that only this mutant has. */
  readonly shows: RegExp
}

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'credentials are ignored',
    edits: [{ file: 'handling.js', from: 'credentialsOf(this.request);', to: '[];' }],
    subject: 'request-context',
    shows: /at [^:]*\/context[^:]*: .*\bbody\b/
  },
  {
    rule: 'a hit is sent before the guards',
    edits: [
      {
        file: 'index.js',
        from: 'route.handler = cachedHandler(',
        to: `const early = selectionOf(route, routeCache, origin);
        route.onRequest = [...[route.onRequest ?? []].flat(), (request, reply, done) => {
          import('./serve.js').then(({ sendHit }) => {
            const hit = request.method === 'GET' ? cache.lookup(early(request).keyFor(request).key) : undefined;
            if (hit === undefined || hit.entry.value.status === 0) done();
            else sendHit(request, reply, { hit, asked: 'whole', target: { key: early(request).keyFor(request), names: [] }, now: Date.now() }, shared);
          }, done);
        }];
        route.handler = cachedHandler(`
      }
    ],
    subject: 'auth',
    shows: /at [^:]*\/guarded\/\{n\}[^:]*: .*status 401 \/ 200/
  },
  {
    rule: 'changes of later hooks are not stored',
    edits: [
      {
        file: 'index.js',
        from: "app.decorate('responseCache', {",
        to: `app.addHook('onSend', async (request, reply) => { request.raw.fieldsSoFar = Object.keys(reply.getHeaders()); });
    app.decorate('responseCache', {`
      },
      {
        file: 'judging.js',
        from: 'headers: stored,',
        to: 'headers: Object.fromEntries(Object.entries(stored).filter(([name]) => request.raw.fieldsSoFar?.includes(name) ?? true)),'
      }
    ],
    subject: 'hooks',
    shows: /x-frame-options: DENY \/ none/
  },
  {
    rule: 'routes that differ by constraints have the same keys',
    edits: [{ file: 'key.js', from: 'mayShareUris(route)', to: 'false' }],
    subject: 'formbody',
    shows: /at [^:]*\/versioned\/\{n\}[^:]*: .*\bbody\b/
  },
  {
    rule: 'the Vary of a response is ignored',
    edits: [
      {
        file: 'variants.js',
        from: 'policy.vary.filter((name) => !inKey.includes(name))',
        to: '[]'
      }
    ],
    subject: 'formbody',
    shows: /at [^:]*\/negotiated\/\{n\}[^:]*: .*\bbody\b/
  },
  {
    rule: 'a hit goes through the onSend hooks again',
    edits: [
      {
        file: 'serve.js',
        from: 'request.cacheResult = moment.result;',
        to: `request.cacheResult = moment.result;
    if (request.method === 'GET' && asked === 'whole') {
        const said = { ...head.fields, age: moment.age, 'cache-status': moment.cacheStatus };
        reply.code(response.status).headers(said).send(response.body.toString());
        return;
    }`
      }
    ],
    subject: 'hooks',
    shows: /at [^:]*\/(?:called|response)[^:]*: .*\bbody\b/
  }
]
