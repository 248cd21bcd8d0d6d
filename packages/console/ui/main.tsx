import { render } from 'preact'
import { App } from './app.js'
import { loadDemoUsers } from './state/identity.js'
import { watchLoginLinks } from './state/login.js'
import { live } from './state/live.js'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
watchLoginLinks()
live.start()
loadDemoUsers()
