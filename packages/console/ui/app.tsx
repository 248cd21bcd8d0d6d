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
import { useStored } from './state/use-stored.js'
import { Compare } from './pages/compare.js'
import { Instances } from './pages/instances/page.js'
import { Invalidate } from './pages/invalidate.js'
import { Limits } from './pages/limits.js'
import { Overview } from './pages/overview/page.js'
import { Routes } from './pages/routes.js'
import { Shop } from './pages/shop/page.js'
import { TryIt } from './pages/try/page.js'
import { Weather } from './pages/weather/page.js'
import { Welcome } from './pages/welcome/page.js'
import { Page } from './parts/page.js'
import { Definitions } from './parts/term.js'

const PAGES: Readonly<Record<string, () => JSX.Element>> = {
  '': Overview,
  welcome: Welcome,
  routes: Routes,
  instances: Instances,
  limits: Limits,
  try: TryIt,
  compare: Compare,
  shop: Shop,
  weather: Weather,
  invalidate: Invalidate
}

export function App () {
  const [current = ''] = useStored(place).path
  const { phase } = useStored(live.state)
  const [isMenuOpen, setMenuOpen] = useState(false)
  const Shown = Object.hasOwn(PAGES, current) ? PAGES[current] : undefined
  const skip = (event: Event) => {
    // The address names the page: following the link would lose it.
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

const NotFound = () => (
  <Page title='No such page'>
    <p class='lead'>No page has this address. Go to the <a href='#/'>overview</a>.</p>
  </Page>
)
