import t from 'tap'
import { parseArguments, usage } from '../load/arguments.js'
import { Recorder } from '../load/recorder.js'
import { check, METRIC_NAMES, parseRequirement } from '../load/requirement.js'
import { type Result } from '../load/result.js'
import { scenarios } from '../load/scenarios/all.js'

const parse = (args: string[], env: NodeJS.ProcessEnv = {}) => parseArguments(args, env, scenarios)

t.test('options of the command line', (t) => {
  t.match(parse([]), {
    url: 'http://localhost:8080',
    scenarios: [{ name: 'warm' }],
    seconds: 10,
    connections: undefined,
    rate: undefined,
    token: undefined,
    requirements: [],
    json: undefined,
    html: undefined
  })
  t.match(
    parse(
      [
        '--url',
        'https://shop.example/',
        '--scenario',
        'mixed',
        '--duration',
        '0.5',
        '--connections',
        '3',
        '--rate',
        '40',
        '--token',
        'x',
        '--require',
        'errors=0',
        '--require',
        'reads: hit-ratio >= 0.9',
        '--json',
        'a.json',
        '--html',
        'a.html'
      ],
      { EDITOR_TOKEN: 'y' }
    ),
    {
      url: 'https://shop.example',
      scenarios: [{ name: 'mixed' }],
      seconds: 0.5,
      connections: 3,
      rate: 40,
      token: 'x',
      json: 'a.json',
      html: 'a.html',
      requirements: [
        { scope: undefined, metric: 'errors', operator: '=', bound: 0 },
        {
          text: 'reads: hit-ratio >= 0.9',
          scope: 'reads',
          metric: 'hit-ratio',
          operator: '>=',
          bound: 0.9
        }
      ]
    }
  )
  t.match(parse(['--scenario', 'all'], { EDITOR_TOKEN: 'y' }), {
    scenarios: scenarios.filter(({ alone }) => alone === undefined),
    token: 'y'
  })
  t.equal(parse(['-h']), 'help')
  for (const { name } of scenarios) t.match(usage(scenarios), new RegExp(`^ +${name} +\\S`, 'm'))
  t.end()
})

t.test('errors are printed as one line', (t) => {
  const wrong: [string[], RegExp][] = [
    [
      ['--scenario', 'hot'],
      /^--scenario hot: no such scenario; use one of cold, .*, limited, soak, shop, all$/
    ],
    [
      ['--scenario', 'mixed'],
      /^--scenario mixed writes, which needs a token: set --token or EDITOR_TOKEN to the editor's token/
    ],
    [['--scenario', 'all'], /^--scenario mixed writes/],
    [['--url', 'localhost:8080'], /^--url localhost:8080: use only scheme and host, such as/],
    [['--url', 'http://a/api'], /^--url .* only scheme and host/],
    [['--duration', '0'], /^--duration 0: give a number of seconds from 0\.1 to/],
    [['--duration', '5s'], /^--duration 5s: give a number/],
    [
      ['--connections', '1.5'],
      /^--connections 1\.5: give a whole number of connections from 1 to/
    ],
    [['--rate', '0'], /^--rate 0: give a whole number of requests a second/],
    [['--json', ''], /^--json needs the name of a file$/],
    [['--require', 'hit-ratio'], /^--require hit-ratio: say it like/],
    [['--require', 'p99<fast'], /^--require p99<fast: say it like/],
    [
      ['--require', 'p98<5'],
      new RegExp(`^--require p98<5: there is no p98, but ${METRIC_NAMES.join(', ')}$`)
    ],
    [['--require', 'cold:p99<5'], /^--require cold:p99<5: cold is not measured, but warm$/],
    [['--fast'], /Unknown option '--fast'/],
    [['warm'], /Unexpected argument 'warm'/]
  ]
  for (const [args, message] of wrong) {
    t.throws(() => parse(args), { name: 'UsageError', message }, args.join(' '))
  }
  t.end()
})

t.test('requirements on figures', (t) => {
  const recorder = new Recorder(1, 0)
  recorder.answered(200, { outcome: 'memory', found: true, instance: 'a' }, 5, 10)
  recorder.answered(200, { outcome: 'miss', found: false, instance: 'a' }, 5, 10)
  recorder.answered(500, { outcome: 'error', found: undefined, instance: 'a' }, 5, 10)
  recorder.answered(429, { outcome: 'limited', found: undefined, instance: undefined }, 5, 10)
  recorder.failed('closed', 10)
  const result = (scenario: string, part: string, figures = recorder.figures(2_000)): Result =>
    ({ scenario, part, connections: 1, rate: null, ...figures })
  const results = [
    result('bypass', 'cached'),
    result('warm', 'warm', new Recorder(1, 0).figures(2_000))
  ]
  const told = (text: string, of: readonly Result[] = results) => {
    const { met, why } = check(parseRequirement(text, ['bypass', 'cached', 'warm', 'stampede']), of)
    return [met, why]
  }
  t.strictSame(told('errors=0'), [false, 'cached 2, warm 0'])
  t.strictSame(told('warm:errors=0'), [true, 'warm 0'])
  t.strictSame(told('bypass:errors<=2'), [true, 'cached 2'])
  t.strictSame(told('cached:errors>2'), [false, 'cached 2'])
  t.strictSame(told('limited<1'), [false, 'cached 1, warm 0'])
  t.strictSame(
    told('hit-ratio>=0.5'),
    [true, 'cached 0.5'],
    'where there were no reads there is no ratio'
  )
  t.strictSame(told('cached:rate=2'), [true, 'cached 2'])
  for (const name of ['p50', 'p90', 'p99', 'max']) {
    t.strictSame(told(`${name}<6`), [true, 'cached 5'])
  }
  t.strictSame(told('warm:hit-ratio>=0'), [false, 'nothing that was measured has it'])
  t.strictSame(told('computed<=1'), [false, 'nothing that was measured has it'])
  const bursts = [1, 3, 1].map((computed) => ({ ms: 1, requests: 9, computed }))
  t.strictSame(told('computed<=1', [{ ...result('stampede', 'stampede'), bursts }]), [
    false,
    'stampede 3'
  ])
  t.end()
})
