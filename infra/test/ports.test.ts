import t from 'tap'
import { frontDoorPort, listenError } from '../local/ports.js'

t.test('the front door is on 8080 unless PORT is a port', async (t) => {
  for (const unset of [undefined, '']) t.equal(frontDoorPort(unset), 8080)
  for (const [value, port] of [['0', 0], ['80', 80], ['65535', 65535]] as const) t.equal(frontDoorPort(value), port)
  for (const value of ['http', '-1', '65536', '80.5', '1e3', '0x50', ' 80']) {
    t.throws(() => frontDoorPort(value), { code: 'WEIR_ERR_BAD_PORT', message: `PORT is "${value}"` })
  }
})

t.test('a port that may not be used is told from one that is taken; anything else stays what it is', async (t) => {
  const failure = (code: string): Error => Object.assign(new Error('listen'), { code })
  t.match(listenError(failure('EACCES'), 80, 'the front door'), {
    code: 'WEIR_ERR_PORT_DENIED', message: 'port 80, which the front door needs, may not be used by you: allow it or set PORT to another.'
  })
  t.match(listenError(failure('EADDRINUSE'), 4101, 'catalog-1'), { code: 'WEIR_ERR_PORT_TAKEN' })
  const other = failure('EMFILE')
  t.equal(listenError(other, 80, 'the front door'), other)
})
