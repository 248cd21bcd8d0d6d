import { useState } from 'preact/hooks'
import { type JSX } from 'preact'
import { Banner } from './shell/banner.js'
import { LoginNotice } from './shell/login-notice.js'
import { IdentityButton } from './shell/identity-button.js'
import { Nav } from './shell/nav.js'
import { Pulse } from './shell/pulse.js'
import { ThemeButton } from './shell/theme-button.js'
import { live } from './state/live.js'
import { place } from './state/place.js'
import { services, useServicesFeed } from './state/services.js'
import { useStored } from './state/use-stored.js'
import { DEMO_PAGES } from './pages/demos.js'
import { Advice } from './pages/advice/page.js'
import { Compare } from './pages/compare.js'
import { Instances } from './pages/instances/page.js'
import { EdgePage } from './pages/edge/page.js'
import { EventsPage } from './pages/events/page.js'
import { Invalidate } from './pages/invalidate/page.js'
import { Journal } from './pages/journal/page.js'
import { Keys } from './pages/keys/page.js'
import { Limits } from './pages/limits.js'
import { Overview } from './pages/overview/page.js'
import { Routes } from './pages/routes.js'
import { TryIt } from './pages/try/page.js'
import { Welcome } from './pages/welcome/page.js'
import { withDemo } from './model/services.js'
import { Page } from './parts/page.js'
import { Definitions } from './parts/term.js'
import { Waiting } from './parts/waiting.js'

const PAGES: Readonly<Record<string, () => JSX.Element>> = {
  '': Overview,
  welcome: Welcome,
  routes: Routes,
  instances: Instances,
  keys: Keys,
  journal: Journal,
  limits: Limits,
  edge: EdgePage,
  events: EventsPage,
  advice: Advice,
  try: TryIt,
  compare: Compare,
  invalidate: Invalidate
}

export function App () {
  const [current = ''] = useStored(place).path
  const { phase } = useStored(live.state)
  const [isMenuOpen, setMenuOpen] = useState(false)
  useServicesFeed()
  const Shown = Object.hasOwn(PAGES, current) ? PAGES[current] : Demo
  const skip = (event: Event) => {
    // The fragment selects the page, so following the link would leave it.
    event.preventDefault()
    document.querySelector('h1')?.focus()
  }
  return (
    <>
      <a class='skip' href='#main' onClick={skip}>
        Skip to the page
      </a>
      <header class='header'>
        <button
          class='button compact menu'
          type='button'
          aria-expanded={isMenuOpen}
          aria-controls='pages'
          onClick={() => setMenuOpen(!isMenuOpen)}
        >
          Menu
        </button>
        <a class='brand' href='#/' aria-label='Weir'>
          <img src='favicon.svg' alt='' />
          <span>Weir</span>
        </a>
        <Pulse />
        <IdentityButton />
        <ThemeButton />
      </header>
      <Banner />
      <LoginNotice />
      <div class='frame'>
        <Nav current={current} isOpen={isMenuOpen} onChoose={() => setMenuOpen(false)} />
        <main id='main' class='main' data-lost={phase === 'lost'}>
          {Shown === undefined ? <NotFound /> : <Shown />}
        </main>
      </div>
      <Definitions />
    </>
  )
}

/** Renders the page of a demo, if a service takes part in it. */
function Demo () {
  const [current = ''] = useStored(place).path
  const known = useStored(services)
  const found = Object.hasOwn(DEMO_PAGES, current) ? DEMO_PAGES[current] : undefined
  if (found === undefined) return <NotFound />
  const { title, demo, Page: Shown } = found
  if (known === undefined) {
    return (
      <Page title={title}>
        <Waiting>Looking for its service.</Waiting>
      </Page>
    )
  }
  return withDemo(known, demo) === undefined ? <NotFound /> : <Shown />
}

const NotFound = () => (
  <Page title='No such page'>
    <p class='lead'>No page has this address. Go to the <a href='#/'>overview</a>.</p>
  </Page>
)
