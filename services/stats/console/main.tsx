import { render } from 'preact'
import { App } from './app.js'
import { loadDemoUsers } from './state/identity.js'
import { live } from './state/live.js'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
live.start()
loadDemoUsers()
