import { DemoTraffic } from '../model/demo-traffic.js'
import { identityCalled } from './identity.js'
import { send, wasAnswered } from './send.js'

/** The demo traffic of this tab. It continues while another page is shown. */
export const demoTraffic = new DemoTraffic({
  async send (path, signal) {
    const sent = await send({ method: 'GET', path }, identityCalled('anonymous'), signal)
    return wasAnswered(sent) ? sent : undefined
  },
  every (ms, run) {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
  now: () => performance.now(),
  random: Math.random
})
