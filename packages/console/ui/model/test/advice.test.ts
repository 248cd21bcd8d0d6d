import t from 'tap'
import { adviseOn, RouteSample } from '@weir/metrics'
import { adviceOn, mainReason, VERDICTS } from '../advice.js'

const advice = (service: string) => ({
  ...adviseOn(new RouteSample('GET /x', 0).finding(1)), service, instances: 1
})

t.test('advice is found by route and service', async (t) => {
  const routes = [advice('a'), advice('b')]
  t.equal(adviceOn(routes, 'GET /x', 'b'), routes[1])
  t.equal(adviceOn(routes, 'GET /x', ''), routes[0])
  t.equal(adviceOn(routes, 'GET /y', ''), undefined)
})

t.test('each verdict and its reason is in words', async (t) => {
  t.equal(VERDICTS[advice('a').verdict], 'Not enough data')
  t.match(mainReason(advice('a')), /^200 more observed requests/)
  t.equal(mainReason({ reasons: [] }), '')
})
