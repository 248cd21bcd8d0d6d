import t from 'tap'
import { WEIR_ERR_ENV } from '../errors.js'
import { describeBootError } from '../service/boot-error.js'
import { clientsEnv, loadEnv, serviceEnv } from '../service/index.js'
import { Type } from 'typebox'

const schema = Type.Object({ ...serviceEnv.properties, ...clientsEnv.properties })

function bootError (env: Record<string, string>) {
  try {
    loadEnv(schema, { PORT: '1', ...env })
  } catch (error) {
    return describeBootError(error)
  }
  throw new Error('it is usable')
}

t.test(
  'an invalid setting is one line with its name and without its value',
  async (t) => {
    for (const [env, line] of [
      [{ REDIS_URL: ' redis://:hunter2@127.0.0.1' }, /REDIS_URL.*white space/],
      [{ REDIS_URL: 'redis://:hunter2@127.0.0.1 ' }, /REDIS_URL.*white space/],
      [{ REDIS_URL: 'redis://:hun\tter2@127.0.0.1' }, /REDIS_URL.*white space/],
      [{ REDIS_URL: '\u{feff}redis://:hunter2@127.0.0.1' }, /REDIS_URL.*white space/],
      [{ REDIS_URL: ' /tmp/hunter2.sock' }, /REDIS_URL.*white space/],
      [{ REDIS_URL: 'redis://u:hunter2@127.0.0.1:99999' }, /REDIS_URL.*not a URL/],
      [{ REDIS_URL: 'redis//u:hunter2@127.0.0.1' }, /REDIS_URL.*not a URL/],
      [{ REDIS_URL: 'hunter2:redis' }, /REDIS_URL.*begins with no scheme/],
      [{ REDIS_URL: 'http://u:hunter2@127.0.0.1' }, /REDIS_URL.*begins with http:\/\//],
      [{ REDIS_URL: 'redis://127.0.0.1/hunter2' }, /REDIS_URL.*not a database number/],
      [
        { REDIS_URL: 'redis://u:hunter2%zz@127.0.0.1' },
        /REDIS_URL.*% that does not encode a character/
      ],
      [
        { REDIS_URL: 'redis+cluster://u:hunter2@127.0.0.1:99999' },
        /REDIS_URL.*not a list of host:port/
      ],
      [{ LOG_LEVEL: 'hunter2' }, /LOG_LEVEL must be one of/],
      [{ JWT_SECRET: 'hunter2' }, /JWT_SECRET must NOT have fewer than 32 characters/],
      [{ TRUST_PROXY: 'hunter2' }, /TRUST_PROXY must match format/],
      [{ ACCESS_LOG: 'hunter2' }, /ACCESS_LOG must be boolean/],
      [{ PORT: 'hunter2' }, /PORT must be/]
    ] as const) {
      const { text, exitStatus } = bootError(env)
      const name = JSON.stringify(env)
      t.match(text, line, name)
      t.notMatch(text, /hunter2|\n/, name)
      t.equal(exitStatus, 78, name)
    }
  }
)

t.test('an unusable file is one line with its path', async (t) => {
  for (const code of [
    'EACCES',
    'EPERM',
    'EROFS',
    'ENOSPC',
    'EDQUOT',
    'ENOTDIR',
    'EEXIST',
    'ENOENT',
    'ENAMETOOLONG',
    'ELOOP'
  ]) {
    const error = Object.assign(new Error('no'), { code, path: '/data/x', syscall: 'mkdir' })
    t.match(
      describeBootError(error),
      { text: /^\/data\/x: .*DATA_DIR.*\.$/, exitStatus: 78 },
      code
    )
  }
})

t.test(
  'a port that is taken, and a file that is locked, may be free at the next start',
  async (t) => {
    const taken = Object.assign(new Error('no'), {
      code: 'EADDRINUSE',
      syscall: 'listen',
      port: 1,
      address: '::1'
    })
    t.match(describeBootError(taken), { text: /^Port 1 on ::1 is taken: /, exitStatus: 1 })
    t.match(
      describeBootError(Object.assign(new Error('x is locked'), { code: 'WEIR_SQLITE_BUSY' })),
      { exitStatus: 1 }
    )
  }
)

t.test('a named error is one line, with its cause if that has the reason', async (t) => {
  t.strictSame(describeBootError(new WEIR_ERR_ENV('A\n  B')), {
    text: 'The environment is invalid: A B [WEIR_ERR_ENV]',
    exitStatus: 78
  })
  const error = Object.assign(
    new Error('x cannot be used: see the cause', { cause: new Error('odd') }),
    { code: 'WEIR_SQLITE_FAILED' }
  )
  t.match(describeBootError(error).text, /^x cannot be used: see the cause \(odd\)\./)
})

t.test(
  'any other error keeps its stack and all causes, without secrets',
  async (t) => {
    const url = 'redis://u:hunter2@h?password=hunter2'
    const cause = new AggregateError([new Error(`refused ${url}`), 'thrown'], `all of ${url}`)
    const { text, exitStatus } = describeBootError(new Error(`no ${url}`, { cause }))
    t.match(
      text,
      /^Error: no redis:\/\/h\?\[redacted\]\n {4}at [^]*\ncaused by AggregateError: all of redis:\/\/h[^]*\nand Error: refused redis:\/\/h[^]*\nand thrown$/
    )
    t.notMatch(text, /hunter2/)
    t.equal(exitStatus, 1)
    t.match(describeBootError('a text'), { text: 'a text', exitStatus: 1 })
  }
)
