import { Page } from '../../parts/page.js'
import { DemoControls } from './demo-controls.js'
import { FirstSteps } from './first-steps.js'
import { Fleet } from './fleet.js'
import { Intro } from './intro.js'

/** Explains Weir and offers first steps. The overview shows the same until there are figures. */
export const Welcome = () => (
  <Page title='Welcome to Weir'>
    <Intro />
    <Fleet>
      <DemoControls />
    </Fleet>
    <FirstSteps />
    <p class='small muted'>
      The <a href='#/'>overview</a> shows hit ratio, latency and handler time saved.{' '}
      <a href='#/try'>Try it</a> sends any request and explains how the cache answered.
    </p>
  </Page>
)
